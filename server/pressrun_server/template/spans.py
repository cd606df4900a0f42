"""Which columns of a row are taken by cells that come down from rows above."""

from __future__ import annotations

__all__ = ["Held"]

_TO_END = -1


class Held:
    """The columns of a group of rows, from its first row on.

    Args:
        columns: how many there are.
    """

    def __init__(self, columns: int) -> None:
        self._rows = [0] * columns
        self._begun: list[tuple[int, int, int]] = []
        self.used = False
        """Whether any cell spanned rows."""

    def free(self, column: int) -> int:
        """The first column from one on that no cell from above takes."""
        while column < len(self._rows) and self._rows[column]:
            column += 1
        return column

    def span(self, column: int, columns: int, rows: int) -> None:
        """A cell of the row; of 0 rows, where it goes on to the group's end."""
        if rows != 1:
            self.used = True
            self._begun.append((column, columns, rows))

    def next_row(self) -> bool:
        """End the row; gives whether a cell goes on into the next one."""
        self._rows = [count - 1 if count > 0 else count for count in self._rows]
        for column, columns, rows in self._begun:
            for index in range(column, min(column + columns, len(self._rows))):
                self._rows[index] = rows - 1 if rows else _TO_END
        self._begun = []
        return any(self._rows)

    def copy(self) -> Held:
        """The same columns, before one of several rows that may come."""
        found = Held(len(self._rows))
        found._rows, found.used = list(self._rows), self.used
        return found

    def go_on(self, others: list[Held]) -> bool:
        """Go on behind one of several rows; False where it matters which one that is."""
        self._rows, self.used = others[0]._rows, any(other.used for other in others)  # noqa: SLF001
        return all(other._rows == self._rows for other in others)  # noqa: SLF001

    @property
    def counted(self) -> bool:
        """Whether a cell from above goes on for a number of rows, and not to the end."""
        return any(count > 0 for count in self._rows)
