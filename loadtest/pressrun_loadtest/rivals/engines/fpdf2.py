"""fpdf2: `text` and `rect` at measured places, one image cache for all documents; fonts are cut for each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pressrun_loadtest.rivals.flow import Flow
from pressrun_loadtest.rivals.sheet import INK, code
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Fpdf2"]


class Fpdf2:
    """Pages broken by hand; its fonts are read for each document, since cutting them changes what was read."""

    def __init__(self, stock: Stock) -> None:
        self._library: Any = import_module("fpdf")
        self._stock = stock
        base = self._new()
        self._widths = {
            bold: {code: font.cw.get(code, 0) for code in font.cmap}
            for bold, font in ((False, base.fonts["firago"]), (True, base.fonts["firagoB"]))
        }
        self._known: dict[tuple[str, bool], float] = {}
        self._images = base.image_cache

    def _new(self) -> Any:
        document = self._library.FPDF(unit="pt", format="a4")
        document.set_auto_page_break(False)
        document.add_font("FiraGO", "", str(self._stock.regular))
        document.add_font("FiraGO", "B", str(self._stock.bold))
        return document

    def _measure(self, text: str, size: float, bold: bool) -> float:  # noqa: FBT001 - as `Measure` has it
        key = text, bold
        if key not in self._known:
            if len(self._known) > 50_000:  # noqa: PLR2004 - words that come again are measured once
                self._known.clear()
            widths = self._widths[bold]
            self._known[key] = sum(widths[ord(each)] for each in text) / 1000
        return self._known[key] * size

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - as all engines
        """One document."""
        document = self._new()
        document.image_cache = self._images
        self._images.reset_usages()
        document.set_title(statement.title)
        for leaf in Flow(statement, self._measure).pages():
            document.add_page()
            filled = text = -1
            for box in leaf.boxes:
                if box.colour != filled:
                    filled = box.colour
                    document.set_fill_color(filled >> 16, filled >> 8 & 255, filled & 255)
                document.rect(box.x, box.y, box.width, box.height, style="F")
            for name, x, y, width, height in leaf.pictures:
                if name == "code":
                    document.set_fill_color(INK >> 16, INK >> 8 & 255, INK & 255)
                    for box in code(statement, x, y):
                        document.rect(box.x, box.y, box.width, box.height, style="F")
                    continue
                path = self._stock.banners[statement.segment] if name == "banner" else self._stock.logo
                document.image(str(path), x, y, width, height)
            face: tuple[bool, float] | None = None
            for line in leaf.lines:
                if face != (line.bold, line.size):
                    face = line.bold, line.size
                    document.set_font("FiraGO", "B" if line.bold else "", line.size)
                if line.colour != text:
                    text = line.colour
                    document.set_text_color(text >> 16, text >> 8 & 255, text & 255)
                document.text(line.x, line.y, line.text)
        return bytes(document.output())
