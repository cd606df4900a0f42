"""The border of the library: what the file system says becomes a `SourceError` here."""

from __future__ import annotations

import errno

from pressrun_sources.errors import (
    DeniedError,
    MisconfiguredError,
    NotFoundError,
    SourceError,
    TimedOutError,
    TooLargeError,
    UnavailableError,
)
from pressrun_sources.model import AssetRef

__all__ = ["error_for", "too_large"]

_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def error_for(source: str, ref: AssetRef | None, error: OSError | ValueError) -> SourceError:
    """The error that a failure means. Whether a file lies outside the library is for operators only.

    Args:
        source: the source's name.
        ref: the asset, or None for the folder as a whole.
        error: a ValueError is about a sidecar; its text names the file and the field.
    """
    subject = f"asset {ref.id!r}" if ref else "the folder"
    if isinstance(error, ValueError):
        message = f"what {source} says about {subject} cannot be read; a sidecar has to be corrected"
        return MisconfiguredError(source, ref, message, str(error))
    detail = f"{subject}: {error.strerror or error}"
    if isinstance(error, TimeoutError):
        message = f"{source} did not give {subject} in time; try again later"
        return TimedOutError(source, ref, message, f"{detail} (PRESSRUN_SOURCES_TIMEOUT)")
    if ref is None:
        return MisconfiguredError(source, ref, f"{source} cannot be read", f"PRESSRUN_LIBRARY_PATH: {detail}")
    if isinstance(error, FileNotFoundError) or error.errno in _NO_FILE:
        return NotFoundError(source, ref, f"{source} has no {subject}; check the path", detail)
    if error.errno in _FORBIDDEN:
        message = f"{source} does not let this service have {subject}; ask its administrator for access"
        return DeniedError(source, ref, message, detail)
    return UnavailableError(source, ref, f"{source} is not available; try again later", detail)


def too_large(source: str, ref: AssetRef, limit: int) -> TooLargeError:
    """The error for a file over the limit."""
    message = f"asset {ref.id!r} of {source} is larger than the {limit} bytes that are allowed"
    return TooLargeError(source, ref, message, "the limit is PRESSRUN_SOURCES_MAX_BYTES")
