"""The first bytes that documents share: they cross from a composer to the front once, and are named afterwards.

A document begins with its prepared objects, fonts and images, which are the same bytes object for each document with
the same assets: most of a small document. Both ends keep the same few, by number.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["LEAST", "MOST", "HeadBook"]

LEAST: Final = 16 * 1024
"""Shorter ones are sent with their documents."""

MOST: Final = 16
"""As many are kept; the one that was not used for longest goes first."""


class HeadBook:
    """What a composer knows of the heads that the front has."""

    def __init__(self) -> None:
        # By identity: the object is kept here, so that its id can't be another's.
        self._known: OrderedDict[int, tuple[int, bytes]] = OrderedDict()
        self._free = list(range(MOST, 0, -1))

    def number(self, data: bytes) -> tuple[int, bool]:
        """The number of a head, and whether the front has to be told of it first.

        The same bytes object keeps its number, until 16 others were named since.
        """
        known = self._known.get(id(data))
        if known is not None:
            self._known.move_to_end(id(data))
            return known[0], False
        if not self._free:
            _, (number, _) = self._known.popitem(last=False)
            self._free.append(number)
        number = self._free.pop()
        self._known[id(data)] = number, data
        return number, True
