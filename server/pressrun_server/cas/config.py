"""Settings of the content-addressed store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["DiskConfig", "StoreConfig"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DiskConfig:
    """The disk tier."""

    path: Path
    """The folder; made if it is not there. All processes of a machine may share it."""
    hard_bytes: int = 4096 * _MIB
    """The tier never knowingly holds more. A blob larger than `soft_bytes` is not kept."""
    soft_bytes: int = 3584 * _MIB
    """Eviction frees space down to this. The gap to `hard_bytes` also sets how often the folder is scanned for what
    other processes wrote."""
    fsync: bool = False
    """Whether a blob is on the disk itself before it gets its name. Without it a power cut can lose or damage the
    newest blobs, which are then fetched again; a killed process loses nothing either way."""
    retry_seconds: float = 5.0
    """After a full disk or a failed write nothing is written for this long; reading goes on."""

    def __post_init__(self) -> None:
        if not 0 < self.soft_bytes <= self.hard_bytes:
            raise ValueError(
                f"the disk tier's limits: soft_bytes ({self.soft_bytes}) must be more than 0 and at most "
                f"hard_bytes ({self.hard_bytes})"
            )


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The store of one process."""

    memory_bytes: int = 256 * _MIB
    """The memory tier never holds more."""
    disk: DiskConfig | None = None
    """None: blobs live in memory only."""

    def __post_init__(self) -> None:
        if self.memory_bytes <= 0:
            raise ValueError(f"the memory tier's limit: memory_bytes ({self.memory_bytes}) must be more than 0")
