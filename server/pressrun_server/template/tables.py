"""Builds the nodes of tables: columns, rows, cells, and what repeats with them."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.expression import Expression
from pressrun_server.model.program import (
    Cell,
    Node,
    Paragraph,
    Row,
    RowConditional,
    RowFor,
    RowGroup,
    RowTemplate,
    RowWith,
    Table,
    With,
)
from pressrun_server.template.ahead import decided_by_totals, shows_totals
from pressrun_server.template.cascade import REPEATED
from pressrun_server.template.columns import ColumnStructure
from pressrun_server.template.diagnostics import Place
from pressrun_server.template.geometry import box_of, outer_width, resolved
from pressrun_server.template.grammar import GrammarError, parse_names
from pressrun_server.template.scope import Scope
from pressrun_server.template.spans import Held
from pressrun_server.template.values import Relative

__all__ = ["TABLE_DIRECTIVES", "TableStructure"]

TABLE_DIRECTIVES = {"pr-sum", "pr-on"}
_ON = {"thead": ("first", "continued"), "tfoot": ("continued", "last")}
"""Parts of a table that a row of its header or footer may be for."""
_PRESENTATION = {"presentation", "none"}
_MOST_CHOICES = 16
"""Ways in which a record can choose the cells of a row."""
_SCOPES = {"col": "Column", "colgroup": "Column", "row": "Row", "rowgroup": "Row"}


class TableStructure(ColumnStructure):
    """Builds tables."""

    def _table(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        auto = self.styles[element]["table-layout"] == "auto"
        self._fluid += auto
        try:
            return self._table_of(element, x, width, scope)
        finally:
            self._fluid -= auto

    def _table_of(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        box = self._box(element, x, width)
        tracks = self._tracks(element, box.content_width)
        waiting = self._waiting(element, tracks, x, width)
        if waiting is not None and waiting.auto:
            columns = [box.content_width] * len(tracks)  # for the time being
        else:
            columns = self._widths(element, tracks, box.content_width)
        sums = self._sum_names(element)
        scopes = {part: scope.summed(sums, part) for part in ("thead", "tbody", "tfoot")} if sums else {}
        within = scopes.get("tbody", scope)
        head: list[Row] = []
        body: list[Row] = []
        foot: list[Row] = []
        caption: list[Node] = []
        below = False
        for group in self._groups(element):
            first = group[0]
            if first.tag in {"colgroup", "col"} or self._skipped(first):
                continue
            if first.tag == "caption":
                if caption or head or body or foot:
                    place = self.markup.place(first)
                    message, hint = "caption must stand once, before all else in its table", "see caption-side"
                    self.diagnostics.error("structure", place, message, hint)
                below = self.styles[first]["caption-side"] == "bottom"
                if below:  # nothing follows that it is to stay with
                    self.styles |= {item: dict(self.styles[item]) | {"break-after": "auto"} for item in group}
                caption += self._directed(group, box.x, box.width, scope)
                continue
            if first.tag == "thead" and (body or head):
                place = self.markup.place(first)
                self.diagnostics.error("structure", place, "thead must stand once, before the rows", "move it up")
            if first.tag == "tfoot" and foot:
                place = self.markup.place(first)
                self.diagnostics.error("structure", place, "a table has one tfoot", "put all its rows into the first")
            if first.tag in {"thead", "tbody", "tfoot"}:
                rows = self._row_group(group, box.content_x, columns, scopes.get(first.tag, within))
                {"thead": head, "tbody": body, "tfoot": foot}[first.tag].extend(rows)
            elif first.tag == "tr":
                body += self._rows(group, box.content_x, columns, within, Held(len(columns)))
            else:
                place = self.markup.place(first)
                self.diagnostics.error(
                    "structure", place, f"<{first.tag}> cannot stand in a table", "use thead, tbody, tfoot, tr"
                )
        role = "" if self._layout_only(element) else "Table"
        ahead = self._looks_ahead(element, (head, body, foot), sums)
        auto = waiting is not None and waiting.auto
        why = ["totals that are shown before all rows are"] * ahead
        if auto and any(_repeats(row) for row in (*head, *body, *foot)):
            why.append("columns as wide as their contents")
        if why:
            self._tell_ahead(self.markup.place(element), " and ".join(why))
        return Table(
            box,
            tuple(head),
            tuple(body),
            role,
            tuple(foot),
            sums,
            ahead=ahead,
            columns=waiting,
            caption=tuple(caption),
            below=below,
        )

    def _looks_ahead(
        self, element: Element, parts: tuple[list[Row], list[Row], list[Row]], sums: tuple[str, ...]
    ) -> bool:
        """Whether a table goes over its rows before it shows them; the author hears of it."""
        place = self.markup.place(element)
        if not sums or not shows_totals(parts, sums):
            return False
        if decided_by_totals(tuple(parts[1]), sums):
            message = "a total decides which rows there are, or what they add, and so itself"
            hint = "conditions, loops, pr-with and pr-sum of the rows cannot ask for .total"
            self.diagnostics.error("expression", place, message, hint)
        return True

    def _tell_ahead(self, place: Place, why: str) -> None:
        message = f"the table looks ahead over all of its rows, for {why}"
        hint = "it goes over them twice, and cannot be used where rows arrive in a stream (RenderRows)"
        self.diagnostics.warning("look-ahead", place, message, hint)

    def _sum_names(self, table: Element) -> tuple[str, ...]:
        """The names that a table's rows give to their sums."""
        found: dict[str, None] = {}
        for row in self._own(table, "tr"):
            found |= dict.fromkeys(name for name, _ in self._named_sums(row, None))
        return tuple(found)

    def _named_sums(self, row: Element, scope: Scope | None) -> list[tuple[str, Expression]]:
        """What `pr-sum` of a row says; told of what is wrong with it only where there is a scope to check it in."""
        if "pr-sum" not in row.attrib:
            return []
        place = self.markup.at(self.markup.find(row, "pr-sum"))
        try:
            pairs = parse_names(row.attrib["pr-sum"], "pr-sum")
        except GrammarError as error:
            if scope is not None:
                self.diagnostics.error("expression", place, str(error), error.hint)
            return []
        return pairs if scope is None else [(name, self.expression(node, place, scope)) for name, node in pairs]

    def _part(self, row: Element) -> str:
        """The element in which a row stands in its table: thead, tbody or tfoot."""
        around = self.markup.parent(row)
        return str(around.tag) if around is not None and around.tag in {"thead", "tfoot"} else "tbody"

    def _shown_on(self, row: Element) -> str:
        """The parts of a table that show a row of its header or footer."""
        on = row.get("pr-on", "")
        valid = _ON.get(self._part(row), ())
        if "pr-on" in row.attrib and on not in valid:
            message = f"pr-on={on!r} is not valid here" if valid else "pr-on is for the rows of headers and footers"
            hint = f"valid: {', '.join(valid)}" if valid else "put it on a <tr> in <thead> or <tfoot>"
            self.diagnostics.error("directive", self.markup.at(self.markup.find(row, "pr-on")), message, hint)
            return ""
        return on

    def _layout_only(self, element: Element) -> bool:
        """Whether a table, or the one around a part of it, only arranges what is in it (WAI-ARIA 1.2, presentation)."""
        table: Element | None = element
        while table is not None and table.tag != "table":
            table = self.markup.parent(table)
        return table is not None and table.get("role") in _PRESENTATION

    def _row_group(self, group: list[Element], x: int, columns: list[int], scope: Scope) -> list[Row]:
        def rows_of(element: Element, inner: Scope) -> tuple[Row, ...]:
            held = Held(len(columns))
            rows = tuple(row for group in self._groups(element) for row in self._rows(group, x, columns, inner, held))
            return (RowGroup(rows),) if held.used else rows

        def named_of(element: Element, inner: Scope) -> tuple[Row, ...]:
            named = self._names(element, inner)
            if named is None:
                return rows_of(element, inner)
            names, within, place = named
            return (RowWith(names, rows_of(element, within), str(place)),)

        def chosen_of(group: list[Element], inner: Scope) -> list[Row]:
            if "pr-if" not in group[0].attrib:
                return list(named_of(group[0], inner))
            branches = [named_of(element, inner) for element in group]
            return [RowConditional(tuple(zip(self._tests(group, inner), branches, strict=True)))]

        first = group[0]
        if first.get(REPEATED) == "odd":
            found = self._loop(first, scope)
            if found is None:
                return []
            name, items, inner, place = found
            odd, even = (tuple(chosen_of([copy], inner)) for copy in group)
            return [RowFor(name, items, odd, even, str(place))]
        return chosen_of(group, scope)

    def _rows(self, group: list[Element], x: int, columns: list[int], scope: Scope, held: Held) -> list[Row]:
        first = group[0]
        if first.tag != "tr" or self._skipped(first):
            if first.tag != "tr":
                place = self.markup.place(first)
                self.diagnostics.error("structure", place, f"<{first.tag}> cannot stand here", "rows are <tr>")
            return []
        if first.get(REPEATED) == "odd":
            found = self._loop(first, scope)
            if found is None:
                return []
            name, items, inner, place = found
            self._check_held(first, held)
            odd, even = (tuple(self._conditional_row([copy], x, columns, inner, held)) for copy in group)
            return [RowFor(name, items, odd, even, str(place))]
        return self._conditional_row(group, x, columns, scope, held)

    def _conditional_row(self, group: list[Element], x: int, columns: list[int], scope: Scope, held: Held) -> list[Row]:
        if "pr-if" not in group[0].attrib:
            return [self._named_row(group[0], x, columns, scope, held)]
        if "pr-else" not in group[-1].attrib:
            for element in group:
                self._check_held(element, held)
        after = [held.copy() for _ in group]
        branches = [
            (self._named_row(element, x, columns, scope, own),) for element, own in zip(group, after, strict=True)
        ]
        if not held.go_on(after):
            self._told_held(group[0])
        return [RowConditional(tuple(zip(self._tests(group, scope), branches, strict=True)))]

    def _named_row(self, element: Element, x: int, columns: list[int], scope: Scope, held: Held) -> Row:
        named = self._names(element, scope)
        if named is None:
            return self._row(element, x, columns, scope, held)
        names, inner, place = named
        return RowWith(names, (self._row(element, x, columns, inner, held),), str(place))

    def _row(self, element: Element, x: int, columns: list[int], scope: Scope, held: Held) -> Row:
        """A row; where a record chooses among cells, a row for each choice."""
        choices = [group for group in self._groups(element) if "pr-if" in group[0].attrib]
        if not choices:
            return self._row_of(element, x, columns, scope, held, frozenset())
        place = self.markup.place(choices[0][0])
        if math.prod(map(len, choices)) > _MOST_CHOICES:
            message = f"the cells of a row are chosen in over {_MOST_CHOICES} ways"
            self.diagnostics.error("directive", place, message, "choose within the cells, or between rows")
            return self._row_of(element, x, columns, scope, held, frozenset())
        for group in choices:
            shapes = {(self._span(cell), self._row_span(cell)) for cell in group}
            if "pr-else" not in group[-1].attrib or len(shapes) > 1:
                message = "cells that are chosen stand in the same columns and rows, whatever the record says"
                hint = (
                    "end the choice with a cell with pr-else, of the same colspan and rowspan; or choose in the cell;"
                )
                hint += " or by what is the same for all rows, in each of them"
                self.diagnostics.error("directive", self.markup.place(group[0]), message, hint)
        after: list[Held] = []

        def chosen(left: list[list[Element]], out: frozenset[Element]) -> Row:
            if not left:
                after.append(held.copy())
                return self._row_of(element, x, columns, scope, after[-1], out)
            group, rest = left[0], left[1:]
            branches = [(chosen(rest, out | {cell for cell in group if cell is not shown}),) for shown in group]
            return RowConditional(tuple(zip(self._tests(group, scope), branches, strict=True)))

        row = chosen(choices, frozenset())
        held.go_on(after)
        return row

    def _row_of(
        self, element: Element, x: int, columns: list[int], scope: Scope, held: Held, out: frozenset[Element]
    ) -> RowTemplate:
        """A row without the cells that are left out."""
        style = self.styles[element]
        around = self.markup.parent(element)
        parent = style if around is None else self.styles.get(around, style)
        cells: list[Cell] = []
        column = 0
        for child in element:
            if not isinstance(child.tag, str) or child in out or self._skipped(child):
                continue
            place = self.markup.place(child)
            if child.tag not in {"td", "th"}:
                self.diagnostics.error(
                    "structure", place, f"<{child.tag}> cannot stand in a row", "cells are <td>, <th>"
                )
                continue
            if "pr-for" in child.attrib:
                message = "a cell cannot be repeated: the columns of a table are known when it is published"
                self.diagnostics.error("directive", place, message, "write a cell for each, or repeat within one")
            span = self._span(child)
            column = held.free(column)
            held.span(column, span, self._row_span(child))
            start = sum(columns[:column])
            width = sum(columns[column : column + span])
            found = self._cell(child, x + start, width, scope)
            cells.append(msgspec.structs.replace(found, column=column, span=span))
            column += span
        box = box_of(style, x, sum(columns))
        background = style["background-color"] if style["background-color"] is not None else parent["background-color"]
        return RowTemplate(
            cells=tuple(cells),
            min_height=resolved(style["height"], 0) or 0,
            background=background,
            border_top=box.border_top,
            border_bottom=box.border_bottom,
            keep_next=style["break-after"] == "avoid",
            role="" if self._layout_only(element) else "TR",
            joined=held.next_row(),
            divides=style["break-inside"] == "auto",
            on=self._shown_on(element),
            sums=tuple(self._named_sums(element, scope)) if self._part(element) == "tbody" else self._no_sums(element),
            place=str(self.markup.place(element)) if "pr-sum" in element.attrib else "",
        )

    def _no_sums(self, row: Element) -> tuple[()]:
        if "pr-sum" in row.attrib:
            place = self.markup.at(self.markup.find(row, "pr-sum"))
            self.diagnostics.error("directive", place, "pr-sum is for the rows of a table's body", "move it there")
        return ()

    def _cell(self, element: Element, x: int, width: int, scope: Scope) -> Cell:
        style = self.styles[element]
        sized = dict(style) | {f"margin-{side}": 0 for side in ("top", "right", "bottom", "left")}
        box = box_of(sized, x, width, fills=False)
        if self._fluid:
            self._check_waiting(element)
        self._no_flex(element)
        if box.picture or any(box.radii):
            message = "background-image and border-radius are not supported on cells"
            self.diagnostics.error("value", self.markup.place(element), message, "put a <div> into the cell")
        align = style["vertical-align"]
        named = self._names(element, scope)
        children = self.children(element, box.content_x, box.content_width, named[1] if named else scope)
        role = self._cell_role(element)
        only = children[0] if len(children) == 1 else None
        if (
            role
            and isinstance(only, Paragraph)
            and not any(isinstance(child.tag, str) and self._is_block(child) for child in element)
        ):
            children = [msgspec.structs.replace(only, role="")]  # text that stands in the cell is the cell's own
        if named:
            children = [With(named[0], tuple(children), str(named[2]))]
        return Cell(
            box=box,
            children=tuple(children),
            valign=align if align in {"middle", "bottom"} else "top",
            role=role,
            rows=self._row_span(element),
            asked=None if isinstance(style["width"], Relative) else outer_width(style, width),
        )

    def _cell_role(self, element: Element) -> str:
        """A cell's type with its attributes (PDF 32000-1, 14.8.5.7); a header cell says what it is the header of."""
        if self._layout_only(element):
            return ""
        span = self._span(element)
        attributes = f" ColSpan={span}" if span > 1 else ""
        if element.tag == "td":
            return f"TD{attributes}"
        return f"TH Scope={_SCOPES[self._heads(element)]}{attributes}"

    def _heads(self, element: Element) -> str:
        """What a header cell is the header of, in HTML's words; where it does not say, its place tells."""
        if element.get("scope") in _SCOPES:
            return element.attrib["scope"]
        row = self.markup.parent(element)
        group = self.markup.parent(row) if row is not None else None
        if group is not None and group.tag == "thead":
            return "col"
        return "col" if "scope" not in element.attrib and self._all_headers(row) else "row"

    @staticmethod
    def _all_headers(row: Element | None) -> bool:
        return row is not None and all(cell.tag == "th" for cell in row if isinstance(cell.tag, str))

    def _check_held(self, row: Element, held: Held) -> None:
        """Rows that are repeated or chosen have one place in the columns, whatever a record says."""
        cells = [cell for cell in row if cell.tag in {"td", "th"}]
        if held.counted or any(self._row_span(cell) != 1 for cell in cells):
            self._told_held(row)

    def _told_held(self, row: Element) -> None:
        message = "a cell with rowspan cannot begin in, or go down into, rows that may be there or not"
        hint = (
            "repeat or choose a <tbody> of the rows, or choose among rows of the same rowspans, the last with pr-else; "
        )
        hint += "rowspan=0 spans all the rows of its <tbody>"
        self.diagnostics.error("structure", self.markup.place(row), message, hint)


def _repeats(row: Row) -> bool:
    """Whether a record says how many rows there are."""
    match row:
        case RowFor():
            return True
        case RowConditional():
            return any(_repeats(inner) for _, rows in row.branches for inner in rows)
        case RowWith() | RowGroup():
            return any(map(_repeats, row.rows))
    return False
