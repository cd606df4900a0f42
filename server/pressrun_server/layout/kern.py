"""Kerns lines that no record can change: pairs of letters stand closer together, or further apart.

What a pair is moved by is put into the codes of a run as they are written (PDF 32000-1, 9.4.3, TJ), so that who writes
them needs to know nothing of it. A program's own lines are kerned once, when it is loaded; a record's text never is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pressrun_server.fonts.face import Face
from pressrun_server.layout.segments import Line, Segment
from pressrun_server.model.page import MIXED
from pressrun_server.model.program import TextStyle

__all__ = ["Kerner"]


class Kerner:
    """Kerns the lines of one program.

    Args:
        faces: the faces by index.
        styles: the text styles by index.
        pairs: by face, how much further apart the characters of pairs are, in 1/1000 em.
    """

    def __init__(self, faces: Sequence[Face], styles: Sequence[TextStyle], pairs: Sequence[Mapping[str, int]]) -> None:
        self._styles = styles
        self._pairs = [_by_code(face, known) for face, known in zip(faces, pairs, strict=True)] if pairs else []

    def kern(self, lines: list[Line], available: int, upper: str) -> list[Line]:
        """Kern lines in place, where they stay as wide as their paragraph at most.

        Args:
            lines: of a paragraph.
            available: its width.
            upper: how its lines but those before forced breaks are aligned, where that is done already.
        """
        if not self._pairs:
            return lines
        for line in lines:
            done = [self._segment(segment) for segment in line.segments]
            total = sum(moved for _, moved in done)
            aligned = upper if upper and not line.ends and line.width == available else ""
            if not any(segment is not new for segment, (new, _) in zip(line.segments, done, strict=True)):
                continue
            if line.width + total > available and not aligned:
                continue
            line.segments = _moved(done, total, aligned)
            if not aligned:
                line.width += total
        return lines

    def _segment(self, segment: Segment) -> tuple[Segment, int]:
        """A run with its pairs moved, and how much wider it is."""
        x, style, shard, codes = segment
        if shard == MIXED or not self._styles[style].kerning:
            return segment, 0
        pairs = self._pairs[self._styles[style].face][shard]
        parts: list[str] = []
        begin = total = 0
        for index in range(1, len(codes)):
            moved = pairs.get(codes[index - 1 : index + 1])
            if moved:
                parts.append(f"{codes[begin:index]})Tj[{-moved}]TJ(")
                begin = index
                total += moved
        if not parts:
            return segment, 0
        return (x, style, shard, "".join(parts) + codes[begin:]), total * self._styles[style].size // 1000


def _by_code(face: Face, pairs: Mapping[str, int]) -> list[dict[str, int]]:
    """By shard, the same by the codes of the characters."""
    found: list[dict[str, int]] = []
    for shard in face.data.shards:
        codes = dict(zip(shard.characters, shard.codes, strict=True))
        found.append(
            {
                chr(codes[pair[0]]) + chr(codes[pair[1]]): moved
                for pair, moved in pairs.items()
                if pair[0] in codes and pair[1] in codes
            }
        )
    return found


def _moved(done: list[tuple[Segment, int]], total: int, aligned: str) -> list[Segment]:
    """The runs of a line, each where it is when those before it are wider or narrower."""
    found: list[Segment] = []
    gaps = len(done) - 1
    before = 0
    for index, ((x, style, shard, codes), moved) in enumerate(done):
        # A line that reaches to both edges, or to one, still does.
        back = {"right": total, "center": total // 2, "justify": total * index // gaps if gaps else 0}.get(aligned, 0)
        found.append((x + before - back, style, shard, codes))
        before += moved
    return found
