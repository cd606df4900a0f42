"""An unexpected exception as a failure that says where it happened and nothing about the data it happened over."""

from __future__ import annotations

import traceback

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.failure import Failure

__all__ = ["failure_of"]

_FRAMES = 20
_CAUSES = 5


def failure_of(error: BaseException, message: str) -> Failure:
    """The failure to send for an exception.

    Args:
        error: a PressrunError travels as it is; of any other only types and places are kept, because its text and
            its values may be a customer's.
        message: what the caller is told where the error is no PressrunError.
    """
    if isinstance(error, PressrunError):
        return Failure.of(error)
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < _CAUSES:
        frames = [
            f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
            for frame, line in traceback.walk_tb(cause.__traceback__)
        ]
        kind = f"{type(cause).__module__}.{type(cause).__qualname__}"
        lines.append(f"{kind} at " + " > ".join(frames[-_FRAMES:]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return Failure(Reason.INTERNAL, message, detail="; from ".join(lines))
