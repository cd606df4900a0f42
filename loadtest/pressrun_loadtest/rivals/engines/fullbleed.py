"""Fullbleed: a template compiled once for each locale, and its content-reflow bindings for each document."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pressrun_loadtest.rivals.markup import pieces, read_layout, style_of
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Fullbleed", "FullbleedTogether"]

_SLOT = re.compile(r"\{\{(\w+)\}\}")
_VARIABLE = re.compile(r"(title|account|name|period|currency|count|fact_\d|figure_\d)")


class Fullbleed:
    """`CompiledDocument.render_pdf_reflow_bindings`, a file for each record."""

    def __init__(self, stock: Stock) -> None:
        library: Any = import_module("fullbleed")
        os.chdir(stock.folder)  # its paths are relative to the working directory
        bundle = library.AssetBundle()
        for path in (stock.regular, stock.bold):
            bundle.add_file(str(path), library.AssetKind.Font)
        for path in (stock.logo, *stock.banners.values()):
            bundle.add_file(str(path), library.AssetKind.Image)
        self._engine = library.PdfEngine(page_width="210mm", page_height="297mm")
        self._engine.register_bundle(bundle)
        self._words = stock.words
        self._compiled: dict[str, tuple[Any, list[str]]] = {}

    def _template(self, statement: Statement) -> tuple[Any, list[str]]:
        """The compiled template of a locale, with the locale's words in it, and its slots."""
        if statement.locale not in self._compiled:
            texts, _ = pieces(statement)
            page = _SLOT.sub(
                lambda match: match[0] if _VARIABLE.fullmatch(match[1]) else texts[match[1]],
                read_layout("statement.html"),
            )
            compiled = self._engine.compile_pdf(page, style_of(self._words[statement.locale]))
            self._compiled[statement.locale] = compiled, list(compiled.stats()["reflow_binding_slots"])
        return self._compiled[statement.locale]

    def render(self, statements: Sequence[Statement]) -> bytes:
        """All documents, of one locale, in one file."""
        compiled, slots = self._template(statements[0])
        records = []
        for statement in statements:
            texts, markup = pieces(statement)
            records.append(texts | markup)
        data: bytes = compiled.render_pdf_reflow_bindings({slot: [each[slot] for each in records] for slot in slots})
        return data

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - as all engines
        """One document."""
        return self.render([statement])


class FullbleedTogether(Fullbleed):
    """The same with all records of a locale in one call: one file of many statements, as its own benches have it."""

    def make_all(self, statements: Sequence[Statement]) -> bytes:
        """All documents, of one locale, in one file."""
        return self.render(statements)
