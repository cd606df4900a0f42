"""Writes drawings as vectors: the modules of a barcode, the bars and labels of a chart (PDF 32000-1, 8.5)."""

from __future__ import annotations

import re

from pressrun_server.emit.syntax import color_operands
from pressrun_server.model.page import Matrix

__all__ = ["matrix_path"]

_CHUNK = 8
_ROW = "~"
"""Stands for the row in what is kept of a chunk."""


class _Chunks(dict[str, str]):
    """What eight modules at one place come to as rectangles: form, never a record's text."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self._offset = offset

    def __missing__(self, part: str) -> str:
        found = "".join(
            [f"{self._offset + run.start()} {_ROW} {run.end() - run.start()} 1 re\n" for run in _DARK.finditer(part)]
        )
        self[part] = found
        return found


_DARK = re.compile("1+")
_chunks = [_Chunks(offset) for offset in range(0, 184, _CHUNK)]


def matrix_path(matrix: Matrix, x: int, y: int) -> str:
    """A barcode's dark modules, filled as one path so that no seam shows between them.

    Args:
        matrix: the code.
        x: of its lower left corner.
        y: of its lower left corner.
    """
    side, modules, unit = matrix.side, matrix.modules, matrix.unit
    parts = list(zip(_chunks, range(0, side, _CHUNK), range(_CHUNK, side + _CHUNK, _CHUNK), strict=False))
    out = [f"q {unit} 0 0 {unit} {x} {y} cm {color_operands(matrix.color)} rg\n"]
    for row in range(side):
        line = modules[row * (side + 1) : (row + 1) * (side + 1) - 1]
        text = "".join([chunks[line[begin:end]] for chunks, begin, end in parts])
        out.append(text.replace(_ROW, str(side - 1 - row)))
    out.append("f Q\n")
    return "".join(out)
