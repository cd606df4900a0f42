"""Lays content out on pages: a generator that takes bound content as it comes and gives each page when it is full.

How a break is made without laying anything out twice: what may not be parted is remembered by a *keep*, the place on
the page where it began. When the page is full and a keep is open, everything placed since is moved, as frames, to the
top of the next page, and layout goes on behind it. What is taller than a page is broken after all.

Vertical margins collapse by waiting: a margin is only noted (`_pending`, the largest of those that meet) and becomes
space when the next content is placed; boxes without padding or border at that edge let it through (CSS 2.2, 8.3.1).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pressrun_server.layout.chart import chart
from pressrun_server.layout.edges import background, borders
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.overflow import overflow, place_of, too_wide
from pressrun_server.layout.passage import Filled, Passages, Trial, fill
from pressrun_server.layout.picture import backdrop, fitted
from pressrun_server.layout.rowcode import Placer, placer
from pressrun_server.layout.rows import RowFrame, RowSetter, split, untagged
from pressrun_server.layout.segments import Line
from pressrun_server.layout.static import Kept, static_nodes
from pressrun_server.model.content import (
    BoundAbsolute,
    BoundBarcode,
    BoundBlock,
    BoundChart,
    BoundImage,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundParagraph,
    BoundPassage,
    BoundRow,
    BoundRows,
    BoundTable,
    BoundVector,
)
from pressrun_server.model.ink import Clipped
from pressrun_server.model.page import ARTIFACT, Drawing, Matrix, Page, Tag
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Box, Image, Paragraph, Program, Running
from pressrun_server.model.program import Page as PageKind

__all__ = ["Flow", "Layout"]

_ENDLESS = 1 << 60
_PIXEL = 750
_NO_COLOR = -1
_SOFT = re.compile("\u00ad")
"""Says where a word may be parted; a bookmark is one line."""
_NO_FILL = (0, 0, 0, 0, _NO_COLOR)
_LAYERS = ("fills", "images", "text", "tags", "alts", "links", "bookmarks")
"""What a page consists of, and what a keep remembers the length of."""


@dataclass(slots=True, eq=False)
class _OpenBox:
    """A box whose content is being placed."""

    box: Box
    y: int | None = None
    """Top of the border box on this page; None until content or an edge fixes it."""
    slot: int = -1
    """Where its background goes in the page's fills."""
    first: bool = True
    """Whether this page has its beginning."""


@dataclass(slots=True, eq=False)
class _Keep:
    """Where something that may not be parted began."""

    owner: object
    y: int
    begins: dict[str, int]
    """How much of each layer was on the page then."""
    depth: int
    """Boxes that were open then."""
    released: bool = False
    """Whether it ends with the next content that is placed."""


@dataclass(slots=True, eq=False)
class _Table:
    """A table that is being placed."""

    head: list[RowFrame]
    height: int
    """Of the header."""
    role: str
    foot: list[RowFrame]
    depth: int
    """Boxes that were open before it."""
    begun: bool = False
    """Whether anything of it is placed."""


class Layout:
    """The layout of one program; holds what is the same for every record.

    Args:
        program: the program.
        setter: its typesetter.
    """

    def __init__(self, program: Program, setter: Typesetter) -> None:
        self.program = program
        self.setter = setter
        self.static = static_nodes(program)
        self.slots = {name: index for index, name in enumerate(program.slots)}
        self.rows = RowSetter(setter, self.static)
        self._lines = Kept(self.static)
        self._blocks = Kept(self.static)
        self.passages = Passages(setter, self._try_out)
        self._placers: dict[tuple[int, int], Placer | None] = {}
        data = program.locale_data
        self._symbols = f"{data.decimal}{data.group}\u2212"

    def placer(self, rows: BoundRows) -> Placer | None:
        """What places rows of a loop many at a time, where they are of one plain form."""
        # Templates live as long as the program, so their ids are keys that stay.
        odd, even = rows.templates
        key = (id(odd), id(even))
        if key not in self._placers:
            plans = [self.rows.plan(template) for template in rows.templates]
            self._placers[key] = placer(plans[0], plans[1], rows.kinds, self.setter, self._symbols)
        return self._placers[key]

    def pages(
        self, body: BoundBlock, images: Mapping[str, PreparedImage], missing: Callable[[str], None]
    ) -> Iterator[Page]:
        """The pages of a document's body, without running elements; at least one."""
        flow = Flow(self, images, missing)
        yield from flow.document(body)

    def running(
        self,
        running: Running,
        content: BoundBlock,
        page: Page,
        images: Mapping[str, PreparedImage],
        missing: Callable[[str], None],
    ) -> None:
        """Place a running element's content on its page; it is no part of the document's structure."""

        def top(height: int) -> int:
            if height > running.height > 0:
                text = f"a running element is {(height - running.height) / 1000:.1f} pt taller than its margin box"
                missing(overflow(place_of(running.block), f"{text}; enlarge the page's margin"))
            if running.valign == "top":
                return running.top
            spare = running.height - height
            return running.top + (spare if running.valign == "bottom" else spare // 2)

        self.place_apart(content, page, images, missing, top, artifact=True)

    def lines(self, bound: BoundParagraph, missing: Callable[[str], None]) -> list[Line]:
        """A paragraph's lines; those that no record can change are broken once."""
        node = bound.node
        if not node.wrap or not self.setter.breaking:
            return self._lines.get(node, lambda note: self._unbroken(bound, note), missing)
        return self._lines.get(node, lambda note: self.setter.paragraph(node, bound.pieces, note), missing)

    def _unbroken(self, bound: BoundParagraph, missing: Callable[[str], None]) -> list[Line]:
        lines = self.setter.paragraph(bound.node, bound.pieces, missing)
        note = too_wide(lines, bound.node)
        if note:
            missing(note)
        return lines

    def _filled(self, block: BoundBlock, images: Mapping[str, PreparedImage], *, artifact: bool) -> Filled | None:
        if block.passage is None or id(block.node) in self.static:
            return None
        return self.passages.fill(block.passage, images, artifact=artifact, role="")

    def _scratched(
        self, block: BoundBlock, images: Mapping[str, PreparedImage], missing: Callable[[str], None], *, artifact: bool
    ) -> tuple[Page, int]:
        return self._blocks.get(
            block.node, lambda note: Flow(self, images, note, artifact=artifact).scratch([block]), missing
        )

    def place_apart(
        self,
        block: BoundBlock,
        page: Page,
        images: Mapping[str, PreparedImage],
        missing: Callable[[str], None],
        top: Callable[[int], int],
        *,
        artifact: bool,
    ) -> None:
        """Place a block that is outside the flow.

        Args:
            block: the block.
            page: where it goes.
            images: prepared image by slot.
            missing: told each character that no face has, and each overflow.
            top: where its top goes, by its height.
            artifact: whether it is no part of the document's structure.
        """
        filled = self._filled(block, images, artifact=artifact)
        if filled is None:
            inner, height = self._scratched(block, images, missing, artifact=artifact)
            _place(inner, page, top(height))
        else:
            fill(filled, page, top(filled.form.end + filled.form.pending), self.setter, missing, artifact=artifact)

    def _try_out(
        self, bound: BoundPassage, images: Mapping[str, PreparedImage], *, artifact: bool, role: str
    ) -> Trial | None:
        """A passage laid out by itself; None where something of it is worth a note."""
        notes: list[str] = []
        trial = _Trial(self, images, notes.append, artifact=artifact, cell=role)
        found = trial.run(bound.nodes(bound.env))
        return None if notes else found


class Flow:
    """Places the content of one document.

    Args:
        layout: what is the same for every record.
        images: prepared image by slot.
        missing: told each character that no face has; and each overflow, as a longer text (`layout.overflow`).
        artifact: whether what is placed is no part of the document's structure.
        cell: the type of the cell that is filled, if one is: text that stands in it is its own.
    """

    def __init__(
        self,
        layout: Layout,
        images: Mapping[str, PreparedImage],
        missing: Callable[[str], None],
        *,
        artifact: bool = False,
        cell: str = "",
    ) -> None:
        self._artifact = artifact
        self._cell_role = cell
        self._layout = layout
        self._images = images
        self._missing = missing
        self._page = Page(0, 0)
        self._top = 0
        self._bottom = _ENDLESS
        self._y = 0
        self._pending = 0
        self._blank = True
        self._forced = False
        self._open: list[_OpenBox] = []
        self._waiting = False
        self._keep: _Keep | None = None
        self._number = 0
        self._between: _Table | None = None
        """The table whose rows are being placed; its footer goes below them on each page."""
        self._reserved = 0
        """Height that a table's footer takes from each page."""
        self._label: BoundListItem | None = None
        """The item whose marker waits for its first line."""

    def document(self, body: BoundBlock) -> Iterator[Page]:
        """All pages."""
        self._start(self._layout.program.first_page)
        yield from self._block(body)
        self._end_page(self._page)
        yield self._page

    def scratch(self, nodes: list[BoundBlock] | list[BoundNode]) -> tuple[Page, int]:
        """Nodes placed from y = 0 on an endless page: its frames and the height."""
        self._page = Page(0, 0)
        self._y = self._top = 0
        for node in nodes:
            if isinstance(node, BoundParagraph) and self._whole(node):
                continue
            if isinstance(node, BoundPassage) and self._passage(node):
                continue
            for _ in self._node(node):
                raise AssertionError("an endless page has no end")
        self._flush()
        self._end_page(self._page)
        return self._page, self._y

    # Pages ------------------------------------------------------------------------------------------------------------

    def _start(self, kind: PageKind) -> None:
        self._number += 1
        self._page = Page(kind.width, kind.height)
        self._top = self._y = kind.margin_top
        self._bottom = kind.height - kind.margin_bottom - self._reserved
        self._pending = 0
        self._blank = True

    def _turn(self, *, forced: bool = False) -> Page:
        """End the page, begin the next, and take along what is kept."""
        page, keep = self._page, self._keep
        moved, end = None, self._y
        if forced or keep is None or keep.y <= self._top:
            keep = None
        else:
            moved = Page(0, 0)
            for name in _LAYERS:
                items, begin = getattr(page, name), keep.begins[name]
                setattr(moved, name, items[begin:])
                del items[begin:]
        table = self._between
        if table is not None and (keep is None or keep.depth > table.depth):
            self._feet(table, page, end if keep is None else keep.y)
        stay = self._open if keep is None else self._open[: keep.depth]
        for opened in stay:
            if opened.y is not None:
                lower = self._bottom + self._reserved
                self._paint(opened, page, (end if keep is None else keep.y) if forced else lower, last=False)
                opened.first = False
        self._end_page(page)
        pending = self._pending
        self._start(self._layout.program.other_page)
        for opened in stay:
            if opened.y is not None:
                self._fix(opened, self._top)
        if keep is not None and moved is not None:
            dy = self._top - keep.y
            base = len(self._page.fills)
            for opened in self._open[keep.depth :]:
                if opened.y is not None:
                    opened.y += dy
                    opened.slot += base - keep.begins["fills"]
            _place(moved, self._page, dy)
            # A margin that was still waiting at the keep is cut off by the break.
            self._y = max(end + dy, self._top)
            self._blank = not (moved.text or moved.images or moved.fills)
            if not self._blank:
                self._pending = pending  # the margin behind what was moved
            keep.y = self._top
            keep.begins = dict.fromkeys(_LAYERS, 0) | {"fills": base}
        else:
            self._keep = None
        return page

    @staticmethod
    def _end_page(page: Page) -> None:
        if page.fills:
            page.fills = [fill for fill in page.fills if fill[4] != _NO_COLOR]

    # Boxes ------------------------------------------------------------------------------------------------------------

    def _fix(self, opened: _OpenBox, y: int) -> None:
        opened.y = y
        opened.slot = len(self._page.fills)
        self._page.fills.append(_NO_FILL)
        if opened.box.picture:
            self._page.fills.append(_NO_FILL)

    def _flush(self) -> None:
        """Make the waiting margin space; boxes that waited for it begin here."""
        self._y += self._pending
        self._pending = 0
        if self._waiting:
            self._waiting = False
            for opened in self._open:
                if opened.y is None:
                    self._fix(opened, self._y)

    def _paint(self, opened: _OpenBox, page: Page, bottom: int, *, last: bool) -> None:
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

    def _enter(self, box: Box) -> _OpenBox:
        self._pending = max(self._pending, box.margin_top)
        if self._blank and not self._open and box.margin_top == 0:
            self._pending = 0
        opened = _OpenBox(box)
        self._open.append(opened)
        self._waiting = True
        if box.border_top or box.padding_top or box.height is not None or box.min_height:
            self._flush()
            self._y += box.padding_top + (box.border_top.width if box.border_top else 0)
        return opened

    def _tall(self, box: Box) -> int:
        """What a box of a given height needs, with the margin before it."""
        return max(self._pending, box.margin_top) + _edges(box) + (box.height or 0)

    def _leave(self, opened: _OpenBox, start: int, page: Page) -> None:
        box = opened.box
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
        self._pending = max(self._pending, box.margin_bottom)

    # Keeps ------------------------------------------------------------------------------------------------------------

    def _hold(self, owner: object) -> None:
        """Begin a keep, or join the one that waits for its next content."""
        if self._keep is None:
            page = self._page
            y = self._y + self._pending
            self._keep = _Keep(owner, y, {name: len(getattr(page, name)) for name in _LAYERS}, len(self._open))
        elif self._keep.released:
            self._keep.owner, self._keep.released = owner, False

    def _let_go(self, owner: object, *, with_next: bool) -> None:
        if self._keep is not None and self._keep.owner is owner:
            if with_next:
                self._keep.released = True
            else:
                self._keep = None

    def _placed(self) -> None:
        self._blank = False
        if self._keep is not None and self._keep.released:
            self._keep = None

    # Nodes ------------------------------------------------------------------------------------------------------------

    def _node(self, node: BoundNode) -> Iterator[Page]:
        kind = type(node)
        if kind is BoundParagraph:
            return self._paragraph(node)  # type: ignore[arg-type]
        if kind is BoundBlock:
            return self._block(node)  # type: ignore[arg-type]
        if kind is BoundTable:
            return self._table(node)  # type: ignore[arg-type]
        if kind is BoundImage:
            return self._image(node)  # type: ignore[arg-type]
        if kind is BoundVector:
            return self._vector(node)  # type: ignore[arg-type]
        if kind is BoundBarcode:
            return self._barcode(node)  # type: ignore[arg-type]
        if kind is BoundChart:
            return self._chart(node)  # type: ignore[arg-type]
        if kind is BoundList or kind is BoundListItem:
            return self._block(node)  # type: ignore[arg-type]
        if kind is BoundPassage:
            return self._children(node.nodes(node.env))  # type: ignore[union-attr]
        return self._absolute(node)  # type: ignore[arg-type]

    def _children(self, children: Iterable[BoundNode]) -> Iterator[Page]:
        for child in children:
            if self._forced and not self._blank:
                yield self._turn(forced=True)
            self._forced = False
            kind = child.__class__
            if kind is BoundParagraph and self._whole(child):  # type: ignore[arg-type]
                continue
            if kind is BoundPassage and self._passage(child):  # type: ignore[arg-type]
                continue
            yield from self._node(child)

    def _passage(self, bound: BoundPassage) -> bool:
        """Place a passage that has a form and fits as it is; False where it must be placed node by node."""
        if self._label is not None:
            return False
        filled = self._layout.passages.fill(bound, self._images, artifact=self._artifact, role=self._cell_role)
        if filled is None:
            return False
        form, keep = filled.form, self._keep
        margin = max(self._pending, form.lead)
        dy = self._y + margin - form.lead
        if dy + form.end > self._bottom or (form.keeps_first and keep is not None and keep.released):
            self._layout.passages.in_vain(bound)
            return False
        page = self._page
        begun = None
        if form.keeps_next and (keep is None or keep.released):
            sizes = {name: len(getattr(page, name)) for name in _LAYERS}
            begun = _Keep(bound, self._y + self._pending, sizes, len(self._open), released=True)
        self._pending = margin
        self._flush()
        self._placed()
        self._keep = begun or self._keep
        fill(filled, page, dy, self._layout.setter, self._missing, artifact=self._artifact)
        self._y = dy + form.end
        self._pending = form.pending
        return True

    def _block(self, bound: BoundBlock | BoundList | BoundListItem) -> Iterator[Page]:
        box = bound.node.box
        if (box.break_before or self._forced) and not self._blank:
            yield self._turn(forced=True)
        self._forced = False
        keeps = box.keep_inside or box.keep_next
        if keeps:
            self._hold(bound)
        if box.height is not None and self._tall(box) > self._bottom - self._y and not self._at_top():
            yield self._turn()
        opened = self._enter(box)
        role = bound.node.role if isinstance(bound, BoundBlock) else "L" if isinstance(bound, BoundList) else "LI"
        if role:
            self._begin(role)
        if isinstance(bound, BoundListItem):
            self._label_alone()  # of an item that begins with a list
            self._label = bound
        start, page = self._y, self._page
        yield from self._children(bound.children)
        if isinstance(bound, BoundListItem):
            self._label_alone()
            self._end()  # the item's body
        if role:
            self._end()
        most = box.max_height if box.height is None else box.height
        if most is not None and self._page is page and self._y - start > most:
            over = (self._y - start - most) / 1000
            text = f"the content of a box of a given height is {over:.1f} pt taller; enlarge it, or shorten the text"
            self._missing(overflow(place_of(bound.node), text))
        self._leave(opened, start, page)
        if keeps:
            self._let_go(bound, with_next=box.keep_next)
        if box.break_after:
            self._forced = True

    def _label_line(self, y: int, ascent: int) -> None:
        """Place the marker of the item that begins, on the line that is at `y`."""
        bound, self._label = self._label, None
        assert bound is not None
        node, setter = bound.node, self._layout.setter
        if bound.marker:
            self._mark("Lbl", "Lbl")
            runs = setter.runs(node.style, bound.marker, self._missing)
            x = node.box.x - setter.styles[node.style].size // 2 - sum(advance for _, advance in runs)
            for (shard, codes, _), advance in runs:
                self._page.text.append((x, y + ascent, node.style, shard, codes))
                x += advance
        self._begin("LBody")

    def _label_alone(self) -> None:
        """Place the marker of an item that has begun and shown nothing yet."""
        if self._label is not None:
            self._flush()
            height, ascent = self._layout.setter.metrics(self._label.node.style)
            self._label_line(self._y, ascent)
            self._y += height
            self._placed()

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

    def _whole(self, bound: BoundParagraph) -> bool:
        """Place a paragraph that fits as it is, the common case, without a generator; False where it does not."""
        node = bound.node
        lines = self._layout.lines(bound, self._missing)
        before = self._pending
        self._pending = max(before, node.box.margin_top)
        height = 0
        for line in lines:
            height += line.height
        if self._y + self._pending + height > self._bottom:
            self._pending = before
            return False
        if lines:
            if self._label is not None:
                self._flush()
                self._label_line(self._y, lines[0].ascent)
            if node.bookmark:
                self._bookmark(bound)
            if self._has_links(lines):
                self._put_links(node, lines, begins=True, ends=True)
                self._pending = node.box.margin_bottom
                return True
            self._mark(node.role, node.role or ".")
        self._put(node, lines)
        self._pending = node.box.margin_bottom
        return True

    def _paragraph(self, bound: BoundParagraph) -> Iterator[Page]:
        node = bound.node
        lines = self._layout.lines(bound, self._missing)
        self._pending = max(self._pending, node.box.margin_top)
        index, count = 0, len(lines)
        while index < count:
            fitting, height = index, self._y + self._pending
            while fitting < count and height + lines[fitting].height <= self._bottom:
                height += lines[fitting].height
                fitting += 1
            if fitting < count:
                fitting = self._break_at(node, index, fitting, count)
            if fitting > index:
                if self._label is not None:
                    self._flush()
                    self._label_line(self._y, lines[index].ascent)
                if node.bookmark and index == 0:
                    self._bookmark(bound)
                if self._has_links(lines):
                    self._put_links(node, lines[index:fitting], begins=index == 0, ends=fitting == count)
                    index = fitting
                    if index < count:
                        yield self._turn()
                    continue
                if index == 0 and fitting == count:
                    self._mark(node.role, node.role or ".")
                else:
                    if index == 0 and node.role:
                        self._begin(node.role)
                    self._mark(node.role, ".")
                self._put(node, lines[index:fitting])
                if index and fitting == count and node.role:
                    self._end()
            if fitting < count:
                yield self._turn()
            index = fitting
        self._pending = max(self._pending, node.box.margin_bottom)

    def _bookmark(self, bound: BoundParagraph) -> None:
        """Note where a paragraph begins that the outline names."""
        text = _SOFT.sub("", "".join([" " if piece[1] == "\n" else piece[1] for piece in bound.pieces]))
        if text.strip() and not self._artifact:
            self._flush()
            self._page.bookmarks.append((self._y, bound.node.bookmark, " ".join(text.split())))

    def _has_links(self, lines: list[Line]) -> bool:
        linked = self._layout.setter.linked
        return bool(linked) and any(segment[1] in linked for line in lines for segment in line.segments)

    def _put_links(self, node: Paragraph, lines: list[Line], *, begins: bool, ends: bool) -> None:
        """Place lines with links in them: each is an element in the paragraph, with its text and its places."""
        self._flush()
        if begins and node.role:
            self._begin(node.role)
        page, styles, box = self._page, self._layout.setter.styles, node.box
        current = -1
        for line in lines:
            x, y = box.content_x, self._y
            if node.align != "left":
                spare = box.content_width - line.width
                x += spare if node.align == "right" else spare // 2
            reach = [segment[0] for segment in line.segments[1:]] + [line.width]
            begun, last = None, x
            for (offset, style, shard, codes), end in zip(line.segments, reach, strict=True):
                link = styles[style].link
                if link != current:
                    self._put_link(begun, x + offset, y, line.height, current)
                    begun = None
                    if current > 0:
                        self._end()
                    if link:
                        self._begin("Link")
                    self._mark("Link" if link else node.role, ".")
                    current = link
                if link and begun is None:
                    begun = x + offset
                page.text.append((x + offset, y + line.ascent, style, shard, codes))
                last = x + end
            self._put_link(begun, last, y, line.height, current)
            self._y += line.height
        if current > 0:
            self._end()
        if ends and node.role:
            self._end()
        self._placed()

    def _put_link(self, begun: int | None, end: int, y: int, height: int, link: int) -> None:
        """The place of a link's text on one line."""
        if begun is not None and not self._artifact:
            self._page.links.append((begun, y, end - begun, height, link))
            self._page.tags.append("&")

    def _break_at(self, node: Paragraph, index: int, fitting: int, count: int) -> int:
        """How far a paragraph goes on this page, with orphans and widows (CSS Fragmentation 3, 3.3)."""
        wanted = min(fitting, count - node.widows) if count - fitting < node.widows else fitting
        if wanted - index < (min(node.orphans, count) if index == 0 else 1):
            wanted = index
        if wanted > index or not self._at_top():
            return max(wanted, index)
        return max(fitting, index + 1)  # a page's beginning: something must be placed

    def _at_top(self) -> bool:
        """Whether a new page would give no more room than this one has left."""
        if self._keep is not None and self._keep.y > self._top:
            return False
        return self._blank or self._y <= self._top

    def _put(self, node: Paragraph, lines: list[Line]) -> None:
        self._flush()
        box, text, y = node.box, self._page.text, self._y
        for line in lines:
            x = box.content_x
            if node.align != "left":
                spare = box.content_width - line.width
                x += spare if node.align == "right" else spare // 2
            baseline = y + line.ascent
            for offset, style, shard, codes in line.segments:
                text.append((x + offset, baseline, style, shard, codes))
            y += line.height
        self._y = y
        self._placed()

    def _image(self, bound: BoundImage) -> Iterator[Page]:
        node = bound.node
        image = self._images.get(node.slot)
        if image is None:
            return
        box = node.box
        width, height = _image_size(node, image, box.content_width)
        if width > box.content_width:
            text = f"the picture is {(width - box.content_width) / 1000:.1f} pt wider than its box; give it a width"
            self._missing(overflow("", f"slot {node.slot!r}: {text}"))
        # A picture at a page's beginning has its margin above it; behind a break that is cut off.
        margin = max(self._pending, box.margin_top) if self._at_top() else 0
        most = self._bottom - max(self._y, self._top) if self._at_top() else self._bottom - self._top
        most -= margin + _edges(box)
        if height > most > 0:
            width, height = width * most // height, most
        shown = fitted(self._layout.slots[node.slot], image, node.fit, node.position, width, height)
        yield from self._figure(box, width, height, node.align, shown, bound.alt)

    def _vector(self, bound: BoundVector) -> Iterator[Page]:
        node = bound.node
        drawing = Drawing(operators=node.operators, scale=node.scale)
        yield from self._figure(node.box, node.width, node.height, node.align, drawing, bound.alt)

    def _barcode(self, bound: BoundBarcode) -> Iterator[Page]:
        node = bound.node
        unit = max(node.size // (bound.side + 2 * node.quiet), 1)
        size = unit * (bound.side + 2 * node.quiet)
        matrix = Matrix(bound.side, bound.modules, unit, node.color)
        yield from self._figure(node.box, size, size, node.align, Drawing(matrix=matrix), bound.alt, unit * node.quiet)

    def _chart(self, bound: BoundChart) -> Iterator[Page]:
        node = bound.node
        width = node.box.content_width
        drawing = chart(bound, width, self._layout.setter, self._missing)
        yield from self._figure(node.box, width, node.height, "left", drawing, bound.alt)

    def _figure(
        self, box: Box, width: int, height: int, align: str, shown: int | Clipped | Drawing, alt: str, inset: int = 0
    ) -> Iterator[Page]:
        """Something of a given size as a block; `inset` is what stays empty on all of its sides."""
        if box.break_before and not self._blank:
            yield self._turn(forced=True)
        opened = self._enter(box)
        page = self._page
        # What is kept with it goes along; where both are too much for a page they part after all.
        while self._y + self._pending + height > self._bottom and not self._at_top():
            yield self._turn()
        self._flush()
        start = self._y
        spare = box.content_width - width
        x = box.content_x + (0 if align == "left" else spare if align == "right" else spare // 2)
        tagged = bool(alt) and not self._artifact
        if tagged:
            self._page.tags.append("!Figure")
            self._page.alts.append(alt)
        self._page.images.append((x + inset, self._y + inset, width - 2 * inset, height - 2 * inset, shown, tagged))
        self._y += height
        self._placed()
        self._leave(opened, start, page)

    def _absolute(self, bound: BoundAbsolute) -> Iterator[Page]:
        node, page = bound.node, self._page

        def top(height: int) -> int:
            if node.inside:
                return (node.top or 0) + self._inside()
            found = node.top if node.top is not None else page.height - (node.bottom or 0) - height
            if page.height and (found < 0 or found + height > page.height):
                over = max(-found, found + height - page.height) / 1000
                text = f"a box at a fixed place goes {over:.1f} pt beyond the page's edge; move it, or shorten the text"
                self._missing(overflow(place_of(node.block), text))
            return found

        self._layout.place_apart(bound.block, page, self._images, self._missing, top, artifact=self._artifact)
        if node.inside:
            self._placed()
        self._blank = False
        return iter(())

    def _inside(self) -> int:
        """The top of the innermost positioned block, or of the part of it that is on this page."""
        opened = next((item for item in reversed(self._open) if item.box.positioned), None)
        if opened is not None and opened.y is None:
            self._flush()
        if opened is None or opened.y is None:
            return 0
        edge = opened.box.border_top.width if opened.box.border_top and opened.first else 0
        return opened.y + edge

    def _table(self, bound: BoundTable) -> Iterator[Page]:
        box = bound.node.box
        if box.break_before and not self._blank:
            yield self._turn(forced=True)
        keeps = box.keep_inside or box.keep_next
        if keeps:
            self._hold(bound)
        opened = self._enter(box)
        start, page = self._y, self._page
        setter, missing = self._layout.rows, self._missing
        head = [setter.set(row, 0, self._cell, missing, artifact=self._artifact) for row in bound.head]
        head_height = sum(frame.height for frame in head)
        rows = bound.rows
        if head_height > (self._bottom - self._top) * 2 // 3:
            # A header that leaves no room for rows is not repeated (CSS Tables 3, 3.9.2); its rows are rows then.
            rows, head, head_height = itertools.chain(bound.head, rows), [], 0
        foot = [setter.set(row, 0, self._cell, missing, artifact=self._artifact) for row in bound.foot]
        foot_height = sum(frame.height for frame in foot)
        if head_height + foot_height > (self._bottom - self._top) * 2 // 3:
            rows, foot, foot_height = itertools.chain(rows, bound.foot), [], 0  # as above
        table = _Table(head, head_height, bound.node.role, foot, len(self._open) - 1)
        self._reserve(foot_height)
        for row in rows:
            if isinstance(row, BoundRow):
                if not (table.begun and self._straight(row)):
                    yield from self._table_row(row, table)
            else:
                yield from self._table_rows(row, table)
        if not table.begun and (head or foot):
            if self._y + self._pending + head_height > self._bottom and not self._at_top():
                yield self._turn()
            self._first_heads(table)
        self._between = None
        self._reserve(0)
        if table.role and table.begun:
            self._end()  # the body
        self._last_feet(table)
        if table.role and table.begun:
            self._end()
        self._leave(opened, start, page)
        if keeps:
            self._let_go(bound, with_next=box.keep_next)
        if box.break_after:
            self._forced = True

    def _table_row(self, row: BoundRow, table: _Table) -> Iterator[Page]:
        """A row of any kind."""
        frame = self._layout.rows.set(row, self._y + self._pending, self._cell, self._missing, artifact=self._artifact)
        need = frame.height if table.begun else frame.height + table.height
        if self._y + self._pending + need > self._bottom and not self._at_top():
            yield self._turn()
            if table.begun and self._blank:  # not where a keep brought it along
                self._heads(table.head)
        if not table.begun:
            self._first_heads(table)
        if frame.height > self._bottom - self._y - self._pending and self._bottom < _ENDLESS:
            frame = self._layout.rows.flowed(row, self._cell, self._missing, artifact=self._artifact)
        while frame.height > self._bottom - self._y - self._pending and self._bottom < _ENDLESS:
            frame = self._split(frame)
            yield self._turn()
            self._heads(table.head)
        if row.node.keep_next:
            self._hold(row)
        self._row(frame)
        if row.node.keep_next:
            self._let_go(row, with_next=True)

    def _table_rows(self, rows: BoundRows, table: _Table) -> Iterator[Page]:
        """Rows of a loop, as many at a time as go on the page as they are."""
        place = None if self._artifact else self._layout.placer(rows)
        for values in rows.chunks():
            index, count = 0, len(values)
            while index < count:
                if place is not None and table.begun and not (self._pending or self._waiting or self._keep is not None):
                    index, self._y = place(values, index, self._page, self._y, self._bottom)
                    if index == count:
                        break
                yield from self._table_row(rows.row(index), table)
                index += 1

    def _first_heads(self, table: _Table) -> None:
        """The table begins: its header once as content, then its body."""
        table.begun = True
        self._between = table
        if table.role:
            self._begin(table.role)
            if table.head:
                self._begin("THead")
        self._heads(table.head, artifact=False)
        if table.role:
            if table.head:
                self._end()
            self._begin("TBody")

    def _straight(self, row: BoundRow) -> bool:
        """Place a row that fits as it is, the common case, without a frame in between; False where it does not."""
        if self._pending or self._waiting or self._keep is not None:
            return False
        rows, y, page = self._layout.rows, self._y, self._page
        plan = rows.plans.get(id(row.node))
        if plan is None or not plan.straight or y + plan.height > self._bottom:
            return False
        if not rows.short(row, plan, y, page, self._missing, artifact=self._artifact):
            return False
        for x, top, width, height, color in plan.fills:
            page.fills.append((x, y + top, width, height, color))
        self._y = y + plan.height
        return True

    def _heads(self, head: list[RowFrame], *, artifact: bool = True) -> None:
        """A table's header; where it is repeated it is no content (PDF 32000-1, 14.8.2.2.2)."""
        for frame in head:
            self._flush()
            _place_row(untagged(frame) if artifact else frame, self._page, self._y)
            self._y += frame.height
            self._blank = False

    def _reserve(self, height: int) -> None:
        """Keep room for a footer at the bottom of this page and of the next ones."""
        self._bottom += self._reserved - height
        self._reserved = height

    @staticmethod
    def _feet(table: _Table, page: Page, y: int) -> None:
        """The footer below the rows of a page that is not the table's last; as a repeated header, it is no content."""
        for frame in table.foot:
            _place_row(untagged(frame), page, y)
            y += frame.height

    def _last_feet(self, table: _Table) -> None:
        """The footer below the last row, as content."""
        if table.role and table.foot:
            self._begin("TFoot")
        for frame in table.foot:
            self._row(frame)
        if table.role and table.foot:
            self._end()

    def _row(self, frame: RowFrame) -> None:
        self._flush()
        _place_row(frame, self._page, self._y)
        self._y += frame.height
        self._placed()

    def _split(self, frame: RowFrame) -> RowFrame:
        """Place as much of a row as the page takes; the rest is a row again. For rows taller than a page only."""
        room = self._bottom - self._y - self._pending
        here, later = split(frame, room)
        self._row(here)
        return later

    def _cell(self, nodes: list[BoundNode], missing: Callable[[str], None], role: str) -> tuple[Page, int]:
        return Flow(self._layout, self._images, missing, artifact=self._artifact, cell=role).scratch(nodes)


class _Trial(Flow):
    """Lays a passage out by itself, and notes what its surroundings need to know of it."""

    _lead: int | None = None
    _keeps_first = False

    def run(self, nodes: Iterable[BoundNode]) -> Trial:
        """Place the passage."""
        for _ in self._children(nodes):
            raise AssertionError("an endless page has no end")
        keep = self._keep
        self._end_page(self._page)
        return Trial(
            page=self._page,
            end=self._y,
            pending=self._pending,
            lead=self._lead,
            keeps_first=self._keeps_first,
            keeps_next=keep is not None,
            divided=keep is not None and any(keep.begins.values()),
        )

    def _flush(self) -> None:
        if self._lead is None:
            self._lead = self._pending
        super()._flush()

    def _hold(self, owner: object) -> None:
        self._keeps_first = self._keeps_first or self._lead is None
        super()._hold(owner)


def _edges(box: Box) -> int:
    border = sum(side.width for side in (box.border_top, box.border_bottom) if side)
    return border + box.padding_top + box.padding_bottom


def _image_size(node: Image, image: PreparedImage, most: int) -> tuple[int, int]:
    """The size of a picture's place: as given, else of its own proportion; limits keep that (CSS 2.2, 10.4)."""
    width, height = node.width, node.height
    if width is None and height is None:
        width, height = image.width * _PIXEL, image.height * _PIXEL
        if width > most:
            width, height = most, most * image.height // image.width
    elif width is None and height is not None:
        width = height * image.width // image.height
    elif height is None and width is not None:
        height = width * image.height // image.width
    assert width is not None
    assert height is not None
    if node.max_width is not None and width > node.max_width:
        width, height = node.max_width, height if node.height else height * node.max_width // width
    if node.max_height is not None and height > node.max_height:
        width, height = width if node.width else width * node.max_height // height, node.max_height
    return max(width, 1), max(height, 1)


def _place(inner: Page, page: Page, dy: int) -> None:
    page.text += [(x, y + dy, style, shard, codes) for x, y, style, shard, codes in inner.text]
    page.tags += inner.tags
    page.alts += inner.alts
    if inner.links:
        page.links += [(x, y + dy, w, h, link) for x, y, w, h, link in inner.links]
    if inner.bookmarks:
        page.bookmarks += [(y + dy, level, text) for y, level, text in inner.bookmarks]
    _place_boxes(inner, page, dy)


def _place_row(frame: RowFrame, page: Page, y: int) -> None:
    dy = y - frame.y
    page.text += (
        [(x, line + dy, style, shard, codes) for x, line, style, shard, codes in frame.text] if dy else frame.text
    )
    page.tags += frame.tags
    page.alts += frame.alts
    if frame.links:
        page.links += [(x, line + y, w, h, link) for x, line, w, h, link in frame.links]
    _place_boxes(frame, page, y)


def _place_boxes(inner: Page | RowFrame, page: Page, dy: int) -> None:
    if inner.fills:
        page.fills += [(x, y + dy, w, h, color) for x, y, w, h, color in inner.fills]
    if inner.images:
        page.images += [(x, y + dy, w, h, slot, tagged) for x, y, w, h, slot, tagged in inner.images]
