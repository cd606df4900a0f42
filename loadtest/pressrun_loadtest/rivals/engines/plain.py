"""PyMuPDF without Story: a TextWriter for each colour of a page, fonts cut by `subset_fonts`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pressrun_loadtest.rivals.flow import Flow, Leaf
from pressrun_loadtest.rivals.sheet import INK, PAGE
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Plain"]


class Plain:
    """Pages broken by hand; Font objects are loaded once."""

    def __init__(self, stock: Stock) -> None:
        self.library: Any = import_module("pymupdf")
        self._fonts = {
            bold: self.library.Font(fontfile=str(path)) for bold, path in ((False, stock.regular), (True, stock.bold))
        }
        self._files = {"logo": stock.logo.read_bytes()} | {
            segment: path.read_bytes() for segment, path in stock.banners.items()
        }
        self._colours: dict[int, tuple[float, float, float]] = {}
        self._advances: dict[bool, dict[str, float]] = {False: {}, True: {}}

    def measure(self, text: str, size: float, bold: bool) -> float:  # noqa: FBT001 - as `Measure` has it
        """Width of a text."""
        # `text_length` asks MuPDF for every character; advances that are kept take a tenth of it.
        advances = self._advances[bold]
        for each in set(text) - advances.keys():
            advances[each] = self._fonts[bold].glyph_advance(ord(each))
        return sum(map(advances.__getitem__, text)) * size

    def _colour(self, colour: int) -> tuple[float, float, float]:
        if colour not in self._colours:
            self._colours[colour] = (colour >> 16) / 255, (colour >> 8 & 255) / 255, (colour & 255) / 255
        return self._colours[colour]

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - as all engines
        """One document."""
        with self.library.open() as document:
            for leaf in Flow(statement, self.measure).pages():
                self.paint(document.new_page(width=PAGE[0], height=PAGE[1]), leaf, statement)
            return self.finished(document, statement)

    @staticmethod
    def finished(document: Any, statement: Statement) -> bytes:
        """The file, its fonts cut."""
        document.set_metadata({"title": statement.title})
        document.subset_fonts()
        data: bytes = document.tobytes(deflate=True, garbage=3, use_objstms=1)
        return data

    def paint(self, page: Any, leaf: Leaf, statement: Statement) -> None:
        """Draw what a leaf says over what a page shows."""
        rect, point = self.library.Rect, self.library.Point
        shape = page.new_shape()
        for colour in {box.colour for box in leaf.boxes}:
            for box in leaf.boxes:
                if box.colour == colour:
                    shape.draw_rect(rect(box.x, box.y, box.x + box.width, box.y + box.height))
            shape.finish(color=None, fill=self._colour(colour), width=0)
        shape.commit()
        for name, x, y, width, height in leaf.pictures:
            place = rect(x, y, x + width, y + height)
            if name == "code":
                page.insert_image(place, pixmap=self._code(statement))
            else:
                page.insert_image(place, stream=self._files[statement.segment if name == "banner" else name])
        writers: dict[int, Any] = {}
        for line in leaf.lines:
            if line.colour not in writers:
                writers[line.colour] = self.library.TextWriter(page.rect)
            writers[line.colour].append(
                point(line.x, line.y), line.text, font=self._fonts[line.bold], fontsize=line.size
            )
        for colour, writer in writers.items():
            writer.write_text(page, color=self._colour(colour))

    def _code(self, statement: Statement) -> Any:
        """The QR code as a picture of a pixel a module: hundreds of boxes would take as long as all the text."""
        size = statement.modules
        pixels = bytearray(b"\xff") * (3 * size * size)
        for row, start, length in statement.code:
            first = 3 * (row * size + start)
            pixels[first : first + 3 * length] = INK.to_bytes(3, "big") * length
        return self.library.Pixmap(self.library.csRGB, size, size, bytes(pixels), False)  # noqa: FBT003 - its signature
