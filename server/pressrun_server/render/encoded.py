"""Programs as blobs: what holds them may be of another engine, or damaged."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from pressrun_server.errors import PressrunError, Reason

__all__ = ["ANOTHER_ENGINE", "decoded", "decoder"]

T = TypeVar("T")

ANOTHER_ENGINE: Final = "the template was compiled by another engine; publish it again"


_decoders: dict[type, msgspec.msgpack.Decoder[Any]] = {}


def decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """What reads blobs of a kind; made once, because it looks at every type that may be in one."""
    if kind not in _decoders:
        _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return _decoders[kind]


def decoded(data: bytes, kind: type[T]) -> T:
    """Read a blob.

    Raises:
        PressrunError: INTERNAL, it is none of that kind.
    """
    try:
        return decoder(kind).decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PressrunError(
            Reason.INTERNAL, "the compiled template cannot be read; publish it again", detail=str(error)
        ) from error
