"""Opacity: what it makes of the colours in an element, so that pages need no groups (CSS Color 4, 4.2).

A group lets through what is behind it as one. Where nothing is painted in it yet, that is what a colour with its alpha
does; what stands on a ground of the group is mixed instead, as it looks there, with the ground behind the group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from xml.etree.ElementTree import Element

from pressrun_server.model.tint import WHITE, alpha_of, over, tinted
from pressrun_server.template.cascade import Style
from pressrun_server.template.footnotes import CALL, MARKER
from pressrun_server.template.markup import Markup
from pressrun_server.template.properties import SIDES

__all__ = ["FADED", "faded"]

FADED: Final = "faded"
"""Of a style, the alpha of pictures, 1 to 255, where that is not all."""
_FULL: Final = 255
_GROUND: Final = "background-color"
_OVER_IT: Final = ("color", "text-decoration-color", "column-rule-color", *(f"border-{side}-color" for side in SIDES))


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups around something, and what is behind it."""

    ground: int = WHITE
    """In the innermost group."""
    groups: tuple[tuple[float, int], ...] = ()
    """Opacity of each, from the outside, and the ground behind it."""
    painted: bool = False
    """Whether there is a ground in one of them."""

    @property
    def alpha(self) -> int:
        product = 1.0
        for opacity, _ in self.groups:
            product *= opacity
        return max(round(product * _FULL), 1)

    def color(self, color: Any) -> Any:
        """A colour as it is painted."""
        if not isinstance(color, int) or not self.groups:
            return color
        if not self.painted:
            return tinted(color & WHITE, max(round(self.alpha * alpha_of(color) / _FULL), 1))
        mixed = over(color, self.ground)
        for opacity, behind in reversed(self.groups):
            mixed = over(tinted(mixed, max(round(opacity * _FULL), 1)), behind)
        return mixed


def faded(styles: Mapping[Element, Style], markup: Markup) -> Mapping[Element, Style]:
    """Styles with the colours that opacity makes of those they have; the same where all is opaque."""
    if all(style["opacity"] == 1 for style in styles.values()):
        return styles
    found: dict[Element, Style] = {}
    known: dict[Element, _Groups] = {}
    for element in markup.root.iter():
        if element not in styles:
            continue
        parent, style = markup.parent(element), styles[element]
        around = known.get(parent, _Groups()) if parent is not None else _Groups()
        if style["opacity"] != 1:
            around = replace(around, groups=(*around.groups, (style["opacity"], around.ground)))
        own = style[_GROUND]
        inside = around
        if own is not None:
            inside = replace(around, ground=over(own, around.ground), painted=bool(around.groups))
        known[element] = inside
        found[element] = _changed(style, around, inside) if inside.groups else style
    return found


def _changed(style: Style, behind: _Groups, inside: _Groups) -> Style:
    changed: Style = {name: inside.color(style[name]) for name in _OVER_IT}
    changed[_GROUND] = behind.color(style[_GROUND])
    changed["decorations"] = tuple(
        (kind, (behind if kind == "background" else inside).color(color), size)
        for kind, color, size in style["decorations"]
    )
    changed |= {name: _changed(style[name], inside, inside) for name in (CALL, MARKER) if name in style}
    changed[FADED] = behind.alpha
    return dict(style) | changed
