"""The folder of pushed content: a record of versions for each id, and the bytes by their digest. Blocking.

Nothing else has this content, so it lies outside the caches, is never evicted, and is on disk before a push is
answered: bytes first, then the record, each written beside its place and renamed into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pressrun_sources.durable import write_durably
from pressrun_sources.pushed.version import Version

__all__ = ["Shelf"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Shelf:
    """Reads and writes the folder; several processes may.

    Guarantee: of versions that were added at the same moment none is lost: whoever has the lock looks before it writes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._records = root / "records"
        self._bytes = root / "bytes"

    def load(self) -> tuple[dict[str, tuple[Version, ...]], list[str]]:
        """The versions of every id, oldest first; and the faults of records that can't be read, which are set aside.

        Raises:
            OSError: the folder can't be read.
        """
        found: dict[str, tuple[Version, ...]] = {}
        faults: list[str] = []
        for path in sorted(self._records.glob("*.json")):
            try:
                value = json.loads(path.read_bytes())
                found[str(value["id"])] = tuple(map(Version.from_json, value["versions"]))
            except (KeyError, TypeError, ValueError) as error:
                aside = path.with_suffix(".damaged")
                path.replace(aside)
                faults.append(f"{aside}: the record is damaged ({error}); mend it and name it .json, or push again")
        return found, faults

    def save(self, identifier: str, versions: tuple[Version, ...], data: bytes) -> None:
        """Keep the bytes of the newest version and the record; a longer record stays.

        Raises:
            OSError: the disk is full or can't be written.
        """
        self.keep(versions[-1].sha256, data)
        with self._locked():
            if len(self.record(identifier)) < len(versions):
                self._write(identifier, versions)

    def record(self, identifier: str) -> tuple[Version, ...]:
        """The versions of an id, oldest first; none where there is no sound record.

        Raises:
            OSError: it can't be read.
        """
        try:
            value = json.loads(self._place(identifier).read_bytes())
            return tuple(map(Version.from_json, value["versions"]))
        except FileNotFoundError:
            return ()
        except (KeyError, TypeError, ValueError):
            return ()  # `load` sets it aside, and says so

    def extend(self, identifier: str, expected: int, versions: tuple[Version, ...]) -> bool:
        """Replace a record that has this many versions, whose bytes are here; False where it has another number.

        Raises:
            OSError: the disk is full or can't be written.
        """
        with self._locked():
            if len(self.record(identifier)) != expected:
                return False
            self._write(identifier, versions)
            return True

    def _write(self, identifier: str, versions: tuple[Version, ...]) -> None:
        record: Mapping[str, object] = {"id": identifier, "versions": [version.to_json() for version in versions]}
        write_durably(self._place(identifier), json.dumps(record, ensure_ascii=False, indent=1).encode())

    def _place(self, identifier: str) -> Path:
        return self._records / f"{hashlib.sha256(identifier.encode()).hexdigest()}.json"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """While no other process changes records; the kernel frees the lock of one that dies."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / "lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def keep(self, sha256: str, data: bytes) -> None:
        """Keep bytes, if they are not here.

        Raises:
            OSError: the disk is full or can't be written.
        """
        path = self._path(sha256)
        if not path.is_file():
            write_durably(path, data)

    def read(self, version: Version) -> bytes:
        """The bytes of a version.

        Raises:
            FileNotFoundError: they are not here.
            OSError: they can't be read.
            ValueError: they are not the ones that were pushed.
        """
        data = self._path(version.sha256).read_bytes()
        if hashlib.sha256(data).hexdigest() != version.sha256:
            raise ValueError("the bytes on disk are damaged; push the content again")
        return data

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a SHA-256")
        return self._bytes / sha256[:2] / sha256
