"""Bind: puts a record's values into a program's nodes.

A program is turned into closures once, when a composer loads it; binding a record then calls them. Rows and repeated
blocks are bound as layout asks for them, so a table of 100,000 rows is never in memory as content. What no record can
change is bound at load and shared; nothing that depends on a record outlives its document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from pressrun_server.model.content import (
    BoundAbsolute,
    BoundBarcode,
    BoundBlock,
    BoundChart,
    BoundFill,
    BoundFlex,
    BoundFlexItem,
    BoundImage,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundNote,
    BoundParagraph,
    BoundPassage,
    BoundRow,
    BoundRows,
    BoundTable,
    BoundVector,
    Fixed,
    LinkedPieces,
    Piece,
    Values,
)
from pressrun_server.model.expression import Expression
from pressrun_server.model.program import (
    Absolute,
    Barcode,
    Block,
    Break,
    Cell,
    Chart,
    Conditional,
    Fill,
    Flex,
    FlexItem,
    For,
    Image,
    Inline,
    InlineConditional,
    InlineFor,
    InlineWith,
    List,
    ListItem,
    Node,
    Note,
    Paragraph,
    Program,
    Row,
    RowConditional,
    RowFor,
    RowGroup,
    RowTemplate,
    RowWith,
    Running,
    Table,
    Text,
    Value,
    Vector,
    With,
    local_links,
    styles_of,
)
from pressrun_server.model.sums import Sums, add_sums
from pressrun_server.model.transform import transformed
from pressrun_server.template.ahead import Ahead, looks_ahead, there_as_a_whole
from pressrun_server.template.arriving import ArrivingRows
from pressrun_server.template.barchart import bars_of
from pressrun_server.template.barcode import matrix
from pressrun_server.template.evaluation import CLEAN, Environment, Evaluator, evaluator, texter
from pressrun_server.template.filters import Formatter
from pressrun_server.template.links import target
from pressrun_server.template.loops import each, items_of, one_by_one
from pressrun_server.template.markers import marker, numeral
from pressrun_server.template.naming import naming
from pressrun_server.template.outline import Outliner, passages
from pressrun_server.template.rowcode import RowCode, row_code
from pressrun_server.template.steps import SLICE, spend
from pressrun_server.template.sums import Adder, known, mentions, running

__all__ = ["Binder"]

_Pieces: TypeAlias = "Callable[[Environment], list[Piece]]"
_Nodes: TypeAlias = "Callable[[Environment], Iterable[BoundNode]]"
_Notes: TypeAlias = "Callable[[Environment, list[BoundNote]], None]"
_Rows: TypeAlias = "Callable[[Environment], Iterable[BoundRow | BoundRows]]"
_BREAK = "\n"
_CHUNK = 64
"""Rows bound at a time: few enough to be less than a page or two, so that memory does not grow with the table."""


class Binder:
    """A loaded program's closures.

    Args:
        program: the program.
    """

    def __init__(self, program: Program) -> None:
        self._formatter = Formatter(program.locale_data)
        self._transforms = [style.transform for style in program.styles]
        self._summed: tuple[str, ...] = ()
        """Sums of the tables whose rows are being looked at."""
        self._grouped = False
        """Whether these rows may be joined by cells."""
        self._whole = False
        """Whether loops are in a table that looks ahead over its rows."""
        self._loops: list[_Loop] = []
        self._groups: list[_Group] = []
        self._blocks: list[_Apart] = []
        self._linked = frozenset(
            index for index, style in enumerate(program.styles) if style.link or style.role or style.lines
        )
        self._local: dict[int, int] = {}
        """By style, the number of its link where a record says where that leads."""
        self._links = [self._link(link) for link in program.links]
        self._local = local_links(program)
        self._body = self._block(program.body)
        self._title = self.pieces(program.title)
        self._running = {id(running): self._apart(running.block) for page in program.pages for running in page.running}

    def body(self, env: Environment) -> BoundBlock:
        """The body's content; children are bound as they are asked for.

        Raises (also while iterating):
            PressrunError: INVALID_RECORD, a value does not fit its expression.
        """
        return self._body(env)

    def quicken(self) -> None:
        """Make code for the rows of loops, and passages; takes some milliseconds, and what is shown stays the same."""
        for loop in self._loops:
            loop.code = row_code(loop.row, self._formatter, self._transforms)
        for group in self._groups:
            group.put_together(self, self._linked)
        for block in self._blocks:
            block.put_together(self, self._linked)
        self._loops, self._groups, self._blocks = [], [], []

    def _link(self, inlines: tuple[Inline, ...]) -> Callable[[Environment], str]:
        text = self.joined(inlines)
        match inlines:
            case (Text(text=fixed),) if fixed.startswith("#"):
                return text  # into the document itself: only the template may say so
        return lambda env: target(text(env))

    def targets(self, env: Environment) -> list[str]:
        """Where the links of all documents lead, by number; nothing for those of which a record says it."""
        local = set(self._local.values())
        return ["" if number in local else link(env) for number, link in enumerate(self._links, 1)]

    def running(self, running: Running, env: Environment, page: Mapping[str, Any]) -> BoundBlock:
        """A running element's content on one page; `page` is what expressions know of that."""
        return self._running[id(running)]({**env, "page": page})

    def title(self, env: Environment) -> str:
        """The document's title."""
        return "".join(text for _, text in self._title(env)).strip()

    # Text -------------------------------------------------------------------------------------------------------------

    def pieces(self, inlines: tuple[Inline, ...]) -> _Pieces:
        """What binds the text of a paragraph, with the links in it."""
        make = self._pieces(inlines)
        numbers = sorted({self._local[style] for style in styles_of(inlines) if style in self._local})
        notes = self._notes(inlines)
        if not (numbers or notes):
            return make
        links = self._links

        def linked(env: Environment) -> list[Piece]:
            seen = dict(env) if numbers else {}  # a loop goes on with the same names
            targets: dict[int, Callable[[], str]] = {number: partial(links[number - 1], seen) for number in numbers}
            called: list[BoundNote] = []
            for note in notes:
                note(env, called)
            return LinkedPieces(make(env), targets, called)

        return linked

    def _notes(self, inlines: tuple[Inline, ...]) -> list[_Notes]:
        """What binds the footnotes that are called in inline content, in order."""
        found: list[_Notes] = []
        for inline in inlines:
            if isinstance(inline, Note):
                found.append(self._note(inline))
            elif isinstance(inline, InlineConditional):
                branches = [(self.test(test), self._notes(parts)) for test, parts in inline.branches]
                if any(notes for _, notes in branches):
                    found.append(partial(_notes_of, branches))
            elif isinstance(inline, InlineFor):
                turns = self._notes_in_turns(inline)
                found += [turns] if turns else []
            elif isinstance(inline, InlineWith):
                within = self._notes(inline.parts)
                if within:
                    found.append(partial(_notes_within, self.names(inline), within))
        return found

    def _notes_in_turns(self, inline: InlineFor) -> _Notes | None:
        bodies = (self._notes(inline.odd), self._notes(inline.even))
        if not any(bodies):
            return None
        items = evaluator(inline.items, self._formatter, inline.place)

        def repeated(env: Environment, found: list[BoundNote]) -> None:
            for index, inner in each(items(env), env, inline.name, inline.place):
                turn = dict(inner)  # the next one has the same
                for note in bodies[index & 1]:
                    note(turn, found)

        return repeated

    def _note(self, note: Note) -> _Notes:
        pieces = self.pieces(note.paragraph.inlines)

        def labels(number: int) -> tuple[str, str]:
            call, mark = (
                f"{before}{numeral(kind, number)}{behind}" for before, kind, behind in (note.call, note.marker)
            )
            return call, mark

        return lambda env, found: found.append(BoundNote(note, pieces(env), labels))

    def _pieces(self, inlines: tuple[Inline, ...]) -> _Pieces:
        if all(isinstance(inline, Text | Break) for inline in inlines):
            fixed = [self._static(inline) for inline in inlines if isinstance(inline, Text | Break)]
            return lambda _env: fixed
        alone = self._alone(inlines)
        if alone is not None:
            style, text = alone
            return lambda env: [(style, text(env))]
        if len(inlines) == 1 and isinstance(inlines[0], InlineConditional):
            return self._choice(inlines[0])
        makers = [self._inline(inline) for inline in inlines]

        def pieces(env: Environment) -> list[Piece]:
            found: list[Piece] = []
            for make in makers:
                make(env, found)
            return found

        return pieces

    def _choice(self, inline: InlineConditional) -> _Pieces:
        branches = [(self.test(test), self._pieces(parts)) for test, parts in inline.branches]
        if len(branches) != 2 or inline.branches[1][0] is not None:  # noqa: PLR2004 - pr-if and pr-else
            return lambda env: _chosen(branches, env)
        (test, yes), (_, no) = branches
        return lambda env: yes(env) if test(env) else no(env)

    def _alone(self, inlines: tuple[Inline, ...]) -> tuple[int, Callable[[Environment], str]] | None:
        """Style and text of a single value, also with fixed text of its style before it; None for anything else.

        They stay two pieces where spaces could meet or end a line, since what becomes of those is for layout to say.
        """
        match inlines:
            case (Value() as value,):
                return value.style, self._value(value)
            case (Text() as before, Value() as value) if before.style == value.style:
                expression = value.expression
                if before.text.endswith(" ") or expression[0] != "filter" or expression[1] not in CLEAN:
                    return None
                begin, text = self._static(before)[1], self._value(value)
                return value.style, lambda env: begin + text(env)
        return None

    def _static(self, inline: Text | Break) -> Piece:
        if isinstance(inline, Break):
            return (0, _BREAK)
        return (inline.style, transformed(inline.text, self._transforms[inline.style]))

    def _value(self, value: Value) -> Callable[[Environment], str]:
        text = texter(value.expression, self._formatter, value.place, fold=not value.preserve)
        transform = self._transforms[value.style]
        if transform:
            return lambda env: transformed(text(env), transform)
        return text

    def _inline(self, inline: Inline) -> Callable[[Environment, list[Piece]], None]:
        if isinstance(inline, Text | Break):
            piece = self._static(inline)
            return lambda _env, found: found.append(piece)
        if isinstance(inline, Value):
            style, text = inline.style, self._value(inline)
            return lambda env, found: found.append((style, text(env)))
        if isinstance(inline, Note):
            called = (inline.style, "")
            return lambda _env, found: found.append(called)
        if isinstance(inline, InlineFor):
            return self._inline_for(inline)
        if isinstance(inline, InlineWith):
            named, within = self.names(inline), self._pieces(inline.parts)
            return lambda env, found: found.extend(within(named(env)))
        branches = [(self.test(test), self._pieces(parts)) for test, parts in inline.branches]

        def conditional(env: Environment, found: list[Piece]) -> None:
            for test, pieces in branches:
                if test(env):
                    found.extend(pieces(env))
                    return

        return conditional

    def _inline_for(self, inline: InlineFor) -> Callable[[Environment, list[Piece]], None]:
        items = self._items(inline)
        bodies = (self._pieces(inline.odd), self._pieces(inline.even))

        def repeated(env: Environment, found: list[Piece]) -> None:
            for index, inner in each(items(env), env, inline.name, inline.place):
                found.extend(bodies[index & 1](inner))

        return repeated

    def test(self, test: Expression | None) -> Evaluator:
        """Whether a branch is shown; None is `pr-else`."""
        if test is None:
            return lambda _env: True
        return evaluator(test, self._formatter, "pr-if")

    # Blocks -----------------------------------------------------------------------------------------------------------

    def _block(self, block: Block) -> Callable[[Environment], BoundBlock]:
        children = self._children(block.children)
        return lambda env: BoundBlock(block, iter(children(env)))

    def _apart(self, block: Block) -> Callable[[Environment], BoundBlock]:
        """A block outside the flow, which may be a passage by itself."""
        maker = _Apart(block, self._children(block.children))
        self._blocks.append(maker)
        return maker.bind

    def _texts(self, nodes: Iterable[Node]) -> list[_Pieces] | None:
        """What binds the paragraphs that a record can change; None where more than their text can change."""
        found: list[_Pieces] = []
        for node in nodes:
            inner: list[_Pieces] | None = []
            match node:
                case Paragraph():
                    if node.preserve or node.decimals or node.indent:
                        return None  # line ends in a record's text make lines; where a number stands is its own
                    if self._linked and styles_of(node.inlines) & self._linked:
                        return None  # a link's place is told by the lines
                    if not self._fixed((node,)):
                        found.append(self.pieces(node.inlines))
                case Block():
                    # Whether there is a picture behind it is the record's.
                    inner = None if node.box.picture or node.columns else self._texts(node.children)
                case Table():
                    rows = node.rows
                    templates = [row for row in rows if isinstance(row, RowTemplate)]
                    cells = [child for row in templates for cell in row.cells for child in cell.children]
                    special = node.box.picture or node.sums or node.columns or node.caption
                    plain = len(templates) == len(rows) and not special
                    inner = self._texts(cells) if plain else None
                case _:
                    inner = None
            if inner is None:
                return None
            found += inner
        return found

    def _fixed(self, nodes: tuple[Node, ...]) -> bool:
        """Whether nodes are text that no record can change."""
        return all(
            isinstance(node, Paragraph)
            and all(isinstance(inline, Text | Break) for inline in node.inlines)
            and not (self._local and styles_of(node.inlines) & self._local.keys())
            for node in nodes
        )

    def _children(self, nodes: tuple[Node, ...]) -> _Nodes:
        makers = [self._node(node) for node in nodes]
        if len(makers) == 1 and isinstance(nodes[0], Paragraph):
            return makers[0]
        group = _Group(nodes, makers)
        self._groups.append(group)
        return group.bind

    def _node(self, node: Node) -> _Nodes:
        match node:
            case Paragraph():
                pieces = self.pieces(node.inlines)
                if self._fixed((node,)):
                    fixed = (BoundParagraph(node, pieces({})),)
                    return lambda _env: fixed
                return lambda env: (BoundParagraph(node, pieces(env)),)
            case Block():
                block = self._block(node)
                return lambda env: (block(env),)
            case Image():
                alt = self.pieces(node.alt)
                return lambda env: (BoundImage(node, "".join(text for _, text in alt(env))),)
            case Vector():
                alternative = self.joined(node.alt)
                return lambda env: (BoundVector(node, alternative(env)),)
            case Barcode():
                barcode = self.barcode(node)
                return lambda env: (barcode(env),)
            case Chart():
                chart = self.chart(node)
                return lambda env: (chart(env),)
            case Table():
                return self._table(node)
            case Flex():
                return self._flex(node)
            case FlexItem():
                content = self._cell(node.cell)
                return lambda env: (BoundFlexItem(node, content(env)),)
            case Conditional():
                branches = [(self.test(test), self._children(nodes)) for test, nodes in node.branches]
                return lambda env: _chosen(branches, env)
            case List():
                return self._list(node)
            case ListItem():
                children = self._children(node.children)
                return lambda env: (BoundListItem(node, iter(children(env)), ""),)
            case With():
                return self._with(node)
            case For():
                return self._for(node)
            case Fill():
                candidates = [self._children(nodes) for nodes in node.candidates]
                return lambda env: (BoundFill(make(env) for make in candidates),)
            case Absolute():
                inner = self._apart(node.block)
                return lambda env: (BoundAbsolute(node, inner(env)),)

    def barcode(self, node: Barcode) -> Callable[[Environment], BoundBarcode]:
        """A barcode with its text."""
        value, alt = self.joined(node.value), self.joined(node.alt)

        def barcode(env: Environment) -> BoundBarcode:
            side, modules = matrix(node.kind, value(env), node.level, node.place)
            return BoundBarcode(node, side, modules, alt(env))

        return barcode

    def chart(self, node: Chart) -> Callable[[Environment], BoundChart]:
        """A chart with its values."""
        bars = bars_of(node, self._formatter, self.joined(node.label), self.joined(node.tick))
        alt = self.joined(node.alt)
        return lambda env: BoundChart(node, *bars(env), alt(env))

    def joined(self, inlines: tuple[Inline, ...]) -> Callable[[Environment], str]:
        """What binds inline content as plain text."""
        alone = self._alone(inlines)
        if alone is not None:
            return alone[1]
        pieces = self.pieces(inlines)
        return lambda env: "".join([text for _, text in pieces(env)])

    def _list(self, node: List) -> _Nodes:
        children = self._children(node.children)

        def items(env: Environment) -> Iterator[BoundNode]:
            number = node.start
            for child in children(env):
                if isinstance(child, BoundListItem):
                    child.marker = marker(node.kind, number)
                    number += 1
                yield child

        return lambda env: (BoundList(node, items(env)),)

    def names(self, node: With | InlineWith | RowWith) -> Callable[[Environment], Environment]:
        """Environments with further names."""
        return naming(node, self._formatter)

    def _with(self, node: With) -> _Nodes:
        named, children = self.names(node), self._children(node.children)

        def within(env: Environment) -> Iterator[BoundNode]:
            yield from children(named(env))

        return within

    def turns(self, node: For, most: int) -> Callable[[Environment], list[tuple[int, Environment]] | None]:
        """Index and environment of each turn of a loop; None where there are more than `most`, or they arrive."""
        items = evaluator(node.items, self._formatter, node.place)

        def turns(env: Environment) -> list[tuple[int, Environment]] | None:
            found = items(env)
            if isinstance(found, ArrivingRows) or len(items_of(found, node.place)) > most:
                return None
            return list(each(found, env, node.name, node.place))

        return turns

    def _items(self, node: For | RowFor | InlineFor) -> Evaluator:
        """The items of a loop; in a table that looks ahead they must all be there."""
        items, place = evaluator(node.items, self._formatter, node.place), node.place
        return (lambda env: there_as_a_whole(items(env), place)) if self._whole else items

    def _for(self, node: For) -> _Nodes:
        items = self._items(node)
        bodies = (self._children(node.odd), self._children(node.even))

        def repeated(env: Environment) -> Iterator[BoundNode]:
            for index, inner in each(items(env), env, node.name, node.place):
                yield from bodies[index & 1](inner)

        return repeated

    def _flex(self, flex: Flex) -> _Nodes:
        """A flexible row; it is gone over twice, as a table that looks ahead is."""
        around, self._whole = self._whole, True
        items = self._children(flex.items)
        self._whole = around
        return lambda env: (BoundFlex(flex, partial(items, env)),)

    # Tables -----------------------------------------------------------------------------------------------------------

    def _table(self, table: Table) -> _Nodes:
        around, self._whole = self._whole, self._whole or looks_ahead(table)
        try:
            make = self._table_of(table)
        finally:
            self._whole = around
        if not table.caption:
            return make
        caption = self._children(table.caption)

        def captioned(env: Environment) -> Iterable[BoundNode]:
            (bound,) = make(env)
            assert isinstance(bound, BoundTable)
            bound.caption = partial(caption, env)
            return (bound,)

        return captioned

    def _table_of(self, table: Table) -> _Nodes:
        head = self._rows(table.head)
        around, self._summed = self._summed, (*self._summed, *table.sums)
        body = self._rows(table.body)
        self._summed = around
        foot = self._rows(table.foot)
        names, auto = table.sums, table.columns is not None and table.columns.auto
        if not names and not auto:
            return lambda env: (BoundTable(table, _full(head(env)), iter(body(env)), _full(foot(env))),)
        shown = any(mentions(row, names) for row in (*table.head, *table.foot))

        def fill(bound: BoundTable, env: Environment, totals: Sums | None) -> None:
            def edges(page: Sums, before: Sums) -> tuple[list[BoundRow], list[BoundRow]]:
                inner = {**env, **known(names, page, before, totals)}
                return _full(head(inner)), _full(foot(inner))

            bound.head, bound.foot = edges({}, {})
            bound.rows = iter(body({**env, **running(names, totals)}))
            bound.edges = edges if shown else None
            if auto:
                bound.fresh = lambda again: fill(again, env, totals)

        def summed(env: Environment) -> tuple[BoundTable]:
            bound = BoundTable(table, [], iter(()), [])
            fill(bound, env, None)
            return (bound,)

        if not table.ahead:
            return summed
        ahead = Ahead(
            table.body,
            lambda row: Adder(row, self._formatter),
            lambda node, place: evaluator(node, self._formatter, place),
            self.names,
        )

        def looking(env: Environment) -> tuple[BoundTable]:
            def look(bound: BoundTable) -> Iterator[None]:
                totals: Sums = {}
                yield from ahead.totals({**env, **running(names)}, totals)
                fill(bound, env, totals)

            return (BoundTable(table, [], iter(()), [], ahead=look),)

        return looking

    def _rows(self, rows: tuple[Row, ...]) -> _Rows:
        makers = [self._row(row) for row in rows]
        if len(makers) == 1:
            return makers[0]

        def chained(env: Environment) -> Iterator[BoundRow | BoundRows]:
            for make in makers:
                yield from make(env)

        return chained

    def _row(self, row: Row) -> _Rows:
        if isinstance(row, RowTemplate):
            bind = self._row_template(row)
            return lambda env: (bind(env),)
        if isinstance(row, RowConditional):
            branches = [(self.test(test), self._rows(rows)) for test, rows in row.branches]
            return lambda env: _chosen(branches, env)
        if isinstance(row, RowGroup):
            return self._row_group(row)
        if isinstance(row, RowWith):
            return self._row_with(row)
        return self._row_for(row)

    def _row_with(self, row: RowWith) -> _Rows:
        named, rows = self.names(row), self._rows(row.rows)

        def within(env: Environment) -> Iterator[BoundRow | BoundRows]:
            yield from rows(named(env))

        return within

    def _row_group(self, group: RowGroup) -> _Rows:
        around, self._grouped = self._grouped, True
        make = self._rows(group.rows)
        self._grouped = around

        def bound(env: Environment) -> Iterator[BoundRow]:
            waiting: BoundRow | None = None
            for row in make(env):
                assert isinstance(row, BoundRow)
                if waiting is not None:
                    yield waiting
                waiting = row
            if waiting is not None:
                yield waiting.ending() if waiting.joined else waiting

        return bound

    def _row_for(self, row: RowFor) -> _Rows:
        items = self._items(row)
        if all(len(rows) == 1 and isinstance(rows[0], RowTemplate) for rows in (row.odd, row.even)):
            templates = [
                self._row_template(rows[0]) for rows in (row.odd, row.even) if isinstance(rows[0], RowTemplate)
            ]

            alone = not mentions(row, ("loop", *self._summed))
            if (
                alone
                and not self._grouped
                and all(_at_once(cell) for rows in (row.odd, row.even) for cell in _cells(rows))
            ):
                name, place = row.name, row.place
                first = row.odd[0]
                assert isinstance(first, RowTemplate)
                loop = _Loop(row, templates, Adder(first, self._formatter) if first.sums else None)
                self._loops.append(loop)

                def bare(env: Environment) -> Iterator[BoundRow | BoundRows]:
                    found = items(env)
                    if not isinstance(found, ArrivingRows):
                        found = items_of(found, place)
                    if loop.code is not None:
                        yield _CodeRows(loop, loop.code, found, dict(env))
                        return
                    # Such cells are text as soon as they are bound, so one environment serves all rows. Blocks are
                    # bound when layout asks for them, maybe after the next row: a header's rows are made all at once.
                    inner = dict(env)
                    bind, other = templates
                    for inner[name] in one_by_one(found, env, place):
                        yield bind(inner)
                        bind, other = other, bind

                return bare

            def plain(env: Environment) -> Iterator[BoundRow]:
                for index, inner in each(items(env), env, row.name, row.place):
                    yield templates[index & 1](inner)

            return plain
        bodies = (self._rows(row.odd), self._rows(row.even))

        def repeated(env: Environment) -> Iterator[BoundRow | BoundRows]:
            for index, inner in each(items(env), env, row.name, row.place):
                yield from bodies[index & 1](inner)

        return repeated

    def _row_template(self, row: RowTemplate) -> Callable[[Environment], BoundRow]:
        bind = self._cells_of(row)
        names = self._summed if self._summed and mentions(row, self._summed) else ()
        if not (row.sums or names):
            return bind
        adder = Adder(row, self._formatter) if row.sums else None

        def adding(env: Environment) -> BoundRow:
            sums = adder.add(env) if adder else None
            # Cells may be bound later than the next row, so they get the sums as they are now.
            found = bind({**env, **{name: dict(env[name]) for name in names}} if names else env)
            return found if sums is None else found.adding(sums)

        return adding

    def _cells_of(self, row: RowTemplate) -> Callable[[Environment], BoundRow]:
        # A cell of one value is bound here, without a call in between; a style of -1 marks the others.
        makers: list[tuple[int, Callable[[Environment], Any]]] = []
        for cell in row.cells:
            only = cell.children[0] if len(cell.children) == 1 else None
            alone = self._alone(only.inlines) if isinstance(only, Paragraph) else None
            if alone is not None and alone[0] not in self._local:
                makers.append(alone)
            else:
                makers.append((-1, self._cell(cell)))

        if all(self._fixed(cell.children) for cell in row.cells):
            static = BoundRow(row, [make({}) for _, make in makers])
            return lambda _env: static

        def bind(env: Environment) -> BoundRow:
            return BoundRow(row, [make(env) if style < 0 else [(style, make(env))] for style, make in makers])

        texts = None if all(map(_at_once, row.cells)) else self._texts(_below(row))
        if texts is None:
            return bind

        def sample() -> BoundRow:
            return self._sample_row(row)

        def bind_later(env: Environment) -> BoundRow:
            return BoundRow(
                row,
                None,
                lambda: [make(env) if style < 0 else [(style, make(env))] for style, make in makers],
                Fixed(lambda: [text(env) for text in texts], sample),
            )

        return bind_later

    def _cell(self, cell: Cell) -> Callable[[Environment], Any]:
        """What is in a cell (`BoundCell`)."""
        only = cell.children[0] if len(cell.children) == 1 else None
        if isinstance(only, Paragraph):
            return self.pieces(only.inlines)
        return _eager(self._children(cell.children)) if cell.children else _nothing

    # Samples ----------------------------------------------------------------------------------------------------------

    def _samples(self, nodes: Iterable[Node]) -> list[BoundNode]:
        """Nodes of a fixed part with sample texts in its open paragraphs."""
        found: list[BoundNode] = []
        for node in nodes:
            match node:
                case Paragraph():
                    found.append(BoundParagraph(node, self._sample_pieces(node.inlines)))
                case Block():
                    found.append(BoundBlock(node, iter(self._samples(node.children))))
                case Table():
                    head, body, foot = (
                        [self._sample_row(row) for row in rows if isinstance(row, RowTemplate)]
                        for rows in (node.head, node.body, node.foot)
                    )
                    found.append(BoundTable(node, head, iter(body), foot))
        return found

    def _sample_row(self, row: RowTemplate) -> BoundRow:
        cells: list[Any] = []
        for cell in row.cells:
            only = cell.children[0] if len(cell.children) == 1 else None
            if isinstance(only, Paragraph):
                cells.append(self._sample_pieces(only.inlines))
            else:
                cells.append(self._samples(cell.children))
        return BoundRow(row, cells)

    def _sample_pieces(self, inlines: tuple[Inline, ...]) -> list[Piece]:
        found: list[Piece] = []
        for inline in inlines:
            if isinstance(inline, Value):
                found.append((inline.style, "0"))
            elif isinstance(inline, Note):
                found.append((inline.style, ""))
            elif isinstance(inline, InlineConditional):
                found += self._sample_pieces(inline.branches[0][1])
            elif isinstance(inline, InlineFor):
                found += self._sample_pieces(inline.odd)
            elif isinstance(inline, InlineWith):
                found += self._sample_pieces(inline.parts)
            else:
                found.append(self._static(inline))
        return found


class _Group:
    """Siblings, one by one until it is known that the program is used again; then those that make passages together."""

    def __init__(self, nodes: tuple[Node, ...], makers: list[_Nodes]) -> None:
        self._nodes = nodes
        self._makers = makers
        self._parts = makers

    def bind(self, env: Environment) -> Iterator[BoundNode]:
        for make in self._parts:
            yield from make(env)

    def put_together(self, binder: Binder, linked: frozenset[int]) -> None:
        parts: list[_Nodes] = []
        index = 0
        for item in passages(self._nodes, linked):
            count = len(item) if isinstance(item, tuple) else 1
            makers = self._makers[index : index + count]
            index += count
            parts += [_together(item, makers, binder)] if isinstance(item, tuple) else makers
        self._parts = parts


def _together(nodes: tuple[Node, ...], makers: list[_Nodes], binder: Binder) -> _Nodes:
    passage = Outliner(nodes, binder)

    def one_by_one(env: Environment) -> Iterator[BoundNode]:
        for make in makers:
            yield from make(env)

    return lambda env: (BoundPassage(passage, env, one_by_one),)


class _Apart:
    """A block outside the flow; a passage once it is known that the program is used again."""

    def __init__(self, block: Block, children: _Nodes) -> None:
        self._block = block
        self._children = children
        self._passage: Outliner | None = None

    def bind(self, env: Environment) -> BoundBlock:
        block, children = self._block, self._children
        if self._passage is None:
            return BoundBlock(block, _later(children, env))
        passage = BoundPassage(self._passage, env, lambda inner: (BoundBlock(block, _later(children, inner)),))
        return BoundBlock(block, _later(children, env), passage)

    def put_together(self, binder: Binder, linked: frozenset[int]) -> None:
        if isinstance(passages((self._block,), linked)[0], tuple):
            self._passage = Outliner((self._block,), binder)


@dataclass(slots=True, eq=False)
class _Loop:
    """A loop whose rows are text as soon as they are bound."""

    row: RowFor
    binders: list[Callable[[Environment], BoundRow]]
    """Of odd and of even rows."""
    adder: Adder | None
    """Of what its rows add to their table's sums, which is the same for both."""
    code: RowCode | None = None


class _CodeRows:
    """The rows of a loop, bound by its code."""

    def __init__(self, loop: _Loop, code: RowCode, items: list[Any] | ArrivingRows, env: Environment) -> None:
        odd, even = loop.row.odd[0], loop.row.even[0]
        assert isinstance(odd, RowTemplate)
        assert isinstance(even, RowTemplate)
        self.templates = (odd, even)
        self.kinds = code.kinds
        self._adder = loop.adder
        self._loop = loop
        self._bind = code.bind
        self._items = items
        self._env = env
        self._seen: dict[str, str] = {}
        self._begin = 0
        self._chunk: list[Any] = []

    def chunks(self) -> Iterator[list[Values | None]]:
        """The values of further rows."""
        begin = 0
        for chunk in self._slices():
            self._begin, self._chunk = begin, chunk
            yield self._bind(chunk, self._env, self._seen)
            begin += len(chunk)

    def _slices(self) -> Iterator[list[Any]]:
        items, place = self._items, self._loop.row.place
        if isinstance(items, ArrivingRows):
            rows = items.loop(place)
            while chunk := list(islice(rows, _CHUNK)):
                yield chunk
            return
        for begin in range(0, len(items), _CHUNK):
            if not begin % SLICE:
                spend(self._env, min(SLICE, len(items) - begin), place)
            yield items[begin : begin + _CHUNK]

    def row(self, index: int) -> BoundRow:
        """A row of the last chunk in its full form.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression.
        """
        place = self._begin + index
        self._env[self._loop.row.name] = self._chunk[index]
        return self._loop.binders[place & 1](self._env)

    def sums(self, begin: int, end: int) -> Sums | None:
        """What rows of the last chunk that are placed by their values add to the table's sums, if anything.

        Raises:
            PressrunError: INVALID_RECORD, a value is no number.
        """
        if self._adder is None:
            return None
        name, env = self._loop.row.name, self._env
        found: Sums = {}
        for env[name] in self._chunk[begin:end]:
            add_sums(found, self._adder.add(env))
        return found


def _cells(rows: tuple[Row, ...]) -> list[Cell]:
    return [cell for row in rows if isinstance(row, RowTemplate) for cell in row.cells]


def _below(row: RowTemplate) -> list[Node]:
    return [child for cell in row.cells for child in cell.children]


def _later(children: _Nodes, env: Environment) -> Iterator[BoundNode]:
    yield from children(env)


def _at_once(cell: Cell) -> bool:
    """Whether a cell is bound to text and nothing of it is left for later."""
    return not cell.children or (len(cell.children) == 1 and isinstance(cell.children[0], Paragraph))


def _full(rows: Iterable[BoundRow | BoundRows]) -> list[BoundRow]:
    found: list[BoundRow] = []
    for row in rows:
        if isinstance(row, BoundRow):
            found.append(row)
        else:
            found += [row.row(index) for chunk in row.chunks() for index in range(len(chunk))]
    return found


def _nothing(_env: Environment) -> list[Piece]:
    return []


def _eager(children: _Nodes) -> Callable[[Environment], list[BoundNode]]:
    return lambda env: list(children(env))


def _chosen(branches: Iterable[tuple[Evaluator, Callable[[Environment], Any]]], env: Environment) -> Any:
    for test, make in branches:
        if test(env):
            return make(env)
    return ()


def _notes_of(branches: list[tuple[Evaluator, list[_Notes]]], env: Environment, found: list[BoundNote]) -> None:
    for test, notes in branches:
        if test(env):
            for note in notes:
                note(env, found)
            return


def _notes_within(
    named: Callable[[Environment], Environment], notes: list[_Notes], env: Environment, found: list[BoundNote]
) -> None:
    inner = named(env)
    for note in notes:
        note(inner, found)
