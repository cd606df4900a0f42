"""Lines that stand with their decimal sign at one place in all rows (CSS Text 4, 6.3, alignment at a character).

A column's cells are not looked at together, since rows leave as they come: the template says what stands behind the
sign at most, and each line is moved to the left by what it lacks of that.
"""

from __future__ import annotations

from pressrun_server.layout.lines import Typesetter
from pressrun_server.model.content import Piece
from pressrun_server.model.program import Paragraph

__all__ = ["Decimals"]


class Decimals:
    """The alignment of a cell's line.

    Args:
        node: the cell's paragraph, whose `decimals` is not empty.
        setter: the program's typesetter.
    """

    def __init__(self, node: Paragraph, setter: Typesetter) -> None:
        self._sign = node.decimals[0]
        self._setter = setter
        self._reserved = self._wide([(node.style, node.decimals)])

    def __eq__(self, other: object) -> bool:
        """Whether both place every text alike."""
        return isinstance(other, Decimals) and (self._sign, self._reserved) == (other._sign, other._reserved)

    def __hash__(self) -> int:
        return hash((self._sign, self._reserved))

    def lacks(self, pieces: list[Piece]) -> int:
        """How far the end of a text stays from the right edge, if there is room."""
        behind: list[Piece] = []
        for style, text in pieces[::-1]:
            index = text.rfind(self._sign)
            behind.insert(0, (style, text[max(index, 0) :]))
            if index >= 0:
                return max(self._reserved - self._wide(behind), 0)
        return self._reserved

    def lacks_one(self, style: int, text: str) -> int:
        """The same for a text of one style."""
        index = text.rfind(self._sign)
        return self._reserved if index < 0 else max(self._reserved - self._wide([(style, text[index:])]), 0)

    def _wide(self, pieces: list[Piece]) -> int:
        runs = self._setter.runs
        return sum(advance for style, text in pieces for _, advance in runs(style, text, _never))


def _never(_character: str) -> None:
    """What no font has was told of when the whole text was set."""
