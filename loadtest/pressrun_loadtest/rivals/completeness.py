"""Whether a document is complete: every text of its record, on the right line and page, its fonts and its pictures.

`python -m pressrun_loadtest.rivals.completeness` is the process that looks, with PyMuPDF and a reader of QR codes.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from pressrun_loadtest.demo.child import ask
from pressrun_loadtest.rivals.statement import Clerk, Order, Row, Statement
from pressrun_loadtest.rivals.stock import BANNER_PIXELS, LOGO_PIXELS, Stock

__all__ = ["Found", "Inspector", "inspect"]

_TIME_S = 600.0
_MM = 72 / 25.4
_LOGO_WIDTH, _BANNER_WIDTH = 49.5 * _MM, 165 * _MM
_WIDTH_SLACK = 0.03
_LINE = 3.0
"""How far, in points, the middles of words on one line may be apart."""
_DPI = 200
_PLOT_MM = 24.0
_BAR_SLACK = 4
"""Pixels by which a bar may be longer or shorter than its value says."""
_ACCENT = (0x0B, 0x6B, 0x66)
_COLOUR_SLACK = 40
_SHOWN = 6


class Found(NamedTuple):
    """What an inspection says of one document."""

    pages: int
    faults: tuple[str, ...]


class _Word(NamedTuple):
    x: float
    """Its middle."""
    y: float
    """Its middle."""
    top: float
    text: str


def inspect(files: Sequence[tuple[Path, Sequence[Order]]], stock: Stock) -> list[Found]:
    """Look into files, in a process of its own.

    Args:
        files: each with the orders of the documents that are in it, one after the other.
        stock: what they were made with.

    Returns:
        what is found of each document.

    Raises:
        HelperError: the process failed.
    """
    questions = [
        {
            "path": str(path),
            "orders": [
                {
                    "locale": order.locale,
                    "record": base64.b64encode(order.record).decode("ascii"),
                    "attributes": dict(order.attributes),
                }
                for order in orders
            ],
        }
        for path, orders in files
    ]
    answers = ask(__name__, {"stock": str(stock.folder), "files": questions}, seconds=_TIME_S)
    return [Found(answer[0], tuple(answer[1])) for answer in answers]


def _plain(text: str) -> list[str]:
    """A text's words, whatever spaces and ligatures they were set with."""
    return unicodedata.normalize("NFKC", text).split()


class Inspector:
    """Looks into documents."""

    def __init__(self) -> None:
        self._pymupdf: Any = import_module("pymupdf")  # its types are incomplete
        self._barcodes: Any = import_module("zxingcpp")
        self._pymupdf.TOOLS.mupdf_display_errors(False)  # noqa: FBT003 - PyMuPDF's signature
        self._pymupdf.TOOLS.mupdf_display_warnings(False)  # noqa: FBT003 - PyMuPDF's signature

    def look(self, data: bytes, statement: Statement) -> Found:
        """The pages of a document and everything that is wrong with it."""
        with self._pymupdf.open(stream=data, filetype="pdf") as document:
            faults = ["the file was broken and had to be repaired"] if document.is_repaired else []
            pages = [self._words(page) for page in document]
            faults += _missing(pages, statement)
            faults += _misplaced(pages, statement)
            faults += _faces(document)
            faults += _pictures(document[0])
            faults += self._drawings(document, pages, statement)
            return Found(len(pages), tuple(faults))

    def look_through(self, data: bytes, statements: Sequence[Statement]) -> list[Found]:
        """The same for documents that stand in one file, one after the other; each begins with its page 1 of n."""
        if len(statements) == 1:
            return [self.look(data, statements[0])]
        found = []
        with self._pymupdf.open(stream=data, filetype="pdf") as document:
            page = 0
            for statement in statements:
                if page >= len(document):
                    found.append(Found(0, ("the file ends before this document",)))
                    continue
                words = statement.words
                folio = re.search(rf"{words['page']}\s+1\s+{words['of']}\s+(\d+)", document[page].get_text())
                if folio is None:
                    found.append(Found(0, (f"page {page + 1} of the file begins no document",)))
                    continue
                with self._pymupdf.open() as part:
                    part.insert_pdf(document, from_page=page, to_page=page + int(folio[1]) - 1)
                    found.append(self.look(part.tobytes(), statement))
                page += int(folio[1])
        return found

    def _words(self, page: Any) -> list[_Word]:
        return [
            _Word((left + right) / 2, (top + bottom) / 2, top, part)
            for left, top, right, bottom, text, *_ in page.get_text("words")
            for part in _plain(text)
        ]

    def _drawings(self, document: Any, pages: list[list[_Word]], statement: Statement) -> list[str]:
        """The QR code can be read, and the chart's bars are as long as the balances say."""
        labels = [label for text, _ in statement.chart.bars for label in _plain(text)]
        for number in range(len(pages) - 1, -1, -1):
            by_line: defaultdict[int, list[_Word]] = defaultdict(list)
            for word in pages[number]:
                by_line[round(word.y)].append(word)
            for line, words in by_line.items():
                near = sorted(words + by_line.get(line + 1, []))
                if [word.text for word in near if word.text in labels] == labels:
                    bars = [word for word in near if word.text in labels]
                    pixmap = document[number].get_pixmap(dpi=_DPI, alpha=False)
                    return self._code(pixmap, statement) + _bars(pixmap, bars, statement)
        return ["the chart has no line with all its months"]

    def _code(self, pixmap: Any, statement: Statement) -> list[str]:
        view = memoryview(pixmap.samples).cast("B", (pixmap.height, pixmap.width, 3))
        found = [each.text for each in self._barcodes.read_barcodes(view)]
        return [] if statement.link in found else [f"no QR code says {statement.link}; readable: {found or 'none'}"]


def _missing(pages: list[list[_Word]], statement: Statement) -> list[str]:
    """Words that should be there and are not, or not often enough."""
    words = statement.words
    count = len(pages)
    texts = [
        *(words[name] for name in ("office", "office_street", "office_city", "office_phone", "office_web", "sender")),
        *(words[name] for name in ("title", "transactions", "history", "online")),
        *(words[f"{name}{end}"] for name in ("questions", "check", "protection", "interest") for end in ("", "_text")),
        statement.name, *statement.address, statement.period, statement.currency, statement.count,
        *(text for pair in (*statement.facts, *statement.figures) for text in pair),
        *statement.forward, *statement.closing,
        *(text for row in statement.rows for text in row[:5]),
        *(text for text, _ in (*statement.chart.ticks, *statement.chart.bars)),
    ]  # fmt: skip
    if statement.message:
        texts += [statement.greeting, statement.message]
    heads = [words[name] for name in ("date", "description", "reference", "amount", "balance")]
    references = {row.reference.split()[-1] for row in statement.rows}
    faults: list[str] = []
    for number, page in enumerate(pages, 1):
        folio = f"{words['page']} {number} {words['of']} {count}"
        if not _has_line(page, folio):
            faults.append(f"page {number} has no line with {folio!r}")
        own = [words["legal_1"], words["legal_2"], folio]
        if number > 1:
            own += [words["bank"], statement.title, statement.account]
        if not references.isdisjoint(word.text for word in page):
            own += heads
        texts += own
        faults += _lacking(f"page {number}", own, page)
    return faults + _lacking("the document", texts, [word for page in pages for word in page])


def _has_line(page: Sequence[_Word], text: str) -> bool:
    """Whether the words stand beside each other, in their order."""
    first = _plain(text)[0]
    for start in page:
        if start.text == first:
            line = sorted((word.x, word.text) for word in page if abs(word.y - start.y) <= _LINE)
            if text in " ".join(each for _, each in line):
                return True
    return False


def _lacking(where: str, texts: Sequence[str], words: Sequence[_Word]) -> list[str]:
    lacking = Counter(_plain(" ".join(texts))) - Counter(word.text for word in words)
    if not lacking:
        return []
    shown = ", ".join(f"{text!r}" for text in list(lacking)[:_SHOWN])
    return [f"{where} lacks {lacking.total()} words: {shown}{', ...' if len(lacking) > _SHOWN else ''}"]


def _misplaced(pages: list[list[_Word]], statement: Statement) -> list[str]:
    """Rows whose date, amount and balance are not on the line of their reference."""
    places: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    bands: defaultdict[tuple[int, int], list[_Word]] = defaultdict(list)
    for number, page in enumerate(pages):
        for word in page:
            places[word.text].append((number, word.y))
            bands[number, int(word.y // _LINE)].append(word)

    def on_line(number: int, y: float) -> set[str]:
        band = int(y // _LINE)
        near = (word for each in (band - 1, band, band + 1) for word in bands.get((number, each), ()))
        return {word.text for word in near if abs(word.y - y) <= _LINE}

    def stands(row: Row) -> bool:
        wanted = set(_plain(f"{row.date} {row.amount} {row.balance}"))
        return any(wanted <= on_line(*place) for place in places[row.reference.split()[-1]])

    lost = [row.reference for row in statement.rows if not stands(row)]
    if not lost:
        return []
    return [f"{len(lost)} rows are not on one line each: {', '.join(lost[:_SHOWN])}"]


def _faces(document: Any) -> list[str]:
    """Fonts that are not in the file, or not ours."""
    faults, weights = set(), set()
    for page in document:
        for xref, extension, _, name, *_ in page.get_fonts(full=True):
            if extension == "n/a" or not document.extract_font(xref)[3]:
                faults.add(f"the font {name} is not embedded")
            weights.add("bold" if "bold" in name.lower() else "regular")
            if "firago" not in name.lower():
                faults.add(f"the font {name} is not FiraGO")
    faults |= {f"no FiraGO {weight} is embedded" for weight in {"regular", "bold"} - weights}
    return sorted(faults)


def _pictures(page: Any) -> list[str]:
    """Pictures that are not on the first page, in all their pixels and at their size."""
    faults = []
    shown = [((info["width"], info["height"]), info["bbox"]) for info in page.get_image_info()]
    for name, pixels, width in (("logo", LOGO_PIXELS, _LOGO_WIDTH), ("banner", BANNER_PIXELS, _BANNER_WIDTH)):
        found = [right - left for size, (left, _, right, _) in shown if size == pixels]
        if not found:
            sizes = ", ".join(f"{wide} x {tall}" for (wide, tall), _ in shown) or "none"
            faults.append(f"the {name} of {pixels[0]} x {pixels[1]} pixels is not on page 1; there: {sizes}")
        elif all(abs(each / width - 1) > _WIDTH_SLACK for each in found):
            faults.append(f"the {name} is {found[0]:.0f} points wide, not {width:.0f}")
    return faults


def _bars(pixmap: Any, labels: list[_Word], statement: Statement) -> list[str]:
    """Bars above their months that are not as long as they should be."""
    samples, wide = pixmap.samples, pixmap.width
    scale = _DPI / 72

    def accent(x: int, y: int) -> bool:
        start = (y * wide + x) * 3
        pixel = samples[start : start + 3]
        return all(abs(value - wanted) <= _COLOUR_SLACK for value, wanted in zip(pixel, _ACCENT, strict=True))

    lengths = []
    for label in labels:
        x, foot = int(label.x * scale), int(label.top * scale)
        head = max(foot - int(_PLOT_MM * _MM * scale), 0)
        lengths.append(sum(accent(x, y) for y in range(head, foot)))
    wanted = [abs(share - statement.chart.zero) for _, share in statement.chart.bars]
    factor = max(lengths) / (max(wanted) or 1)
    wrong = [
        label.text
        for label, length, share in zip(labels, lengths, wanted, strict=True)
        if abs(length - share * factor) > _BAR_SLACK
    ]
    if not max(lengths):
        return ["the chart has no bars"]
    return [f"the bars of {', '.join(wrong)} are not as long as the balances say"] if wrong else []


def _main() -> None:
    question = json.load(sys.stdin)
    clerk, inspector = Clerk(Stock.at(Path(question["stock"]))), Inspector()
    answers: list[Any] = []
    for file in question["files"]:
        orders = (
            Order(each["locale"], base64.b64decode(each["record"]), each["attributes"]) for each in file["orders"]
        )
        found = inspector.look_through(Path(file["path"]).read_bytes(), [clerk.read(order) for order in orders])
        answers += [[each.pages, list(each.faults)] for each in found]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    _main()
