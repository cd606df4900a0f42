"""ReportLab's platypus: a LongTable with fixed row heights, fonts cut for each document, pictures read once."""

from __future__ import annotations

import io
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from pressrun_loadtest.rivals import sheet
from pressrun_loadtest.rivals.sheet import ACCENT, INK, LEFT, MM, PAGE, QUIET, RIGHT, STRIPE, Box, Line
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["ReportLab"]

_PAD = 2.2 * MM
_COLUMNS = (22 * MM, 67 * MM, 25 * MM, 25 * MM, 26 * MM)
_TEXT_WIDTH = _COLUMNS[1] - 2 * _PAD
_LEADING = 11.5


class ReportLab:
    """Platypus, as its user guide has it; "page x of y" by a canvas that keeps its pages until the end."""

    def __init__(self, stock: Stock) -> None:
        settings: Any = import_module("reportlab.rl_config")
        settings.useA85 = 0  # bytes as they are, smaller and faster
        self._metrics: Any = import_module("reportlab.pdfbase.pdfmetrics")
        self._split: Any = import_module("reportlab.lib.utils").simpleSplit
        self._hex: Any = import_module("reportlab.lib.colors").HexColor
        fonts: Any = import_module("reportlab.pdfbase.ttfonts")
        for name, path in (("FiraGO", stock.regular), ("FiraGO-Bold", stock.bold)):
            self._metrics.registerFont(fonts.TTFont(name, str(path)))
        # Tables begin each cell in the base font, which must be one that can be embedded.
        settings.canvas_basefontname = "FiraGO"
        families: Any = import_module("reportlab.lib.fonts")
        for bold, italic in ((0, 0), (1, 0), (0, 1), (1, 1)):
            families.addMapping("FiraGO", bold, italic, "FiraGO-Bold" if bold else "FiraGO")
        self._platypus: Any = import_module("reportlab.platypus")
        reader: Any = import_module("reportlab.lib.utils").ImageReader
        self._logo = reader(str(stock.logo))
        self._banners = {segment: str(path) for segment, path in stock.banners.items()}
        self._canvas = _numbered(import_module("reportlab.pdfgen.canvas").Canvas)
        style: Any = import_module("reportlab.lib.styles").ParagraphStyle

        def paragraph(size: float, leading: float, colour: int, *, bold: bool = False, **more: float) -> Any:
            font = "FiraGO-Bold" if bold else "FiraGO"
            return style(f"{size}", fontName=font, fontSize=size, leading=leading, textColor=colour_of(colour), **more)

        colour_of = self._hex
        self._title = paragraph(24, 28, INK, bold=True)
        self._period = paragraph(11, 16, ACCENT, spaceAfter=4 * MM)
        self._greeting = paragraph(9, 13.5, INK, bold=True, spaceAfter=2 * MM)
        self._message = paragraph(9, 13.5, INK, rightIndent=5 * MM, spaceAfter=5 * MM)
        self._section = paragraph(7.5, 10.8, INK, bold=True, spaceAfter=0.6 * MM)
        self._note = paragraph(7, 9.8, QUIET)
        self._notes = {locale: self._small_print(words) for locale, words in stock.words.items()}

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - as all engines
        """One document."""
        platypus = self._platypus
        stream = io.BytesIO()
        document = platypus.BaseDocTemplate(stream, pagesize=PAGE, title=statement.title)
        templates = []
        for name, top in (("first", sheet.FIRST_TOP), ("later", sheet.TOP)):
            frame = platypus.Frame(
                LEFT, PAGE[1] - sheet.BOTTOM, 165 * MM, sheet.BOTTOM - top,
                leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
            )  # fmt: skip
            templates.append(
                platypus.PageTemplate(name, [frame], onPage=self._stationery(statement, first=name == "first"))
            )
        document.addPageTemplates(templates)

        def canvas(*arguments: Any, **named: Any) -> Any:
            made = self._canvas(*arguments, **named)
            made.at_end = lambda number, count: self._paint(made, sheet.legal(statement, number, count))
            return made

        document.build(self._story(statement), canvasmaker=canvas)
        return stream.getvalue()

    def _stationery(self, statement: Statement, *, first: bool) -> Any:
        def draw(canvas: Any, _document: Any) -> None:
            if first:
                canvas.drawImage(self._logo, LEFT, PAGE[1] - 27.2 * MM, 49.5 * MM, 13.2 * MM, mask="auto")
                self._paint(canvas, sheet.letterhead(statement))
            else:
                width = self._metrics.stringWidth(f"{statement.words['bank']} ", "FiraGO-Bold", 7.5)
                self._paint(canvas, sheet.continued(statement, width))

        return draw

    def _paint(self, canvas: Any, things: Iterable[Line | Box], height: float = PAGE[1]) -> None:
        """Lines and boxes at their places; y is `height` at the upper edge."""
        filled, face = -1, (False, 0.0)
        for thing in things:
            if thing.colour != filled:
                filled = thing.colour
                canvas.setFillColor(self._hex(filled))
            if isinstance(thing, Box):
                canvas.rect(thing.x, height - thing.y - thing.height, thing.width, thing.height, stroke=0, fill=1)
                continue
            if face != (thing.bold, thing.size):
                face = thing.bold, thing.size
                canvas.setFont("FiraGO-Bold" if thing.bold else "FiraGO", thing.size)
            draw = {"left": canvas.drawString, "right": canvas.drawRightString, "center": canvas.drawCentredString}
            draw[thing.align](thing.x, height - thing.y, thing.text)

    def _story(self, statement: Statement) -> list[Any]:
        platypus, words = self._platypus, statement.words
        escape = _escape
        story = [
            platypus.NextPageTemplate("later"),
            platypus.Paragraph(words["title"], self._title),
            platypus.Paragraph(statement.period, self._period),
        ]
        if statement.message:
            story += [
                platypus.Paragraph(escape(statement.greeting), self._greeting),
                platypus.Paragraph(escape(statement.message), self._message),
            ]
        story += [
            platypus.Image(self._banners[statement.segment], 165 * MM, 41.25 * MM),
            self._drawing(165 * MM, 12.9 * MM + 28, [*sheet.summary(statement, 0)]),
            self._drawing(
                165 * MM,
                16 + 2 * MM,
                [
                    Line(LEFT, sheet.baseline(0, 12, 16), 12, words["transactions"], bold=True),
                    Line(RIGHT, sheet.baseline(2.5, 7.5, 13.5), 7.5, statement.currency, QUIET, align="right"),
                ],
            ),
            self._ledger(statement),
            self._drawing(
                165 * MM,
                1.6 * MM + 11,
                [Line(LEFT + _PAD, sheet.baseline(1.6 * MM, 7.5, 11), 7.5, statement.count, QUIET)],
            ),
            self._outlook(statement),
            platypus.KeepTogether(self._notes[statement.locale]()),
        ]
        return story

    def _drawing(self, width: float, height: float, things: list[Line | Box]) -> Any:
        """Lines and boxes as a flowable; their x counts from the page's edge."""
        outer = self

        class Drawing(self._platypus.Flowable):  # type: ignore[misc, name-defined]  # its module is untyped
            def wrap(self, *_: float) -> tuple[float, float]:
                return width, height

            def draw(self) -> None:
                self.canv.translate(-LEFT, 0)
                outer._paint(self.canv, things, height)

        return Drawing()

    def _ledger(self, statement: Statement) -> Any:
        words = statement.words
        heads = [words[name] for name in ("date", "description", "reference", "amount", "balance")]
        date, text, balance = statement.forward
        data: list[tuple[str, ...] | list[str]] = [heads, (date, text, "", "", balance)]
        heights = [3 * MM + _LEADING, 1.7 * MM + _LEADING]
        accent = self._hex(ACCENT)
        last = len(statement.rows) + 2
        styles: list[tuple[Any, ...]] = [
            ("FONT", (0, 0), (-1, -1), "FiraGO", 8.5, _LEADING),
            ("FONT", (0, 0), (-1, 0), "FiraGO-Bold", 7.5, _LEADING),
            ("FONT", (0, last), (-1, last), "FiraGO-Bold", 8.5, _LEADING),
            ("TEXTCOLOR", (0, 0), (-1, -1), self._hex(INK)),
            ("TEXTCOLOR", (2, 2), (2, last - 1), self._hex(QUIET)),
            ("TEXTCOLOR", (0, 1), (-1, 1), self._hex(QUIET)),
            ("TEXTCOLOR", (0, 0), (-1, 0), accent),
            ("LEFTPADDING", (0, 0), (-1, -1), _PAD),
            ("RIGHTPADDING", (0, 0), (-1, -1), _PAD),
            ("TOPPADDING", (0, 0), (-1, -1), 0.85 * MM),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0.85 * MM),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("ALIGN", (3, 0), (4, -1), "RIGHT"),
            ("LINEABOVE", (0, 0), (-1, 0), 1, accent),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, accent),
            ("LINEABOVE", (0, last), (-1, last), 0.5, accent),
            ("LINEBELOW", (0, last), (-1, last), 1, accent),
            ("ROWBACKGROUNDS", (0, 2), (-1, last - 1), (self._hex(STRIPE), None)),
        ]
        width, split = self._metrics.stringWidth, self._split
        for number, row in enumerate(statement.rows, 2):
            shown = row.text
            lines = 1
            if width(shown, "FiraGO", 8.5) > _TEXT_WIDTH:
                parts = split(shown, "FiraGO", 8.5, _TEXT_WIDTH)
                shown, lines = "\n".join(parts), len(parts)
            data.append((row.date, shown, row.reference, row.amount, row.balance))
            heights.append(1.7 * MM + _LEADING * lines)
            if row.credit:
                styles.append(("FONTNAME", (3, number), (3, number), "FiraGO-Bold"))
                styles.append(("TEXTCOLOR", (3, number), (3, number), accent))
        date, text, balance = statement.closing
        data.append((date, text, "", "", balance))
        heights.append(3.4 * MM + _LEADING)
        return self._platypus.LongTable(data, _COLUMNS, heights, repeatRows=1, style=styles)

    def _outlook(self, statement: Statement) -> Any:
        words = statement.words
        top = 4 * MM
        place, under, right = sheet.baseline(top, 7.5, 10.8), top + 10.8 + 1.2 * MM, LEFT + 133 * MM
        things = [
            Line(LEFT, place, 7.5, words["history"], bold=True),
            Line(right, place, 7.5, words["online"], bold=True),
            *sheet.plot(statement, LEFT, under),
            *sheet.code(statement, right, under),
        ]
        return self._drawing(165 * MM, under + 22 * MM, things)

    def _small_print(self, words: dict[str, str]) -> Any:
        """Makes the notes of a locale; flowables belong to one document."""
        platypus = self._platypus

        def cell(name: str) -> list[Any]:
            title = platypus.Paragraph(_escape(words[name]), self._section)
            return [title, platypus.Paragraph(_escape(words[f"{name}_text"]), self._note)]

        def notes() -> list[Any]:
            rows = [[cell("questions"), "", cell("check")], [cell("protection"), "", cell("interest")]]
            styles = [
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2 * MM),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
            table = platypus.Table(rows, (79 * MM, 7 * MM, 79 * MM), style=styles)
            return [platypus.Spacer(1, 3.5 * MM), table]

        return notes


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _numbered(base: Any) -> Any:
    """A canvas that keeps its pages until their number is known, and then calls `at_end` on each."""

    class Numbered(base):  # type: ignore[misc]  # its module is untyped
        at_end: Any = None

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - its name
            self._kept.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            count = len(self._kept)
            for number, state in enumerate(self._kept, 1):
                self.__dict__.update(state)
                self.at_end(number, count)
                base.showPage(self)
            base.save(self)

    return Numbered
