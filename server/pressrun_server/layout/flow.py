"""Lays content out on pages: a generator that takes bound content as it comes and gives each page when it is full."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from pressrun_server.layout.balance import Column, balanced, beside, rules
from pressrun_server.layout.chart import chart
from pressrun_server.layout.flexrow import as_table, items_of
from pressrun_server.layout.footnotes import Part
from pressrun_server.layout.measure import Measure
from pressrun_server.layout.overflow import overflow, place_of
from pressrun_server.layout.paging import ENDLESS, LAYERS, NAMED, Keep, edges
from pressrun_server.layout.passage import fill
from pressrun_server.layout.picture import fitted, image_size
from pressrun_server.layout.placing import place
from pressrun_server.layout.segments import Line
from pressrun_server.layout.table import Tables
from pressrun_server.model.content import (
    BoundAbsolute,
    BoundBarcode,
    BoundBlock,
    BoundChart,
    BoundFill,
    BoundFlex,
    BoundImage,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundNote,
    BoundParagraph,
    BoundPassage,
    BoundTable,
    BoundVector,
    LinkedPieces,
)
from pressrun_server.model.ink import Clipped
from pressrun_server.model.page import Drawing, Matrix, Page
from pressrun_server.model.program import Box, ColumnSet, Paragraph

__all__ = ["Flow"]

_PLAIN = (0, "")
"""Link and role of text that is neither."""
_SOFT = re.compile("\u00ad")
"""Says where a word may be parted; a bookmark is one line."""


class Flow(Tables):
    """Places the content of one document."""

    def document(self, body: BoundBlock) -> Iterator[Page]:
        """All pages."""
        self._start()
        yield from self._block(body)
        self._end_page(self._page)
        if self._has_notes:
            yield from self._last_notes()
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

    # Nodes ------------------------------------------------------------------------------------------------------------

    def _node(self, node: BoundNode) -> Iterator[Page]:
        kind = type(node)
        if kind is BoundParagraph:
            return self._paragraph(node)  # type: ignore[arg-type]
        if kind is BoundBlock:
            return self._block(node)  # type: ignore[arg-type]
        if kind is BoundTable:
            return self._table(node)  # type: ignore[arg-type]
        if kind is BoundFlex:
            return self._flex(node)  # type: ignore[arg-type]
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
        if kind is BoundFill:
            return self._fill_up(node)  # type: ignore[arg-type]
        return self._absolute(node)  # type: ignore[arg-type]

    def _children(self, children: Iterable[BoundNode]) -> Iterator[Page]:
        for child in children:
            kind = child.__class__
            if self._forced and kind is not BoundBlock and kind is not BoundFill:
                yield from self._break(self._forced)
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
        room = self._end_room(form.pending) if self._below else 0
        if dy + form.end + room > self._bottom or (form.keeps_first and keep is not None and keep.released):
            self._layout.passages.in_vain(bound)
            return False
        if form.keeps_first:
            self._keeps_what_is_first()
        page = self._page
        begun = None
        if form.keeps_next and (keep is None or keep.released):
            sizes = {name: len(getattr(page, name)) for name in LAYERS}
            begins = self._y + max(self._pending, form.kept_from)
            begun = Keep(bound, begins, sizes, len(self._open), self._y, released=True)
        self._pending = margin
        self._flush()
        self._placed()
        self._keep = begun or self._keep
        fill(filled, page, dy, self._layout.setter, self._missing, artifact=self._artifact)
        self._y = dy + form.end
        self._pending = form.pending
        return True

    def _keeps_what_is_first(self) -> None:
        """What a passage begins with is kept with what follows: of interest to the passage around it."""

    def _block(self, bound: BoundBlock | BoundList | BoundListItem) -> Iterator[Page]:
        box = bound.node.box
        outer = self._name
        if box.break_before or self._forced or box.page:
            self._name = box.page or outer
            yield from self._break(box.break_before, self._forced)
            self._page.section = self._page.section or box.section
        keeps = box.keep_inside or box.keep_next
        if keeps:
            self._hold(bound)
        least = max(box.height or 0, box.min_height)
        if least:
            yield from self._room_for_least(box, least)
        tail = self._tail if least else None
        if isinstance(bound, BoundList) and self._label is not None:
            yield from self._label_beside(box)
            box = msgspec.structs.replace(box, margin_top=0)
        opened = self._enter(box)
        role = bound.node.role if isinstance(bound, BoundBlock) else "L" if isinstance(bound, BoundList) else "LI"
        if role:
            self._begin(role)
        if isinstance(bound, BoundListItem):
            self._label = bound
        start, page = self._y, self._page
        if isinstance(bound, BoundBlock) and bound.node.columns is not None:
            yield from self._in_columns(bound, bound.node.columns)
        else:
            yield from self._children(bound.children)
        if isinstance(bound, BoundListItem) and self._label is not None:
            yield from self._label_alone()
        if self._below and self._lacks_end(opened, start, page):
            yield from self._ends_apart(opened, start, page)
        if isinstance(bound, BoundListItem):
            self._end()  # the item's body
        if role:
            self._end()
        most = box.max_height if box.height is None else box.height
        if most is not None and self._page is page and self._y - start > most:
            over = (self._y - start - most) / 1000
            text = f"the content of a box of a given height is {over:.1f} pt taller; enlarge it, or shorten the text"
            self._missing(overflow(place_of(bound.node), text))
        self._leave(opened, start, page)
        if tail is not None and self._page is page:
            self._tail, self._ended = tail, []  # no page ends in a box of a given height
        if keeps:
            self._let_go(bound, with_next=box.keep_next)
        if box.page and box.page != outer:
            self._name = outer
            self._forced = self._forced or NAMED

    def _in_columns(self, bound: BoundBlock, columns: ColumnSet) -> Iterator[Page]:
        """Fill a block's columns, page by page; margins stay inside of them (CSS Multi-column 1, 2)."""
        box, step = bound.node.box, columns.width + columns.gap
        full: list[Page] = []
        filled: list[Column] = []
        # What may not be parted is filled as on a page of its own, and goes there if it is too high for this one.
        apart = box.keep_inside and self._bottom < ENDLESS and not self._at_top()

        def height() -> int:
            found = (self._bottom - self._top if apart else self._bottom - self._y - self._pending) - self._end_room()
            return found if box.height is None else min(found, box.height)

        def put(frames: Page, high: int) -> None:
            nonlocal apart
            if apart and high > self._bottom - self._y - self._pending - self._end_room():
                full.append(self._turn())
            apart = False
            self._put_columns(bound, columns, frames, high)

        def room(done: Column | None) -> tuple[int, bool]:
            if done is not None:
                filled.append(done)
                if len(filled) == columns.count:
                    put(*beside(filled, step))
                    filled.clear()
                    full.append(self._turn())
            return height(), apart or self._at_top()

        flow = self._layout.columns(self._images, self._missing, room, artifact=self._artifact, role=self._cell_role)
        for _ in flow.run(bound.children):
            yield from full
            full.clear()
        filled.append(flow.column)
        if columns.balanced or self._bottom >= ENDLESS:
            put(*balanced(filled, columns.count, step, height()))
        else:
            put(*beside(filled, step))
        yield from full

    def _put_columns(self, bound: BoundBlock, columns: ColumnSet, frames: Page, height: int) -> None:
        """Place columns, and what is between them."""
        if not height:
            self._page.tags += frames.tags  # what begins where there is no room for it
            return
        self._flush()
        place(frames, self._page, self._y)
        if columns.rule is not None:
            self._page.fills += rules(bound.node.box.content_x, self._y, height, columns)
        self._y += height
        self._placed()

    def _fill_up(self, bound: BoundFill) -> Iterator[Page]:
        """Place the first candidate that fits on this page; what is said of others does not count."""
        below = sum(
            opened.box.padding_bottom + (opened.box.border_bottom.width if opened.box.border_bottom else 0)
            for opened in self._open
        )
        for nodes in bound.candidates if not self._forced else ():
            notes: list[str] = []
            trial = self._layout.trial(nodes, self._images, notes.append, artifact=self._artifact)
            if trial.lead is None:
                continue
            margin = max(self._pending, trial.lead)
            dy = self._y + margin - trial.lead
            if dy + trial.end + below > self._bottom:
                continue
            for note in notes:
                self._missing(note)
            self._pending = margin
            self._flush()
            self._placed()
            place(trial.page, self._page, dy)
            self._y, self._pending = dy + trial.end, trial.pending
            break
        return iter(())

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

    def _label_beside(self, box: Box) -> Iterator[Page]:
        """Place the marker of an item that begins with a list beside the first marker of that."""
        assert self._label is not None
        height, ascent = self._layout.setter.metrics(self._label.node.style)
        self._pending = max(self._pending, box.margin_top)
        if self._y + self._pending + height > self._bottom and not self._at_top():
            yield self._turn()
        self._flush()
        self._label_line(self._y, ascent)

    def _label_alone(self) -> Iterator[Page]:
        """Place the marker of an item that shows nothing else."""
        assert self._label is not None
        height, ascent = self._layout.setter.metrics(self._label.node.style)
        if self._y + self._pending + height > self._bottom and not self._at_top():
            yield self._turn()
        self._flush()
        self._label_line(self._y, ascent)
        self._y += height
        self._placed()

    # Paragraphs and figures -------------------------------------------------------------------------------------------

    def _whole(self, bound: BoundParagraph) -> bool:
        """Place a paragraph that fits as it is, the common case, without a generator; False where it does not."""
        node = bound.node
        if node.calls:
            return False
        lines = self._layout.lines(bound, self._missing)
        before = self._pending
        self._pending = max(before, node.box.margin_top)
        height = 0
        for line in lines:
            height += line.height
        if self._below:
            height += self._end_room(node.box.margin_bottom)
        if self._y + self._pending + height > self._bottom:
            self._pending = before
            return False
        if lines:
            if self._label is not None:
                self._flush()
                self._label_line(self._y, lines[0].ascent)
            if node.bookmark or node.box.anchor:
                self._bookmark(bound)
            if self._has_links(lines):
                self._put_links(bound, lines, begins=True, ends=True)
                self._pending = node.box.margin_bottom
                return True
            if self._waiting:
                self._flush()  # boxes begin before the text's mark
            self._mark(node.role, node.role or ".")
        self._put(node, lines)
        self._pending = node.box.margin_bottom
        return True

    def _paragraph(self, bound: BoundParagraph) -> Iterator[Page]:
        node = bound.node
        if node.calls:
            self._call(bound)
        lines = self._layout.lines(bound, self._missing)
        called = self._called(bound, lines) if node.calls else None
        self._pending = max(self._pending, node.box.margin_top)
        index, count = 0, len(lines)
        while index < count:
            fitting, height = index, self._y + self._pending
            if called is not None:
                fitting = self._lines_with_notes(lines, called, index)
                height += sum(line.height for line in lines[index:fitting])
            else:
                while fitting < count and height + lines[fitting].height <= self._bottom:
                    height += lines[fitting].height
                    fitting += 1
            whole = fitting == count
            if not whole:
                fitting = self._break_at(node, index, fitting, count)
            elif self._below and height + self._end_room(node.box.margin_bottom) > self._bottom:
                fitting = self._tail_lines(node, index, count)
            if fitting > index:
                if self._label is not None:
                    self._flush()
                    self._label_line(self._y, lines[index].ascent)
                if (node.bookmark or node.box.anchor) and index == 0:
                    self._bookmark(bound)
                if self._has_links(lines):
                    self._put_links(bound, lines[index:fitting], begins=index == 0, ends=fitting == count)
                    if called is not None:
                        self._note(lines[index:fitting], called[index:fitting])
                    index = fitting
                    if not whole:
                        yield self._turn()
                    continue
                if self._waiting:
                    self._flush()
                if index == 0 and fitting == count:
                    self._mark(node.role, node.role or ".")
                else:
                    if index == 0 and node.role:
                        self._begin(node.role)
                    self._mark(node.role, ".")
                self._put(node, lines[index:fitting])
                if index and fitting == count and node.role:
                    self._end()
            if not whole:
                yield self._turn()
            index = fitting
        self._pending = max(self._pending, node.box.margin_bottom)

    def _bookmark(self, bound: BoundParagraph) -> None:
        """Note where a paragraph begins that the outline names, or that links lead to."""
        if self._artifact:
            return
        if bound.node.box.anchor:
            self._flush()
            self._page.bookmarks.append((self._y, 0, bound.node.box.anchor))
        if not bound.node.bookmark:
            return
        called = self._layout.setter.called
        said = [" " if text == "\n" else text for style, text in bound.pieces if style not in called]
        own = "".join(said)
        label = bound.node.label or (None,)
        text = _SOFT.sub("", "".join([own if part is None else part for part in label]))
        if text.strip():
            self._flush()
            self._page.bookmarks.append((self._y, bound.node.bookmark, " ".join(text.split())))

    def _has_links(self, lines: list[Line]) -> bool:
        linked = self._layout.setter.linked
        return bool(linked) and any(segment[1] in linked for line in lines for segment in line.segments)

    def _put_links(self, bound: BoundParagraph, lines: list[Line], *, begins: bool, ends: bool) -> None:
        """Place lines with links in them: each is an element in the paragraph, with its text and its places."""
        node = bound.node
        targets = bound.pieces.targets if isinstance(bound.pieces, LinkedPieces) else {}
        self._flush()
        if begins and node.role:
            self._begin(node.role)
        page, styles, box = self._page, self._layout.setter.styles, node.box
        current: tuple[int, str] | None = None
        for line in lines:
            x, y = box.content_x, self._y
            if node.align != "left":
                spare = box.content_width - line.width
                x += spare if node.align == "right" else spare // 2
            reach = [segment[0] for segment in line.segments[1:]] + [line.width]
            begun, last = None, x
            for (offset, style, shard, codes), end in zip(line.segments, reach, strict=True):
                link, role = styles[style].link, styles[style].role
                if (link, role) != current:
                    self._put_link(begun, x + offset, y, line.height, current, targets)
                    begun = None
                    if current is not None and current != _PLAIN:
                        self._end()
                    role = "Link" if link else role
                    if role:
                        self._begin(role)
                    self._mark(role or node.role, ".")
                    current = (link, styles[style].role)
                if link and begun is None:
                    begun = x + offset
                page.text.append((x + offset, y + line.ascent, style, shard, codes))
                for above, thick, color in styles[style].lines:
                    page.fills.append((x + offset, y + line.ascent - above, end - offset, thick, color))
                last = x + end
            self._put_link(begun, last, y, line.height, current, targets)
            self._y += line.height
        if current is not None and current != _PLAIN:
            self._end()
        if ends and node.role:
            self._end()
        self._placed()

    def _put_link(
        self,
        begun: int | None,
        end: int,
        y: int,
        height: int,
        current: tuple[int, str] | None,
        targets: Mapping[int, Callable[[], str]],
    ) -> None:
        """The place of a link's text on one line."""
        if begun is not None and current is not None and not self._artifact:
            link = current[0]
            self._page.links.append((begun, y, end - begun, height, targets[link]() if link in targets else link))
            self._page.tags.append("&")

    def _note(self, lines: list[Line], called: list[list[BoundNote]]) -> None:
        """Footnotes are called by the lines that were placed last."""
        self._take([note for notes in called for note in notes], self._y)
        y = self._y - sum(line.height for line in lines)
        for line, notes in zip(lines, called, strict=True):
            self._page.notes += [(y + line.ascent, note) for note in notes]
            y += line.height

    def _note_frames(self, part: Part) -> Page:
        flow = Flow(self._layout, self._images, self._missing, cell="Note")
        flow._y = part.above
        page = flow._page
        if not part.opened:
            page.tags.append("(^Note")
        bound = BoundParagraph(part.note.node.paragraph, part.note.pieces)
        flow._put_links(bound, part.lines, begins=False, ends=False)
        if not part.left:
            page.tags.append(")")
        return page

    def _break_at(self, node: Paragraph, index: int, fitting: int, count: int) -> int:
        """How far a paragraph goes on this page, with orphans and widows (CSS Fragmentation 3, 3.3)."""
        wanted = min(fitting, count - node.widows) if count - fitting < node.widows else fitting
        if wanted - index < (min(node.orphans, count) if index == 0 else 1):
            wanted = index
        if wanted > index or not self._at_top():
            return max(wanted, index)
        return max(fitting, index + 1)  # a page's beginning: something must be placed

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
        width, height = image_size(node, image, box.content_width)
        if width > box.content_width:
            text = f"the picture is {(width - box.content_width) / 1000:.1f} pt wider than its box; give it a width"
            self._missing(overflow("", f"slot {node.slot!r}: {text}"))
        # A picture at a page's beginning has its margin above it; behind a break that is cut off.
        margin = max(self._pending, box.margin_top) if self._at_top() else 0
        most = self._bottom - max(self._y, self._top) if self._at_top() else self._bottom - self._top
        most -= margin + edges(box) + self._end_room(box.margin_bottom)
        if height > most > 0:
            width, height = width * most // height, most
        shown = fitted(self._layout.slots[node.slot], image, node.fit, node.position, width, height, node.alpha)
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
        if box.break_before:
            yield from self._break(box.break_before)
            self._page.section = self._page.section or box.section
        below = box.padding_bottom + (box.border_bottom.width if box.border_bottom else 0)
        if self._below and self._tall(box, height) + self._end_room(box.margin_bottom) > self._bottom - self._y:
            self._pending = max(self._pending, box.margin_top)
            self._note_tail()
        opened = self._enter(box)
        page = self._page
        # What is kept with it goes along; where both are too much for a page they part after all.
        while self._y + self._pending + height + below > self._bottom and not self._at_top():
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

    def _flex(self, bound: BoundFlex) -> Iterator[Page]:
        """A flexible row that its record decides."""
        items, box = items_of(bound), bound.node.box
        frame = None
        if not (box.keep_inside or box.keep_next or box.break_before or self._label):
            frame = self._layout.flexrows.frame(bound.node, items, artifact=self._artifact)
        least = max(box.height or 0, box.min_height, frame.height if frame is not None else 0)
        if frame is None or self._tall(box, least) + self._end_room(box.margin_bottom) > self._bottom - self._y:
            measure = Measure(self._layout.setter, self._images)
            yield from self._table(as_table(bound, items, measure, self._missing))
            return
        opened = self._enter(box)
        start, page = self._y, self._page
        self._row(frame)
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

    def _cell(self, nodes: list[BoundNode], missing: Callable[[str], None], role: str) -> tuple[Page, int]:
        flow = Flow(self._layout, self._images, missing, artifact=self._artifact, cell=role, count=self._count)
        return flow.scratch(nodes)
