"""Writes drawings as vectors: the modules of a barcode, the bars and labels of a chart (PDF 32000-1, 8.5)."""

from __future__ import annotations

import functools
import re

from pressrun_server.emit.syntax import color_operands
from pressrun_server.model.page import Matrix

__all__ = ["matrix_path"]

_CHUNK = 8
_MOST_SHARED = 45
"""Modules a side of the largest codes whose rows are kept in chunks, each for its place."""
_MOST_KEPT = 40_000
"""Chunks, about 200 bytes each."""
_ROW = "~"
"""Stands for the row in what is kept of a chunk for any row."""
_DARK = re.compile("1+")


class _Chunk(dict[str, str]):
    """What eight modules at one place come to as rectangles: form, never a record's text."""

    kept = 0
    """How much is kept of all codes."""

    def __init__(self, offset: int, row: int | str) -> None:
        super().__init__()
        self._offset = offset
        self._row = row

    def __missing__(self, part: str) -> str:
        found = "".join(
            [
                f"{self._offset + run.start()} {self._row} {run.end() - run.start()} 1 re\n"
                for run in _DARK.finditer(part)
            ]
        )
        if _Chunk.kept < _MOST_KEPT:
            _Chunk.kept += 1
            self[part] = found
        return found


_chunks = [_Chunk(offset, _ROW) for offset in range(0, 184, _CHUNK)]


@functools.cache
def _places(side: int) -> list[tuple[_Chunk, slice]]:
    """The chunks of a small code in reading order, and where they are in its modules."""
    return [
        (
            _Chunk(begin, side - 1 - row),
            slice(row * (side + 1) + begin, row * (side + 1) + min(begin + _CHUNK, side)),
        )
        for row in range(side)
        for begin in range(0, side, _CHUNK)
    ]


def matrix_path(matrix: Matrix, x: int, y: int) -> str:
    """A barcode's dark modules, filled as one path so that no seam shows between them.

    Args:
        matrix: the code.
        x: of its lower left corner.
        y: of its lower left corner.
    """
    side, modules, unit = matrix.side, matrix.modules, matrix.unit
    begin = f"q {unit} 0 0 {unit} {x} {y} cm {color_operands(matrix.color)} rg\n"
    if side <= _MOST_SHARED:
        return f"{begin}{''.join([chunk[modules[place]] for chunk, place in _places(side)])}f Q\n"
    parts = list(zip(_chunks, range(0, side, _CHUNK), range(_CHUNK, side + _CHUNK, _CHUNK), strict=False))
    out = [begin]
    for row in range(side):
        line = modules[row * (side + 1) : (row + 1) * (side + 1) - 1]
        text = "".join([chunks[line[first:last]] for chunks, first, last in parts])
        out.append(text.replace(_ROW, str(side - 1 - row)))
    out.append("f Q\n")
    return "".join(out)
