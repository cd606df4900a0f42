"""Files that must be on disk before anybody is told so."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["DISK_FULL", "UNFINISHED", "write_durably"]

UNFINISHED: Final = ".new-"
"""What the names of files begin with that are being written, or whose writer died."""

DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""`errno` of what can be written when there is space again."""


def write_durably(path: Path, data: bytes) -> None:
    """Put a file in its place whole: after a crash there is the old one or the new one. Blocking; mode 600.

    Raises:
        OSError: the disk is full or can't be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
