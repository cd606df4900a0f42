"""How the items of a flexible row share its width (CSS Flexbox 1, 9.3, 9.5 and 9.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Item", "excess", "parted", "places"]

_ROUNDED = 2
"""What an item may be too wide by, in 1/1000 pt."""


@dataclass(frozen=True, slots=True)
class Item:
    """What an item asks for; lengths are in millipoints."""

    basis: int
    """Of its border box."""
    left: int | None
    """Its left margin; None takes a share of what is left."""
    right: int | None
    grow: float
    shrink: float
    least: int
    most: int | None

    @property
    def margins(self) -> int:
        """What its margins take at least."""
        return (self.left or 0) + (self.right or 0)


def places(items: Sequence[Item], width: int, between: int, justify: str) -> list[tuple[int, int]]:
    """Left edge (with its own margin) and width of the border box of each item.

    Args:
        items: the items from the left.
        width: of the row.
        between: the gap between two items.
        justify: what happens to space that is left: `start`, `end`, `center`, `between`, `around` or `evenly`.
    """
    if not items:
        return []
    room = width - between * (len(items) - 1) - sum(item.margins for item in items)
    widths = _flexed(items, room)
    spare = max(room - sum(widths), 0)
    autos = sum((item.left is None) + (item.right is None) for item in items)
    share = spare // autos if autos else 0
    before, step = (0, 0) if autos else _apart(spare, len(items), justify)
    found: list[tuple[int, int]] = []
    x = before
    for item, own in zip(items, widths, strict=True):
        x += share if item.left is None else 0
        found.append((x, own))
        x += own + item.margins + between + step + (share if item.right is None else 0)
    return found


def parted(items: Sequence[Item], width: int, between: int, *, wrap: bool) -> list[slice]:
    """Which items stand on each line: where they wrap, as many as there is room for, one at least.

    Args:
        items: the items from the left.
        width: of the row.
        between: the gap between two items.
        wrap: whether there may be more lines than one.
    """
    if not wrap:
        return [slice(0, len(items))]
    found: list[slice] = []
    begun = used = 0
    for index, item in enumerate(items):
        own = _within(item, item.basis) + item.margins
        if index > begun and used + between + own > width + _ROUNDED * (index - begun + 1):
            found.append(slice(begun, index))
            begun, used = index, own
        else:
            used += own + (between if index > begun else 0)
    return [*found, slice(begun, len(items))]


def excess(items: Sequence[Item], found: Sequence[tuple[int, int]], width: int) -> int:
    """How far items at their places go beyond a row of a width; 0 where they don't."""
    if not items:
        return 0
    x, own = found[-1]
    return max(x + items[-1].margins + own - width, 0)


def _apart(spare: int, count: int, justify: str) -> tuple[int, int]:
    """Space before the first item, and between two beyond the gap."""
    return {
        "start": (0, 0),
        "end": (spare, 0),
        "center": (spare // 2, 0),
        "between": (0, spare // (count - 1) if count > 1 else 0),
        "around": (spare // (2 * count), spare // count),
        "evenly": (spare // (count + 1), spare // (count + 1)),
    }[justify]


def _flexed(items: Sequence[Item], room: int) -> list[int]:
    """Widths after growing or shrinking; an item at its limit leaves the rest to the others.

    Of items that break their limits those freeze first that break them in the direction in which all of them are off
    together (9.7, 4d), so that what one cannot give is asked of the others.
    """
    bases = [_within(item, item.basis) for item in items]
    grows = sum(bases) < room
    frozen = {
        index: size
        for index, (item, size) in enumerate(zip(items, bases, strict=True))
        if not (item.grow if grows else item.shrink) or (item.basis > size if grows else item.basis < size)
    }
    while True:
        free = [index for index in range(len(items)) if index not in frozen]
        if not free:
            return [max(frozen[index], 0) for index in range(len(items))]
        rest = room - sum(frozen.values()) - sum(items[index].basis for index in free)
        parts = [items[i].grow if grows else items[i].shrink * items[i].basis for i in free]
        # Shares that come to less than one leave space (9.7, 4b).
        total = max(sum(parts), 1.0) if grows else sum(parts)
        wanted = {
            index: items[index].basis + (round(rest * part / total) if total else 0)
            for index, part in zip(free, parts, strict=True)
        }
        limited = {index: _within(items[index], size) for index, size in wanted.items()}
        off = sum(limited.values()) - sum(wanted.values())
        over = (
            [index for index in free if (limited[index] > wanted[index] if off > 0 else limited[index] < wanted[index])]
            if off
            else free
        )
        frozen |= {index: limited[index] for index in over}


def _within(item: Item, size: int) -> int:
    limited = size if item.most is None else min(size, item.most)
    return max(limited, item.least)
