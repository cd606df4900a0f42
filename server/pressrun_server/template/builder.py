"""What the parts of the builder of nodes share: its state, and what each asks of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.expression import Expression
from pressrun_server.model.program import Block, Box, Inline, Node, Paragraph
from pressrun_server.template.cascade import Style
from pressrun_server.template.diagnostics import Diagnostics, Place
from pressrun_server.template.markup import Markup
from pressrun_server.template.pictures import CORNERS
from pressrun_server.template.scope import Scope
from pressrun_server.template.sheets import Sheet
from pressrun_server.template.styles import StyleTable

__all__ = ["ALIGN", "ANONYMOUS", "BLOCK_ROLES", "DIRECTIVES", "NO_STYLE", "PRESERVE", "Builder", "lighter"]

DIRECTIVES = ("pr-for", "pr-if", "pr-elif", "pr-else", "pr-with")
"""Attributes that repeat, choose and name."""
ALIGN = {"left": "left", "right": "right", "center": "center"}
PRESERVE = {"pre": "all", "pre-wrap": "all", "pre-line": "lines"}
BLOCK_ROLES = {
    "section": "Sect",
    "article": "Sect",
    "aside": "Sect",
    "nav": "Sect",
    "blockquote": "BlockQuote",
    "figure": "Div",
}
"""Types of PDF 32000-1, 14.8.4; what is not named groups only, and its text is a paragraph."""
NO_STYLE = -1
"""Of white space between elements, which takes the style of the text before it."""
ANONYMOUS: dict[str, Any] = {
    "width": "auto", "height": "auto", "min-height": 0, "min-width": 0, "max-width": "none", "max-height": "none",
    "box-sizing": "content-box", "position": "static", "background-color": None,
    "background-image": "", **{f"border-{corner}-radius": 0 for corner in CORNERS}, "break-before": "auto",
    "break-after": "auto", "break-inside": "auto", "page": "auto", "counter-reset": "none",
    **{f"{kind}-{side}": 0 for kind in ("margin", "padding") for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}-width": 0 for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}-style": "none" for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}-color": 0 for side in ("top", "right", "bottom", "left")},
}  # fmt: skip


class Builder:
    """The state of the builder of nodes of one locale; its parts are mixed into `Structure`."""

    markup: Markup
    """The HTML, with copies of repeated elements already made."""
    styles: dict[Element, Style]
    """Computed style by element."""
    table: StyleTable
    """Collects text styles and faces."""
    scope: Scope
    """The names of the record."""
    strings: Mapping[str, str | dict[str, str]]
    """The locale's strings."""
    slots: tuple[str, ...]
    """Names of the template's slots."""
    locale: str
    """The locale's tag."""
    diagnostics: Diagnostics
    """Where problems go."""
    running: dict[str, Element]
    """Running elements by name."""
    pictures: set[str]
    """Slots of pictures."""
    links: list[tuple[Inline, ...]]
    """Where links lead."""
    uses_count: bool
    """Whether the number of pages was asked for."""
    sheets: Mapping[str, Sheet] = {"": Sheet(0, 0, 0)}
    """What content is laid out to, by the name of its pages."""
    page = ""
    """The name of the pages of what is being read."""
    margin_left = 0
    """Left edge of all pages' content; pages are shifted when they are finished."""
    noted = False
    """Whether there are footnotes."""
    flexible = False
    """Whether there are flexible rows whose items' places are found later."""
    _around: tuple[int, int] | None = None
    """Left edge and width inside the border of the positioned block that is being read."""
    _fluid = 0
    """How many boxes around what is being read have a width that is known only when they are placed."""
    _items: dict[Element, str]
    """Items of flexible rows that are still to be built, and how each is aligned."""
    _link = 0
    """The link whose text is being read; 0 outside of links."""
    _rise = 0
    """How far the text that is being read is raised."""

    @property
    def page_content(self) -> tuple[int, int]:
        """Left edge and width of the content of the pages of what is being read."""
        return self.margin_left, self.sheets[self.page].content_width

    def children(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """The nodes in an element."""
        raise NotImplementedError

    def block(self, element: Element, x: int, width: int, scope: Scope) -> Block:
        """An element as a box with what is in it."""
        raise NotImplementedError

    def apart(self, element: Element, x: int, width: int, scope: Scope) -> Block:
        """An element outside of the flow as a box."""
        raise NotImplementedError

    def fold(self, node: Expression, place: Place) -> Expression:
        """Put the locale's strings and name into an expression."""
        raise NotImplementedError

    def expression(self, node: Expression, place: Place, scope: Scope) -> Expression:
        """Fold an expression and check its names."""
        raise NotImplementedError

    def text(self, text: str, style: int, place: Callable[[int], Place], scope: Scope) -> list[Inline]:
        """The inline content of a text with expressions."""
        raise NotImplementedError

    def _element(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        raise NotImplementedError

    def _check_waiting(self, element: Element) -> None:
        raise NotImplementedError

    def _no_flex(self, element: Element) -> None:
        raise NotImplementedError

    def _box(self, element: Element, x: int, width: int) -> Box:
        raise NotImplementedError

    def _groups(self, element: Element) -> Iterator[list[Element]]:
        raise NotImplementedError

    def _is_block(self, element: Element) -> bool:
        raise NotImplementedError

    def _directed(self, group: list[Element], x: int, width: int, scope: Scope) -> list[Node]:
        raise NotImplementedError

    def _skipped(self, element: Element) -> bool:
        raise NotImplementedError

    def _loop(
        self, element: Element, scope: Scope, attribute: str = "pr-for"
    ) -> tuple[str, Expression, Scope, Place] | None:
        raise NotImplementedError

    def _flex_item(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        raise NotImplementedError

    def _definition_role(self, element: Element) -> str:
        raise NotImplementedError

    def _layout_only(self, element: Element) -> bool:
        raise NotImplementedError

    def _holds_blocks(self, element: Element) -> bool:
        raise NotImplementedError

    def _tests(self, group: list[Element], scope: Scope) -> list[Expression | None]:
        raise NotImplementedError

    def _names(self, element: Element, scope: Scope) -> tuple[tuple[tuple[str, Expression], ...], Scope, Place] | None:
        raise NotImplementedError


def lighter(block: Block) -> Node:
    """A box that has nothing of its own but margins around one paragraph, as that paragraph: most `p` are."""
    box, only = block.box, block.children[0] if len(block.children) == 1 else None
    edged = box.padding_top or box.padding_bottom or box.height is not None or box.min_height
    painted = (
        box.background is not None
        or box.picture
        or box.border_top
        or box.border_right
        or box.border_bottom
        or box.border_left
    )
    broken = box.break_before or box.break_after or box.page or box.section or box.keep_inside or box.keep_next
    if not isinstance(only, Paragraph) or edged or painted or broken or block.role or block.columns:
        return block
    if only.box.margin_top or only.box.margin_bottom:
        return block
    inner = msgspec.structs.replace(
        only.box, margin_top=box.margin_top, margin_bottom=box.margin_bottom, anchor=box.anchor
    )
    return msgspec.structs.replace(only, box=inner)
