"""A node's data folder as its operator sees it: which blobs are there, what they are for, which are damaged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pressrun_server.assets.entry import Entry
from pressrun_server.assets.ledger import Ledger
from pressrun_server.assets.preparation import Prepared
from pressrun_server.cas.blobfiles import BlobFiles
from pressrun_server.model.digest import Digest
from pressrun_server.render.template_files import TemplateFiles

__all__ = ["Blob", "CacheFolder", "FolderStats"]

_ANY = 10**9


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob of the disk tier."""

    digest: Digest
    space: int
    """Bytes of disk."""
    used: float
    """Seconds since the epoch, to within ten."""
    purpose: str
    """What it is for, as far as this folder knows; empty where it does not."""


@dataclass(frozen=True, slots=True)
class FolderStats:
    """How much there is."""

    blobs: int
    space: int
    idle: float | None
    """Seconds since the last use of the blob used longest ago."""
    unfinished: int
    """Files that are being written, or that a dead process left; the next start removes those."""
    quarantined: int
    quarantined_bytes: int
    assets: int
    """Renditions of assets that are known."""
    prepared: int
    """Results of preparing that are known."""
    templates: int


class CacheFolder:
    """Reads a data folder, also while nodes use it; nothing is changed but what `evict` and `quarantine` are told to.

    All methods block and may raise OSError.

    Args:
        data_dir: PRESSRUN_DATA_DIR of the node.
        report: told the file and the fault of each record that can't be read.
    """

    def __init__(self, data_dir: Path, report: Callable[[str, str], None] = lambda *_: None) -> None:
        self.data_dir = data_dir
        self._root = data_dir / "blobs"
        self._files = BlobFiles(self._root, fsync=False)
        self._entries = Ledger(data_dir / "assets" / "assets", Entry, max_records=_ANY)
        self._results = Ledger(data_dir / "assets" / "prepared", Prepared, max_records=_ANY)
        self._templates = TemplateFiles(data_dir / "templates")
        self._report = report
        self._known: dict[Digest, str] | None = None

    def stats(self) -> FolderStats:
        """How much there is."""
        found = self._scan()
        kept = _files(self._root / "quarantine")
        return FolderStats(
            blobs=len(found),
            space=sum(space for _, space, _ in found),
            idle=max(time.time() - found[0][2], 0.0) if found else None,
            unfinished=len(_files(self._root / "tmp")),
            quarantined=len(kept),
            quarantined_bytes=sum(file.stat().st_size for file in kept),
            assets=len(self._entries.all()),
            prepared=len(self._results.all()),
            templates=len(self._templates.load(self._report)),
        )

    def blobs(self) -> list[Blob]:
        """All blobs, used last first."""
        purposes = self._purposes()
        return [Blob(digest, space, used, purposes.get(digest, "")) for digest, space, used in reversed(self._scan())]

    def purpose(self, digest: Digest) -> str:
        """What a blob is for, as far as this folder knows, whether it is here or elsewhere; empty where it does not."""
        if self._known is None:
            self._known = self._purposes()
        return self._known.get(digest, "")

    def entries(self, ref: str) -> list[Entry]:
        """What is known of the renditions of an asset."""
        found = (entry for entry in self._entries.all().values() if entry.descriptor.ref == ref)
        return sorted(found, key=lambda entry: entry.descriptor.rendition)

    def holds(self, digest: Digest) -> bool:
        """Whether there is a file of that name and size."""
        return self._files.holds(digest)

    def damaged(self, progress: Callable[[Digest], None] = lambda _: None) -> Iterator[Digest]:
        """Read and hash everything; those blobs that are not what they are called.

        Args:
            progress: told each blob before it is read.
        """
        for digest, _, _ in self._scan():
            progress(digest)
            try:
                data = (self._root / "blobs" / digest.sha256[:2] / str(digest)).read_bytes()
            except FileNotFoundError:
                continue  # a node has evicted it meanwhile
            if not digest.matches(data):
                yield digest

    def quarantine(self, digests: Iterable[Digest]) -> None:
        """Take damaged blobs out of use."""
        for digest in digests:
            self._files.quarantine(digest)

    def evict(self, digests: Iterable[Digest]) -> int:
        """Remove blobs; says how many were there."""
        count = 0
        for digest in digests:
            count += self._files.holds(digest)
            self._files.delete(digest)
        return count

    def _scan(self) -> list[tuple[Digest, int, float]]:
        return self._files.scan() if (self._root / "blobs").is_dir() else []

    def _purposes(self) -> dict[Digest, str]:
        """What blobs are for, by their digests."""
        found: dict[Digest, str] = {}
        for template in self._templates.load(self._report):
            name = f"{template.info.name}@{template.info.version}"
            for locale, digest in template.programs.items():
                found[digest] = f"program of {name} for {locale}"
        for entry in self._entries.all().values():
            found[entry.descriptor.digest] = (
                f"bytes of {entry.descriptor.ref} ({entry.descriptor.rendition or 'original'})"
            )
            if entry.prepared is not None:
                found[entry.prepared] = f"prepared {entry.descriptor.ref} ({entry.descriptor.rendition or 'original'})"
        return found


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
