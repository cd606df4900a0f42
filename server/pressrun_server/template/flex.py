"""Flexible boxes: how the items of a row share its width (CSS Flexbox 1, 9.5 and 9.7), all at compile time.

What an item's text would take is not known before a record is, so each item says a width or a share; items do not wrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pressrun_server.template.values import InvalidValueError, Relative, Tokens, length, significant

__all__ = ["ALIGN", "JUSTIFY", "Item", "flex", "gap", "number", "places"]

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


@dataclass(frozen=True, slots=True)
class Item:
    """What an item asks for."""

    basis: int
    """Of its border box."""
    margins: int
    grow: float
    shrink: float
    least: int
    most: int | None


def places(items: Sequence[Item], width: int, between: int, justify: str) -> list[tuple[int, int]]:
    """Left edge (with its margin) and width of the border box of each item.

    Args:
        items: the items from the left.
        width: of the row.
        between: the gap between two items.
        justify: what happens to space that is left (a value of `JUSTIFY`).
    """
    if not items:
        return []
    room = width - between * (len(items) - 1) - sum(item.margins for item in items)
    widths = _flexed(items, room)
    spare = max(room - sum(widths), 0)
    count = len(items)
    before, step = {
        "start": (0, 0),
        "end": (spare, 0),
        "center": (spare // 2, 0),
        "between": (0, spare // (count - 1) if count > 1 else 0),
        "around": (spare // (2 * count), spare // count),
        "evenly": (spare // (count + 1), spare // (count + 1)),
    }[justify]
    found: list[tuple[int, int]] = []
    x = before
    for item, own in zip(items, widths, strict=True):
        found.append((x, own))
        x += own + item.margins + between + step
    return found


def _flexed(items: Sequence[Item], room: int) -> list[int]:
    """Widths after growing or shrinking; an item at its limit leaves the rest to the others."""
    grows = sum(item.basis for item in items) < room
    frozen: dict[int, int] = {}
    while True:
        free = [index for index in range(len(items)) if index not in frozen]
        rest = room - sum(frozen.values()) - sum(items[index].basis for index in free)
        parts = [items[i].grow if grows else items[i].shrink * items[i].basis for i in free]
        # Shares that come to less than one leave space (9.7, 4b).
        total = max(sum(parts), 1.0) if grows else sum(parts)
        wanted = {
            index: items[index].basis + (round(rest * part / total) if total else 0)
            for index, part in zip(free, parts, strict=True)
        }
        limited = {index: _within(items[index], size) for index, size in wanted.items()}
        over = {index for index in free if limited[index] != wanted[index]}
        if not over:
            widths = {**frozen, **wanted}
            return [max(widths[index], 0) for index in range(len(items))]
        frozen |= {index: limited[index] for index in over}


def _within(item: Item, size: int) -> int:
    limited = size if item.most is None else min(size, item.most)
    return max(limited, item.least)


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
