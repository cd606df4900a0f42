"""CSS values of pictures: which, how large and where in a box (CSS Backgrounds 3, CSS Images 3)."""

from __future__ import annotations

from typing import Any

from pressrun_server.model.program import Length
from pressrun_server.template.calculation import Terms
from pressrun_server.template.values import InvalidValueError, Relative, Tokens, length, significant

__all__ = ["CORNERS", "image", "position", "repeat", "size"]

CORNERS = ("top-left", "top-right", "bottom-right", "bottom-left")
_ACROSS = {"left": (0, 0), "center": (0, 50_000), "right": (0, 100_000)}
_DOWN = {"top": (0, 0), "center": (0, 50_000), "bottom": (0, 100_000)}
_REPEATS = {
    "repeat": (True, True), "no-repeat": (False, False), "repeat-x": (True, False), "repeat-y": (False, True),
}  # fmt: skip
_TWO = 2


def image(tokens: Tokens) -> str:
    """The slot of `url(asset:SLOT)`; nothing for none."""
    found = significant(tokens)
    if len(found) == 1:
        token = found[0]
        if token.type == "ident" and token.lower_value == "none":
            return ""
        address: Any = token.value if token.type == "url" else ""
        if token.type == "function" and token.lower_name == "url":
            address = "".join(part.value for part in significant(token.arguments) if part.type == "string")
        if isinstance(address, str) and address.startswith("asset:") and len(address) > len("asset:"):
            return address.removeprefix("asset:")
    raise InvalidValueError("valid: url(asset:SLOT), none")


def size(tokens: Tokens) -> str | tuple[Length | None, Length | None]:
    """`cover`, `contain`, or width and height; None for auto."""
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in {"cover", "contain"}:
        return str(found[0].lower_value)
    if not 1 <= len(found) <= _TWO:
        raise InvalidValueError("valid: cover, contain, or a width and a height")
    sizes = [None if _is_auto(token) else _length(token) for token in found]
    return sizes[0], sizes[1] if len(sizes) == _TWO else None


def position(tokens: Tokens) -> tuple[Length, Length]:
    """How far from the left and from the top."""
    found = significant(tokens)
    words = [token.lower_value if token.type == "ident" else "" for token in found]
    if len(found) == 1:
        if words[0] in _DOWN and words[0] != "center":
            return _ACROSS["center"], _DOWN[words[0]]
        return (_ACROSS[words[0]] if words[0] in _ACROSS else _length(found[0])), _DOWN["center"]
    if len(found) == _TWO:
        if words[0] in {"top", "bottom"} or words[1] in {"left", "right"}:
            found, words = found[::-1], words[::-1]
        across = _ACROSS[words[0]] if words[0] in _ACROSS else _length(found[0])
        down = _DOWN[words[1]] if words[1] in _DOWN else _length(found[1])
        return across, down
    raise InvalidValueError("valid: one or two of left, center, right, top, bottom and lengths")


def repeat(tokens: Tokens) -> tuple[bool, bool]:
    """Whether a picture is repeated across and down."""
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in _REPEATS:
        return _REPEATS[found[0].lower_value]
    raise InvalidValueError(f"valid: {', '.join(_REPEATS)}")


def _is_auto(token: Any) -> bool:
    return bool(token.type == "ident" and token.lower_value == "auto")


def _length(token: Any) -> Length:
    value = length()([token])
    if isinstance(value, Relative):
        if value.unit != "%":
            raise InvalidValueError("em and rem are not supported here; valid: mm, cm, in, pt, pc, px, %")
        return value.plus, round(value.number * 1000)
    if isinstance(value, Terms):
        raise InvalidValueError("em and rem are not supported here; valid: mm, cm, in, pt, pc, px, %")
    assert isinstance(value, int)
    return value, 0
