"""Programs as blobs: what holds them may be of another engine, or damaged."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from pressrun_server.errors import PressrunError, Reason

__all__ = ["ANOTHER_ENGINE", "decoded"]

T = TypeVar("T")

ANOTHER_ENGINE: Final = "the template was compiled by another engine; publish it again"


def decoded(data: bytes, kind: type[T]) -> T:
    """Read a blob.

    Raises:
        PressrunError: INTERNAL, it is none of that kind.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PressrunError(
            Reason.INTERNAL, "the compiled template cannot be read; publish it again", detail=str(error)
        ) from error
