"""Writes drawings as vectors: the modules of a barcode, the bars and labels of a chart (PDF 32000-1, 8.5)."""

from __future__ import annotations

import functools
import re
from operator import getitem

from pressrun_server.emit.syntax import color_operands
from pressrun_server.model.page import Matrix

__all__ = ["matrix_path"]

_MOST_SHARED = 45
"""Modules a side of the largest codes whose rows are kept in chunks, each for its place."""
_MOST_KEPT = 40_000
"""Chunks, about 200 bytes each."""
_ROW = "~"
"""Stands for the row in what is kept of a chunk for any row."""
_DARK = re.compile("1+")


class _Chunk(dict[int, str]):
    """What eight modules at one place come to as rectangles: form, never a record's text.

    Args:
        offset: of the first module in its row.
        row: from the bottom.
    """

    kept = 0
    """How much is kept of all codes."""

    def __init__(self, offset: int, row: int | str) -> None:
        super().__init__()
        self._offset = offset
        self._row = row

    def __missing__(self, part: int) -> str:
        found = "".join(
            [
                f"{self._offset + run.start()} {self._row} {run.end() - run.start()} 1 re\n"
                for run in _DARK.finditer(f"{part:08b}")
            ]
        )
        if _Chunk.kept < _MOST_KEPT:
            _Chunk.kept += 1
            self[part] = found
        return found


_chunks = [_Chunk(offset, _ROW) for offset in range(0, 184, 8)]


@functools.cache
def _places(side: int) -> list[_Chunk]:
    """The chunks of a small code in reading order."""
    return [_Chunk(offset, side - 1 - row) for row in range(side) for offset in range(0, side + 1, 8)]


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
        return f"{begin}{''.join(map(getitem, _places(side), modules))}f Q\n"
    out, width = [begin], side // 8 + 1
    for row in range(side):
        text = "".join(map(getitem, _chunks, modules[row * width : (row + 1) * width]))
        out.append(text.replace(_ROW, str(side - 1 - row)))
    out.append("f Q\n")
    return "".join(out)
