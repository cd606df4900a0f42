"""Between bytes and messages: what is no protobuf is the request's error, what is bytes already is sent as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from pressrun_server.errors import PressrunError, Reason

__all__ = ["Malformed", "serialised", "tolerant"]


class Malformed:
    """Stands for a message that can't be read; grpc itself would end the RPC with UNKNOWN and say nothing."""

    __slots__ = ("error",)

    def __init__(self, size: int) -> None:
        self.error = PressrunError(
            Reason.INVALID_REQUEST,
            f"the message of {size} bytes is no protobuf message of this method's request type; generate your code "
            "from the protos of pressrun.v1, and send what it serialises",
        )


def tolerant(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """A deserialiser that gives a Malformed instead of raising."""

    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return Malformed(len(data))

    return read


def serialised(serialize: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """A serialiser that lets pass what is serialised already."""

    def write(message: Any) -> bytes:
        return message if type(message) is bytes else serialize(message)

    return write
