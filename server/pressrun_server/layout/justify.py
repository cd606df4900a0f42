"""Aligns the lines of a paragraph whose last line stands otherwise than those above it (CSS Text 3, 6)."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun_server.fonts.face import Face
from pressrun_server.layout.segments import Line, Segment
from pressrun_server.model.program import TextStyle

__all__ = ["align_upper"]


def align_upper(
    lines: list[Line], upper: str, available: int, faces: Sequence[Face], styles: Sequence[TextStyle]
) -> None:
    """Give all lines but those before a forced break their own alignment; each is as wide as the paragraph then.

    Args:
        lines: the lines, changed in place.
        upper: `left`, `right`, `center` or `justify`.
        available: the paragraph's width.
        faces: the faces by index.
        styles: the text styles by index.
    """
    for line in lines:
        spare = available - line.width
        if line.ends or spare <= 0:
            continue
        if upper == "justify":
            line.segments = _stretched(line.segments, spare, faces, styles)
        elif upper != "left":
            shift = spare if upper == "right" else spare // 2
            line.segments = [(x + shift, style, shard, codes) for x, style, shard, codes in line.segments]
        line.width = available


def _stretched(
    segments: list[Segment], spare: int, faces: Sequence[Face], styles: Sequence[TextStyle]
) -> list[Segment]:
    """Words as segments of their own, each with the space behind it, so that text extracts as it was."""
    gaps = sum(codes.count(" ") for _, _, _, codes in segments)
    if not gaps:
        return segments
    found: list[Segment] = []
    passed = 0
    for x, style, shard, codes in segments:
        spec = styles[style]
        measure = faces[spec.face].measures[shard]
        begin, count = 0, len(codes)
        while begin < count:
            end = codes.find(" ", begin) + 1 or count
            before = codes[:begin]
            reach = measure(before.encode("latin-1")) * spec.size // 1000
            reach += begin * spec.letter_spacing + before.count(" ") * spec.word_spacing
            found.append((x + reach + spare * passed // gaps, style, shard, codes[begin:end]))
            passed += codes[begin:end].endswith(" ")
            begin = end
    return found
