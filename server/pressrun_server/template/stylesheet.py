"""Reads style sheets: rules with their selectors and declarations, and @page with its margin boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import cssselect2
import tinycss2

from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.footnotes import CALL, MARKER
from pressrun_server.template.generated import AFTER, BEFORE, check_generated
from pressrun_server.template.properties import PROPERTIES, SHORTHANDS, expand
from pressrun_server.template.values import InvalidValueError, length, significant, waits_for_text
from pressrun_server.template.variables import Variables, is_root, put_in

__all__ = ["FOOTNOTE_AREA", "Declaration", "PageRule", "Rule", "StyleSheet", "read_declarations", "read_stylesheet"]

MEDIA = ("print", "screen", "email", "mobile")
MARGIN_BOXES = ("top-left", "top-center", "top-right", "bottom-left", "bottom-center", "bottom-right")
_PAGE_SIZES = {
    # Millimetres, ISO 216 and ANSI.
    "a3": (297, 420), "a4": (210, 297), "a5": (148, 210), "a6": (105, 148), "b4": (250, 353), "b5": (176, 250),
    "letter": (215.9, 279.4), "legal": (215.9, 355.6),
}  # fmt: skip
FOOTNOTE_AREA = "footnote"
_PSEUDO = {None, CALL, MARKER, BEFORE, AFTER}
_PAGE_PROPERTIES = {
    "size", "margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "background",
    "background-color", "background-image", "counter-reset",
}  # fmt: skip
_AREA_PROPERTIES = {"margin-top", "padding-top", "border-top-width", "border-top-style", "border-top-color"}
"""Of the place of footnotes: what is between them and the text."""
_ARE = (":first", ":left", ":right", ":last", ":blank")
_PAGE_SELECTOR = re.compile(rf"((?!auto\b)[a-zA-Z_][\w-]*)?((?:{'|'.join(_ARE)})*)", re.IGNORECASE)
_POSITIONAL = re.compile(
    r":(first-child|last-child|only-child|nth-last-child|nth-of-type|nth-last-of-type|first-of-type|last-of-type|"
    r"only-of-type|empty|nth-child\((?!\s*(odd|even|2n|2n\+1|2n\+0)\s*\)))"
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A longhand property with its parsed value."""

    name: str
    value: Any
    important: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector and its declarations."""

    selector: Any
    declarations: tuple[Declaration, ...]
    positional: bool
    """Whether it asks for a position among siblings that repeated elements do not have."""
    place: Place
    medium: str = ""
    """One of `MEDIA` where it is for that alone."""


@dataclass(slots=True)
class PageRule:
    """What @page says of pages: of all, of those of a name, or of those that are something."""

    name: str = ""
    are: frozenset[str] = frozenset()
    """What the pages are that it is for: `first`, `left`, `right`, `last`, `blank`."""
    place: Place | None = None
    declarations: dict[str, Any] = field(default_factory=dict)
    boxes: dict[str, tuple[Declaration, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class StyleSheet:
    """A style sheet in order of its rules."""

    rules: list[Rule] = field(default_factory=list)
    pages: list[PageRule] = field(default_factory=list)


class _Reader:
    def __init__(
        self,
        file: str,
        diagnostics: Diagnostics,
        line: int = 0,
        column: int = 0,
        fixed: Place | None = None,
        variables: Variables | None = None,
    ) -> None:
        self.file = file
        self.variables: Variables = variables or {}
        self.diagnostics = diagnostics
        self.line = line
        self.column = column
        self.fixed = fixed

    def place(self, node: Any) -> Place:
        if self.fixed is not None:
            return self.fixed
        column = node.source_column + (self.column if node.source_line == 1 else 0)
        return Place(self.file, node.source_line + self.line, column)

    def read(self, css: str) -> StyleSheet:
        sheet = StyleSheet()
        for node in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
            if node.type == "error":
                self.diagnostics.error("css-syntax", self.place(node), node.message, "check braces and semicolons")
            elif node.type == "at-rule":
                self._at_rule(node, sheet)
            else:
                self._rule(node, sheet)
        return sheet

    def _media(self, node: Any, sheet: StyleSheet) -> None:
        """Rules for one medium (Media Queries 4, 2.3)."""
        medium = tinycss2.serialize(node.prelude).strip().lower()
        if medium not in MEDIA or node.content is None:
            hint = f"valid: @media {', @media '.join(MEDIA)}, each with rules in braces"
            self.diagnostics.error("at-rule", self.place(node), f"@media {medium} is not supported", hint)
            return
        for inner in tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True):
            if inner.type == "qualified-rule":
                self._rule(inner, sheet, medium)
            else:
                problem = getattr(inner, "message", "only rules can stand in @media")
                self.diagnostics.error("css-syntax", self.place(inner), problem, "put @page beside it")

    def _rule(self, node: Any, sheet: StyleSheet, medium: str = "") -> None:
        declarations = self.declarations(node.content, root=is_root(node.prelude))
        text = tinycss2.serialize(node.prelude).strip()
        try:
            selectors = cssselect2.compile_selector_list(node.prelude)
        except (cssselect2.SelectorError, AttributeError) as error:
            # cssselect2 stumbles over a selector that ends in the middle of a namespace: `a|`, `[b|`.
            problem = error if isinstance(error, cssselect2.SelectorError) else "a name is missing"
            self.diagnostics.error("selector", self.place(node), f"unsupported selector {text!r}: {problem}")
            return
        declarations = self.told(declarations, (selector.pseudo_element for selector in selectors))
        for selector in selectors:
            if selector.pseudo_element not in _PSEUDO:
                self.diagnostics.error(
                    "selector",
                    self.place(node),
                    f"the pseudo-element ::{selector.pseudo_element} is not supported",
                    closest(
                        selector.pseudo_element,
                        [f"::{name}" for name in sorted(filter(None, _PSEUDO))],
                    ),
                )
            elif selector.never_matches:
                self.diagnostics.error(
                    "selector", self.place(node), f"the selector {text!r} can never match", "documents have no state"
                )
            else:
                positional = bool(_POSITIONAL.search(text))
                sheet.rules.append(Rule(selector, declarations, positional, self.place(node), medium))

    def told(self, declarations: tuple[Declaration, ...], pseudos: Iterable[str | None]) -> tuple[Declaration, ...]:
        """The declarations without a `content` that one of these pseudo-elements cannot have, which is reported."""
        wanted = sorted(_PSEUDO & set(pseudos), key=str)
        return tuple(
            declaration
            for declaration in declarations
            if declaration.name != "content"
            or all(check_generated(declaration.value, pseudo, declaration.place, self.diagnostics) for pseudo in wanted)
        )

    def _at_rule(self, node: Any, sheet: StyleSheet) -> None:
        if node.lower_at_keyword == "charset":
            return
        if node.lower_at_keyword == "media":
            self._media(node, sheet)
            return
        if node.lower_at_keyword != "page":
            hint = "known: @page, @media"
            self.diagnostics.error("at-rule", self.place(node), f"@{node.at_keyword} is not supported", hint)
            return
        prelude = tinycss2.serialize(node.prelude).strip()
        selectors = [_PAGE_SELECTOR.fullmatch(part.strip()) for part in prelude.split(",")]
        if not all(selectors):
            hint = f"valid: @page, @page NAME, with {', '.join(_ARE)} behind it; e.g. @page :first"
            self.diagnostics.error("at-rule", self.place(node), f"@page {prelude} is not supported", hint)
            return
        if node.content is None:
            self.diagnostics.error("css-syntax", self.place(node), "@page has no block", "write @page { margin: 20mm }")
            return
        page = PageRule()
        for item in tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True):
            if item.type == "declaration":
                self._page_declaration(item, page)
            elif item.type == "at-rule" and item.lower_at_keyword in MARGIN_BOXES:
                page.boxes[item.lower_at_keyword] = self.told(self.declarations(item.content or []), [None])
            elif item.type == "at-rule" and item.lower_at_keyword == FOOTNOTE_AREA:
                page.boxes[FOOTNOTE_AREA] = self._area(item)
            elif item.type == "at-rule":
                self.diagnostics.error(
                    "at-rule",
                    self.place(item),
                    f"@{item.at_keyword} is not supported",
                    closest(item.lower_at_keyword, (*MARGIN_BOXES, FOOTNOTE_AREA)),
                )
            else:
                self.diagnostics.error("css-syntax", self.place(item), getattr(item, "message", "not a declaration"))
        for selector in selectors:
            assert selector is not None
            are = frozenset(word for word in selector[2].lower().split(":") if word)
            sheet.pages.append(PageRule(selector[1] or "", are, self.place(node), page.declarations, page.boxes))

    def _area(self, node: Any) -> tuple[Declaration, ...]:
        """The declarations of the place of footnotes (CSS GCPM 3, 2.4)."""
        found = self.declarations(node.content or [])
        for declaration in found:
            if declaration.name not in _AREA_PROPERTIES:
                hint = "valid: margin-top, padding-top, border-top"
                message = f"{declaration.name} is not supported on the place of footnotes"
                self.diagnostics.error("unknown-property", declaration.place, message, hint)
            elif waits_for_text(declaration.value):
                message = f"{declaration.name}: em and rem are not supported on the place of footnotes"
                hint = "valid: mm, cm, in, pt, pc, px"
                self.diagnostics.error("invalid-value", declaration.place, message, hint)
        return found

    def _page_declaration(self, node: Any, page: PageRule) -> None:
        if node.lower_name not in _PAGE_PROPERTIES:
            self.diagnostics.error(
                "unknown-property",
                self.place(node),
                f"{node.name} is not supported on pages",
                closest(node.lower_name, _PAGE_PROPERTIES),
            )
            return
        try:
            value = put_in(node.value, self.variables)
            if node.lower_name == "size":
                page.declarations["size"] = _page_size(significant(value))
            else:
                page.declarations.update(_page_longhands(node.lower_name, value))
        except InvalidValueError as error:
            self.diagnostics.error(
                "invalid-value",
                self.place(node),
                f"{node.name}: {tinycss2.serialize(node.value).strip()!r} is not valid",
                str(error),
            )

    def declarations(self, content: Any, *, root: bool = False) -> tuple[Declaration, ...]:
        """The declarations of a block, as longhands; custom properties are those of the root alone."""
        found: list[Declaration] = []
        for node in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
            place = self.place(node)
            if node.type != "declaration":
                message = getattr(node, "message", "only declarations can stand here")
                self.diagnostics.error("css-syntax", place, message, "write `property: value;`")
                continue
            if node.name.startswith("--"):
                if not root:
                    message = f"the custom property {node.name} is not on the root"
                    hint = "write it into :root { }; it has one value for the whole document"
                    self.diagnostics.error("unknown-property", place, message, hint)
                continue
            try:
                found += [
                    Declaration(name, value, bool(node.important), place)
                    for name, value in expand(node.lower_name, put_in(node.value, self.variables))
                ]
            except KeyError:
                self.diagnostics.error(
                    "unknown-property",
                    place,
                    f"the property {node.name} is not supported",
                    closest(node.lower_name, [*PROPERTIES, *SHORTHANDS], otherwise="see the table of properties"),
                )
            except InvalidValueError as error:
                value = tinycss2.serialize(node.value).strip()
                self.diagnostics.error("invalid-value", place, f"{node.name}: {value!r} is not valid", str(error))
        return tuple(found)


def _page_longhands(name: str, value: Any) -> list[tuple[str, Any]]:
    found = expand(name, value)
    if ("counter-reset", "page") in found:
        raise InvalidValueError("valid: footnote, none; a block's counter-reset: page begins a section")
    if any(waits_for_text(given) for _, given in found):
        raise InvalidValueError("em and rem are not supported in @page; valid: mm, cm, in, pt, pc, px, %")
    return found


def _page_size(tokens: list[Any]) -> tuple[int, int]:
    words = [token.lower_value for token in tokens if token.type == "ident"]
    sizes = [word for word in words if word in _PAGE_SIZES]
    if len(sizes) == 1 and set(words) <= {sizes[0], "portrait", "landscape"} and len(words) == len(tokens):
        width, height = (round(side * 7200 / 2.54) for side in _PAGE_SIZES[sizes[0]])
        return (height, width) if "landscape" in words else (width, height)
    if not words and len(tokens) in {1, 2}:
        sides = [length(percent=False)([token]) for token in tokens]
        if all(isinstance(side, int) and side > 0 for side in sides):
            return int(sides[0]), int(sides[-1])  # type: ignore[arg-type]
    raise InvalidValueError("valid: A3, A4, A5, A6, B4, B5, letter, legal (with landscape), or width and height")


def read_stylesheet(
    file: str,
    css: str,
    diagnostics: Diagnostics,
    *,
    line: int = 0,
    column: int = 0,
    variables: Variables | None = None,
) -> StyleSheet:
    """Read a style sheet; `line` and `column` are where it starts in `file` (for <style>)."""
    return _Reader(file, diagnostics, line, column, variables=variables).read(css)


def read_declarations(
    css: str, place: Place, diagnostics: Diagnostics, variables: Variables | None = None
) -> tuple[Declaration, ...]:
    """Read the declarations of a style attribute; all are placed at its element."""
    reader = _Reader(place.file, diagnostics, fixed=place, variables=variables)
    return reader.told(reader.declarations(css), [None])
