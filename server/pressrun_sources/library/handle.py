"""A file that threads read and the event loop gives up, whichever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import BinaryIO, TypeVar

__all__ = ["Handle"]

T = TypeVar("T")


class Handle:
    """Opens on first use. `close` never waits: a thread that still reads closes the file when it is done.

    A task that is cancelled leaves its thread behind. Closing the file under that thread could make it read from
    another file that got the same number, and waiting for it would stop the event loop on a dead network disk.
    """

    def __init__(self, opener: Callable[[], BinaryIO]) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        self._stream: BinaryIO | None = None
        self._busy = False
        self._closed = False

    def run(self, work: Callable[[BinaryIO], T]) -> T:
        """Do something with the open file; one caller at a time.

        Raises:
            ValueError: the handle is closed.
            OSError: the file cannot be opened or read.
        """
        with self._lock:
            if self._closed:
                raise ValueError("the file is closed")
            self._busy = True
        try:
            if self._stream is None:
                self._stream = self._opener()
            return work(self._stream)
        finally:
            with self._lock:
                self._busy = False
                self._release_if_idle()

    def close(self) -> None:
        """Give the file up. May be called again."""
        with self._lock:
            self._closed = True
            self._release_if_idle()

    def _release_if_idle(self) -> None:
        if self._busy or not self._closed:
            return
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
