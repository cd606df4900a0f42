"""The supported CSS properties: how each is read, whether it is inherited, and its initial value.

The table is the language: what is not in it is a diagnostic, never ignored. Shorthands expand to longhands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pressrun_server.fonts.catalog import family_name
from pressrun_server.fonts.errors import UnknownFontError
from pressrun_server.template.bookmarks import bookmark_parts
from pressrun_server.template.calculation import Terms
from pressrun_server.template.decimals import alignment
from pressrun_server.template.flex import ALIGN, JUSTIFY, flex, gap, number
from pressrun_server.template.footnotes import label
from pressrun_server.template.generated import Generated, content_parts
from pressrun_server.template.markers import MARKERS
from pressrun_server.template.pictures import CORNERS, image, position, repeat, size
from pressrun_server.template.values import (
    InvalidValueError,
    Relative,
    Tokens,
    color,
    integer,
    keyword,
    length,
    significant,
)

__all__ = ["PROPERTIES", "SHORTHANDS", "Property", "expand"]

SIDES = ("top", "right", "bottom", "left")
_BORDER_WIDTHS = {"thin": 750, "medium": 2250, "thick": 3750}
DECORATIONS = ("underline", "line-through")
_FOUR = 4
_TALLEST = 100


@dataclass(frozen=True, slots=True)
class Property:
    """One longhand property."""

    parse: Callable[[Tokens], Any]
    initial: Any
    inherited: bool = False


def _font_family(tokens: Tokens) -> str:
    names: list[str] = []
    words: list[str] = []
    for token in [*significant(tokens), None]:
        if token is None or (token.type == "literal" and token.value == ","):
            if words:
                names.append(" ".join(words))
            words = []
        elif token.type in {"ident", "string"}:
            words.append(token.value)
        else:
            raise InvalidValueError("valid: font family names, separated by commas")
    problem = "valid: font family names, separated by commas"
    for name in names:
        try:
            return family_name(name)
        except UnknownFontError as error:
            problem = str(error)
    raise InvalidValueError(problem)


def _font_weight(tokens: Tokens) -> bool:
    found = significant(tokens)
    if len(found) == 1:
        if found[0].type == "ident" and found[0].lower_value in {"normal", "bold"}:
            return bool(found[0].lower_value == "bold")
        if found[0].type == "number" and found[0].value in {400, 700}:
            return bool(found[0].value > 400)  # noqa: PLR2004 - CSS's own numbers
    raise InvalidValueError("valid: normal, bold, 400, 700")


def _line_height(tokens: Tokens) -> int | Relative | Terms | float:
    found = significant(tokens)
    if len(found) == 1:
        if found[0].type == "ident" and found[0].lower_value == "normal":
            return 1.2
        if found[0].type == "number" and 0 < found[0].value <= _TALLEST:
            return float(found[0].value)
    value = length()(tokens)
    return value if not isinstance(value, str) else 1.2


def _border_width(tokens: Tokens) -> int | Relative | Terms:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in _BORDER_WIDTHS:
        return _BORDER_WIDTHS[found[0].lower_value]
    value = length(percent=False)(tokens)
    return value if not isinstance(value, str) else 0


def _position(tokens: Tokens) -> str:
    found = significant(tokens)
    if len(found) == 1:
        if found[0].type == "ident" and found[0].lower_value in {"static", "relative", "absolute"}:
            return str(found[0].lower_value)
        if found[0].type == "function" and found[0].lower_name == "running":
            names = significant(found[0].arguments)
            if len(names) == 1 and names[0].type == "ident":
                return f"running({names[0].value})"
    raise InvalidValueError("valid: static, relative, absolute, running(NAME)")


def _content(tokens: Tokens) -> str | tuple[str, str, str] | Generated:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in {"none", "normal"}:
        return ""
    if len(found) == 1 and found[0].type == "function" and found[0].lower_name == "element":
        names = significant(found[0].arguments)
        if len(names) == 1 and names[0].type == "ident":
            return str(names[0].value)
    told = label(found)
    if told is not None:
        return told
    generated = content_parts(found)
    if generated is not None:
        return generated
    raise InvalidValueError(
        "valid: element(NAME), none; of ::before and ::after texts in quotes and attr(NAME); of footnotes texts in"
        " quotes and counter(footnote)"
    )


def _bookmark_level(tokens: Tokens) -> int | str:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value == "none":
        return 0
    try:
        return integer(1, 9)(tokens)
    except InvalidValueError:
        raise InvalidValueError("valid: a whole number from 1 to 9, none") from None


def _opacity(tokens: Tokens) -> float:
    found = significant(tokens)
    if len(found) == 1 and found[0].type in {"number", "percentage"}:
        share = found[0].value / (100 if found[0].type == "percentage" else 1)
        if 0 < share <= 1:
            return float(share)
    raise InvalidValueError(
        "valid: a number or a percentage over 0 up to 1 or 100%; pr-if hides what is not to be seen"
    )


def _decoration(tokens: Tokens) -> tuple[str, ...]:
    words = [token.lower_value if token.type == "ident" else "" for token in significant(tokens)]
    if words == ["none"]:
        return ()
    if not words or not set(words) <= set(DECORATIONS) or len(set(words)) != len(words):
        raise InvalidValueError(f"valid: none, {', '.join(DECORATIONS)}, or both")
    return tuple(sorted(words))


def _column_gap(tokens: Tokens) -> Any:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value == "normal":
        return "normal"
    return length(normal=True)(tokens)


def _column_count(tokens: Tokens) -> int | str:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value == "auto":
        return "auto"
    try:
        return integer(1, 20)(tokens)
    except InvalidValueError:
        raise InvalidValueError("valid: a whole number from 1 to 20, auto") from None


def _break(tokens: Tokens) -> str:
    # Pages go from left to right, so that recto is right and verso is left.
    value = keyword("auto", "page", "left", "right", "recto", "verso", "avoid")(tokens)
    return {"recto": "right", "verso": "left"}.get(value, value)


def _page_name(tokens: Tokens) -> str:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident":
        return str(found[0].value) if found[0].lower_value != "auto" else "auto"
    raise InvalidValueError("valid: auto, or the name of an @page rule")


PROPERTIES: dict[str, Property] = {
    "font-family": Property(_font_family, "FiraGO", inherited=True),
    "font-size": Property(length(), 12_000, inherited=True),
    "font-weight": Property(_font_weight, initial=False, inherited=True),
    "font-style": Property(keyword("normal", "italic"), "normal", inherited=True),
    "font-variant-numeric": Property(keyword("normal", "tabular-nums"), "normal", inherited=True),
    "font-kerning": Property(keyword("auto", "normal", "none"), "auto", inherited=True),
    "line-height": Property(_line_height, 1.2, inherited=True),
    "letter-spacing": Property(length(negative=True, normal=True, percent=False), 0, inherited=True),
    "word-spacing": Property(length(negative=True, normal=True, percent=False), 0, inherited=True),
    "hyphens": Property(keyword("manual", "auto", "none"), "manual", inherited=True),
    "overflow-wrap": Property(keyword("normal", "break-word", "anywhere"), "anywhere", inherited=True),
    "color": Property(color, 0x000000, inherited=True),
    "text-align": Property(alignment, "left", inherited=True),
    "text-align-last": Property(keyword("auto", "left", "right", "center", "start", "end"), "auto", inherited=True),
    "text-indent": Property(length(negative=True, percent=False), 0, inherited=True),
    "text-decoration-line": Property(_decoration, ()),
    "text-decoration-color": Property(color, "currentcolor"),
    "text-transform": Property(keyword("none", "uppercase", "lowercase", "capitalize"), "none", inherited=True),
    "list-style-type": Property(keyword(*MARKERS), "disc", inherited=True),
    "white-space": Property(keyword("normal", "nowrap", "pre", "pre-wrap", "pre-line"), "normal", inherited=True),
    "orphans": Property(integer(1, 20), 2, inherited=True),
    "widows": Property(integer(1, 20), 2, inherited=True),
    "caption-side": Property(keyword("top", "bottom"), "top", inherited=True),
    "table-layout": Property(keyword("fixed", "auto"), "fixed"),
    "border-collapse": Property(keyword("collapse", "separate"), "collapse", inherited=True),
    "display": Property(
        keyword(
            "block", "inline", "none", "table", "table-row", "table-cell", "table-row-group", "table-header-group",
            "table-footer-group",
            "table-column", "table-column-group", "flex",
        ),
        "inline",
    ),
    "background-color": Property(color, None),
    "opacity": Property(_opacity, 1.0),
    "flex-direction": Property(keyword("row", "column"), "row"),
    "flex-wrap": Property(keyword("nowrap", "wrap"), "nowrap"),
    "flex-grow": Property(number, 0.0),
    "flex-shrink": Property(number, 1.0),
    "flex-basis": Property(length(auto=True), "auto"),
    "justify-content": Property(keyword(*JUSTIFY), "normal"),
    "align-items": Property(keyword(*ALIGN), "normal"),
    "row-gap": Property(length(normal=True), 0),
    "column-gap": Property(_column_gap, "normal"),
    "column-count": Property(_column_count, "auto"),
    "column-width": Property(length(auto=True, percent=False), "auto"),
    "column-fill": Property(keyword("balance", "auto"), "balance"),
    "column-rule-width": Property(_border_width, 2250),
    "column-rule-style": Property(keyword("none", "solid", "dashed", "dotted"), "none"),
    "column-rule-color": Property(color, "currentcolor"),
    "background-image": Property(image, ""),
    "background-size": Property(size, (None, None)),
    "background-position": Property(position, ((0, 0), (0, 0))),
    "background-repeat": Property(repeat, (True, True)),
    "object-fit": Property(keyword("fill", "contain", "cover", "none", "scale-down"), "fill"),
    "object-position": Property(position, ((0, 50_000), (0, 50_000))),
    "width": Property(length(auto=True), "auto"),
    "height": Property(length(auto=True), "auto"),
    "box-sizing": Property(keyword("content-box", "border-box"), "content-box"),
    "min-width": Property(length(auto=True), "auto"),
    "max-width": Property(length(none=True), "none"),
    "min-height": Property(length(), 0),
    "max-height": Property(length(none=True), "none"),
    "vertical-align": Property(keyword("top", "middle", "bottom", "baseline", "sub", "super"), "baseline"),
    "break-before": Property(_break, "auto"),
    "break-after": Property(_break, "auto"),
    "page": Property(_page_name, "auto"),
    "counter-reset": Property(keyword("none", "page", "footnote"), "none"),
    "float": Property(keyword("none", "footnote"), "none"),
    "break-inside": Property(keyword("auto", "avoid"), "auto"),
    "position": Property(_position, "static"),
    "bookmark-level": Property(_bookmark_level, "auto"),
    "bookmark-label": Property(bookmark_parts, ()),
    "content": Property(_content, ""),
}  # fmt: skip
for _side in SIDES:
    PROPERTIES[f"margin-{_side}"] = Property(length(auto=_side in {"left", "right"}), 0)
    PROPERTIES[f"padding-{_side}"] = Property(length(), 0)
    PROPERTIES[f"border-{_side}-width"] = Property(_border_width, 2250)
    PROPERTIES[f"border-{_side}-style"] = Property(keyword("none", "solid", "dashed", "dotted"), "none")
    PROPERTIES[f"border-{_side}-color"] = Property(color, "currentcolor")
    PROPERTIES[_side] = Property(length(auto=True), "auto")
for _corner in CORNERS:
    PROPERTIES[f"border-{_corner}-radius"] = Property(length(percent=False), 0)

Longhands = list[tuple[str, Any]]


def _parse(name: str, tokens: Tokens) -> tuple[str, Any]:
    return name, PROPERTIES[name].parse(tokens)


def _sides(template: str) -> Callable[[Tokens], Longhands]:
    def expand_sides(tokens: Tokens) -> Longhands:
        found = significant(tokens)
        if not 1 <= len(found) <= _FOUR:
            raise InvalidValueError("valid: one to four values")
        top = found[0]
        right = found[1] if len(found) > 1 else top
        bottom = found[2] if len(found) > 2 else top  # noqa: PLR2004 - CSS's one to four values
        left = found[3] if len(found) == _FOUR else right
        return [
            _parse(template.format(side), [token])
            for side, token in zip(SIDES, (top, right, bottom, left), strict=True)
        ]

    return expand_sides


def _columns(tokens: Tokens) -> Longhands:
    """A width and a count, in any order (CSS Multi-column 1, 3.3)."""
    found: Longhands = []
    for token in significant(tokens):
        name = "column-count" if token.type == "number" else "column-width"
        if token.type == "ident" and token.lower_value == "auto":
            continue
        if any(name == known for known, _ in found):
            raise InvalidValueError("valid: a width, a count, or both")
        found.append(_parse(name, [token]))
    given = dict(found)
    return [(name, given.get(name, "auto")) for name in ("column-width", "column-count")]


def _flow(tokens: Tokens) -> Longhands:
    """A direction and whether it wraps, in any order."""
    words = [token.lower_value if token.type == "ident" else "" for token in significant(tokens)]
    ways = [word for word in words if word in {"row", "column"}]
    wraps = [word for word in words if word in {"wrap", "nowrap"}]
    if not words or len(ways) > 1 or len(wraps) > 1 or len(ways) + len(wraps) < len(words):
        raise InvalidValueError("valid: row or column, wrap or nowrap, or one of each")
    return [("flex-direction", [*ways, "row"][0]), ("flex-wrap", [*wraps, "nowrap"][0])]


def _list_style(tokens: Tokens) -> Longhands:
    words = [token.lower_value if token.type == "ident" else "" for token in significant(tokens)]
    kinds = [word for word in words if word != "outside"]
    if len(kinds) != 1 or kinds[0] not in MARKERS:
        raise InvalidValueError(f"valid: {', '.join(MARKERS)}")
    return [("list-style-type", kinds[0])]


def _font(tokens: Tokens) -> Longhands:
    """Style and weight, size, maybe `/` and line height, families (CSS Fonts 4, 2.7)."""
    found = significant(tokens)
    values: dict[str, Any] = {"font-style": "normal", "font-weight": False, "line-height": 1.2}
    at = 0
    while at < len(found) and (found[at].type == "ident" or found[at].type == "number"):
        word = found[at].lower_value if found[at].type == "ident" else ""
        if word == "italic":
            values["font-style"] = word
        elif word != "normal":
            values["font-weight"] = _font_weight([found[at]])
        at += 1
    if at >= len(found):
        raise InvalidValueError("valid: italic, bold, size and families, e.g. bold 9pt/12pt FiraGO")
    values["font-size"] = length()([found[at]])
    at += 1
    if at + 1 < len(found) and found[at].type == "literal" and found[at].value == "/":
        values["line-height"] = _line_height([found[at + 1]])
        at += 2
    values["font-family"] = _font_family(found[at:])
    return list(values.items())


def _decorated(tokens: Tokens) -> Longhands:
    """Lines, and maybe a colour; they are solid, and as thick as the font says."""
    found = [token for token in significant(tokens) if not (token.type == "ident" and token.lower_value == "solid")]
    lines = [token for token in found if token.type == "ident" and token.lower_value in {"none", *DECORATIONS}]
    others = [token for token in found if token not in lines]
    try:
        shade = color(others) if others else "currentcolor"
    except InvalidValueError:
        hint = f"valid: none, {', '.join(DECORATIONS)}, and a colour, e.g. underline #0b6b66"
        raise InvalidValueError(hint) from None
    return [("text-decoration-line", _decoration(lines) if lines else ()), ("text-decoration-color", shade)]


def _column_rule(tokens: Tokens) -> Longhands:
    return [(name.replace("border-top", "column-rule"), value) for name, value in _border("top")(tokens)]


def _border(*sides: str) -> Callable[[Tokens], Longhands]:
    def expand_border(tokens: Tokens) -> Longhands:
        result: Longhands = []
        parts = {"width": 2250, "style": "none", "color": "currentcolor"}
        for token in significant(tokens):
            for part in ("style", "width", "color"):
                try:
                    parts[part] = PROPERTIES[f"border-top-{part}"].parse([token])
                    break
                except InvalidValueError:
                    continue
            else:
                raise InvalidValueError(
                    "valid: width, style (solid, dashed, dotted or none) and colour, e.g. 0.5pt solid #ccc"
                )
        for side in sides:
            result += [(f"border-{side}-{part}", value) for part, value in parts.items()]
        return result

    return expand_border


def _background(tokens: Tokens) -> Longhands:
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value == "none":
        return [("background-color", None), ("background-image", "")]
    try:
        return [_parse("background-color", tokens), ("background-image", "")]
    except InvalidValueError:
        hint = "valid: a colour; for a picture write background-image, -size, -position and -repeat"
        raise InvalidValueError(hint) from None


def _radius(tokens: Tokens) -> Longhands:
    found = significant(tokens)
    if any(token.type == "literal" for token in found):
        raise InvalidValueError("corners are round, not elliptic; valid: one to four lengths")
    sides = _sides("border-{}-width")(tokens)
    return [(f"border-{corner}-radius", value) for corner, (_, value) in zip(CORNERS, sides, strict=True)]


SHORTHANDS: dict[str, Callable[[Tokens], Longhands]] = {
    "margin": _sides("margin-{}"),
    "padding": _sides("padding-{}"),
    "border": _border(*SIDES),
    "border-width": _sides("border-{}-width"),
    "border-style": _sides("border-{}-style"),
    "border-color": _sides("border-{}-color"),
    "background": _background,
    "border-radius": _radius,
    "flex": flex,
    "flex-flow": _flow,
    "gap": gap,
    "columns": _columns,
    "font": _font,
    "list-style": _list_style,
    "text-decoration": _decorated,
    "column-rule": _column_rule,
    "word-wrap": lambda tokens: [_parse("overflow-wrap", tokens)],
    "page-break-before": lambda tokens: [("break-before", _page_break(tokens))],
    "page-break-after": lambda tokens: [("break-after", _page_break(tokens))],
    "page-break-inside": lambda tokens: [_parse("break-inside", tokens)],
} | {f"border-{side}": _border(side) for side in SIDES}


def _page_break(tokens: Tokens) -> str:
    value = keyword("auto", "always", "left", "right", "avoid")(tokens)
    return "page" if value == "always" else value


def expand(name: str, tokens: Tokens) -> Longhands:
    """The longhands of a declaration.

    Raises:
        KeyError: the property is not supported.
        InvalidValueError: the value is not one that the property takes.
    """
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in {"inherit", "initial"}:
        word = found[0].lower_value
        if name in PROPERTIES:
            return [(name, word)]
        raise InvalidValueError(f"{word} is supported on single properties only")
    if name in SHORTHANDS:
        return SHORTHANDS[name](tokens)
    return [_parse(name, tokens)]
