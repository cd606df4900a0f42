"""Colours that let through what is behind them: which a template has, and what they look like where there are none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from xml.etree.ElementTree import Element

from pressrun_server.model.program import Page
from pressrun_server.model.tint import OPAQUE, WHITE, alpha_of, over, tinted
from pressrun_server.template.cascade import Style
from pressrun_server.template.footnotes import CALL, MARKER
from pressrun_server.template.markup import Markup
from pressrun_server.template.opacity import FADED
from pressrun_server.template.properties import SIDES

__all__ = ["alphas_of", "opaque_styles"]

_GROUND = "background-color"
_COLORS = ("color", "text-decoration-color", "column-rule-color", *(f"border-{side}-color" for side in SIDES))


def alphas_of(styles: Collection[Style], pages: Iterable[Page]) -> tuple[int, ...]:
    """The alphas of all colours, and 255 where there are any but that."""
    own = [style.get(name) for style in _every(styles) for name in (_GROUND, *_COLORS)]
    own += [page.notes.border.color for page in pages if page.notes is not None and page.notes.border is not None]
    own += [tinted(0, style[FADED]) for style in _every(styles) if FADED in style]
    found = {alpha_of(color) for color in own if isinstance(color, int) and color > OPAQUE}
    return (*sorted(found), 255) if found else ()


def opaque_styles(styles: Mapping[Element, Style], markup: Markup) -> dict[Element, Style]:
    """Styles with all colours as they look on the grounds that are behind them; behind the outermost one is white."""
    found: dict[Element, Style] = {}
    grounds: dict[Element, int] = {}
    for element in markup.root.iter():
        if element not in styles:
            continue
        around = markup.parent(element)
        behind = grounds.get(around, WHITE) if around is not None else WHITE
        style = styles[element]
        own = style[_GROUND]
        grounds[element] = ground = behind if own is None else over(own, behind)
        changed = {_GROUND: ground} if own is not None else {}
        found[element] = _opaque(style, ground, behind) | changed
    return found


def _opaque(style: Style, ground: int, behind: int) -> Style:
    if not any(
        isinstance(color := style.get(name), int) and color > OPAQUE for name in (_GROUND, *_COLORS)
    ) and not any(color > OPAQUE for _, color, _ in style["decorations"]):
        return dict(style)
    changed = {
        name: over(color, behind if name.startswith("border") else ground)
        for name in _COLORS
        if isinstance(color := style.get(name), int)
    }
    lines = tuple((kind, over(color, ground), size) for kind, color, size in style["decorations"])
    return dict(style) | changed | {"decorations": lines}


def _every(styles: Iterable[Style]) -> Iterable[Style]:
    for style in styles:
        yield style
        for name in (CALL, MARKER):
            if name in style:
                yield style[name]
