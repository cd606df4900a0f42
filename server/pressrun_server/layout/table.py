"""Places tables: rows as they come, between a header and a footer that are repeated on each page."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

import msgspec

from pressrun_server.layout.columns import Contents, Sizes, assigned
from pressrun_server.layout.fitting import Fitting, sized_box, table_width
from pressrun_server.layout.footnotes import Footnotes
from pressrun_server.layout.joined import Joined
from pressrun_server.layout.measure import Measure
from pressrun_server.layout.overflow import overflow, place_of
from pressrun_server.layout.paging import ENDLESS, Ended, Keep, OpenBox
from pressrun_server.layout.parting import Parting, divides
from pressrun_server.layout.placing import place_row
from pressrun_server.layout.rowcode import Placer
from pressrun_server.layout.rows import RowFrame, RowPlan, RowSetter, first_baseline, untagged
from pressrun_server.model.columns import Columns, shared
from pressrun_server.model.content import (
    BoundBlock,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundRow,
    BoundRows,
    BoundTable,
    Values,
)
from pressrun_server.model.page import PAUSE, Page
from pressrun_server.model.program import Block, Box
from pressrun_server.model.sums import Sums, add_sums

__all__ = ["OpenTable", "Tables"]

_MANY = 400
"""Rows from which the code that places them is made for a table alone; it takes about two milliseconds."""


@dataclass(slots=True, eq=False)
class OpenTable:
    """A table that is being placed."""

    bound: BoundTable
    depth: int
    """Boxes that were open before it."""
    rows: RowSetter
    """Sets its rows."""
    fitting: Fitting | None = None
    """Puts rows into its columns, where their widths were found just now."""
    many: bool = True
    """Whether it has so many rows that code for them pays."""
    first: list[RowFrame] = field(default_factory=list)
    """Its header where it begins."""
    again: list[RowFrame] = field(default_factory=list)
    """Where it goes on."""
    feet: list[RowFrame] = field(default_factory=list)
    """Its footer where it goes on on the next page."""
    last: list[RowFrame] = field(default_factory=list)
    """Where it ends."""
    headed: bool = True
    footed: bool = True
    """Whether there is room for headers and footers."""
    begun: bool = False
    """Whether anything of it is placed."""
    origin: Keep | None = None
    """Where it begins, if its first row may have to go along with what ends its boxes,"""
    page: Page | None = None
    """and on which page."""
    before: Sums = field(default_factory=dict)
    """The sums of rows on earlier pages."""
    placed: list[tuple[int, Sums]] = field(default_factory=list)
    """What rows of this page add to them, and where they are."""

    @property
    def role(self) -> str:
        """Its type in the structure."""
        return self.bound.node.role

    def here(self) -> Sums:
        """The sums of this page's rows."""
        found: Sums = {}
        for _, sums in self.placed:
            add_sums(found, sums)
        return found


class Tables(Footnotes):
    """Places tables on the page that is being filled."""

    def _table(self, bound: BoundTable) -> Iterator[Page]:
        if bound.ahead is not None:
            yield from self._paused(bound.ahead(bound))
            bound.ahead = None
        if bound.node.columns is not None and bound.fitted is None:
            bound.fitted = yield from self._columns(bound, bound.node.columns)
        if bound.caption is not None and not bound.within:
            yield from self._captioned(bound)
            return
        columns, box = bound.fitted, bound.node.box
        if box.break_before:
            yield from self._break(box.break_before)
            self._page.section = self._page.section or box.section
        keeps = box.keep_inside or box.keep_next
        if keeps:
            self._hold(bound)
        least = max(box.height or 0, box.min_height)
        if least:
            yield from self._room_for_least(box, least)
        ends = self._below or box.border_bottom or box.padding_bottom
        self._pending = max(self._pending, box.margin_top)
        origin = self._here() if ends and not self._at_top() else None
        opened = self._enter(box)
        start, page = self._y, self._page
        table = OpenTable(bound, len(self._open) - 1, self._layout.rows, origin=origin, page=page)
        if columns is not None:
            table.rows, (table.fitting, count) = self._layout.rows.of_table(), columns
            table.many = count >= _MANY
        elif bound.apart:
            table.rows = self._layout.rows.of_table()
        rows = iter(self._edges(table))
        for row in rows:
            if isinstance(row, BoundRow):
                if row.joined:
                    yield from self._joined_rows(row, rows, table)
                elif not (table.begun and self._straight(row, table)):
                    yield from self._table_row(row, table)
            else:
                yield from self._table_rows(row, table)
        if not table.begun and (table.first or table.last):
            if self._y + self._pending + _height(table.first) > self._bottom and not self._at_top():
                yield from self._room_of(_height(table.first))
            self._first_heads(table)
        if self._below and self._lacks_end(opened, start, page):
            yield from self._ends_apart(opened, start, page)
        self._end_table(table, opened, start, page)
        if keeps:
            self._let_go(bound, with_next=box.keep_next)

    def _end_table(self, table: OpenTable, opened: OpenBox, start: int, page: Page) -> None:
        item = self._ending(opened) if self._tail is not None else None
        if item is not None:
            item.table, item.top, item.reserved = table, self._top, self._reserved
        self._between = None
        self._top = self._edge
        if table.role and table.begun:
            self._end()  # the body
        self._last_feet(table)
        self._reserve(0)
        if table.role and table.begun and not table.bound.within:
            self._end()
        self._leave(opened, start, page)
        if item is not None:
            self._has_ended(item)

    def _open_again(self, ended: list[Ended]) -> None:
        super()._open_again(ended)
        for item in ended:
            if item.table is not None:
                self._between, self._top = item.table, item.top
                self._reserve(item.reserved)

    def _end_again(self, item: Ended) -> None:
        if item.table is None:
            super()._end_again(item)
        else:
            self._end_table(item.table, item.opened, 0, Page(0, 0))

    def _tail_row(self, height: int, table: OpenTable, *, first: bool) -> None:
        """Rows of that height are placed next, which may have to go along with what ends their boxes."""
        if self._y + self._pending + height + self._below + self._gap <= self._bottom:
            return
        if not first:
            self._note_tail()
        elif table.page is self._page and table.origin is not None:
            self._note_tail(table.origin)  # its header goes along, too

    def _captioned(self, bound: BoundTable) -> Iterator[Page]:
        """A table and its caption, in a block that has the table's margins (CSS 2.2, 17.4)."""
        node, box = bound.node, bound.node.box
        around = Box(
            box.x, box.width, box.x, box.width, box.margin_top, box.margin_bottom, break_before=box.break_before,
            break_after=box.break_after, page=box.page, section=box.section, keep_inside=box.keep_inside,
            keep_next=box.keep_next, anchor=box.anchor,
        )  # fmt: skip
        inner = msgspec.structs.replace(
            box, margin_top=0, margin_bottom=0, break_before="", break_after="", page="", section=False,
            keep_inside=False, keep_next=False, anchor="",
        )  # fmt: skip
        bound.node, bound.within = msgspec.structs.replace(node, box=inner), True
        caption = bound.caption() if bound.caption is not None else ()
        if bound.fitted is not None:
            caption = bound.fitted[0].nodes(caption, box.x, box.width)
        parts = itertools.chain((bound,), caption) if node.below else itertools.chain(caption, (bound,))
        yield from self._block(BoundBlock(Block(around, (), node.role), parts))

    def _paused(self, steps: Iterator[None]) -> Iterator[Page]:
        """Something that takes long, in steps between which other documents have their turn; not inside a cell."""
        for _ in steps:
            if self._bottom < ENDLESS:
                yield PAUSE

    def _edges(self, table: OpenTable) -> Iterable[BoundRow | BoundRows]:
        """Set a table's headers and footers; gives its rows.

        A header that leaves no room for rows is not repeated (CSS Tables 3, 3.9.2), its rows are rows then; and so are
        those of a footer.
        """
        bound, rows = table.bound, table.bound.rows
        room = (self._bottom - self._top) * 2 // 3
        self._set_edges(table, bound.head, bound.foot)
        head_height = max(_height(table.first), _height(table.again))
        if head_height > room:
            rows, table.headed = itertools.chain(_without(bound.head, "continued"), rows), False
            head_height = 0
        if head_height + max(_height(table.feet), _height(table.last)) > room:
            rows, table.footed = itertools.chain(rows, self._feet_as_rows(table)), False
        self._trim(table)
        self._reserve(max(_height(table.feet), _height(table.last)))
        return rows if table.fitting is None else table.fitting.rows(rows)

    def _columns(self, bound: BoundTable, columns: Columns) -> Generator[Page, None, tuple[Fitting, int]]:
        """Find the widths of a table's columns, and give it its box; gives what fits rows, and how many there are."""
        box = bound.node.box
        if not columns.auto:
            return Fitting(box.content_x, shared(columns.tracks, box.content_width)), 0
        measure, contents = Measure(self._layout.setter, self._images), Contents()
        yield from self._paused(measure.table(bound, contents))
        assert bound.fresh is not None
        bound.fresh(bound)
        sizes = Sizes.of(columns.tracks, contents)
        caption = 0 if bound.caption is None else measure.nodes(bound.caption())[0]
        width, over = table_width(box, columns, sizes, caption)
        if over:
            text = (
                f"the columns of the table need {over / 1000:.1f} pt more than there is for them, so words are broken"
            )
            self._missing(overflow(place_of(bound.node), f"{text}; make columns narrower, or take fewer"))
        widths = assigned(sizes, width)
        fitted = sized_box(box, columns, width)
        bound.node = msgspec.structs.replace(bound.node, box=fitted)
        return Fitting(fitted.content_x, widths), measure.rows

    def _trim(self, table: OpenTable) -> None:
        if not table.headed:
            table.first, table.again = [], []
        if not table.footed:
            table.feet, table.last = [], []

    @staticmethod
    def _feet_as_rows(table: OpenTable) -> Iterator[BoundRow]:
        """The footer of a table that has no room for one, when its rows are placed."""
        feet = table.bound.foot
        if table.bound.edges is not None:
            _, feet = table.bound.edges(table.here(), table.before)
        yield from _without(feet, "continued")

    def _set_edges(self, table: OpenTable, head: list[BoundRow], foot: list[BoundRow]) -> None:
        first, table.again = self._variants(table, head, "continued", "first")
        if not table.begun:
            table.first = first
        table.feet, table.last = self._variants(table, foot, "last", "continued")

    def _variants(self, table: OpenTable, rows: list[BoundRow], *others: str) -> tuple[list[RowFrame], list[RowFrame]]:
        """A header or footer as two kinds of pages show it, each without the rows for other pages."""
        if table.fitting is not None:
            rows = [table.fitting.row(row) for row in rows]
        if not any(row.node.on for row in rows):
            frames = self._set_rows(table, rows)
            return frames, frames
        known: dict[int, RowFrame] = {}
        first, second = (self._set_rows(table, _without(rows, other), known) for other in others)
        return first, second

    def _set_rows(
        self, table: OpenTable, rows: list[BoundRow], known: dict[int, RowFrame] | None = None
    ) -> list[RowFrame]:
        """Frames of a header's or footer's rows.

        Args:
            table: which.
            rows: bound rows; the loops in them run once.
            known: frames by the id of their row, of those that another kind of page shows as well.
        """
        known = {} if known is None else known
        frames: list[RowFrame] = []
        joined: Joined | None = None
        for row in rows:
            if row.joined or joined is not None:
                joined = joined or self._new_joined(table)
                joined.add(row)
                if joined.complete:
                    frames.append(joined.part(len(joined))[0])
                    joined = None
                continue
            frame = known.get(id(row))
            if frame is None:
                frame = table.rows.set(row, 0, self._cell, self._missing, artifact=self._artifact)
                known[id(row)] = frame
            frames.append(frame)
        return frames

    def _new_joined(self, table: OpenTable) -> Joined:
        return Joined(table.rows, self._cell, self._missing, artifact=self._artifact)

    def _joined_rows(self, row: BoundRow, rows: Iterator[BoundRow | BoundRows], table: OpenTable) -> Iterator[Page]:
        """Rows that are joined by cells: together where they fit on a page, else parted between rows."""
        joined = self._new_joined(table)
        joined.add(row)

        def gather(room: int) -> None:
            while not joined.complete and joined.least() <= room:
                following = next(rows)
                assert isinstance(following, BoundRow)
                joined.add(following)

        gather(self._bottom - self._top)
        head = 0 if table.begun else _height(table.first)
        whole = joined.complete and head + joined.height() <= self._bottom - self._top
        need = head + (joined.height() if whole else joined.first_height())
        if self._y + self._pending + need > self._bottom and not self._at_top():
            yield from self._room_of(need)
        first = not table.begun
        if first:
            self._first_heads(table)
        while len(joined) or not joined.complete:
            room = self._bottom - self._y - self._pending
            gather(room)
            if joined.complete and joined.height() <= room:
                keeps = joined.keep_next
                if keeps:
                    self._hold(row)
                if self._below:
                    self._tail_row(joined.height(), table, first=first)
                self._put_part(*joined.part(len(joined)), table)
                if keeps:
                    self._let_go(row, with_next=True)
                return
            first = False
            count = joined.fitting(room)
            if count:
                self._put_part(*joined.part(count, room), table)
            elif self._at_top():
                frame, sums = joined.part(1, room)
                table.placed += [(self._y + top, amount) for top, amount in sums]
                self._row((yield from self._parts(frame)))
                continue
            if len(joined) or not joined.complete:
                yield self._turn()

    def _put_part(self, frame: RowFrame, sums: list[tuple[int, Sums]], table: OpenTable) -> None:
        table.placed += [(self._y + top, amount) for top, amount in sums]
        self._row(frame)

    def _sum_up(self, table: OpenTable, *, page: Sums) -> None:
        """Set headers and footers with the sums of now, where they show any."""
        if table.bound.edges is not None:
            self._set_edges(table, *table.bound.edges(page, table.before))
            self._trim(table)

    def _feet(self, table: OpenTable, page: Page, y: int) -> None:
        """The footer below the rows of a page that is not the table's last; as a repeated header, it is no content."""
        stay: Sums = {}
        for top, sums in table.placed:
            if top < y:
                add_sums(stay, sums)
        table.placed = [(top, sums) for top, sums in table.placed if top >= y]
        self._sum_up(table, page=stay)
        add_sums(table.before, stay)
        self._fits(table.feet)
        for frame in table.feet:
            place_row(untagged(frame), page, y)
            y += frame.height

    def _continue(self, table: OpenTable) -> None:
        """The header on a further page, and room for the footer, whose sums may have grown."""
        self._sum_up(table, page={})
        self._reserve(max(self._reserved, _height(table.feet), _height(table.last)))
        self._heads(table.again)
        self._top = self._y

    def _last_feet(self, table: OpenTable) -> None:
        """The footer below the last row, as content."""
        self._sum_up(table, page=table.here())
        self._fits(table.last)
        if table.role and table.last:
            self._begin("TFoot")
        for frame in table.last:
            self._row(frame)
        if table.role and table.last:
            self._end()

    def _fits(self, feet: list[RowFrame]) -> None:
        over = _height(feet) - self._reserved
        if over > 0:
            text = f"a table's footer is {over / 1000:.1f} pt taller with its sums than without; widen its cells"
            self._missing(overflow("", text))

    def _table_row(self, row: BoundRow, table: OpenTable) -> Iterator[Page]:
        """A row of any kind."""
        frame = table.rows.set(row, self._y + self._pending, self._cell, self._missing, artifact=self._artifact)
        need = frame.height if table.begun else frame.height + _height(table.first)
        if frame.notes:
            need += self._need([note for _, note in frame.notes])[1]
        if self._y + self._pending + need > self._bottom and not self._at_top():
            frame = self._partable(frame, row, table) if row.node.divides else frame
            if not self._divides(frame, row, table):
                yield from self._room_of(need)
        first = not table.begun
        if first:
            self._first_heads(table, frame)
        if frame.height > self._room_for(frame) and self._bottom < ENDLESS:
            frame = self._partable(frame, row, table)
        if row.sums:
            table.placed.append((self._y, row.sums))
        if frame.height > self._room_for(frame) and self._bottom < ENDLESS:
            frame, first = (yield from self._parts(frame)), False
        if row.node.keep_next:
            self._hold(row)
        if self._below:
            self._tail_row(frame.height, table, first=first)
        self._row(frame)
        if row.node.keep_next:
            self._let_go(row, with_next=True)

    def _room_of(self, need: int) -> Iterator[Page]:
        """Go on at the next page, or the next column that has that much room or is as high as any.

        What is kept goes along; where both are too much for a page they part after all.
        """
        yield self._turn()
        while self._y + self._pending + need > self._bottom and not self._at_top():
            yield self._turn()

    def _partable(self, frame: RowFrame, row: BoundRow, table: OpenTable) -> RowFrame:
        """A row's frame as one that can be parted; what was flowed is not again, its loops have run."""
        if frame.flowed:
            return frame
        return table.rows.flowed(row, self._cell, self._missing, artifact=self._artifact)

    def _divides(self, frame: RowFrame, row: BoundRow, table: OpenTable) -> bool:
        """Whether a row that does not fit is parted here: enough of its lines go on each page."""
        if not row.node.divides or self._moves(self._keep) or (self._keep is not None and self._higher_follows()):
            return False  # what is kept goes along whole
        head = 0 if table.begun else _height(table.first)
        room = self._bottom - self._y - self._pending - head
        return divides(frame, room, table.rows.metrics)

    def _table_rows(self, rows: BoundRows, table: OpenTable) -> Iterator[Page]:
        """Rows of a loop, as many at a time as go on the page as they are."""
        place = None if self._artifact else self._placer(rows, table)
        plans = [table.rows.plan(template) for template in rows.templates]
        for values in rows.chunks():
            index, count = 0, len(values)
            while index < count:
                if place is not None and table.begun and not (self._pending or self._waiting or self._keep is not None):
                    begin, y = index, self._y
                    index, self._y = place(values, index, self._page, y, self._bottom - self._end_room())
                    self._blank = self._blank and index == begin
                    sums = rows.sums(begin, index) if index > begin else None
                    if sums:
                        table.placed.append((y, sums))
                    if index == count:
                        break
                    if self._ends(plans[index & 1], values[index]):
                        yield self._turn()
                        continue
                yield from self._table_row(rows.row(index), table)
                index += 1

    def _placer(self, rows: BoundRows, table: OpenTable) -> Placer | None:
        """What places rows many at a time; of columns that a record decided only where that pays."""
        if table.fitting is None:
            return self._layout.placer(rows)
        return self._layout.placer_of(rows, table.rows) if table.many else None

    def _ends(self, plan: RowPlan, values: Values | None) -> bool:
        """Whether a row is surely for the next page, which is told without setting it: a line a cell is too high."""
        return (
            self._y + plan.height > self._bottom
            and values is not None
            and "" not in values  # a text that is not there makes no line
            and not plan.divides
            and not self._at_top()
        )

    def _first_heads(self, table: OpenTable, row: RowFrame | None = None) -> None:
        """The table begins: its header once as content, then its body."""
        if self._label is not None:  # of the item that begins with it
            self._flush()
            ascent = self._layout.setter.metrics(self._label.node.style)[1]
            first = table.first[0] if table.first else row
            line = first_baseline(first) if first is not None else None
            self._label_line(self._y, ascent if line is None else line)
        table.begun = True
        self._between = table
        if table.role:
            if not table.bound.within:
                self._begin(table.role)
            if table.first:
                self._begin("THead")
        self._heads(table.first, artifact=False)
        if table.role:
            if table.first:
                self._end()
            self._begin("TBody")

    def _straight(self, row: BoundRow, table: OpenTable) -> bool:
        """Place a row that fits as it is, the common case, without a frame in between; False where it does not."""
        if self._pending or self._waiting or self._keep is not None:
            return False
        rows, y, page = table.rows, self._y, self._page
        plan = rows.plans.get(id(row.node))
        if plan is None or not plan.straight:
            return False
        if y + plan.height + (self._end_room() if self._below else 0) > self._bottom:
            return False
        if not rows.short(row, plan, y, page, self._missing, artifact=self._artifact):
            return False
        for x, top, width, height, color in plan.fills:
            page.fills.append((x, y + top, width, height, color))
        if row.sums:
            table.placed.append((y, row.sums))
        self._y = y + plan.height
        return True

    def _heads(self, head: list[RowFrame], *, artifact: bool = True) -> None:
        """A table's header; where it is repeated it is no content (PDF 32000-1, 14.8.2.2.2)."""
        for frame in head:
            self._flush()
            place_row(untagged(frame) if artifact else frame, self._page, self._y)
            self._y += frame.height
            self._blank = False

    def _reserve(self, height: int) -> None:
        """Keep room for a footer at the bottom of this page and of the next ones."""
        self._bottom += self._reserved - height
        self._reserved = height

    def _row(self, frame: RowFrame) -> None:
        self._flush()
        place_row(frame, self._page, self._y)
        self._y += frame.height
        if frame.notes:
            self._take([note for _, note in frame.notes], self._y)
        self._placed()

    def _room_for(self, frame: RowFrame | Parting) -> int:
        """Height that a row has on this page, with room for the footnotes that it calls there."""
        room = self._bottom - self._y - self._pending
        if not frame.notes:
            return room
        called = sorted([item for item in frame.notes if item[0] < room], key=itemgetter(0))
        notes = [note for _, note in called]
        for count in range(len(called), 0, -1):
            left = room - self._need(notes[:count])[1]
            if called[count - 1][0] < left:
                return left if count == len(called) else min(left, called[count][0])
        # What calls the first of them goes on, unless that leaves the page as good as empty.
        return called[0][0] if called and called[0][0] > room // 2 else room

    def _parts(self, frame: RowFrame) -> Generator[Page, None, RowFrame]:
        """Place as much of a row as each page takes; the rest is a row again. For rows taller than a page only."""
        if frame.height <= self._room_for(frame):
            return frame
        parting = Parting(frame, self._layout.rows.metrics, resumed=True)
        while parting.height > (room := self._room_for(parting)):
            self._row(parting.part(room))
            yield self._turn()
        return parting.rest()

    def _cell(self, nodes: list[BoundNode], missing: Callable[[str], None], role: str) -> tuple[Page, int]:
        raise NotImplementedError

    def _label_line(self, y: int, ascent: int) -> None:
        raise NotImplementedError

    def _block(self, bound: BoundBlock | BoundList | BoundListItem) -> Iterator[Page]:
        raise NotImplementedError


def _height(frames: list[RowFrame]) -> int:
    return sum(frame.height for frame in frames)


def _without(rows: list[BoundRow], other: str) -> list[BoundRow]:
    """The rows of a header or footer that are not for other pages."""
    found = [row for row in rows if row.node.on != other]
    if found and found[-1].joined:
        found[-1] = found[-1].ending()
    return found
