"""The outline: a document's bookmarks as a tree of objects (PDF 32000-1, 12.3.3)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pressrun_server.emit.syntax import decimal, text_string

__all__ = ["Entry", "outline"]

Entry: TypeAlias = "tuple[int, int, int, str]"
"""Level from 1, object number of the page, distance from its lower edge, what the bookmark says."""


@dataclass(slots=True, eq=False)
class _Item:
    number: int
    level: int
    kids: list[_Item] = field(default_factory=list)
    below: int = 0
    """Items below it; all are open."""


def outline(entries: Sequence[Entry], number: int) -> list[tuple[int, bytes]]:
    """The objects of an outline.

    Args:
        entries: in reading order; one is below the last one before it of a lower level.
        number: of the outline itself; the items have the numbers behind it, in order.

    Returns:
        number and body of the outline and each item.
    """
    root = _Item(number, 0)
    path = [root]
    items: list[tuple[_Item, _Item]] = []
    for at, (level, _, _, _) in enumerate(entries, number + 1):
        while path[-1].level >= level:
            path.pop()
        item = _Item(at, level)
        items.append((path[-1], item))
        path[-1].kids.append(item)
        for above in path:
            above.below += 1
        path.append(item)
    ends: dict[int, list[int]] = {}
    for parent in (root, *(item for _, item in items)):
        for left, right in itertools.pairwise(parent.kids):
            ends.setdefault(left.number, [0, 0])[1] = right.number
            ends.setdefault(right.number, [0, 0])[0] = left.number
    found = [(number, b"<</Type/Outlines%s>>" % _kids(root))]
    for (parent, item), (_, page, y, text) in zip(items, entries, strict=True):
        before, after = ends.get(item.number, [0, 0])
        beside = (b"/Prev %d 0 R" % before if before else b"") + (b"/Next %d 0 R" % after if after else b"")
        body = b"<</Title%s/Parent %d 0 R%s%s/Dest[%d 0 R/XYZ null %s null]>>" % (
            text_string(text),
            parent.number,
            beside,
            _kids(item),
            page,
            decimal(y).encode(),
        )
        found.append((item.number, body))
    return found


def _kids(item: _Item) -> bytes:
    if not item.kids:
        return b""
    return b"/First %d 0 R/Last %d 0 R/Count %d" % (item.kids[0].number, item.kids[-1].number, item.below)
