"""Flexible boxes: what style sheets say of them (CSS Flexbox 1, CSS Box Alignment 3)."""

from __future__ import annotations

from typing import Any

from pressrun_server.template.values import InvalidValueError, Relative, Tokens, length, significant

__all__ = ["ALIGN", "JUSTIFY", "flex", "gap", "number"]

JUSTIFY = {
    "normal": "start", "start": "start", "flex-start": "start", "left": "start", "end": "end", "flex-end": "end",
    "right": "end", "center": "center", "space-between": "between", "space-around": "around",
    "space-evenly": "evenly",
}  # fmt: skip
"""What `justify-content` may be, and what it means."""
ALIGN = {
    "normal": "stretch", "stretch": "stretch", "start": "top", "flex-start": "top", "center": "middle",
    "end": "bottom", "flex-end": "bottom",
}  # fmt: skip
"""What `align-items` may be, and what it means."""
_MOST = 1000
_TWO = 2


def number(tokens: Tokens) -> float:
    """A parser of a share."""
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "number" and 0 <= found[0].value <= _MOST:
        return float(found[0].value)
    raise InvalidValueError(f"valid: a number from 0 to {_MOST}")


def flex(tokens: Tokens) -> list[tuple[str, Any]]:
    """The longhands of `flex`."""
    found = significant(tokens)
    words = {"none": (0.0, 0.0, "auto"), "auto": (1.0, 1.0, "auto")}
    if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in words:
        grow, shrink, basis = words[found[0].lower_value]
        return [("flex-grow", grow), ("flex-shrink", shrink), ("flex-basis", basis)]
    numbers = [token for token in found if token.type == "number"]
    sizes = [token for token in found if token.type != "number"]
    if not found or len(numbers) > _TWO or len(sizes) > 1:
        raise InvalidValueError("valid: none, auto, or grow, shrink and basis, e.g. 1 or 2 1 30mm")
    return [
        ("flex-grow", number(numbers[:1]) if numbers else 1.0),
        ("flex-shrink", number(numbers[1:]) if len(numbers) == _TWO else 1.0),
        ("flex-basis", length(auto=True)(sizes) if sizes else Relative(0, "%")),
    ]


def gap(tokens: Tokens) -> list[tuple[str, Any]]:
    """The longhands of `gap`."""
    found = significant(tokens)
    if not 1 <= len(found) <= _TWO:
        raise InvalidValueError("valid: one or two lengths")
    row = length(normal=True)(found[:1])
    across = found[-1]
    normal = across.type == "ident" and across.lower_value == "normal"
    return [("row-gap", row), ("column-gap", "normal" if normal else length(normal=True)([across]))]
