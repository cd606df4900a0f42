"""Typst by typst-py: one compiler for all documents, the record as JSON in `sys_inputs`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import msgspec

from pressrun_loadtest.rivals.markup import code_svg, read_layout
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Typst", "TypstUntagged"]


class Typst:
    """`Compiler.compile`, tagged as it is by default; its compiler keeps fonts, pictures and what it has laid out."""

    tags = True

    def __init__(self, stock: Stock) -> None:
        library: Any = import_module("typst")
        path = stock.folder / "statement.typ"
        path.write_text(read_layout(path.name), encoding="utf-8")
        fonts = library.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(stock.folder)])
        self._compiler = library.Compiler(str(path), root=str(stock.folder), font_paths=fonts, ignore_system_fonts=True)
        self._encode = msgspec.json.Encoder().encode

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - as all engines
        """One document."""
        chart = statement.chart
        record = {
            "lang": statement.locale[:2],
            "words": statement.words,
            "ticks": chart.ticks,
            "bars": chart.bars,
            "zero": chart.zero,
            "code": code_svg(statement),
        } | {
            name: getattr(statement, name)
            for name in (
                "segment", "name", "address", "facts", "title", "account", "period", "greeting", "message", "figures",
                "currency", "forward", "rows", "closing", "count",
            )
        }  # fmt: skip
        inputs = {"record": self._encode(record).decode("utf-8")}
        data: bytes = self._compiler.compile(format="pdf", sys_inputs=inputs, pdf_tags=self.tags)
        return data


class TypstUntagged(Typst):
    """The same with `pdf_tags=False`."""

    tags = False
