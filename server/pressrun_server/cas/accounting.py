"""The bookkeeping of a tier without any I/O: what is held, how large it is, what was used last, what must go."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from pressrun_server.cas.tier import TierStats
from pressrun_server.model.digest import Digest

__all__ = ["Accounting"]


class _Held:
    """One blob."""

    __slots__ = ("size", "used")

    def __init__(self, size: int, used: float) -> None:
        self.size = size
        self.used = used


class Accounting:
    """Counts bytes and chooses what to evict: always what was used longest ago.

    It decides, the tier acts: `admit` says which blobs must go before a new one may come, and from that moment counts
    neither them nor the new one, until the tier says `add`.

    Args:
        soft: bytes down to which `admit` makes room.
        hard: bytes that are never passed by what is known here.
        now: the time in seconds since the epoch, as files have it.
    """

    __slots__ = ("_held", "_now", "_total", "evictions", "hard", "refused", "soft")

    def __init__(self, *, soft: int, hard: int, now: Callable[[], float] = time.time) -> None:
        self.soft = soft
        self.hard = hard
        self.evictions = 0
        self.refused = 0
        self._total = 0
        self._now = now
        self._held: OrderedDict[Digest, _Held] = OrderedDict()  # least recently used first

    def __repr__(self) -> str:
        return f"<Accounting {len(self._held)} entries, {self._total} of {self.soft} to {self.hard} bytes>"

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, digest: Digest) -> bool:
        return digest in self._held

    @property
    def total(self) -> int:
        """Bytes counted now."""
        return self._total

    @property
    def idle(self) -> float | None:
        """Seconds since the last use of the blob that was used longest ago; None where nothing is held."""
        for held in self._held.values():
            return max(self._now() - held.used, 0.0)
        return None

    def stats(self, name: str, *, errors: int = 0, corrupt: int = 0, available: bool = True) -> TierStats:
        """What is held and what was evicted, with what the tier itself knows."""
        return TierStats(
            name=name,
            entries=len(self),
            size=self.total,
            limit=self.hard,
            evictions=self.evictions,
            idle_seconds=self.idle,
            refused=self.refused,
            errors=errors,
            corrupt=corrupt,
            available=available,
        )

    def order(self) -> tuple[Digest, ...]:
        """What is held, least recently used first."""
        return tuple(self._held)

    def admit(self, digest: Digest, size: int) -> tuple[Digest, ...] | None:
        """Make room for a blob.

        Returns:
            The blobs that must go, already no longer counted; None where it is too large to be kept, whatever goes.
        """
        if size > self.soft:
            self.refused += 1
            return None
        self.remove(digest)
        if self._total + size <= self.hard:
            return ()
        victims: list[Digest] = []
        while self._total + size > self.soft:
            victim, freed = self._held.popitem(last=False)
            self._total -= freed.size
            victims.append(victim)
        self.evictions += len(victims)
        return tuple(victims)

    def add(self, digest: Digest, size: int) -> None:
        """A blob is held now, and used just now."""
        self.remove(digest)
        self._held[digest] = _Held(size, self._now())
        self._total += size

    def touch(self, digest: Digest) -> bool:
        """A blob is used; tells whether it is known."""
        held = self._held.get(digest)
        if held is None:
            return False
        held.used = self._now()
        self._held.move_to_end(digest)
        return True

    def remove(self, digest: Digest) -> bool:
        """A blob is gone; tells whether it was known."""
        held = self._held.pop(digest, None)
        if held is None:
            return False
        self._total -= held.size
        return True

    def rebuild(self, found: Iterable[tuple[Digest, int, float]]) -> tuple[Digest, ...]:
        """Forget everything and count what was found, with the time of its last use or the later one known here.

        Returns:
            The blobs that must go because the hard limit is passed, already no longer counted.
        """
        known = self._held
        times = ((digest, size, used, known.get(digest)) for digest, size, used in found)
        held = [
            (digest, _Held(size, used if own is None else max(used, own.used))) for digest, size, used, own in times
        ]
        held.sort(key=lambda item: item[1].used)
        self._held = OrderedDict(held)
        self._total = sum(held.size for held in self._held.values())
        victims: list[Digest] = []
        if self._total > self.hard:
            while self._total > self.soft:
                victim, freed = self._held.popitem(last=False)
                self._total -= freed.size
                victims.append(victim)
        self.evictions += len(victims)
        return tuple(victims)
