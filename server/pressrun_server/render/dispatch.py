"""Which document goes to which composer, and which waits; pure bookkeeping."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from pressrun_server.render.fair_line import FairLine

__all__ = ["BATCH_SHARE", "LARGE_SLOTS", "SLOTS", "Desk"]

SLOTS: Final = 3
"""Documents that one composer may hold: one in work and two behind it. Two finished ones leave together while the third
hides the way there."""

LARGE_SLOTS: Final = 8
"""Large documents that one composer may hold beside its slots; they get a share of its turns and must not block it."""

BATCH_SHARE: Final = 8
"""Every so manieth document is one that is not interactive, while both kinds wait."""

D = TypeVar("D")
C = TypeVar("C")


class _Place(Generic[D]):
    """What one composer holds."""

    __slots__ = ("alone", "interactive", "large", "open", "small")

    def __init__(self) -> None:
        self.small: set[D] = set()
        self.large: set[D] = set()
        self.open = True
        self.alone = False


class Desk(Generic[D, C]):
    """Deals waiting documents to composers.

    Guarantee: a composer holds at most `slots` documents, and `large_slots` large ones beside them; among those that
    wait, interactive ones come first and every eighth is another one, tenants taking turns; a suspect (a document
    that was in a composer which died) is dealt before all others, and to a composer that holds nothing else and gets
    nothing else, so that a second death proves its guilt and no innocent neighbour's. Cost: linear in composers.

    Args:
        slots: documents per composer.
        large_slots: large documents per composer beside them.
    """

    def __init__(self, *, slots: int = SLOTS, large_slots: int = LARGE_SLOTS) -> None:
        self._slots = slots
        self._large_slots = large_slots
        self._places: dict[C, _Place[D]] = {}
        self._suspects: OrderedDict[D, None] = OrderedDict()
        self._interactive: FairLine[D] = FairLine()
        self._batch: FairLine[D] = FairLine()
        self._homes: dict[D, C] = {}
        self._queued = 0
        """Documents in the two lines; `deal` is asked for each document more often than it has one to give."""
        self._streak = 0

    @property
    def waiting(self) -> int:
        """Documents that no composer holds."""
        return len(self._suspects) + self._queued

    @property
    def held(self) -> int:
        """Documents that a composer holds."""
        return len(self._homes)

    def holder(self, document: D) -> C | None:
        """The composer that holds a document."""
        return self._homes.get(document)

    def all(self) -> tuple[D, ...]:
        """Every document, waiting or held."""
        return (*self._suspects, *self._interactive, *self._batch, *self._homes)

    def documents(self, composer: C) -> tuple[D, ...]:
        """What a composer holds."""
        place = self._places.get(composer)
        return (*place.small, *place.large) if place is not None else ()

    def join(self, composer: C) -> None:
        """A composer can take documents."""
        self._places[composer] = _Place()

    def knows(self, composer: C) -> bool:
        """Whether a composer has joined and is not gone."""
        return composer in self._places

    def shut(self, composer: C) -> None:
        """A composer takes no more documents; it keeps those it holds."""
        if composer in self._places:
            self._places[composer].open = False

    def leave(self, composer: C) -> tuple[D, ...]:
        """A composer is gone.

        Returns:
            What it held; each document is on nobody's hands now.
        """
        held = self.documents(composer)
        self._places.pop(composer, None)
        for document in held:
            del self._homes[document]
        return held

    def submit(self, document: D, *, interactive: bool, first: bool = False, tenant: str = "") -> None:
        """A document waits; with `first` before all others of its kind, because it had its turn already."""
        (self._interactive if interactive else self._batch).add(document, tenant, first=first)
        self._queued += 1

    def ahead(self, document: D) -> C | None:
        """A large document that is not ready to be made goes to a composer whose places for large ones are not full.

        Returns:
            The composer that holds it from now on; None where there is none, or others wait, whose turn is before.
        """
        if self._queued or self._suspects:
            return None
        best: C | None = None
        fewest = self._large_slots
        for composer, place in self._places.items():
            if place.open and not place.alone and len(place.large) < fewest:
                best, fewest = composer, len(place.large)
        if best is not None:
            self._places[best].large.add(document)
            self._homes[document] = best
        return best

    def suspect(self, document: D) -> None:
        """A document waits again, after its composer died."""
        self._suspects[document] = None

    def remove(self, document: D) -> C | None:
        """A document is finished or given up, wherever it is.

        Returns:
            The composer that held it.
        """
        composer = self._homes.pop(document, None)
        if composer is None:
            if self._interactive.discard(document) or self._batch.discard(document):
                self._queued -= 1
            self._suspects.pop(document, None)
            return None
        place = self._places[composer]
        place.small.discard(document)
        place.large.discard(document)
        place.alone = False
        return composer

    def grown(self, document: D) -> None:
        """A document turned out to be a large one."""
        composer = self._homes.get(document)
        if composer is not None:
            place = self._places[composer]
            place.small.discard(document)
            place.large.add(document)

    def deal(self) -> tuple[D, C] | None:
        """The next document and its composer; None when nothing waits or nobody is free."""
        reserved: C | None = None
        if self._suspects:
            chosen = self._emptiest()
            if chosen is not None:
                reserved, place = chosen
                if not place.small and not place.large:
                    document, _ = self._suspects.popitem(last=False)
                    place.alone = True
                    return self._give(document, reserved, place)
        if not self._queued:
            return None
        best: tuple[C, _Place[D]] | None = None
        least = fewest = 0
        for composer, place in self._places.items():
            if place.open and not place.alone and composer is not reserved:
                # Large documents beyond their own slots use ordinary ones.
                large = len(place.large)
                load = len(place.small) + (large - self._large_slots if large > self._large_slots else 0)
                if load < self._slots and (best is None or load < least or (load == least and large < fewest)):
                    best, least, fewest = (composer, place), load, large
        return self._give(self._next(), *best) if best is not None else None

    def _emptiest(self) -> tuple[C, _Place[D]] | None:
        """The composer that gets the next suspect, as soon as it holds nothing; none while another suspect is alone."""
        best: tuple[C, _Place[D]] | None = None
        for composer, place in self._places.items():
            if place.alone:
                return None
            held = len(place.small) + len(place.large)
            if place.open and (best is None or held < len(best[1].small) + len(best[1].large)):
                best = composer, place
        return best

    def _next(self) -> D:
        """The next document of those that wait and are no suspects."""
        self._queued -= 1
        if self._interactive and not (self._batch and self._streak >= BATCH_SHARE - 1):
            self._streak = self._streak + 1 if self._batch else 0
            return self._interactive.pop()
        self._streak = 0
        return self._batch.pop()

    def _give(self, document: D, composer: C, place: _Place[D]) -> tuple[D, C]:
        place.small.add(document)
        self._homes[document] = composer
        return document, composer
