"""Settings of the asset resolver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pressrun_server.cas.address import RedisAddress

__all__ = ["AssetConfig"]


@dataclass(frozen=True, slots=True)
class AssetConfig:
    """How long answers of sources are believed, and how much a resolve may cost."""

    fresh_seconds: float = 300.0
    """A source's answer is used for this long without asking again; a random fifth less, so that not all expire at
    once. In the last fifth a use also starts a revalidation beside the document, so that none has to wait for it."""
    stale_if_error_seconds: float = 300.0
    """After that, an asset whose source cannot be asked is used for this long still, with a warning; 0: not at all.
    Approval and rights that are known hold all the same."""
    not_found_seconds: float = 10.0
    """An asset that is not there, not approved, no image, or too large is not asked for again for this long."""
    unavailable_seconds: float = 1.0
    """A source that failed over an asset is not asked for it again for this long, or for as long as it says, up to
    `not_found_seconds`."""
    max_entries: int = 10_000
    """Renditions of assets that are remembered; the one used longest ago is forgotten first."""
    keep_seconds: float = 86_400.0
    """An entry that nobody used for this long after it became stale is forgotten."""
    resolve_seconds: float = 15.0
    """The assets of one document must be here within this time; a slot with a fallback gives it the last third."""
    fetch_seconds: float = 60.0
    """One asset must be described, fetched and prepared within this time, whoever waits for it."""
    prepare_seconds: float = 30.0
    """A preparer may work on one image for this long."""
    claim_seconds: float = 5.0
    """Of several nodes that want one asset, one asks its source; where it dies, another does after this time."""
    max_fetches: int = 8
    """Assets fetched at once from one source; each may be held in memory whole while it is."""
    max_bytes: int = 64 * 1024 * 1024
    """The largest file."""
    ledger_path: Path | None = None
    """The folder in which what is known outlives a restart; None: it does not."""
    lease_seconds: float = 60.0
    """An asset that its source calls regulated is used for this long after its source was asked, or after the feed of
    changes was heard last where its source's changes travel there; then it is refused until one of them answers."""
    events: RedisAddress | None = None
    """The Redis of events and leases, which must never evict: another server than the cache's. None: this node hears
    of no other."""
