"""Widths that wait for something: how a box lies in a width that is known only when its table's contents are."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

__all__ = ["Fluid", "Length", "spread"]

Length: TypeAlias = tuple[int, int]
"""Millipoints, and thousandths of a percent of what it is measured by; the two are added."""

_WHOLE: Final = 100_000


def spread(length: Length, of: int) -> int:
    """A length, where what it is measured by is known; a difference that comes to less than nothing is nothing."""
    found = length[0] + (length[1] * of + _WHOLE // 2) // _WHOLE
    return max(0, found)


class Fluid(msgspec.Struct, frozen=True):
    """What a box asks for in the horizontal (CSS 2.2, 10.3.3 and 10.4); None is `auto`, or `none` for the most."""

    left: Length | None
    right: Length | None
    """Margins."""
    width: Length | None
    least: Length
    most: Length | None
    """The least and the greatest width."""
    edges: int
    """Of paddings and borders together."""
    own: int
    """How much of the edges the widths include (`box-sizing`)."""

    def content(self, containing: int) -> int:
        """The width of the content box in a containing block of a width, before limits."""
        if self.width is not None:
            return spread(self.width, containing) - self.own
        margins = sum(spread(margin, containing) for margin in (self.left, self.right) if margin is not None)
        return containing - self.edges - margins

    def limited(self, content: int, containing: int) -> int:
        """A content width with the least and the greatest one in force."""
        if self.most is not None:
            content = min(content, spread(self.most, containing) - self.own)
        least = spread(self.least, containing)
        return max(content, least - self.own) if least else content

    def start(self, content: int, containing: int) -> int:
        """The left margin of a box whose content has a width: automatic ones share what is left."""
        if self.left is not None:
            return spread(self.left, containing)
        right = 0 if self.right is None else spread(self.right, containing)
        spare = containing - self.edges - content - right
        return max(0, spare // 2 if self.right is None else spare)
