"""What a resolver shares with those of the other nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.feed import ChangeFeed
from pressrun_server.cas.shared_map import SharedMap

__all__ = ["Cluster", "Kin"]


class Kin(Protocol):
    """The other fronts of this node; `app.fellows.Fellows` or `app.fellow.Lead`."""

    async def changed(self, names: Sequence[str]) -> None:
        """Tell them of changed assets, and wait until they have forgotten what they believed of them."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The maps of a cluster; by default a node is alone."""

    engine: str = ""
    """Digest of the engine; another one may prepare otherwise."""
    made: SharedMap | None = None
    """What the nodes have prepared; None: nothing is shared."""
    names: SharedMap | None = None
    """What the nodes know of assets; None: nothing is shared."""
    flight: ClusterFlight | None = None
    """Sees to it that one process at a time asks for an asset; None: nobody else is waited for."""
    feed: ChangeFeed | None = None
    """Tells the nodes of changes; None: each hears only what it is told itself. The resolver closes it."""
    kin: Kin | None = None
    """The other fronts of this node, which hear no webhooks; None: there are none."""
