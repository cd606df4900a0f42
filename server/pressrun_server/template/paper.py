"""What @page says: size, margins, and the running elements in the margin boxes (CSS Paged Media 3, GCPM 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pressrun_server.model.papers import PLACES, PageKinds
from pressrun_server.model.program import Border, NoteArea, Page, Running
from pressrun_server.model.tint import WHITE, over
from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.geometry import resolved
from pressrun_server.template.markup import Markup
from pressrun_server.template.scope import Scope
from pressrun_server.template.sheets import Sheet
from pressrun_server.template.structure import Structure
from pressrun_server.template.stylesheet import FOOTNOTE_AREA, Declaration, PageRule, StyleSheet

__all__ = ["Paper"]

_A4 = (595_276, 841_890)
_MARGIN = 56_693  # 20 mm
_SMALLEST = 10_000
_ROUNDED = 2
"""What millimetres may differ by, in 1/1000 pt."""
_EDGES = ("left", "center", "right")
_AREA = {
    "margin-top": 8_000, "padding-top": 4_000, "border-top-width": 500, "border-top-style": "solid",
    "border-top-color": 0x000000,
}  # fmt: skip
"""Of the place of footnotes, where a template does not say otherwise."""


class Paper:
    """The pages of a template: size, margins and margin boxes of each kind of page."""

    def __init__(self, sheets: list[StyleSheet], markup: Markup, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.place = Place(markup.file, 1, 1)
        self._whole = True
        self._rules = [rule for sheet in sheets for rule in sheet.pages]
        self.names = frozenset(rule.name for rule in self._rules if rule.name)
        every = _merged([rule for rule in self._rules if not rule.name and not rule.are])
        self.width, self.height = every.declarations.get("size", _A4)
        self.margin_left = self._margin(every, "left", self.width)
        self.content_width = self._content_width(every)
        if self.content_width < _SMALLEST:
            self._error("the page margins leave no room for content", "make the margins smaller")
        self.sheets = {name: self._sheet(name) for name in sorted({"", *self.names})}
        """What content is laid out to, by the name of its pages."""
        self._check(every)

    def _sheet(self, name: str) -> Sheet:
        rule = self._named(name)
        width, height = rule.declarations.get("size", _A4)
        content_width = self._content_width(rule)
        if content_width < _SMALLEST and name:
            self._error(f"the margins of @page {name} leave no room for content", "make the margins smaller", rule)
        lefts = {self._margin(self._of(name, place), "left", width) for place in PLACES}
        return Sheet(width, height, content_width, self._margin(rule, "left", width) - self.margin_left, len(lefts) > 1)

    def _named(self, name: str) -> PageRule:
        """What all rules say of pages of a name that are nothing else."""
        return _merged([rule for rule in self._rules if rule.name in {"", name} and not rule.are])

    def _check(self, every: PageRule) -> None:
        """Report what a kind of pages cannot have of its own."""
        for rule in self._rules:
            sheet = self.sheets[rule.name]
            if rule.declarations.get("size", (sheet.width, sheet.height)) != (sheet.width, sheet.height):
                named = f"@page {rule.name}".strip()
                self._error("all pages of one name have one size", f"move size to {named}", rule)
            if "last" in rule.are and any(name != "size" for name in rule.declarations):
                message = "the last page has the margins that it would have without @page :last"
                self._error(message, "which page is the last is known when it is full; give it margin boxes", rule)
        for name, place in self._every_kind():
            merged = self._of(name, place)
            if abs(self._content_width(merged) - self.sheets[name].content_width) > _ROUNDED:
                rule = next((rule for rule in reversed(self._rules) if _fits(rule, name, place)), every)
                message = "all pages of one name have the same room between the left and the right margin"
                self._error(message, "use padding on a block instead; margins may change sides", rule)

    def _every_kind(self) -> Iterator[tuple[str, tuple[bool, bool, str]]]:
        for name in sorted({"", *self.names}):
            for place in PLACES:
                yield name, place

    def _of(self, name: str, place: tuple[bool, bool, str]) -> PageRule:
        """What all rules say together of pages of a kind."""
        return _merged([rule for rule in self._rules if _fits(rule, name, place)])

    def _content_width(self, rule: PageRule) -> int:
        width, _ = rule.declarations.get("size", _A4)
        return int(width) - self._margin(rule, "left", width) - self._margin(rule, "right", width)

    def _error(self, message: str, hint: str, rule: PageRule | None = None) -> None:
        place = rule.place if rule is not None and rule.place is not None else self.place
        self.diagnostics.error("page", place, message, hint)

    def _margin(self, rule: PageRule, side: str, containing: int) -> int:
        return resolved(rule.declarations.get(f"margin-{side}", _MARGIN), containing) or 0

    def pages(self, structure: Structure, scope: Scope, *, whole: bool = True) -> tuple[tuple[Page, ...], PageKinds]:
        """The kinds of pages, and which page is of which.

        Args:
            structure: builds what runs along them.
            scope: the names of the record.
            whole: whether all running elements must be there; some may be for other output channels.
        """
        self._whole = whole
        placed: set[str] = set()
        pages: list[Page] = []
        made: dict[tuple[int, ...], int] = {}
        choices: dict[str, tuple[int, ...]] = {}
        for name in sorted({"", *self.names}):
            chosen = []
            for place in PLACES:
                key = tuple(index for index, rule in enumerate(self._rules) if _fits(rule, name, place))
                if key not in made:
                    made[key] = len(pages)
                    pages.append(self._page(self._of(name, place), structure, scope, placed))
                chosen.append(made[key])
            choices[name] = tuple(chosen)
        for name, element in structure.running.items():
            if name not in placed:
                structure.diagnostics.error(
                    "running",
                    structure.markup.place(element),
                    f"running({name}) is in no margin box",
                    f"write @page {{ @bottom-center {{ content: element({name}) }} }}",
                )
        return tuple(pages), PageKinds(choices)

    def _page(self, rule: PageRule, structure: Structure, scope: Scope, placed: set[str]) -> Page:
        width, height = rule.declarations.get("size", _A4)
        top, bottom = self._margin(rule, "top", height), self._margin(rule, "bottom", height)
        if height - top - bottom < _SMALLEST:
            self._error("the page margins leave no room for content", "make the margins smaller")
        running: list[Running] = []
        for edge, start, room in (("top", 0, top), ("bottom", height - bottom, bottom)):
            running += self._edge(rule, edge, start, room, structure, scope, placed)
        shift = self._margin(rule, "left", width) - self.margin_left
        slot = str(rule.declarations.get("background-image", ""))
        if slot and slot not in structure.slots:
            hint = closest(slot, structure.slots, otherwise="declare slots in template.yaml")
            self._error(f"no slot {slot!r}", hint, rule)
        elif slot:
            structure.pictures.add(slot)
        notes = self._area(rule) if structure.noted else None
        ground = rule.declarations.get("background-color")
        color = 0 if ground == "currentcolor" else None if ground is None else over(ground, WHITE)
        return Page(width, height, top, bottom, tuple(running), shift, slot, notes, color)

    def _area(self, rule: PageRule) -> NoteArea:
        """Where the footnotes of a kind of page stand."""
        room = self._content_width(rule)
        said: dict[str, Any] = _AREA | _values(rule.boxes.get(FOOTNOTE_AREA, ()))
        color, width = said["border-top-color"], resolved(said["border-top-width"], 0)
        border = None
        if width and color is not None and said["border-top-style"] != "none":
            border = Border(width, 0 if color == "currentcolor" else color, said["border-top-style"])
        return NoteArea(
            x=self.margin_left,
            width=room,
            margin=resolved(said["margin-top"], room) or 0,
            border=border,
            padding=resolved(said["padding-top"], room) or 0,
            restart=rule.declarations.get("counter-reset") == "footnote",
        )

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
            if not isinstance(name, str):
                self._error(f"a margin box shows running elements, not {name[0]!r}", "write content: element(NAME)")
                continue
            element = structure.running.get(name)
            if element is None and self._whole:
                hint = closest(name, structure.running, otherwise=f"give an element position: running({name})")
                self._error(f"element({name}): there is no running element {name!r}", hint)
            if element is None:
                continue
            placed.add(name)
            # One box has the whole edge, two have a half each, three a third each.
            room = self._content_width(rule)
            share = room // len(boxes)
            index = [box for box, _ in boxes].index(position)
            x = self.margin_left + index * share
            width = share if index < len(boxes) - 1 else room - index * share
            structure.uses_count = False
            block = structure.apart(element, x, width, scope.with_page())
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


def _fits(rule: PageRule, name: str, place: tuple[bool, bool, str]) -> bool:
    """Whether a rule is for pages of a name and a place."""
    last, blank, where = place
    are = {"right" if where == "first" else where, where}
    are |= {word for word, true in (("last", last), ("blank", blank)) if true}
    return rule.name in {"", name} and rule.are <= are


def _weight(rule: PageRule) -> tuple[bool, int, int]:
    """How specific a rule is (CSS Paged Media 3, 4.3); `last` is as `first`."""
    sides = len(rule.are & {"left", "right"})
    return bool(rule.name), len(rule.are) - sides, sides


def _merged(rules: list[PageRule]) -> PageRule:
    merged = PageRule()
    for rule in sorted(rules, key=_weight):
        merged.declarations |= rule.declarations
        for box, declarations in rule.boxes.items():
            merged.boxes[box] = merged.boxes.get(box, ()) + declarations
    return merged


def _values(declarations: tuple[Declaration, ...]) -> dict[str, Any]:
    return {declaration.name: declaration.value for declaration in declarations}
