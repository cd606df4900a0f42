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


class _Record(msgspec.Struct, Generic[T], forbid_unknown_fields=True):
    key: str
    value: T


class Ledger(Generic[T]):
    """A folder of records by key, each a file that is replaced whole.

    Guarantee: a record is either the one that was put last or an earlier one, whenever a process dies; a damaged one is
    dropped and reported as not there. Several processes may use the folder. A disk that fails makes the ledger empty,
    never an error. Cost: a thread hop and a small file for each call.

    Args:
        folder: where the records are; None: nothing is kept.
        kind: the type of the values.
        max_records: `start` removes the oldest above this.
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
        self._numbers = itertools.count()
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
            await self._attempt(self._unlink_all, self._folder, _prefix(groups))

    def all(self) -> dict[str, T]:
        """All sound records by key; for those who look at a folder that others use. Blocks.

        Raises:
            OSError: the folder can't be read.
        """
        found: dict[str, T] = {}
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.json")):
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
        records: list[tuple[float, Path]] = []
        for path in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.suffix == ".tmp":
                    # A writer that lives and loses its file here loses one record; it is written again.
                    path.unlink()
                else:
                    records.append((path.stat().st_mtime, path))
        records.sort()
        for _, path in records[: -self._max_records]:
            path.unlink(missing_ok=True)

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
        temporary = folder / f"{os.getpid()}-{next(self._numbers)}.tmp"
        temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        temporary.replace(folder / self._name(key))

    def _unlink(self, folder: Path, key: str) -> None:
        (folder / self._name(key)).unlink(missing_ok=True)

    @staticmethod
    def _unlink_all(folder: Path, prefix: str) -> None:
        for path in folder.glob(f"{prefix}*.json"):
            path.unlink(missing_ok=True)

    def _name(self, key: str) -> str:
        return f"{_prefix(self._groups(key))}{hashlib.sha256(key.encode()).hexdigest()}.json"

    async def _attempt(self, function: object, *arguments: object) -> T | None:
        try:
            return await asyncio.to_thread(function, *arguments)  # type: ignore[arg-type]
        except OSError as error:
            self.errors += 1
            if self.errors == 1:
                log.warning("the ledger in %s steps aside: %s", self._folder, error)
            return None


def _prefix(groups: tuple[str, ...]) -> str:
    return "".join(f"{hashlib.sha256(group.encode()).hexdigest()[:16]}-" for group in groups)
