"""The bookkeeping of a tier without any I/O: what is held, how large it is, what was used last, what must go."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from pressrun_server.model.digest import Digest

__all__ = ["Accounting"]


class Accounting:
    """Counts bytes and chooses what to evict: always what was used longest ago.

    It decides, the tier acts: `admit` says which blobs must go before a new one may come, and from that moment counts
    neither them nor the new one, until the tier says `add`.

    Args:
        soft: bytes down to which `admit` makes room.
        hard: bytes that are never passed by what is known here.
    """

    __slots__ = ("_sizes", "_total", "evictions", "hard", "refused", "soft")

    def __init__(self, *, soft: int, hard: int) -> None:
        self.soft = soft
        self.hard = hard
        self.evictions = 0
        self.refused = 0
        self._total = 0
        self._sizes: OrderedDict[Digest, int] = OrderedDict()  # least recently used first

    def __repr__(self) -> str:
        return f"<Accounting {len(self._sizes)} entries, {self._total} of {self.soft} to {self.hard} bytes>"

    def __len__(self) -> int:
        return len(self._sizes)

    def __contains__(self, digest: Digest) -> bool:
        return digest in self._sizes

    @property
    def total(self) -> int:
        """Bytes counted now."""
        return self._total

    def order(self) -> tuple[Digest, ...]:
        """What is held, least recently used first."""
        return tuple(self._sizes)

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
            victim, freed = self._sizes.popitem(last=False)
            self._total -= freed
            victims.append(victim)
        self.evictions += len(victims)
        return tuple(victims)

    def add(self, digest: Digest, size: int) -> None:
        """A blob is held now, and used just now."""
        self.remove(digest)
        self._sizes[digest] = size
        self._total += size

    def touch(self, digest: Digest) -> bool:
        """A blob is used; tells whether it is known."""
        try:
            self._sizes.move_to_end(digest)
        except KeyError:
            return False
        return True

    def remove(self, digest: Digest) -> bool:
        """A blob is gone; tells whether it was known."""
        size = self._sizes.pop(digest, None)
        if size is None:
            return False
        self._total -= size
        return True

    def rebuild(self, found: Iterable[tuple[Digest, int]]) -> tuple[Digest, ...]:
        """Forget everything and count what was found, least recently used first.

        Returns:
            The blobs that must go because the hard limit is passed, already no longer counted.
        """
        self._sizes = OrderedDict(found)
        self._total = sum(self._sizes.values())
        victims: list[Digest] = []
        if self._total > self.hard:
            while self._total > self.soft:
                victim, freed = self._sizes.popitem(last=False)
                self._total -= freed
                victims.append(victim)
        self.evictions += len(victims)
        return tuple(victims)
