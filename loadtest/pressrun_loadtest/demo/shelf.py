"""Writes documents and manifests to a folder from threads of its own, so that the disk does not slow the stream."""

from __future__ import annotations

import asyncio
import hashlib
import queue
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from pressrun_client import Document
from pressrun_loadtest.demo.errors import DemoError

__all__ = ["Shelf"]

_SUFFIXES = (".pdf", ".json")


class Shelf:
    """A folder that documents are written to: `<request_id>.pdf`, and the manifest as `<request_id>.json`.

    Guarantee: after the `async with` everything that was put is written, or an error was raised. At most `waiting`
    documents are held.

    Args:
        folder: made if it is not there; documents of an earlier run are taken out of it.
        threads: how many write.
        waiting: how many documents may wait for a thread.
    """

    def __init__(self, folder: Path, *, threads: int = 2, waiting: int = 64) -> None:
        self._folder = folder
        self._queue: queue.Queue[Document | None] = queue.Queue(waiting)
        self._threads = [
            threading.Thread(target=self._write_all, name=f"shelf-{n}", daemon=True) for n in range(threads)
        ]
        self._error: OSError | None = None
        self.altered: list[str] = []
        """Ids of documents whose bytes are not those that their manifest names."""

    async def put(self, document: Document) -> None:
        """Have a document written; waits while too many wait already.

        Raises:
            DemoError: an earlier document could not be written.
        """
        self._check()
        try:
            self._queue.put_nowait(document)
        except queue.Full:
            await asyncio.to_thread(self._queue.put, document)

    async def __aenter__(self) -> Self:
        try:
            self._clear()
        except OSError as error:
            raise self._told(error) from error
        for thread in self._threads:
            thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._finish)
        if kind is None:
            self._check()

    def _finish(self) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _clear(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.iterdir():
            if file.suffix in _SUFFIXES and file.is_file():
                file.unlink()

    def _write_all(self) -> None:
        while (document := self._queue.get()) is not None:
            if self._error is not None:
                continue  # whoever puts must not wait for ever
            try:
                self._write(document)
            except OSError as error:
                self._error = error

    def _write(self, document: Document) -> None:
        # The client has compared the digest; the demo trusts nobody and pays for it while no lock is held.
        if hashlib.sha256(document.content).hexdigest() != document.sha256:
            self.altered.append(document.request_id)
        path = self._folder / f"{document.request_id}.pdf"
        path.write_bytes(document.content)
        path.with_suffix(".json").write_text(document.manifest_json(), encoding="utf-8")

    def _check(self) -> None:
        if self._error is not None:
            raise self._told(self._error) from self._error

    def _told(self, error: OSError) -> DemoError:
        place = error.filename or self._folder
        return DemoError(f"{place}: cannot be written ({error.strerror}); make room there, or choose another --out")
