"""Which request ids a run has had: exactly once each, in a few bytes a document."""

from __future__ import annotations

from array import array
from typing import Final

__all__ = ["SeenIds"]

_FIRST: Final = 1024
"""Places at first; a power of two, as after each doubling."""
_MASK: Final = (1 << 64) - 1


class SeenIds:
    """Remembers texts by 64 bits of each.

    Guarantee: a text that was added is known for ever. One that was not is taken for known with a probability of the
    number of texts / 2^64; the bits are salted by the process, so no caller can choose such texts. Cost: 8 bytes a
    place, of which at least a third is used; a million ids take 16 MiB.
    """

    def __init__(self) -> None:
        self._places = array("Q", bytes(8 * _FIRST))
        self._used = 0

    def add(self, text: str) -> bool:
        """Remember a text; whether it is new."""
        if not self._put(self._places, hash(text) & _MASK or 1):
            return False
        self._used += 1
        if self._used * 3 > len(self._places) * 2:
            larger = array("Q", bytes(16 * len(self._places)))
            for mark in self._places:
                if mark:
                    self._put(larger, mark)
            self._places = larger
        return True

    @staticmethod
    def _put(places: array[int], mark: int) -> bool:
        wrap = len(places) - 1
        at = mark & wrap
        while (found := places[at]) != 0:
            if found == mark:
                return False
            at = (at + 1) & wrap
        places[at] = mark
        return True
