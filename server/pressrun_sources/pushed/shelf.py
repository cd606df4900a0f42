"""The folder of pushed content: a record of versions for each id, and the bytes by their digest. Blocking.

Nothing else has this content, so it lies outside the caches, is never evicted, and is on disk before a push is
answered: bytes first, then the record, each written beside its place and renamed into it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from pressrun_sources.durable import write_durably
from pressrun_sources.pushed.version import Version

__all__ = ["Shelf"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Shelf:
    """Reads and writes the folder; one process writes."""

    def __init__(self, root: Path) -> None:
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
        """Keep the bytes of the newest version and the record.

        Raises:
            OSError: the disk is full or can't be written.
        """
        self.keep(versions[-1].sha256, data)
        record: Mapping[str, object] = {"id": identifier, "versions": [version.to_json() for version in versions]}
        name = hashlib.sha256(identifier.encode()).hexdigest()
        write_durably(self._records / f"{name}.json", json.dumps(record, ensure_ascii=False, indent=1).encode())

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
