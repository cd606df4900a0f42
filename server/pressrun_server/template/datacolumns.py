"""Columns from data: cells with `pr-for`, for as many columns as a list of the record has items, or with `pr-if` alone.

All that stands in a table is placed when its template is published, and so is such a table: once for each number of
columns that the schema allows, and with and without those that a record may leave out, of which a document shows one.
What is repeated in its rows has an item for each column.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element

from pressrun_server.model.expression import Expression
from pressrun_server.template.cascade import REPEATED, Style, anonymous
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.grammar import GrammarError, parse_condition, parse_loop, parse_names
from pressrun_server.template.markup import Markup
from pressrun_server.template.scope import Scope

__all__ = ["MOST_COLUMNS", "TURN", "spread_columns", "turn_of"]

TURN: Final = "pr turn"
"""Says of a cell that was repeated which turn it is, of how many, and of what loop; no HTML file can have this name."""
MOST_COLUMNS: Final = 16
"""The most columns that may come of a list."""
_MOST_TABLES: Final = 32
"""The most tables that may come of one."""
_CELLS: Final = ("td", "th", "col")
_CHOICES: Final = frozenset({"pr-if", "pr-elif", "pr-else"})
_DIRECTIVES: Final = ("pr-for", REPEATED, *sorted(_CHOICES), "pr-with")
_COUNT: Final = re.compile(r"\s*\{\{(.*)\|\s*length\s*\}\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Loop:
    """The loop of a cell."""

    cell: Element
    name: str
    items: Expression
    text: str
    """Its items, as the template writes them."""


def turn_of(element: Element) -> tuple[int, int, str] | None:
    """Which turn a cell is, from 0, of how many, and its loop; None where it is not repeated."""
    if TURN not in element.attrib:
        return None
    number, count, loop = element.attrib[TURN].split(" ", 2)
    return int(number), int(count), loop


def spread_columns(
    markup: Markup, styles: dict[Element, Style], schema: dict[str, Any], diagnostics: Diagnostics
) -> None:
    """Put a table for each number of columns into the place of one whose cells are repeated.

    Args:
        markup: the template's, in which elements with `pr-for` have a copy behind them.
        styles: by element; those of new elements are added.
        schema: of the record.
        diagnostics: takes the reports of tables of which nobody knows how many columns they may have.
    """
    for table in [*markup.root.iter("table")][::-1]:  # inner ones first, which are in the copies of those around
        loops = [loop for cell in _cells(table) if (loop := _loop_of(cell, markup, diagnostics)) is not None]
        if table in styles and (loops or any(option.otherwise is None for option in _options(table))):
            _Spreading(table, loops, markup, styles, schema, diagnostics).run()


def _cells(table: Element) -> Iterator[Element]:
    """The repeated cells and columns of a table, the first of each two copies; not those of tables in it."""
    for child in table:
        if child.tag in _CELLS and child.get(REPEATED) == "odd":
            yield child
        elif child.tag in {"colgroup", "thead", "tbody", "tfoot", "tr"}:
            yield from _cells(child)


@dataclass(frozen=True, slots=True)
class _Option:
    """A cell or a column that a record leaves out, or takes another for."""

    cell: Element
    condition: Expression
    otherwise: Element | None
    """The cell that stands there instead."""


def _options(table: Element) -> Iterator[_Option]:
    """What a record may leave out of a table's columns; not of those of tables in it."""
    for child in list(table):
        if child.tag in {"colgroup", "thead", "tbody", "tfoot", "tr"}:
            yield from _options(child)
        elif child.tag in _CELLS and "pr-if" in child.attrib and "pr-for" not in child.attrib:
            behind = next(iter(list(table)[list(table).index(child) + 1 :]), None)
            chain = behind is not None and bool({"pr-else", "pr-elif"} & set(behind.attrib))
            if chain and behind is not None and "pr-elif" in behind.attrib:
                continue
            try:
                yield _Option(child, parse_condition(child.attrib["pr-if"]), behind if chain else None)
            except GrammarError:
                continue  # it is told where it is read


def _loop_of(cell: Element, markup: Markup, diagnostics: Diagnostics) -> _Loop | None:
    text = cell.attrib["pr-for"]
    try:
        name, items = parse_loop(text)
    except GrammarError as error:
        place = markup.at(markup.find(cell, "pr-for"))
        diagnostics.error("expression", place, str(error), error.hint)
        return None
    return _Loop(cell, name, items, text.partition(" in ")[2].strip())


class _Spreading:
    """The making of the tables for one; the arguments are those of `spread_columns`, with its loops."""

    def __init__(
        self,
        table: Element,
        loops: list[_Loop],
        markup: Markup,
        styles: dict[Element, Style],
        schema: dict[str, Any],
        diagnostics: Diagnostics,
    ) -> None:
        self._table = table
        self._loops = loops
        self._markup = markup
        self._styles = styles
        self._schema = schema
        self._diagnostics = diagnostics

    def run(self) -> None:
        """Put the tables in."""
        counts: tuple[int | None, ...] = (None,)
        first: _Loop | None = None
        if self._loops:
            first = self._first()
            found = None if first is None else self._counts(first)
            if found is None:
                return self._give_up()
            counts = tuple(reversed(found))
        conditions = self._conditions()
        kinds = list(itertools.product(counts, *[(True, False)] * len(conditions)))
        if len(kinds) == 1 and first is None:
            return None  # choices by rows are told with the rows
        if len(kinds) > _MOST_TABLES:
            message = f"the columns of the table are chosen in {len(kinds)} ways"
            hint = f"up to {_MOST_TABLES} are laid out when it is published; give its list fewer maxItems"
            self._diagnostics.error("directive", self._markup.place(self._table), message, hint)
            return self._give_up()
        self._put(first, conditions, kinds)
        return None

    def _first(self) -> _Loop | None:
        """The loop by whose list there are columns; None where that is not clear, which is told."""
        outer = [loop for loop in self._loops if not _names(loop.items) & self._named_inside(loop.cell)]
        if not outer:
            message = "nothing says how many columns the table has: each list comes of a row"
            hint = 'repeat the cells of its header by a list of the record, e.g. <th pr-for="month in months">'
            self._told(self._loops[0], message, hint)
            return None
        first = outer[0]
        if any(loop.items != first.items for loop in outer):
            other = next(loop for loop in outer if loop.items != first.items)
            message = f"the columns of a table come of one list; here of {first.text!r} and {other.text!r}"
            self._told(other, message, "put them into one list, or use two tables")
            return None
        for loop in self._loops:
            if _CHOICES & set(loop.cell.attrib):
                self._told(loop, "a repeated cell cannot be chosen", "put what is chosen into the cell")
                return None
        return first

    def _conditions(self) -> dict[Expression, str]:
        """By what columns are left out, as the template writes it: conditions that are the same for all rows."""
        found: dict[Expression, str] = {}
        options = list(_options(self._table))
        for option in options:
            named = self._named_inside(option.cell)
            if option.otherwise is None and not _names(option.condition) & named:
                found.setdefault(option.condition, option.cell.attrib["pr-if"])
        for condition, text in found.items():
            having = {row for option in options if option.condition == condition for row in self._reached(option.cell)}
            lacking = next((row for row in _rows(self._table) if row not in having), None)
            if lacking is not None:
                message = f"the row has no cell for the column that pr-if={text!r} leaves out"
                hint = (
                    "put it on the cell of each row; cells over more columns have pr-if and pr-else with a colspan each"
                )
                self._diagnostics.error("directive", self._markup.place(lacking), message, hint)
        return found

    def _reached(self, cell: Element) -> list[Element]:
        """The rows that a cell stands in, with those that it goes down into."""
        row = self._markup.parent(cell)
        around = None if row is None else self._markup.parent(row)
        if row is None or around is None:
            return []
        rows = [child for child in around if child.tag == "tr"]
        begins, down = rows.index(row) if row in rows else 0, cell.get("rowspan", "1")
        count = int(down) if down.isascii() and down.isdecimal() else 1
        return rows[begins : begins + count] if count else rows[begins:]

    def _told(self, loop: _Loop, message: str, hint: str) -> None:
        self._diagnostics.error("directive", self._markup.at(self._markup.find(loop.cell, "pr-for")), message, hint)

    def _give_up(self) -> None:
        """Leave one cell of each, so that what else there is to say is said."""
        for loop in self._loops:
            for name in _CHOICES & set(loop.cell.attrib):
                del loop.cell.attrib[name]
        self._repeat(self._table, 1)

    def _named_inside(self, cell: Element) -> set[str]:
        """The names that a cell's rows have in the table."""
        found: set[str] = set()
        around = self._markup.parent(cell)
        while around is not None and around is not self._table:
            found |= _introduced(around)
            around = self._markup.parent(around)
        return found

    def _counts(self, first: _Loop) -> range | None:
        """How many columns there may be; None where nobody knows, which is told."""
        path: list[Element] = []
        around = self._markup.parent(self._table)
        while around is not None:
            path.append(around)
            around = self._markup.parent(around)
        scope = Scope.of_record(self._schema)
        for element in (*reversed(path), self._table):
            scope = _within(element, scope)
        wrong: list[tuple[str, str]] = []
        known = scope.check(first.items, lambda message, hint: wrong.append((message, hint)))
        if wrong:
            return None  # it is told where the cell is read
        most, least = known.get("maxItems"), known.get("minItems", 0)
        if not isinstance(most, int) or not isinstance(least, int) or most > MOST_COLUMNS:
            name = first.text
            message = f"the table may have any number of columns: {name} has no maxItems in the schema"
            if isinstance(most, int):
                message = f"the table may have too many columns: {name} has up to {most} items"
            hint = f"give it maxItems up to {MOST_COLUMNS}: each number of columns is laid out when it is published"
            self._told(first, message, hint)
            return None
        return range(max(min(least, most), 0), most + 1)

    def _put(self, first: _Loop | None, conditions: dict[Expression, str], kinds: list[tuple[Any, ...]]) -> None:
        """Put a table for each kind where the one was; what it says of itself goes on a box around."""
        table, parent = self._table, self._markup.parent(self._table)
        assert parent is not None
        at, tail = list(parent).index(table), table.tail
        parent.remove(table)
        table.tail = None
        holder = parent
        directives = {name: table.attrib.pop(name) for name in _DIRECTIVES if name in table.attrib}
        if directives:
            holder = Element("div", directives)
            self._markup.adopt(table, holder, parent, whole=False)
            self._styles[holder] = anonymous(self._styles[parent], self._styles.get(self._markup.root))
            parent.insert(at, holder)
            holder.tail, tail, at = tail, None, 0
        for number, (count, *shown) in enumerate(kinds):
            double = self._copied(table, holder)
            if len(kinds) > 1:
                tests = [] if first is None else [f"({first.text} | default([]) | length) == {count}"]
                said = zip(conditions.values(), shown, strict=True)
                tests += [f"({text})" if true else f"not ({text})" for text, true in said]
                name = "pr-else" if number == len(kinds) - 1 else "pr-elif" if number else "pr-if"
                double.set(name, "" if name == "pr-else" else " and ".join(tests))
            self._choose(double, dict(zip(conditions, shown, strict=True)))
            if first is not None:
                self._repeat(double, count, first.items)
            holder.insert(at + number, double)
        holder[at + len(kinds) - 1].tail = tail

    def _choose(self, table: Element, known: dict[Expression, bool]) -> None:
        """Settle in a table what it has of columns that a record may leave out.

        Args:
            table: the table.
            known: by condition, whether it holds.
        """
        for option in list(_options(table)):
            row = self._markup.parent(option.cell)
            if option.condition not in known or row is None:
                continue
            pair = option.cell, option.otherwise
            kept, out = pair if known[option.condition] else pair[::-1]
            if out is not None:
                row.remove(out)
            if kept is not None:
                for name in _CHOICES & set(kept.attrib):
                    del kept.attrib[name]

    def _copied(self, element: Element, parent: Element) -> Element:
        """A copy of an element with the places and the styles of all in it."""
        double = copy.deepcopy(element)
        double.tail = None
        self._markup.adopt(element, double, parent)
        for old, new in zip(element.iter(), double.iter(), strict=True):
            if old in self._styles:
                self._styles[new] = self._styles[old]
        return double

    def _repeat(self, table: Element, count: int, items: Expression | None = None) -> None:
        """Repeat the cells of a table so many times."""
        for cell in list(_cells(table)):
            row = self._markup.parent(cell)
            assert row is not None
            at = list(row).index(cell)
            copies = [cell, row[at + 1]]
            for each in copies:
                row.remove(each)
                each.tail = None
            for number in range(count):
                double = self._copied(copies[number % 2], row)
                loop = double.attrib.pop("pr-for")
                double.attrib.pop(REPEATED, None)
                double.set(TURN, f"{number} {count} {loop}")
                row.insert(at + number, double)
        for cell in [cell for cell in table.iter() if cell.tag in {"td", "th"} and "{{" in cell.get("colspan", "")]:
            self._span(cell, count, items)

    def _span(self, cell: Element, count: int, items: Expression | None) -> None:
        """A cell over all the columns of the list."""
        match = _COUNT.fullmatch(cell.get("colspan", ""))
        try:
            same = match is not None and parse_condition(match[1]) == items
        except GrammarError:
            same = False
        row = self._markup.parent(cell)
        if same and count and row is not None:
            cell.set("colspan", str(count))
        elif same and row is not None:
            row.remove(cell)


def _rows(table: Element) -> Iterator[Element]:
    """The rows of a table, not of those in it."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in {"thead", "tbody", "tfoot"}:
            yield from _rows(child)


def _introduced(element: Element) -> set[str]:
    """The names that an element gives to what is in it."""
    found: set[str] = set()
    try:
        if "pr-for" in element.attrib:
            found |= {parse_loop(element.attrib["pr-for"])[0], "loop"}
        for name in ("pr-with", "pr-sum"):
            if name in element.attrib:
                found |= {each for each, _ in parse_names(element.attrib[name], name)}
    except GrammarError:
        pass  # it is told where it is read
    return found


def _within(element: Element, scope: Scope) -> Scope:
    """The scope in an element."""
    try:
        if "pr-for" in element.attrib:
            name, items = parse_loop(element.attrib["pr-for"])
            scope = scope.inside(name, scope.check(items, _quiet).get("items", {}))
        for name, value in parse_names(element.attrib["pr-with"]) if "pr-with" in element.attrib else ():
            scope = scope.named(name, scope.check(value, _quiet))
    except GrammarError:
        pass  # it is told where it is read
    return scope


def _quiet(_message: str, _hint: str) -> None:
    """What is wrong is told where it is read."""


def _names(node: Any) -> set[str]:
    """The names that an expression asks for."""
    if not isinstance(node, tuple):
        return set()
    if node[:1] == ("name",):
        return {str(node[1])}
    return {name for part in node for name in _names(part)}
