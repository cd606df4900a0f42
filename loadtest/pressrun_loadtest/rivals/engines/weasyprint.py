"""WeasyPrint: one FontConfiguration, one parsed style sheet and one cache of pictures for all documents."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pressrun_loadtest.rivals.markup import fill, pieces, read_layout, style_of
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["WeasyPrint"]


class WeasyPrint:
    """HTML and CSS by `HTML.write_pdf`."""

    def __init__(self, stock: Stock) -> None:
        self._library: Any = import_module("weasyprint")
        fonts: Any = import_module("weasyprint.text.fonts")
        self._base = f"{stock.folder}/"
        self._fonts = fonts.FontConfiguration()
        self._cache: dict[str, Any] = {}
        self._page = read_layout("statement.html")
        self._styles = {
            locale: self._library.CSS(string=style_of(words), font_config=self._fonts, base_url=self._base)
            for locale, words in stock.words.items()
        }

    def make(self, order: Order, statement: Statement) -> bytes:
        """One document."""
        page = self._library.HTML(string=fill(self._page, *pieces(statement)), base_url=self._base)
        data: bytes = page.write_pdf(
            stylesheets=[self._styles[order.locale]], font_config=self._fonts, cache=self._cache
        )
        return data
