"""Messages that are no protobuf of their type: an error of the request, not of the node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.message import DecodeError

from pressrun_server.errors import PressrunError, Reason

__all__ = ["Malformed", "sound", "tolerant"]


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


async def sound(messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The messages of a stream.

    Raises:
        PressrunError: INVALID_REQUEST, one is malformed.
    """
    async for message in messages:
        if isinstance(message, Malformed):
            raise message.error
        yield message
