"""The first bytes that documents share: they cross from a composer to the front once, and are named afterwards.

A document begins with its prepared objects, fonts and images, which are the same bytes object for each document with
the same assets: most of a small document. Both ends keep the same few, by number. From the front to clients that keep
heads it is the same again, for each stream.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["LEAST", "MOST", "HeadBook", "HeadShelf"]

LEAST: Final = 16 * 1024
"""Shorter ones are sent with their documents."""

MOST: Final = 16
"""As many are kept; the one that was not used for longest goes first."""

_SHELVED: Final = 64
_LARGEST: Final = 1024 * 1024
"""Longer ones are not compared and not kept for others: together they could be gigabytes."""
_END: Final = 64
"""Bytes at a head's end that tell it from others: the last prepared objects."""


class HeadBook:
    """What one end knows of the heads that the other has.

    Args:
        most: how many the other end keeps.
    """

    def __init__(self, most: int = MOST) -> None:
        # By identity: the object is kept here, so that its id can't be another's.
        self._known: OrderedDict[int, tuple[int, bytes]] = OrderedDict()
        self._free = list(range(most, 0, -1))

    def number(self, data: bytes) -> tuple[int, bool]:
        """The number of a head, and whether the other end has to be told of it first.

        The same bytes object keeps its number, until as many others as are kept were named since.
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

    def would_take(self, data: bytes) -> int | None:
        """The number that `number` would take for a head that is new; None where it is known."""
        if id(data) in self._known:
            return None
        return self._free[-1] if self._free else next(iter(self._known.values()))[0]


class HeadShelf:
    """What the front keeps of its composers' heads: equal ones are one object, whichever process they came from.

    Cost: a comparison of the bytes, once for each time that a composer tells of a head.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, bytes], bytes] = OrderedDict()

    def keep(self, data: bytes) -> bytes:
        """The head that is equal to this one, or this one from now on."""
        if len(data) > _LARGEST:
            return data
        key = len(data), data[-_END:]
        kept = self._kept.get(key)
        if kept is not None and kept == data:
            self._kept.move_to_end(key)
            return kept
        self._kept[key] = data
        if len(self._kept) > _SHELVED:
            self._kept.popitem(last=False)
        return data
