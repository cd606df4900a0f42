"""The published templates on disk, so that a restarted node knows them: atomic writes, faults reported and skipped."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Container, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from pressrun_server.model.diagnostic import Diagnostic
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import TemplateInfo
from pressrun_sources.durable import UNFINISHED, write_durably

__all__ = ["Entry", "TemplateFiles"]

_FORMAT = 1
_SUFFIX = ".template"
_HEADER = b"pressrun template 1 "
_MAX_ENTRY = 64 * 1024 * 1024
_LEFT_OVER_SECONDS = 600.0


class Entry(msgspec.Struct, frozen=True):
    """What is kept of one published template."""

    info: TemplateInfo
    programs: dict[str, Digest]
    """By locale."""
    bundle: Digest
    """The bundle's files (MessagePack: path to bytes), to compile it again for another engine."""
    engine: str
    """Digest of the engine that compiled it."""
    published_at: datetime
    format: int = _FORMAT
    warnings: tuple[Diagnostic, ...] = ()
    """What the compiler had to say about it."""


_ENTRY = msgspec.msgpack.Decoder(Entry)


class TemplateFiles:
    """A folder with a file for each template and one for each of its blobs.

    Guarantee: after a crash at any byte each template is there whole or not at all, because blobs are in place before
    the entry that names them, and every file gets its name when it is complete. Cost: one fsync for each file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs"

    def open(self) -> None:
        """Make the folder and sweep what a crash left.

        Raises:
            OSError: the folder can't be made or written.
        """
        self._blobs.mkdir(parents=True, exist_ok=True)
        for folder in (self._folder, self._blobs):
            for path in folder.glob(f"{UNFINISHED}*"):
                # A younger one may be another node's, which writes it just now.
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > _LEFT_OVER_SECONDS:
                        path.unlink()

    def load(self, report: Callable[[str, str], None], known: Container[str] = ()) -> list[Entry]:
        """All entries, oldest first.

        Args:
            report: told the file and the fault of each entry that can't be used; it is skipped.
            known: digests of templates that are left out.
        """
        entries = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if path.stem in known:
                continue
            try:
                entry = self._read_entry(path)
            except (OSError, ValueError) as error:
                report(path.name, str(error))
                continue
            entries.append(entry)
        return sorted(entries, key=lambda entry: (entry.published_at, entry.info.name, entry.info.version))

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """While no other process that shares the folder publishes; the kernel frees the lock of one that dies."""
        with (self._folder / ".lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def save(self, entry: Entry, blobs: dict[Digest, bytes]) -> None:
        """Keep a template; the blobs that it names come with it, or are here already.

        Raises:
            OSError: the disk is full, or fails.
        """
        for digest, data in blobs.items():
            path = self._blobs / str(digest)
            if not path.is_file() or path.stat().st_size != digest.size:
                write_durably(path, data)
        body = msgspec.msgpack.encode(entry)
        write_durably(
            self._folder / f"{entry.info.digest}{_SUFFIX}", _HEADER + str(Digest.of(body)).encode() + b"\n" + body
        )

    def blob(self, digest: Digest) -> bytes | None:
        """A program or a bundle; None where it is not here, or is damaged."""
        try:
            data = (self._blobs / str(digest)).read_bytes()
        except OSError:
            return None
        return data if digest.matches(data) else None

    def _read_entry(self, path: Path) -> Entry:
        with path.open("rb") as stream:
            data = stream.read(_MAX_ENTRY + 1)
        head, newline, body = data.partition(b"\n")
        if not newline or not head.startswith(_HEADER):
            raise ValueError("it is not a template entry of this version")
        if not Digest.parse(head[len(_HEADER) :].decode("ascii", "replace")).matches(body):
            raise ValueError("it is damaged: its checksum does not hold")
        try:
            entry = _ENTRY.decode(body)
        except msgspec.MsgspecError as error:
            raise ValueError(f"it can't be read: {error}") from error
        if path.stem != entry.info.digest:
            raise ValueError("its name is not its template's digest")
        for digest in (entry.bundle, *entry.programs.values()):
            blob = self._blobs / str(digest)
            if not blob.is_file() or blob.stat().st_size != digest.size:
                raise ValueError(f"the blob {digest} is missing or cut short")
        return entry
