"""What may still be believed of what sources said: changes that were told, moments that were missed, and leases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from pressrun_server.assets.entry import Place
from pressrun_server.model.asset import AssetDescriptor

__all__ = ["SKEW", "Belief", "asset_name"]

SKEW: Final = timedelta(seconds=5)
"""How far the clocks of two machines may be apart where one judges by the other's."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_NOWHERE: Final[Place] = (0, 0)
_Last = TypeVar("_Last", datetime, Place)


def asset_name(ref: str) -> str:
    """The asset without qualifiers, `source:id`: news of an asset is news of all its variants."""
    return ref.partition("?")[0]


def _latest(last: Mapping[str, _Last], ref: str, never: _Last) -> _Last:
    """The later one of what is on record of an asset and of its source."""
    name = ref.partition("?")[0]
    return max(last.get(name, never), last.get(f"{name.partition(':')[0]}:", never))


class Belief:
    """Judges by the moment at which a source was asked whether its answer is still believed.

    Three things end that before the answer's own time: somebody told that the asset changed; news may have been missed,
    which puts everything of before the *horizon* in doubt; and, of regulated assets, a lease. It lasts `lease_seconds`
    from when the source was asked, or, for sources whose changes travel over the feed, from when the feed was heard
    last: whoever hears the feed knows that nothing has changed.

    Moments are of this node's clock. What another node was told is judged by the *place* in the feed up to which it had
    heard when it asked, since its clock may be another: it counts only if that is not before the last change of the
    asset. Where one of the two hears no feed, moments must do, with `SKEW` between them.

    Guarantee: what changed is never believed because there was much to remember: where that is too much, the horizon
    moves instead. Cost: comparisons and at most two dictionary look-ups; nothing waits.

    Args:
        lease_seconds: how long a regulated asset is used without a word of its source or of the feed.
        max_changes: changes that are remembered one by one.
    """

    def __init__(self, *, lease_seconds: float, max_changes: int) -> None:
        self._lease = timedelta(seconds=lease_seconds)
        self._max_changes = max_changes
        self._changed: dict[str, datetime] = {}  # by asset name, or `source:` for all of a source; oldest first
        self._places: dict[str, Place] = {}  # of those changes that are in the feed
        self._floor = _NOWHERE
        self._heard = _NEVER
        self._told: frozenset[str] = frozenset()
        self.horizon = _NEVER
        """Answers to questions of this moment or before are in doubt."""
        self.generation = 0
        """Counts up whenever something is believed no longer."""
        self.doubts = 0
        """How often the horizon moved."""
        self.place: Place | None = None
        """The last entry of the feed that was read; None: none is heard."""
        self.owes: Callable[[str], bool] = lambda _: False
        """Says of an asset or a source whether the others are still to be told of a change of it."""

    def changed(self, name: str, at: datetime, place: Place | None = None) -> None:
        """Believe nothing of an asset (`source:id`), or of a source (`source:`), that was asked for by then.

        Args:
            name: the asset or source.
            at: the moment.
            place: where the feed tells of it; None: nowhere, or not yet.
        """
        at = max(at, self._changed.pop(name, _NEVER))
        if len(self._changed) >= self._max_changes:
            oldest = next(iter(self._changed))
            self.doubt(self._changed.pop(oldest), self._places.pop(oldest, None))
        self._changed[name] = at
        self.generation += 1
        if place is not None:
            self.placed(name, place)

    def placed(self, name: str, place: Place) -> None:
        """The feed tells of a change of an asset or source there."""
        if name in self._changed:
            self._places[name] = max(place, self._places.get(name, _NOWHERE))
        else:  # forgotten meanwhile, as there was much to remember
            self._floor = max(place, self._floor)

    def doubt(self, at: datetime, place: Place | None = None) -> None:
        """Believe nothing that was asked for by then, or by others before that place: what happened is not known."""
        if place is not None:
            self._floor = max(place, self._floor)
        if at > self.horizon:
            self.horizon = at
            self.generation += 1
            self.doubts += 1

    def hear(self, at: datetime, sources: frozenset[str]) -> None:
        """All changes of these sources until then are known."""
        self._heard, self._told = at, sources

    def changed_since(self, ref: str, place: Place) -> bool:
        """Whether the feed tells of a change of an asset behind that place."""
        return place < _latest(self._places, ref, _NOWHERE)

    def vouches(self, ref: str, at: datetime, place: Place | None) -> bool:
        """Whether nothing is known that makes another node's answer about an asset old.

        Args:
            ref: the asset.
            at: when its source was asked, by the other's clock.
            place: how far the other had read the feed by then.
        """
        name = asset_name(ref)
        if self.owes(name) or self.owes(f"{name.partition(':')[0]}:"):
            return False  # nobody can have heard of it
        if place is None or self.place is None:
            return at - SKEW > self.horizon and not self.was_told(ref, at - SKEW)
        told = _latest(self._places, ref, _NOWHERE)
        if place < max(self._floor, told):
            return False
        # What this node found out by itself, and told nobody, has no place.
        return told > _NOWHERE or not self.was_told(ref, at)

    def was_changed(self, asset: AssetDescriptor) -> bool:
        """Whether its source told of a change since it was asked."""
        return self.was_told(asset.ref, asset.fetched_at)

    def was_told(self, ref: str, at: datetime) -> bool:
        """Whether somebody told of a change of an asset at that moment or later."""
        return at <= _latest(self._changed, ref, _NEVER)

    def is_old(self, asset: AssetDescriptor, now: datetime) -> bool:
        """Whether its source must be asked before it is used."""
        return asset.fetched_at <= self.horizon or self.was_changed(asset) or not self.left(asset, now)

    def left(self, asset: AssetDescriptor, now: datetime) -> float:
        """The part of the lease that is left, from 1 to 0; 1 for assets that have none."""
        if not asset.regulated:
            return 1.0
        since = asset.fetched_at
        if self._heard > since and asset.ref.partition(":")[0] in self._told:
            since = self._heard
        return min(max(1.0 - (now - since) / self._lease, 0.0), 1.0)
