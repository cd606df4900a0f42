"""What the nodes of a cluster share of pushed content; the interface alone, since this package knows no server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pressrun_sources.pushed.version import Version

__all__ = ["Peers", "PeersAwayError"]


class PeersAwayError(Exception):
    """What is shared cannot be reached at present."""


class Peers(Protocol):
    """Records of versions by content, and bytes by digest, that all nodes see.

    Every method may raise `PeersAwayError`.
    """

    async def record(self, identifier: str) -> tuple[Version, ...]:
        """The versions of a content, oldest first; empty where nobody pushed it."""
        ...

    async def records(self, known: Mapping[str, int]) -> Mapping[str, tuple[Version, ...]]:
        """Every content that has another number of versions than is known here."""
        ...

    async def extend(self, identifier: str, expected: int, versions: tuple[Version, ...]) -> bool:
        """Replace a record that has this many versions; False where it has another number by now."""
        ...

    async def keep(self, sha256: str, data: bytes) -> None:
        """Keep bytes; before the record that names them."""
        ...

    async def data(self, sha256: str) -> bytes | None:
        """Bytes that were kept; not verified."""
        ...
