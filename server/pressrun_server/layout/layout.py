"""The layout of one program: what is the same for every record, and what is placed apart from the flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pressrun_server.layout.balance import Column
from pressrun_server.layout.flexrow import FlexRows
from pressrun_server.layout.flow import Flow
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.multicolumn import ColumnFlow
from pressrun_server.layout.overflow import overflow, place_of, too_wide
from pressrun_server.layout.passage import Filled, Passages, Trial, fill
from pressrun_server.layout.placing import ground, place
from pressrun_server.layout.rowcode import Placer, placer
from pressrun_server.layout.rows import RowSetter
from pressrun_server.layout.segments import Line
from pressrun_server.layout.static import Kept, static_nodes
from pressrun_server.layout.trial import TrialFlow
from pressrun_server.model.content import BoundBlock, BoundNode, BoundParagraph, BoundPassage, BoundRows
from pressrun_server.model.page import Page
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Program, Running

__all__ = ["Layout"]


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
        self.flexrows = FlexRows(self.rows, self.static)
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
            self._placers[key] = self.placer_of(rows, self.rows)
        return self._placers[key]

    def placer_of(self, rows: BoundRows, setter: RowSetter) -> Placer | None:
        """The same, made anew, of rows that a setter of their own sets."""
        plans = [setter.plan(template) for template in rows.templates]
        return placer(plans[0], plans[1], rows.kinds, self.setter, self._symbols)

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
        fixed = id(node) in self.static
        make = self.setter.fixed_paragraph if fixed else self.setter.paragraph
        if not self.setter.fits(node):
            return self._lines.get(node, lambda note: self._unbroken(bound, make, note), missing)
        if fixed:
            return self._lines.get(node, lambda note: make(node, bound.pieces, note), missing)
        return make(node, bound.pieces, missing)

    def _unbroken(
        self, bound: BoundParagraph, make: Callable[..., list[Line]], missing: Callable[[str], None]
    ) -> list[Line]:
        lines = make(bound.node, bound.pieces, missing)
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
        fills, shown = len(page.fills), len(page.images)
        filled = self._filled(block, images, artifact=artifact)
        if filled is None:
            inner, height = self._scratched(block, images, missing, artifact=artifact)
            place(inner, page, top(height))
        else:
            fill(filled, page, top(filled.form.end + filled.form.pending), self.setter, missing, artifact=artifact)
        if shown and len(page.fills) > fills:
            ground(page, fills, shown)

    def _try_out(
        self, bound: BoundPassage, images: Mapping[str, PreparedImage], *, artifact: bool, role: str
    ) -> Trial | None:
        """A passage laid out by itself; None where something of it is worth a note."""
        notes: list[str] = []
        found = self.trial(bound.nodes(bound.env), images, notes.append, artifact=artifact, role=role)
        return None if notes else found

    def columns(
        self,
        images: Mapping[str, PreparedImage],
        missing: Callable[[str], None],
        room: Callable[[Column | None], tuple[int, bool]],
        *,
        artifact: bool,
        role: str,
    ) -> ColumnFlow:
        """What fills columns whose heights `room` gives; the other arguments are those of `Flow`."""
        return ColumnFlow(self, images, missing, artifact=artifact, cell=role, room=room)

    def trial(
        self,
        nodes: Iterable[BoundNode],
        images: Mapping[str, PreparedImage],
        missing: Callable[[str], None],
        *,
        artifact: bool,
        role: str = "",
    ) -> Trial:
        """Nodes laid out by themselves on an endless page; the arguments are those of `Flow`."""
        return TrialFlow(self, images, missing, artifact=artifact, cell=role).run(nodes)
