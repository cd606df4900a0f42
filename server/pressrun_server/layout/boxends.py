"""Ends of boxes that don't fit below their last content: what was placed last goes on the next page with them.

A box's bottom padding and border follow its last content at once, and no page ends between them (CSS Fragmentation 3,
4.1); it ends before that content then. Which content is a box's last is only known when the box ends. So where there is
less room below what is placed than the ends of the open boxes take, the place before it is remembered, a *tail*, and
so is what boxes were before they ended: they are opened again where a page ends inside of them after all. Only what is
as high as a page is parted from the end of its box.
"""

from __future__ import annotations

from collections.abc import Iterator

from pressrun_server.layout.paging import LAYERS, NO_FILL, Ended, Keep, OpenBox, Paging
from pressrun_server.model.page import Page
from pressrun_server.model.program import Box, Paragraph

__all__ = ["BoxEnds"]


class BoxEnds(Paging):
    """Ends boxes on the page that is being filled."""

    def _here(self) -> Keep:
        """A keep that begins with what is placed next."""
        page = self._page
        begins = {name: len(getattr(page, name)) for name in LAYERS}
        return Keep(None, self._y + self._pending, begins, len(self._open), self._y)

    def _note_tail(self, begin: Keep | None = None) -> None:
        """What is placed next may have to go along with what ends the open boxes.

        Args:
            begin: where it begins; here if nothing else is said.
        """
        keep = self._keep
        if keep is not None and (keep.released or self._moves(keep)):
            if keep.released:
                self._tail, self._ended = keep, []
            return  # what may not be parted moves as a whole
        begin = begin or self._here()
        if not (self._moves(begin) or self._higher_follows()):
            return
        tail = self._tail
        if tail is not None and all(tail.begins[name] == begin.begins[name] for name in ("text", "images")):
            return  # nothing stands between
        self._tail, self._ended = begin, []

    def _tail_lines(self, node: Paragraph, index: int, count: int) -> int:
        """Up to which line a paragraph stays where its last lines may have to go along with what ends its boxes."""
        keep = self._keep
        if keep is not None and not keep.released and self._moves(keep):
            return count
        split = count - node.widows
        if split - index >= (node.orphans if index == 0 else 1):
            return split
        self._note_tail()
        return count

    def _room_for_least(self, box: Box, least: int) -> Iterator[Page]:
        """Begin a box of a given, or least, height where there is room for it."""
        while self._tall(box, least) > self._bottom - self._y and not self._at_top():
            yield self._turn()
        if self._below and self._tall(box, least) + self._end_room(box.margin_bottom) > self._bottom - self._y:
            self._pending = max(self._pending, box.margin_top)
            self._note_tail()

    def _ends_apart(self, opened: OpenBox, start: int, page: Page) -> Iterator[Page]:
        """Let what was placed last go on the next page with what ends a box, where that does not fit on this one.

        Args:
            opened: the box, before it is left.
            start: where its content began, on `page`.
            page: the page that it began on.
        """
        while self._lacks_end(opened, start, page):
            keep = self._keep
            tail = None
            ended: list[Ended] = []
            if keep is None or not (self._moves(keep) or self._higher_follows()):
                tail = self._tail if self._tail_holds() else None
                if tail is None and not any(_shows(around.box) for around in self._open):
                    return
                if tail is not None and len(self._open) < tail.depth:
                    ended = self._ended
                    self._open_again(ended)
                self._keep = tail
            yield self._turn()
            if keep is None or tail is not None:
                self._keep = None
            for item in ended:
                self._end_again(item)
            if self._y <= self._top:
                self._placed()
                return

    def _lacks_end(self, opened: OpenBox, start: int, page: Page) -> bool:
        box = opened.box
        edge = box.padding_bottom + (box.border_bottom.width if box.border_bottom else 0)
        if not edge:
            return False
        if self._y > self._bottom and opened.before < len(self._page.text) + len(self._page.images):
            return False  # its content is too high for any page
        end = self._y + self._pending
        if self._page is page:
            end = max(end, start + max(box.height or 0, box.min_height))
        return end + edge > self._bottom

    def _tail_holds(self) -> bool:
        """Whether there is a tail with something before it on this page, and all that ended since is known."""
        tail = self._tail
        if tail is None or not (self._moves(tail) or self._higher_follows()):
            return False
        if len(self._open) >= tail.depth:
            return True
        shown = len(self._page.text) + len(self._page.images)
        after = self._ended[-1].after if self._ended else {}
        known = len(self._open) + len(self._ended) == tail.depth
        return known and after["text"] + after["images"] == shown

    def _ending(self, opened: OpenBox) -> Ended | None:
        """Note what a box is that the tail is in, before it ends."""
        tail = self._tail
        if not opened.below:
            self._tail = None  # no box is left that has an end
        if tail is None or not opened.below or opened.y is None or len(self._open) > tail.depth:
            return None
        if self._ended and self._ended[-1].opened is opened:
            return None
        sizes = {name: len(getattr(self._page, name)) for name in LAYERS}
        item = Ended(opened, self._y, self._pending, sizes)
        self._ended.append(item)
        return item

    def _has_ended(self, item: Ended) -> None:
        item.after = {name: len(getattr(self._page, name)) for name in LAYERS}

    def _open_again(self, ended: list[Ended]) -> None:
        """Let boxes be as they were before they ended, from the outermost."""
        page = self._page
        for item in reversed(ended):
            for name, size in item.sizes.items():
                del getattr(page, name)[size : item.after[name]]
            opened = item.opened
            page.fills[opened.slot] = NO_FILL
            if opened.box.picture:
                page.fills[opened.slot + 1] = NO_FILL
            self._open.append(opened)
            self._y, self._pending = item.y, item.pending

    def _end_again(self, item: Ended) -> None:
        """End a box that was opened again, on another page."""
        self._leave(item.opened, 0, Page(0, 0))


def _shows(box: Box) -> bool:
    """Whether anything is seen of a box's edges."""
    sides = box.border_top or box.border_right or box.border_bottom or box.border_left
    return bool(sides or box.background is not None or box.picture)
