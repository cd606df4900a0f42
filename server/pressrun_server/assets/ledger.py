"""What outlives a restart: small records on disk that say where an asset's bytes are."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

__all__ = ["Ledger"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_PART = 8


class _Record(msgspec.Struct, Generic[T], forbid_unknown_fields=True):
    key: str
    value: T


class Ledger(Generic[T]):
    """A folder of records by key, each a file that is replaced whole, in 256 folders by the last of its groups.

    Guarantee: a record is either the one that was put last or an earlier one, whenever a process dies; a damaged one is
    dropped and reported as not there. Several processes may use the folder. A disk that fails makes the ledger empty,
    never an error. Cost: a thread hop and a small file for each call; dropping a group looks through one of the 256
    folders, or all of them where it is a wider one.

    Args:
        folder: where the records are; None: nothing is kept.
        kind: the type of the values.
        max_records: the oldest above this are removed, at the start and after each eighth as many were put, so that
            there are never more than a part above it for each process.
        groups: the groups that a key is in, the widest first, each within the one before it; none by default.
    """

    def __init__(
        self,
        folder: Path | None,
        kind: type[T],
        *,
        max_records: int,
        groups: Callable[[str], tuple[str, ...]] = lambda _: (),
    ) -> None:
        self._folder = folder
        self._groups = groups
        self._decoder: msgspec.json.Decoder[_Record[T]] = msgspec.json.Decoder(_Record[kind])  # type: ignore[valid-type]
        self._max_records = max_records
        self._depth = len(groups(""))
        self._put = 0
        self._numbers = itertools.count()
        self._own = os.urandom(4).hex()
        self.errors = 0
        self.corrupt = 0

    async def start(self) -> None:
        """Make the folder, drop what dead writers left and what is too much."""
        if self._folder is not None:
            await self._attempt(self._start, self._folder)

    async def get(self, key: str) -> T | None:
        """The record, if there is a sound one."""
        if self._folder is None:
            return None
        found: T | None = await self._attempt(self._read, self._folder, key)
        return found

    async def put(self, key: str, value: T) -> None:
        """Keep the record."""
        if self._folder is not None:
            body = msgspec.json.encode(_Record(key, value))
            await self._attempt(self._write, self._folder, key, body)
            self._put += 1
            if self._put >= max(self._max_records // _PART, 1):
                self._put = 0
                # Beside the one who put: it takes a look at every record.
                asyncio.get_running_loop().run_in_executor(None, self._pruned, self._folder)

    async def delete(self, key: str) -> None:
        """Drop the record."""
        if self._folder is not None:
            await self._attempt(self._unlink, self._folder, key)

    async def delete_group(self, *groups: str) -> None:
        """Drop all records of a group.

        Args:
            groups: the group's own name last, before it those of the wider ones that it is in.
        """
        if self._folder is not None:
            await self._attempt(self._unlink_all, self._folder, groups)

    def all(self) -> dict[str, T]:
        """All sound records by key; for those who look at a folder that others use. Blocks.

        Raises:
            OSError: the folder can't be read.
        """
        found: dict[str, T] = {}
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob("??/*.json")):
                try:
                    checksum, _, body = path.read_bytes().partition(b"\n")
                except FileNotFoundError:
                    continue  # a node has forgotten it meanwhile
                if hashlib.sha256(body).hexdigest().encode() == checksum:
                    with contextlib.suppress(msgspec.MsgspecError):
                        record = self._decoder.decode(body)
                        found[record.key] = record.value
        return found

    def _start(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in folder.iterdir():
            if not path.is_dir():  # half written, or of an earlier layout
                # A writer that lives and loses its file here loses one record; it is written again.
                path.unlink(missing_ok=True)
        self._prune(folder)

    def _pruned(self, folder: Path) -> None:
        with contextlib.suppress(OSError):  # a disk that fails is counted where somebody needs it
            self._prune(folder)

    def _prune(self, folder: Path) -> None:
        """Remove the oldest records of too many."""
        records: list[tuple[float, str]] = []
        for shelf in os.scandir(folder):
            if shelf.is_dir():
                for file in os.scandir(shelf.path):
                    with contextlib.suppress(FileNotFoundError):
                        records.append((file.stat().st_mtime, file.path))
        if len(records) > self._max_records:
            records.sort()
            for _, path in records[: len(records) - self._max_records]:
                Path(path).unlink(missing_ok=True)

    def _read(self, folder: Path, key: str) -> T | None:
        path = folder / self._name(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        checksum, _, body = data.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() == checksum:
            with contextlib.suppress(msgspec.MsgspecError):
                record = self._decoder.decode(body)
                if record.key == key:
                    return record.value
        self.corrupt += 1
        log.warning("ledger: record %s was damaged and is dropped", path.name)
        path.unlink(missing_ok=True)
        return None

    def _write(self, folder: Path, key: str, body: bytes) -> None:
        # Containers that share a folder may have processes of one number.
        temporary = folder / f"{os.getpid()}-{self._own}-{next(self._numbers)}.tmp"
        temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        path = folder / self._name(key)
        try:
            temporary.replace(path)
        except FileNotFoundError:  # the first record of its shelf
            path.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.replace(path)

    def _unlink(self, folder: Path, key: str) -> None:
        (folder / self._name(key)).unlink(missing_ok=True)

    def _unlink_all(self, folder: Path, groups: tuple[str, ...]) -> None:
        prefix = _prefix(groups)
        if len(groups) == self._depth:
            shelves = [folder / _shelf(groups[-1])]
        else:
            shelves = [path for path in folder.iterdir() if path.is_dir()]
        for shelf in shelves:
            with contextlib.suppress(FileNotFoundError):
                for file in os.scandir(shelf):
                    if file.name.startswith(prefix):
                        Path(file.path).unlink(missing_ok=True)

    def _name(self, key: str) -> str:
        groups = self._groups(key)
        shelf = _shelf(groups[-1] if groups else key)
        return f"{shelf}/{_prefix(groups)}{hashlib.sha256(key.encode()).hexdigest()}.json"

    async def _attempt(self, function: object, *arguments: object) -> T | None:
        try:
            return await asyncio.to_thread(function, *arguments)  # type: ignore[arg-type]
        except OSError as error:
            self.errors += 1
            if self.errors == 1:
                log.warning("the ledger in %s steps aside: %s", self._folder, error)
            return None


def _shelf(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:2]


def _prefix(groups: tuple[str, ...]) -> str:
    return "".join(f"{hashlib.sha256(group.encode()).hexdigest()[:16]}-" for group in groups)
