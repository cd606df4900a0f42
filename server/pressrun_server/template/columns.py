"""Finds the columns of tables: what they ask for, and their widths where these don't wait for contents."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from pressrun_server.model.columns import Columns, Track, shared
from pressrun_server.model.fluid import Length, spread
from pressrun_server.template.builder import Builder
from pressrun_server.template.cascade import SVG, Style
from pressrun_server.template.geometry import measure, outer_width
from pressrun_server.template.spans import Held
from pressrun_server.template.values import Relative

__all__ = ["ColumnStructure"]

_PARTS = {"thead", "tbody", "tfoot", "colgroup"}
_CELLS = {"td", "th"}
_MOST_COLUMNS = 100
_MOST_ROWS = 1000
_FIGURES = {"img", "pr-barcode", "pr-chart", SVG}


class ColumnStructure(Builder):
    """Builds columns."""

    def _tracks(self, table: Element, width: int) -> tuple[Track, ...]:
        """What a table's columns ask for."""
        count = self._count(table)
        if count > _MOST_COLUMNS:
            place = self.markup.place(table)
            self.diagnostics.error("structure", place, f"the table has over {_MOST_COLUMNS} columns", "split it")
            count = _MOST_COLUMNS
        asked: list[Length | None] = [None] * count
        for index, column in enumerate(self._own(table, "col")[:count]):
            asked[index] = measure(self.styles[column]["width"])
        if self.styles[table]["table-layout"] == "auto":
            self._check_sums(table)
            return self._auto_tracks(table, asked, width)
        rows = self._own(table, "tr")
        for index, cell in self._cells_of(rows[:1]):
            if index < count and self._span(cell) == 1 and asked[index] is None:
                asked[index] = _outer(self.styles[cell], width)
        return tuple(map(Track, asked))

    def _auto_tracks(self, table: Element, asked: list[Length | None], width: int) -> tuple[Track, ...]:
        """The same where cells of all rows count (CSS Tables 3, 3.8.1): of percentages the largest."""
        shares = [0 if length is None else length[1] for length in asked]
        lengths = [None if length is None or length[1] else length for length in asked]
        given = [length is not None for length in lengths]
        for index, cell in self._cells_of(self._own(table, "tr")):
            own = _outer(self.styles[cell], width)
            if own is None or index >= len(asked) or self._span(cell) > 1:
                continue
            shares[index] = max(shares[index], own[1])
            given[index] = given[index] or not own[1]
        return tuple(Track(*track) for track in zip(lengths, shares, given, strict=True))

    def _check_sums(self, table: Element) -> None:
        """Report widths of which a part only is a percentage: contents are weighed against one or the other."""
        for part in self._own(table, "col", "tr"):
            for each in part if part.tag == "tr" else [part]:
                width = self.styles[each]["width"] if each in self.styles else None
                if isinstance(width, Relative) and width.plus:
                    message = "a width of a percentage and a length is not supported in a table with table-layout: auto"
                    hint = "write the one or the other, or table-layout: fixed"
                    self.diagnostics.error("width", self.markup.place(each), message, hint)

    def _cells_of(self, rows: list[Element]) -> Iterator[tuple[int, Element]]:
        """The cells of rows, each with its first column."""
        group: Element | None = None
        held = Held(_MOST_COLUMNS)
        for row in rows:
            if self.markup.parent(row) is not group:
                group, held = self.markup.parent(row), Held(_MOST_COLUMNS)
            column = begun = 0
            for cell in row:
                if cell.tag in _CELLS:
                    if "pr-else" in cell.attrib or "pr-elif" in cell.attrib:
                        yield begun, cell  # in the place of the one before
                        continue
                    begun = column = held.free(column)
                    held.span(column, self._span(cell), self._row_span(cell))
                    yield column, cell
                    column += self._span(cell)
            held.next_row()

    def _count(self, table: Element) -> int:
        """How many columns the rows of a table take."""
        return max([column + self._span(cell) for column, cell in self._cells_of(self._own(table, "tr"))], default=0)

    def _widths(self, table: Element, tracks: tuple[Track, ...], width: int) -> list[int]:
        """The widths of columns that do not wait for contents."""
        asked = [spread(track.width, width) for track in tracks if track.width is not None]
        if sum(asked) > width and len(asked) < len(tracks):
            self.diagnostics.error(
                "width",
                self.markup.place(table),
                "the fixed columns are wider than the table",
                "make a column narrower",
            )
        return shared(tracks, width)

    def _waiting(self, table: Element, tracks: tuple[Track, ...], x: int, width: int) -> Columns | None:
        """A table's columns where their widths are found when it is placed."""
        auto = self.styles[table]["table-layout"] == "auto"
        return Columns(tracks, auto, x, width) if auto or self._fluid else None

    def _check_waiting(self, element: Element) -> None:
        """Report what cannot stand in a box whose width is found when it is placed."""
        style, what = self.styles[element], ""
        sides = ("padding-left", "padding-right", "padding-top", "padding-bottom", "margin-top", "margin-bottom")
        if any(isinstance(style[name], Relative) for name in sides):
            what = "a padding, or a margin above or below, in percent"
        elif style["position"] == "relative":
            what = "a block with position: relative"
        elif element.tag in _FIGURES and (
            isinstance(style["width"], Relative) or isinstance(style["max-width"], Relative)
        ):
            what = "a figure whose width is in percent"
        elif element.tag == "pr-chart" and style["width"] == "auto":
            what = "a chart without a width"
        if what:
            message = f"{what} is not supported in a table with table-layout: auto, or a flexible row of such items"
            hint = "give it a length; or give the table fixed columns (table-layout: fixed), the row's items a width"
            self.diagnostics.error("width", self.markup.place(element), message, hint)

    def _own(self, table: Element, *tags: str) -> list[Element]:
        """The rows or columns of a table, not those of tables in it."""
        found: list[Element] = []
        for child in table:
            if child.tag in tags:
                found.append(child)
            elif child.tag in _PARTS:
                found += self._own(child, *tags)
        return found

    def _span(self, cell: Element) -> int:
        return self._number(cell, "colspan", 1, _MOST_COLUMNS)

    def _row_span(self, cell: Element) -> int:
        return self._number(cell, "rowspan", 0, _MOST_ROWS)

    def _number(self, cell: Element, name: str, least: int, most: int) -> int:
        text = cell.get(name, "1")
        if text.isascii() and text.isdecimal() and least <= int(text) <= most:
            return int(text)
        hint = f"valid: {least} to {most}" + ("; 0 is to the end of its <tbody>" if not least else "")
        self.diagnostics.error("attribute", self.markup.place(cell), f"{name} is not valid", hint)
        return 1


def _outer(style: Style, width: int) -> Length | None:
    """What a cell asks for its border box; a percentage is of the table."""
    if isinstance(style["width"], Relative):
        return measure(style["width"])
    found = outer_width(style, width)
    return None if found is None else (found, 0)
