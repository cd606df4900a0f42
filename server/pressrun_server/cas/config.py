"""Settings of the content-addressed store."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pressrun_server.cas.address import RedisAddress

__all__ = ["ClusterKey", "DiskConfig", "RedisConfig", "S3Config", "Secret", "StoreConfig"]

_KIB = 1024
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
class RedisConfig:
    """A Redis that the nodes of a cluster share: one that evicts, for the tier of blobs, or one that must not."""

    address: RedisAddress
    """The server; `maxmemory` and `maxmemory-policy` are its own settings."""
    lasting: bool = False
    """Whether what it holds is needed (events, templates, pushed content), and must never be evicted."""
    timeout_seconds: float = 0.25
    """A call that takes longer has failed. After two in a row nobody asks the server until it answers a PING again."""
    retry_seconds: float = 1.0
    """A server that failed is sent a PING this often."""
    chunk_bytes: int = 512 * _KIB
    """A larger blob is kept in pieces of this size, so that none holds up the server's other clients for long."""
    largest_bytes: int = 64 * _MIB
    """A larger blob is not kept."""
    keep_seconds: int = 30 * 86_400
    """A blob that nobody asked for in this time is dropped. With it each evicting policy works, `volatile-*` too."""
    connections: int = 8
    """Calls under way at once; further ones wait within their time limit."""
    queue_bytes: int = 64 * _MIB
    """Blobs that wait to be written, in the background; what comes while they are more is dropped and counted."""

    def __post_init__(self) -> None:
        if self.chunk_bytes < _KIB:
            raise ValueError(f"the Redis tier's pieces: chunk_bytes ({self.chunk_bytes}) must be at least {_KIB}")


class Secret(str):
    """A text that is printed nowhere; `str.__str__` of it is what it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(set)" if self else "(not set)"


@dataclass(frozen=True, slots=True)
class S3Config:
    """The bucket tier."""

    bucket: str
    """Its name."""
    prefix: str = ""
    """What all names of objects begin with."""
    region: str = "us-east-1"
    """Where it is; stores that are not Amazon's mostly do not care."""
    endpoint: str = ""
    """Address of a store that is not Amazon's, e.g. https://minio.example:9000; empty: Amazon's."""
    access_key_id: str = ""
    """Empty: what the environment offers (AWS_* variables, a web identity, the machine's own role)."""
    secret_access_key: Secret = field(default_factory=Secret)
    """Belongs to `access_key_id`."""
    timeout_seconds: float = 5.0
    """A request that takes longer has failed. After two in a row nobody asks until the store answers again."""
    retry_seconds: float = 5.0
    """A store that failed is asked this often whether it is back."""
    largest_bytes: int = 64 * _MIB
    """A larger blob is not kept."""
    queue_bytes: int = 64 * _MIB
    """Blobs that wait to be written, in the background; what comes while they are more is dropped and counted."""


class ClusterKey(bytes):
    """The secret of a cluster; its text says only whether there is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(set)" if self else "(not set)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The store of one process."""

    memory_bytes: int = 256 * _MIB
    """The memory tier never holds more."""
    disk: DiskConfig | None = None
    """None: no blob is kept on disk."""
    redis: RedisConfig | None = None
    """None: no blob is shared with other machines."""
    s3: S3Config | None = None
    """None: no blob is kept in a bucket."""
    cluster_key: ClusterKey = field(default_factory=ClusterKey)
    """Signs the names that nodes share; the same on all of them."""
    previous_key: ClusterKey = field(default_factory=ClusterKey)
    """The cluster's key before this one, while it is changed: what nodes share under it is used too, and copied."""
    tenant: str = ""
    """Whose names they are: nodes of several tenants may share a Redis and see nothing of each other's names."""

    def __post_init__(self) -> None:
        if self.memory_bytes <= 0:
            raise ValueError(f"the memory tier's limit: memory_bytes ({self.memory_bytes}) must be more than 0")
