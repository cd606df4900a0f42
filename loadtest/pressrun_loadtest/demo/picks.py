"""Chooses the documents of the contact sheet: as many different segments and locales as there are places."""

from __future__ import annotations

from bisect import insort
from itertools import zip_longest
from typing import NamedTuple

__all__ = ["Pick", "Picks"]


class Pick(NamedTuple):
    """A document with what it is an example of."""

    locale: str
    segment: str
    request_id: str


class Picks:
    """Sees all finished documents, in any order, and keeps a few of each kind.

    Guarantee: the choice depends on which documents were finished, not on the order. Memory: `places` of each kind.

    Args:
        places: how many documents are wanted.

    Example:
        >>> picks = Picks(2)
        >>> for pick in (Pick("fr-FR", "premier", "c"), Pick("de-DE", "student", "b"), Pick("de-DE", "student", "a")):
        ...     picks.see(pick)
        >>> [pick.request_id for pick in picks.chosen()]
        ['a', 'c']
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._kinds: dict[tuple[str, str], list[Pick]] = {}

    def see(self, pick: Pick) -> None:
        """A document was finished."""
        kind = self._kinds.setdefault((pick.locale, pick.segment), [])
        insort(kind, pick)
        del kind[self._places :]

    def chosen(self) -> list[Pick]:
        """The choice, by locale and segment: one of each kind first, then a second of each, and so on."""
        kinds = (self._kinds[key] for key in sorted(self._kinds))
        rounds = zip_longest(*kinds)
        in_turn = [pick for each in rounds for pick in each if pick is not None]
        return sorted(in_turn[: self._places])
