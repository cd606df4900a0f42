"""How the composers do, for the metrics."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ComposerPoolStats", "ComposerStats"]


@dataclass(frozen=True, slots=True)
class ComposerStats:
    """One process, now."""

    pid: int
    active: int
    """Documents that it holds."""
    documents: int
    """Documents that it finished."""
    cpu_seconds: float
    """Since it started."""
    rss: int
    """Resident bytes, not older than a ping."""
    held_bytes: int
    """Programs and prepared assets that it keeps."""


@dataclass(frozen=True, slots=True)
class ComposerPoolStats:
    """All processes, now, and what happened since the start."""

    composers: tuple[ComposerStats, ...]
    waiting: int
    documents: int
    """Documents that were finished, by processes that are gone as well."""
    rehearsed: int
    """Samples that were made for nobody."""
    lost: int
    """Processes that died."""
    replaced: int
    """Processes that were started to take another's place."""
    quarantined: int
    cpu_seconds: float
    """Of all processes, those that are gone included."""
