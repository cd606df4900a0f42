"""The lines of a flexible row as rows of a table, in which they are set."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun_server.model.program import Cell, RowTemplate

__all__ = ["rows_of"]


def rows_of(cells: Sequence[tuple[Cell, ...]], least: int, gap: int) -> tuple[RowTemplate, ...]:
    """Rows, with empty ones for the gaps between.

    Args:
        cells: of each line.
        least: the least height of all together, in which lines have equal parts.
        gap: between two lines.
    """
    own = max(least - gap * (len(cells) - 1), 0) // max(len(cells), 1)
    found: list[RowTemplate] = []
    for line in cells:
        if found and gap:
            found.append(RowTemplate(cells=(), min_height=gap, role=""))
        found.append(RowTemplate(cells=line, min_height=own, role=""))
    return tuple(found)
