"""Errors of files, told with the file's name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from os import PathLike

__all__ = ["naming"]


@contextlib.contextmanager
def naming(path: str | PathLike[str]) -> Iterator[None]:
    """Gives an error of writing, flushing or closing the path that it was for, which a full disk does not tell.

    Raises:
        OSError: with its file's name.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
