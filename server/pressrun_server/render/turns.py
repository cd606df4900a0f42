"""Whose turn it is in a composer; pure bookkeeping."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["LARGE_SHARE", "LARGE_TURNS", "Turns"]

LARGE_TURNS: Final = 16
"""A document that had more turns than this is a large one; a page may take two, one to lay it out, one to emit it."""

LARGE_SHARE: Final = 3
"""Every so manieth turn is a large document's, while both kinds wait."""

_BEHIND: Final = 2
"""Documents that have to be there behind a finished one for it to wait for the next."""


class Turns:
    """Chooses the document that works next, a page's work or a few small steps at a time.

    Guarantee: interactive documents come before others among the small ones, which go in the order they came (one
    after the other: two small documents taking turns would both be late); large ones take turns among themselves and
    get every third turn while small ones wait; a paused document gets none. Cost: constant per turn.
    """

    def __init__(self) -> None:
        self._interactive: OrderedDict[int, None] = OrderedDict()
        self._small: OrderedDict[int, None] = OrderedDict()
        self._large: OrderedDict[int, None] = OrderedDict()
        self._turns: dict[int, int] = {}
        self._homes: dict[int, OrderedDict[int, None]] = {}
        self._paused: set[int] = set()
        self._small_streak = 0

    def __len__(self) -> int:
        return len(self._turns)

    def __contains__(self, ticket: int) -> bool:
        return ticket in self._turns

    @property
    def waiting(self) -> bool:
        """Whether any document can have a turn."""
        return bool(self._interactive or self._small or self._large)

    def add(self, ticket: int, *, interactive: bool) -> None:
        """A document came."""
        home = self._interactive if interactive else self._small
        self._turns[ticket] = 0
        self._homes[ticket] = home
        home[ticket] = None

    def remove(self, ticket: int) -> None:
        """A document is finished, failed or cancelled."""
        del self._turns[ticket]
        self._homes.pop(ticket).pop(ticket, None)
        self._paused.discard(ticket)

    def pause(self, ticket: int) -> None:
        """The consumer of a document is behind: no turns until `resume`."""
        self._paused.add(ticket)
        self._homes[ticket].pop(ticket, None)

    def resume(self, ticket: int) -> None:
        """The consumer caught up."""
        if ticket in self._paused:
            self._paused.discard(ticket)
            self._homes[ticket][ticket] = None

    def large(self, ticket: int) -> bool:
        """Whether a document has had so many turns that it is a large one."""
        return self._homes[ticket] is self._large

    def patient(self, ticket: int) -> bool:
        """Whether the answer of a document that is finished may wait for the next one.

        It may where nobody waits for it alone, and where enough is here to do meanwhile: one document for the answer to
        leave with, and one that hides the way of both.
        """
        return self._homes[ticket] is self._small and len(self._small) + len(self._interactive) > _BEHIND

    def take(self) -> int | None:
        """The document whose turn it is; the turn counts as had. None while nothing can have one."""
        small = self._interactive or self._small
        if small and not (self._large and self._small_streak >= LARGE_SHARE - 1):
            ticket = next(iter(small))
            self._small_streak = self._small_streak + 1 if self._large else 0
        elif self._large:
            ticket = next(iter(self._large))
            self._large.move_to_end(ticket)
            self._small_streak = 0
        else:
            return None
        self.more(ticket, 1)
        return ticket

    def more(self, ticket: int, steps: int) -> None:
        """A document that has a turn takes so many steps in it, each of which counts as a turn."""
        turns = self._turns[ticket] = self._turns[ticket] + steps
        home = self._homes[ticket]
        if turns > LARGE_TURNS and home is not self._large:
            del home[ticket]
            self._homes[ticket] = self._large
            self._large[ticket] = None
