"""PyMuPDF's Story: HTML placed page by page, fonts and pictures from an Archive, fixed places painted afterwards."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Any

from pressrun_loadtest.rivals import sheet
from pressrun_loadtest.rivals.engines.plain import Plain
from pressrun_loadtest.rivals.flow import Leaf, Picture
from pressrun_loadtest.rivals.markup import read_layout, row_of
from pressrun_loadtest.rivals.sheet import BOTTOM, LEFT, MM, PAGE, RIGHT, Line, baseline
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["PyMuPdfStory"]

_LIGATURE = re.compile(r"f([fjt])(?=[^<>]*(?:<|$))")
"""Parted by an element, since MuPDF writes these ligatures of FiraGO without saying what text they are."""
_ROW, _TALL_ROW = 11.5 + 1.7 * MM, 11.5 + 3.4 * MM
"""Heights of a row of one line, and of header and closing row."""
_NOTES = (("questions", "check"), ("protection", "interest"))


class PyMuPdfStory:
    """A Story for what comes before the ledger, one for each page's part of it, and one for the notes."""

    def __init__(self, stock: Stock) -> None:
        self._plain = Plain(stock)
        self._library = self._plain.library
        self._archive = self._library.Archive(str(stock.folder))
        self._style = read_layout("story.css")

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - as all engines
        """One document."""
        sheets = _Sheets(self._library, self._archive, self._style)
        sheets.turn(sheet.FIRST_TOP)
        sheets.place(_opening(statement))
        rows = _rows(statement)
        while rows:
            rows = rows[sheets.ledger(_head(statement), rows) :]
        sheets.place(f'<p class="count">{statement.count}</p>')
        outlook = 4 * MM + 10.8 + 23.2 * MM
        if sheets.y + outlook > BOTTOM:
            sheets.turn()
        number, top = sheets.count - 1, sheets.y
        sheets.y += outlook + 3.5 * MM
        if not sheets.place(_notes(statement)):
            sheets.turn()
            sheets.place(_notes(statement))
        with self._library.open(stream=sheets.close(), filetype="pdf") as document:
            leaves = self._leaves(statement, sheets.count)
            self._outlook(statement, leaves[number], top)
            for page, leaf in zip(document, leaves, strict=True):
                self._plain.paint(page, leaf, statement)
            return self._plain.finished(document, statement)

    def _leaves(self, statement: Statement, count: int) -> list[Leaf]:
        """What stands at fixed places."""
        measure = self._plain.measure
        bank = measure(f"{statement.words['bank']} ", 7.5, True)  # noqa: FBT003 - its weight
        leaves = []
        for number in range(1, count + 1):
            leaf = Leaf.empty()
            if number == 1:
                leaf.put(sheet.letterhead(statement), measure)
                leaf.pictures.append(Picture("logo", LEFT, 14 * MM, 49.5 * MM, 13.2 * MM))
            else:
                leaf.put(sheet.continued(statement, bank), measure)
            leaf.put(sheet.legal(statement, number, count), measure)
            leaves.append(leaf)
        return leaves

    def _outlook(self, statement: Statement, leaf: Leaf, top: float) -> None:
        place, under, right = baseline(top + 4 * MM, 7.5, 10.8), top + 5.2 * MM + 10.8, LEFT + 133 * MM
        titles = [
            Line(LEFT, place, 7.5, statement.words["history"], bold=True),
            Line(right, place, 7.5, statement.words["online"], bold=True),
        ]
        leaf.put([*titles, *sheet.plot(statement, LEFT, under)], self._plain.measure)
        leaf.pictures.append(Picture("code", right, under, 20 * MM, 20 * MM))


class _Sheets:
    """Pages that stories are placed on."""

    def __init__(self, library: Any, archive: Any, style: str) -> None:
        self._library = library
        self._archive = archive
        self._style = style
        self._stream = io.BytesIO()
        self._writer = library.DocumentWriter(self._stream)
        self._device: Any = None
        self.count = 0
        self.y = 0.0

    def turn(self, top: float = sheet.TOP) -> None:
        """Begin a page."""
        if self._device is not None:
            self._writer.end_page()
        self._device = self._writer.begin_page(self._library.Rect(0, 0, *PAGE))
        self.count += 1
        self.y = top

    def place(self, html: str) -> bool:
        """Draw HTML below what is there; False, and nothing drawn, where it does not fit."""
        story = self._library.Story(
            _LIGATURE.sub(r"f<span>\1</span>", html), user_css=self._style, em=9, archive=self._archive
        )
        more, filled = story.place(self._library.Rect(LEFT, self.y, RIGHT, BOTTOM))
        if more:
            return False
        story.draw(self._device)
        self.y = filled[3]
        return True

    def ledger(self, head: str, rows: list[str]) -> int:
        """Draw as many rows as fit below their header; how many."""
        room = BOTTOM - self.y - _TALL_ROW
        fits = int(room // _ROW)
        if fits >= len(rows) and room - _ROW * (len(rows) - 1) < _TALL_ROW:
            fits = len(rows) - 1
        for count in range(min(fits, len(rows)), 0, -1):
            # Rows whose text is broken are higher than was reckoned.
            if self.place(f"<table>{head}{''.join(rows[:count])}</table>"):
                if count < len(rows):
                    self.turn()
                return count
        self.turn()
        return 0

    def close(self) -> bytes:
        """The file."""
        self._writer.end_page()
        self._writer.close()
        return self._stream.getvalue()


def _opening(statement: Statement) -> str:
    words = statement.words
    letter = ""
    if statement.message:
        letter = (
            f'<p class="greeting">{escape(statement.greeting)}</p><p class="message">{escape(statement.message)}</p>'
        )
    last = len(statement.figures) - 1
    kinds = ["closing" if number == last else "open" for number in range(last + 1)]
    labels = "".join(
        f'<td class="label {kind}">{label}</td>' for kind, (label, _) in zip(kinds, statement.figures, strict=True)
    )
    figures = "".join(
        f'<td class="figure {kind}">{figure}</td>' for kind, (_, figure) in zip(kinds, statement.figures, strict=True)
    )
    return (
        f'<h1>{words["title"]}</h1><p class="period">{statement.period}</p>{letter}'
        f'<img src="banner-{statement.segment}.jpg"><table><tr>{labels}</tr><tr>{figures}</tr></table>'
        f'<table class="heading"><tr><td class="section">{words["transactions"]}</td>'
        f'<td class="currency">{statement.currency}</td></tr></table>'
    )


def _head(statement: Statement) -> str:
    names = ("date", "description", "reference", "amount", "balance")
    return "<tr>" + "".join(f'<th class="{name}">{statement.words[name]}</th>' for name in names) + "</tr>"


def _rows(statement: Statement) -> list[str]:
    """All rows; cells that join columns are not known to Story."""
    date, text, balance = statement.forward
    closing = statement.closing
    return [
        f'<tr class="forward"><td>{date}</td><td>{text}</td><td></td><td></td><td class="right">{balance}</td></tr>',
        *(row_of(number, row) for number, row in enumerate(statement.rows)),
        (
            f'<tr class="result"><td>{closing[0]}</td><td>{closing[1]}</td><td></td><td></td>'
            f'<td class="right">{closing[2]}</td></tr>'
        ),
    ]


def _notes(statement: Statement) -> str:
    words = statement.words
    parts = []
    for left, right in _NOTES:
        cells = '</td><td class="gutter"></td><td>'.join(
            f"<b>{words[name]}</b><br>{words[f'{name}_text']}" for name in (left, right)
        )
        parts.append(f"<tr><td>{cells}</td></tr>")
    return f'<table class="notes">{"".join(parts)}</table>'
