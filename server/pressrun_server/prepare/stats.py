"""How the preparers do, for the metrics."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PreparerPoolStats", "PreparerStats"]


@dataclass(frozen=True, slots=True)
class PreparerStats:
    """One process, now."""

    pid: int
    busy: bool
    tasks: int
    """Tasks that it finished."""
    cpu_seconds: float
    """Since it started."""
    rss: int
    """Resident bytes after its last task."""
    isolated: bool
    """Whether it is cut off from the network."""


@dataclass(frozen=True, slots=True)
class PreparerPoolStats:
    """All processes, now, and what happened since the start."""

    preparers: tuple[PreparerStats, ...]
    waiting: int
    tasks: int
    """Tasks that were finished, by processes that are gone as well."""
    crashed: int
    timed_out: int
    replaced: int
    cpu_seconds: float
    """Of all processes, those that are gone included."""
