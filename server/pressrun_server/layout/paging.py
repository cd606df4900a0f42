"""Pages as they fill: the place reached, boxes that are open, and what may not be parted; how a break is made.

What may not be parted is remembered by a *keep*, the place on the page where it began. When the page is full and a
keep is open, everything placed since is moved, as frames, to the top of the next page, and layout goes on behind it, so
nothing is laid out twice. What is taller than a page is broken after all.

Vertical margins collapse by waiting: a margin is only noted (`_pending`, the largest of those that meet) and becomes
space when the next content is placed; boxes without padding or border at that edge let it through (CSS 2.2, 8.3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pressrun_server.layout.edges import background, borders
from pressrun_server.layout.picture import backdrop
from pressrun_server.layout.placing import place
from pressrun_server.model.content import BoundListItem
from pressrun_server.model.page import ARTIFACT, Page, Tag
from pressrun_server.model.papers import is_right
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Box
from pressrun_server.model.program import Page as PageKind

if TYPE_CHECKING:
    from pressrun_server.layout.footnotes import Part
    from pressrun_server.layout.layout import Layout
    from pressrun_server.layout.table import OpenTable

__all__ = ["ENDLESS", "LAYERS", "NAMED", "NO_FILL", "Ended", "Keep", "OpenBox", "Paging", "edges"]

ENDLESS = 1 << 60
"""The bottom of a page that has none."""
NAMED = "named"
"""A break that is only forced where the pages that follow have another name."""
_SIDES = ("left", "right")
_NO_COLOR = -1
NO_FILL = (0, 0, 0, 0, _NO_COLOR)
"""Where something may be painted later."""
LAYERS = ("fills", "images", "text", "tags", "alts", "links", "bookmarks", "notes")
"""What a page consists of, and what a keep remembers the length of."""


@dataclass(slots=True, eq=False)
class OpenBox:
    """A box whose content is being placed."""

    box: Box
    y: int | None = None
    """Top of the border box on this page; None until content or an edge fixes it."""
    slot: int = -1
    """Where its background goes in the page's fills."""
    first: bool = True
    """Whether this page has its beginning."""
    before: int = 0
    """How much text and how many pictures were on this page when it began there."""
    below: int = 0
    """What ended the boxes around it when it was opened (`Paging._below`)."""
    gap: int = 0
    """And the margin that was to wait there (`Paging._gap`)."""


@dataclass(slots=True, eq=False)
class Keep:
    """Where something that may not be parted began."""

    owner: object
    y: int
    begins: dict[str, int]
    """How much of each layer was on the page then."""
    depth: int
    """Boxes that were open then."""
    end: int
    """Where what is before it ends, without the margin between."""
    released: bool = False
    """Whether it ends with the next content that is placed."""
    fresh: bool = False
    """Whether nothing of it is placed, so that the margin before it may grow."""


@dataclass(slots=True, eq=False)
class Ended:
    """A box that ended where the ends of those around it may not fit, and what was before it did."""

    opened: OpenBox
    y: int
    pending: int
    sizes: dict[str, int]
    """How much of each layer was on the page."""
    after: dict[str, int] = field(default_factory=dict)
    """And when it had ended."""
    table: OpenTable | None = None
    """The table that it is, whose footer was not yet placed."""
    top: int = 0
    reserved: int = 0
    """What the page was for the table's rows."""


class Paging:
    """The page that is being filled.

    Args:
        layout: what is the same for every record.
        images: prepared image by slot.
        missing: told each character that no face has; and each overflow, as a longer text (`layout.overflow`).
        artifact: whether what is placed is no part of the document's structure.
        cell: the type of the cell that is filled, if one is: text that stands in it is its own.
        count: how many footnotes there are so far, in a list of its own, for who places parts of one document.
    """

    def __init__(
        self,
        layout: Layout,
        images: Mapping[str, PreparedImage],
        missing: Callable[[str], None],
        *,
        artifact: bool = False,
        cell: str = "",
        count: list[int] | None = None,
    ) -> None:
        self._artifact = artifact
        self._cell_role = cell
        self._layout = layout
        self._images = images
        self._missing = missing
        self._page = Page(0, 0)
        self._top = 0
        self._bottom = ENDLESS
        self._y = 0
        self._pending = 0
        self._blank = True
        self._forced = ""
        """What break is forced before the content that comes next."""
        self._name = ""
        """Of the pages that content asks for now."""
        self._open: list[OpenBox] = []
        self._waiting = False
        self._below = 0
        """Height of what ends the open boxes: paddings and borders, and the margins between them."""
        self._gap = 0
        """The margin that the boxes without them ask for before that."""
        self._tail: Keep | None = None
        """What was placed last, where what ends the open boxes may not fit below it."""
        self._ended: list[Ended] = []
        """Boxes that ended since."""
        self._keep: Keep | None = None
        self._number = 0
        self._between: OpenTable | None = None
        """The table whose rows are being placed; its footer goes below them on each page."""
        self._reserved = 0
        """Height that a table's footer takes from each page."""
        self._edge = 0
        """Where this page begins; its top is below that where a table's header is repeated."""
        self._label: BoundListItem | None = None
        """The item whose marker waits for its first line."""
        self._has_notes = layout.program.pages[0].notes is not None
        self._count = [0] if count is None else count
        self._noted = 0
        """Height that footnotes take from this page."""
        self._carried: list[Part] = []
        """Footnotes of earlier pages that go on, or stand, on this one."""
        self._waiting_notes: list[Part] = []
        """Those that this page has no room for."""

    # Pages ------------------------------------------------------------------------------------------------------------

    def _kind(self, *, blank: bool) -> PageKind:
        program = self._layout.program
        return program.pages[program.kinds.index(self._name, self._number, blank=blank, last=False)]

    def _start(self) -> None:
        self._number += 1
        kind = self._kind(blank=False)
        self._page = Page(kind.width, kind.height, name=self._name, shift=kind.shift)
        self._top = self._edge = self._y = kind.margin_top
        self._bottom = kind.height - kind.margin_bottom - self._reserved
        self._pending = 0
        self._blank = True
        self._noted = 0
        if self._has_notes:
            self._begin_notes()

    def _turn(self, *, forced: bool = False) -> Page:
        """End the page, begin the next, and take along what is kept."""
        page, keep = self._page, self._keep
        moved, end = None, self._y
        if forced or keep is None or not (self._moves(keep) or self._higher_follows()):
            keep = None
        else:
            moved = Page(0, 0)
            for name in LAYERS:
                items, begin = getattr(page, name), keep.begins[name]
                setattr(moved, name, items[begin:])
                del items[begin:]
        stop = end if keep is None else keep.y
        filled = end if keep is None else keep.end
        if self._noted:
            self._room_again(filled)
        table = self._between
        cut = table is not None and (keep is None or keep.depth > table.depth)
        if table is not None and cut:
            self._feet(table, page, stop)
        stay = self._open if keep is None else self._open[: keep.depth]
        shown = len(page.text) + len(page.images)
        late = [
            opened
            for opened in stay
            if opened.first and opened.y is not None and opened.before == shown and not _painted(page, opened.slot)
        ]
        for opened in stay:
            if opened.y is not None and opened not in late:
                lower = self._bottom + self._reserved
                self._paint(opened, page, stop if forced else lower, last=False)
                opened.first = False
        self._end_page(page)
        if self._has_notes:
            self._end_notes(page, filled + (self._reserved if cut else 0))
        pending = self._pending
        self._tail, self._ended = None, []
        self._start()
        for opened in stay:
            if opened in late:
                # Nothing of it was on the page before: it begins here.
                self._fix(opened, self._y)
                self._y += opened.box.padding_top + (opened.box.border_top.width if opened.box.border_top else 0)
            elif opened.y is not None:
                self._fix(opened, self._top)
        if table is not None and cut:
            self._continue(table)
        if keep is not None and moved is not None:
            self._take_along(keep, moved, end, pending)
        else:
            self._keep = None
        return page

    def _take_along(self, keep: Keep, moved: Page, end: int, pending: int) -> None:
        """Place what is kept at the top of the page that begins; it ended at `end` of the one before."""
        table = self._between
        dy = self._y - keep.y  # below the beginnings of boxes that go along
        begins = {name: len(getattr(self._page, name)) for name in LAYERS}
        for opened in self._open[keep.depth :]:
            if opened.y is not None:
                opened.y += dy
                opened.slot += begins["fills"] - keep.begins["fills"]
                opened.before += sum(begins[name] - keep.begins[name] for name in ("text", "images"))
        if table is not None:
            table.placed = [(y + dy, sums) for y, sums in table.placed]
        place(moved, self._page, dy)
        # A margin that was still waiting at the keep is cut off by the break.
        self._y = max(end + dy, self._y)
        if moved.text or moved.images or moved.fills:
            self._blank = False
            self._pending = pending  # the margin behind what was moved
        keep.y = keep.end = self._top
        keep.begins = begins
        if moved.notes:
            self._room_again(self._y)

    def _break(self, *wanted: str) -> Iterator[Page]:
        """Go on at the top of a page, or of one of a side or another name; what was forced is done then."""
        side = next((word for word in wanted if word in _SIDES), "")
        self._forced = ""
        if self._bottom >= ENDLESS:
            return  # a cell, or a box at a fixed place
        if not self._blank and (any(word not in {"", NAMED} for word in wanted) or self._page.name != self._name):
            yield self._turn(forced=True)
        elif self._page.name != self._name:
            self._rename()
        if side and is_right(self._number) != (side == "right"):
            kind = self._kind(blank=True)
            self._page.blank, self._page.shift = True, kind.shift
            yield self._turn(forced=True)

    def _rename(self) -> None:
        """Let a page on which nothing is yet be one of another name."""
        kind, page = self._kind(blank=False), self._page
        page.name, page.shift, page.width, page.height = self._name, kind.shift, kind.width, kind.height
        dy = kind.margin_top - self._edge
        self._top, self._edge, self._y = self._top + dy, self._edge + dy, self._y + dy
        self._bottom = kind.height - kind.margin_bottom - self._reserved - self._noted
        for opened in self._open:
            if opened.y is not None:
                opened.y += dy
        if self._keep is not None:
            self._keep.y += dy
            self._keep.end += dy

    def _feet(self, table: OpenTable, page: Page, y: int) -> None:
        """Place what ends a table's part on a page that is not its last, at `y`."""
        raise NotImplementedError

    def _continue(self, table: OpenTable) -> None:
        """Place what begins a table's part on a page that is not its first."""
        raise NotImplementedError

    def _begin_notes(self) -> None:
        """Keep room for footnotes of the page before."""
        raise NotImplementedError

    def _room_again(self, y: int) -> None:
        """Keep room for the footnotes that are called on the page now."""
        raise NotImplementedError

    def _end_notes(self, page: Page, end: int) -> None:
        """Place a page's footnotes."""
        raise NotImplementedError

    def _note_tail(self) -> None:
        """What is placed next may have to go along with what ends the open boxes."""
        raise NotImplementedError

    def _ending(self, opened: OpenBox) -> Ended | None:
        """Note what a box is that the tail is in, before it ends."""
        raise NotImplementedError

    def _has_ended(self, item: Ended) -> None:
        """Note what is on the page when such a box has ended."""
        raise NotImplementedError

    @staticmethod
    def _end_page(page: Page) -> None:
        if page.fills:
            page.fills = [fill for fill in page.fills if fill[4] != _NO_COLOR]

    # Boxes ------------------------------------------------------------------------------------------------------------

    def _fix(self, opened: OpenBox, y: int) -> None:
        opened.y = y
        opened.slot = len(self._page.fills)
        opened.before = len(self._page.text) + len(self._page.images)
        self._page.fills.append(NO_FILL)
        if opened.box.anchor and opened.first and not self._artifact:
            self._page.bookmarks.append((y, 0, opened.box.anchor))
        if opened.box.picture:
            self._page.fills.append(NO_FILL)

    def _flush(self) -> None:
        """Make the waiting margin space; boxes that waited for it begin here."""
        self._y += self._pending
        self._pending = 0
        if self._keep is not None and self._keep.fresh:
            self._keep.y, self._keep.fresh = self._y, False
        if self._waiting:
            self._waiting = False
            for opened in self._open:
                if opened.y is None:
                    self._fix(opened, self._y)

    def _paint(self, opened: OpenBox, page: Page, bottom: int, *, last: bool) -> None:
        """Background and borders of a box's part on a page."""
        box, y = opened.box, opened.y
        if y is None or bottom <= y:
            return
        first, height = opened.first, bottom - y
        if box.background is not None:
            page.fills[opened.slot] = background(box, y, height, box.background, first=first, last=last)
        image = self._images.get(box.picture.slot) if box.picture else None
        if box.picture is not None and image is not None:
            slot = self._layout.slots[box.picture.slot]
            ink = backdrop(box.picture, slot, image, box, height)
            page.fills[opened.slot + 1] = (box.x, y, box.width, height, ink)
        top, end = box.border_top if first else None, box.border_bottom if last else None
        page.fills += borders(box, y, height, top=top, bottom=end, first=first, last=last)

    def _enter(self, box: Box) -> OpenBox:
        self._pending = max(self._pending, box.margin_top)
        opened = OpenBox(box)
        if self._below or box.border_bottom or box.padding_bottom:
            self._add_end(opened)
        self._open.append(opened)
        self._waiting = True
        if box.border_top or box.padding_top or box.height is not None or box.min_height:
            self._flush()
            self._y += box.padding_top + (box.border_top.width if box.border_top else 0)
        return opened

    def _tall(self, box: Box, least: int) -> int:
        """What a box of a given, or least, height needs, with the margin before it."""
        return max(self._pending, box.margin_top) + edges(box) + least

    def _add_end(self, opened: OpenBox) -> None:
        """Count what ends a box that is opened."""
        box = opened.box
        opened.below, opened.gap = self._below, self._gap
        end = box.padding_bottom + (box.border_bottom.width if box.border_bottom else 0)
        if end:
            self._below += end + (max(self._gap, box.margin_bottom) if self._below else 0)
            self._gap = 0
        elif box.margin_bottom > self._gap:
            self._gap = box.margin_bottom
        top = box.padding_top + (box.border_top.width if box.border_top else 0)
        if self._y + self._pending + top + self._below + self._gap > self._bottom:
            self._note_tail()

    def _end_room(self, margin: int = 0) -> int:
        """Height of what ends the open boxes, behind content with that margin."""
        return self._below + max(self._gap, margin) if self._below else 0

    def _leave(self, opened: OpenBox, start: int, page: Page) -> None:
        box = opened.box
        item = self._ending(opened) if self._tail is not None else None
        if (box.height is not None or box.min_height) and self._page is page:
            least = start + max(box.height or 0, box.min_height)
            if least > self._y + self._pending:
                self._y, self._pending = least, 0
                self._placed()
        if box.border_bottom or box.padding_bottom:
            self._flush()
            self._y += box.padding_bottom + (box.border_bottom.width if box.border_bottom else 0)
        self._paint(opened, self._page, self._y, last=True)
        self._open.pop()
        if self._below:
            self._below, self._gap = opened.below, opened.gap
        if self._keep is not None and self._keep.depth > len(self._open):
            self._take_in(opened, self._keep)
        self._pending = max(self._pending, box.margin_bottom)
        if box.break_after:
            self._forced = box.break_after
        if item is not None:
            self._has_ended(item)

    # Keeps ------------------------------------------------------------------------------------------------------------

    def _hold(self, owner: object) -> None:
        """Begin a keep, or join the one that waits for its next content."""
        if self._keep is None:
            page = self._page
            begins = {name: len(getattr(page, name)) for name in LAYERS}
            self._keep = Keep(owner, self._y + self._pending, begins, len(self._open), self._y, fresh=True)
        elif self._keep.released:
            self._keep.owner, self._keep.released = owner, False

    def _let_go(self, owner: object, *, with_next: bool) -> None:
        if self._keep is not None and self._keep.owner is owner:
            if with_next:
                self._keep.released = True
            else:
                if self._below and self._y + self._pending + self._end_room() > self._bottom:
                    self._tail, self._ended = self._keep, []
                self._keep = None

    def _take_in(self, opened: OpenBox, keep: Keep) -> None:
        """A box ends with what is kept with what follows: it goes along if that is all it has, else nothing does."""
        box = opened.box
        sides = box.border_top or box.border_right or box.border_bottom or box.border_left
        if opened.y is None or not (sides or box.background is not None or box.picture):
            keep.depth = len(self._open)
        elif opened.first and opened.before == keep.begins["text"] + keep.begins["images"]:
            keep.begins["fills"] = opened.slot
            keep.y, keep.depth = opened.y, len(self._open)
            keep.end = min(keep.end, keep.y)
        else:
            self._keep = None

    def _placed(self) -> None:
        self._blank = False
        if self._keep is not None and self._keep.released:
            self._keep = None

    def _at_top(self) -> bool:
        """Whether a new page would give no more room than this one has left."""
        if self._moves(self._keep):
            return False
        return self._blank or self._y <= self._top

    def _moves(self, keep: Keep | None) -> bool:
        """Whether what is kept can go to the next page: something stands before it on this one."""
        if keep is None or keep.y <= self._top:
            return False
        page, begins = self._page, keep.begins
        if begins["text"] or begins["images"]:
            return True
        return any(fill[4] != _NO_COLOR for fill in page.fills[: begins["fills"]])

    def _higher_follows(self) -> bool:
        """Whether what begins with the next turn, or a later one, may be higher than this; true of columns alone."""
        return False

    # Structure --------------------------------------------------------------------------------------------------------

    def _begin(self, role: str) -> None:
        if not self._artifact:
            self._page.tags.append("(" + role)

    def _end(self) -> None:
        if not self._artifact:
            tags = self._page.tags
            if tags and isinstance(tags[-1], str) and tags[-1][0] == "(":
                tags.pop()  # nothing came of it
            else:
                tags.append(")")

    def _mark(self, role: str, tag: Tag | None) -> None:
        """What is placed next is a marked piece of text.

        Args:
            role: the type of the element it belongs to.
            tag: what that means for the structure.
        """
        page = self._page
        if self._artifact:
            page.text.append((ARTIFACT, 0, 0, 0, ""))
        else:
            page.text.append((role or self._cell_role, 0, 0, 0, ""))
            if tag is not None:
                page.tags.append(tag)


def _painted(page: Page, begin: int) -> bool:
    """Whether anything is painted on a page behind what is only reserved."""
    return any(fill[4] != _NO_COLOR for fill in page.fills[begin:])


def edges(box: Box) -> int:
    """Height of a box's borders and paddings."""
    border = sum(side.width for side in (box.border_top, box.border_bottom) if side)
    return border + box.padding_top + box.padding_bottom
