"""What @page says: size, margins, and the running elements in the margin boxes (CSS Paged Media 3, GCPM 3)."""

from __future__ import annotations

from typing import Any

from pressrun_server.model.program import Page, Running
from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.geometry import resolved
from pressrun_server.template.markup import Markup
from pressrun_server.template.scope import Scope
from pressrun_server.template.structure import Structure
from pressrun_server.template.stylesheet import Declaration, PageRule, StyleSheet

__all__ = ["Paper"]

_A4 = (595_276, 841_890)
_MARGIN = 56_693  # 20 mm
_SMALLEST = 10_000
_EDGES = ("left", "center", "right")


class Paper:
    """The page of a template: one size, margins of the first and of the other pages."""

    def __init__(self, sheets: list[StyleSheet], markup: Markup, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.place = Place(markup.file, 1, 1)
        rules = [rule for sheet in sheets for rule in sheet.pages]
        self._every = _merged([rule for rule in rules if not rule.first])
        self._first = _merged(rules)
        self.width, self.height = self._every.declarations.get("size", _A4)
        if self._first.declarations.get("size", (self.width, self.height)) != (self.width, self.height):
            self._error("all pages have one size", "move size to @page")
        self.margin_left = self._margin(self._every, "left", self.width)
        self.margin_right = self._margin(self._every, "right", self.width)
        if (self.margin_left, self.margin_right) != (
            self._margin(self._first, "left", self.width),
            self._margin(self._first, "right", self.width),
        ):
            self._error("the first page has the left and right margins of all pages", "use padding on a block instead")
        self.content_width = self.width - self.margin_left - self.margin_right
        if self.content_width < _SMALLEST:
            self._error("the page margins leave no room for content", "make the margins smaller")

    def _error(self, message: str, hint: str) -> None:
        self.diagnostics.error("page", self.place, message, hint)

    def _margin(self, rule: PageRule, side: str, containing: int) -> int:
        return resolved(rule.declarations.get(f"margin-{side}", _MARGIN), containing) or 0

    def pages(self, structure: Structure, scope: Scope) -> tuple[Page, Page]:
        """The first page and the others."""
        placed: set[str] = set()
        pages = []
        for rule in (self._first, self._every):
            top, bottom = self._margin(rule, "top", self.height), self._margin(rule, "bottom", self.height)
            if self.height - top - bottom < _SMALLEST:
                self._error("the page margins leave no room for content", "make the margins smaller")
            running: list[Running] = []
            for edge, start, height in (("top", 0, top), ("bottom", self.height - bottom, bottom)):
                running += self._edge(rule, edge, start, height, structure, scope, placed)
            pages.append(Page(self.width, self.height, top, bottom, tuple(running)))
        for name, element in structure.running.items():
            if name not in placed:
                structure.diagnostics.error(
                    "running",
                    structure.markup.place(element),
                    f"running({name}) is in no margin box",
                    f"write @page {{ @bottom-center {{ content: element({name}) }} }}",
                )
        return pages[0], pages[1]

    def _edge(
        self,
        rule: PageRule,
        edge: str,
        top: int,
        height: int,
        structure: Structure,
        scope: Scope,
        placed: set[str],
    ) -> list[Running]:
        boxes = [
            (name, values)
            for name in _EDGES
            if (values := _values(rule.boxes.get(f"{edge}-{name}", ()))).get("content")
        ]
        found: list[Running] = []
        for position, values in boxes:
            name = values["content"]
            element = structure.running.get(name)
            if element is None:
                hint = closest(name, structure.running, otherwise=f"give an element position: running({name})")
                self._error(f"element({name}): there is no running element {name!r}", hint)
                continue
            placed.add(name)
            # One box has the whole edge, two have a half each, three a third each.
            share = self.content_width // len(boxes)
            index = [box for box, _ in boxes].index(position)
            x = self.margin_left + index * share
            width = share if index < len(boxes) - 1 else self.content_width - index * share
            structure.uses_count = False
            block = structure.block(element, x, width, scope.with_page())
            align = values.get("vertical-align", "middle")
            found.append(
                Running(
                    block=block,
                    valign=align if align in {"top", "bottom"} else "middle",
                    top=top,
                    height=height,
                    uses_count=structure.uses_count,
                )
            )
        return found


def _merged(rules: list[PageRule]) -> PageRule:
    merged = PageRule(first=False)
    for rule in sorted(rules, key=lambda rule: rule.first):
        merged.declarations |= rule.declarations
        merged.boxes |= rule.boxes
    return merged


def _values(declarations: tuple[Declaration, ...]) -> dict[str, Any]:
    return {declaration.name: declaration.value for declaration in declarations}
