"""Breaks text into lines: greedy, at spaces and after hyphens; a word too long for a line is broken anywhere.

Widths are integers: the sum of the advances (1/1000 em) times the size (millipoints), floored to millipoints once for
each run, exactly as a viewer adds them up.
"""

from __future__ import annotations

import bisect
import itertools
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pressrun_server.fonts.face import Face, Run
from pressrun_server.model.content import Piece
from pressrun_server.model.program import TextStyle

__all__ = ["Line", "Segment", "Typesetter"]

Segment: TypeAlias = "tuple[int, int, int, str]"
"""Offset from the line's left edge, text style, shard, codes."""

_WORD = re.compile(r"[^ ]+| +")
# A break may follow a hyphen or dash inside a word (UAX 14: HY, BA), but not before a digit: -12,50 stays whole.
_HYPHEN = re.compile(r"(?<=[^\s\d\u2212-][-\u2010\u2013\u2014])(?=[^\W\d_])")
# The same in the first shard's codes: hyphen-minus, and the en dash and em dash of Windows-1252.
_CODE_HYPHEN = re.compile(r"(?<=[^\s\d\x81-][-\x96\x97])(?=[^\W\d_])")
_DASHES = frozenset("-\x96\x97")


@dataclass(slots=True, eq=False)
class Line:
    """A line of text."""

    segments: list[Segment]
    width: int
    height: int
    ascent: int
    """From the line's top to its baseline."""


class Typesetter:
    """Sets text in the styles of one program.

    Args:
        faces: the faces by index.
        styles: the text styles by index.
    """

    def __init__(self, faces: list[Face], styles: tuple[TextStyle, ...]) -> None:
        self.faces = faces
        self.styles = styles
        self.linked = frozenset(index for index, style in enumerate(styles) if style.link)
        """Styles of links."""
        self._encoders = [faces[style.face].encode for style in styles]
        self.plain_styles = [
            (_never if style.letter_spacing else faces[style.face].plain, style.size) for style in styles
        ]
        """By style: what encodes and measures plain text, and the size; no text is plain where letters are spaced."""
        # Half the leading goes above, half below the face's own extent (CSS 2.2, 10.8.1).
        self._metrics = []
        for style in styles:
            data = faces[style.face].data
            ascent = data.ascent * style.size // 1000
            extent = (data.ascent - data.descent) * style.size // 1000
            self._metrics.append((style.line_height, (style.line_height - extent) // 2 + ascent))

    def metrics(self, style: int) -> tuple[int, int]:
        """Line height and ascent of a style."""
        return self._metrics[style]

    def mixed(self, style: int, text: str) -> tuple[tuple[tuple[int, str], ...], int] | None:
        """Shard and codes of each run of a line, and its width; None where letters are spaced or no font has one."""
        spec = self.styles[style]
        lacking: list[str] = []
        runs = self._encoders[style](text, lacking.append)
        if lacking or spec.letter_spacing:
            return None
        size = spec.size
        return tuple([(shard, codes) for shard, codes, _ in runs]), sum([width * size // 1000 for _, _, width in runs])

    def single(
        self, pieces: list[Piece], available: int, missing: Callable[[str], None]
    ) -> tuple[list[Segment], int] | None:
        """Segments and width of text that fits on one line as it is; None where it must be broken or trimmed."""
        segments: list[Segment] = []
        width = 0
        joined = _joined(pieces)
        if joined and (joined[0][1].startswith(" ") or joined[-1][1].endswith(" ")):
            return None
        for style, text in joined:
            if text == "\n":
                return None
            for (shard, codes, _), advance in self.runs(style, text, missing):
                segments.append((width, style, shard, codes))
                width += advance
            if width > available:
                return None
        return segments, width

    def lines(
        self, pieces: list[Piece], base: int, available: int, missing: Callable[[str], None], *, wrap: bool = True
    ) -> list[Line]:
        """The lines of a paragraph.

        Args:
            pieces: its text.
            base: the paragraph's own style; no line is lower than it says.
            available: the width of the lines, in millipoints.
            missing: told each character that no face has.
            wrap: whether lines may be broken elsewhere than at forced breaks.
        """
        pieces = _joined(pieces)
        if len(pieces) > 1:
            # A line with a bold name in it, or a name in Greek, is a single line most of the time.
            found = self.single(pieces, available, missing)
            if found is not None:
                return [self._line(*found, base)]
        elif pieces and wrap:
            plain = self._plain(*pieces[0], base, available)
            if plain is not None:
                return plain
        builder = _Builder(self, base, available)
        last_end = ""
        for style, text in pieces:
            if text == "\n":
                builder.finish()
                last_end = ""
                continue
            if not text:
                continue
            for word in _WORD.findall(text) if wrap else [text]:
                if word[0] == " " and wrap:
                    builder.space(style, self.runs(style, " ", missing))
                    continue
                parts = _HYPHEN.split(word) if wrap and ("-" in word or "–" in word or "—" in word) else [word]  # noqa: RUF001
                for index, part in enumerate(parts):
                    builder.word(style, self.runs(style, part, missing), breakable=index > 0, wrap=wrap)
            last_end = text
        if builder.open or not builder.lines or last_end == "":
            builder.finish()
        return builder.lines

    def _line(self, segments: list[Segment], width: int, base: int) -> Line:
        height, ascent = self._metrics[base]
        descent = height - ascent
        for style in {segment[1] for segment in segments}:
            other_height, other_ascent = self._metrics[style]
            ascent = max(ascent, other_ascent)
            descent = max(descent, other_height - other_ascent)
        return Line(_merged(segments), width, ascent + descent, ascent)

    def _plain(self, style: int, text: str, base: int, available: int) -> list[Line] | None:
        """The lines of text in one style and in the first shard alone, the common paragraph, without a builder.

        Gives None where a word is too wide for a line or another shard is needed.
        """
        plain, size = self.plain_styles[style]
        found = plain(text)
        if found is None:
            return None
        height, ascent = self._metrics[base]
        if style != base:
            other_height, other_ascent = self._metrics[style]
            descent = max(height - ascent, other_height - other_ascent)
            ascent = max(ascent, other_ascent)
            height = ascent + descent
        limit = available * 1000 // size
        codes = found[0].strip(" ")
        if found[1] <= limit and len(codes) == len(found[0]):
            return [Line([(0, style, 0, codes)] if codes else [], found[1] * size // 1000, height, ascent)]
        parts = _broken(codes, self.faces[self.styles[style].face].data.shards[0].widths, limit)
        if parts is None:
            return None
        return [
            Line([(0, style, 0, part)] if part else [], advance * size // 1000, height, ascent)
            for part, advance in parts
        ]

    def runs(self, style: int, text: str, missing: Callable[[str], None]) -> list[tuple[Run, int]]:
        """The runs of a text with the width of each."""
        spec = self.styles[style]
        return [
            (run, run[2] * spec.size // 1000 + len(run[1]) * spec.letter_spacing)
            for run in self._encoders[style](text, missing)
        ]


class _Builder:
    """Puts words into lines."""

    def __init__(self, typesetter: Typesetter, base: int, available: int) -> None:
        self.setter = typesetter
        self.base = base
        self.available = available
        self.lines: list[Line] = []
        self._segments: list[Segment] = []
        self._width = 0
        self._space: tuple[int, list[tuple[Run, int]]] | None = None
        # Where the unbreakable run of words at the end of the line begins: index of its first segment, and its offset.
        self._glued = (0, 0)

    @property
    def open(self) -> bool:
        """Whether the line has anything in it."""
        return bool(self._segments)

    def space(self, style: int, runs: list[tuple[Run, int]]) -> None:
        """A space between words; at the beginning and end of a line it disappears."""
        if self._segments and self._space is None:
            self._space = (style, runs)

    def word(self, style: int, runs: list[tuple[Run, int]], *, breakable: bool, wrap: bool) -> None:
        """A word, or the part of a word behind a hyphen; without a space before it, it sticks to what was before."""
        width = sum(advance for _, advance in runs)
        if self._space is not None:
            gap = sum(advance for _, advance in self._space[1])
            if wrap and self._width + gap + width > self.available:
                self.finish()
            else:
                self._add(*self._space)
            self._glued = (len(self._segments), self._width)
        elif breakable or not self._segments:
            if wrap and self._segments and self._width + width > self.available:
                self.finish()
            self._glued = (len(self._segments), self._width)
        elif wrap and self._width + width > self.available and self._glued[0] > 0:
            self._carry()
        self._space = None
        if wrap and self._width + width > self.available:
            self._split(style, runs)
        else:
            self._add(style, runs)

    def _carry(self) -> None:
        """Take the last word's segments to a new line: a piece that sticks to it does not fit."""
        index, offset = self._glued
        carried = self._segments[index:]
        del self._segments[index:]
        width = self._width - offset
        self._width = offset
        self._trim()
        self.finish()
        self._segments = [(x - offset, style, shard, codes) for x, style, shard, codes in carried]
        self._width = width
        self._glued = (0, 0)

    def _trim(self) -> None:
        while self._segments and self._segments[-1][3].strip(" ") == "":
            self._width = self._segments.pop()[0]

    def _split(self, style: int, runs: list[tuple[Run, int]]) -> None:
        """Break a word that is wider than a line wherever it must be."""
        spec = self.setter.styles[style]
        face = self.setter.faces[spec.face]
        for (shard, codes, _), _width in runs:
            widths = face.data.shards[shard].widths
            advances = [widths[code] for code in codes.encode("latin-1")]
            start = 0
            while start < len(codes):
                end, total = start, 0
                while end < len(codes):
                    wider = total + advances[end]
                    width = wider * spec.size // 1000 + (end + 1 - start) * spec.letter_spacing
                    if self._width + width > self.available and (end > start or self._segments):
                        break
                    end, total = end + 1, wider
                if end == start:
                    self.finish()
                    continue
                part = (shard, codes[start:end], total)
                self._add(style, [(part, total * spec.size // 1000 + (end - start) * spec.letter_spacing)])
                start = end
                if start < len(codes):
                    self.finish()

    def _add(self, style: int, runs: list[tuple[Run, int]]) -> None:
        for (shard, codes, _), advance in runs:
            self._segments.append((self._width, style, shard, codes))
            self._width += advance

    def finish(self) -> None:
        """End the line."""
        self._trim()
        self.lines.append(self.setter._line(self._segments, self._width, self.base))  # noqa: SLF001 - its builder
        self._segments = []
        self._width = 0
        self._space = None
        self._glued = (0, 0)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Neighbours of one style and shard as one segment.

    The widths of the parts are floored one by one, so a part may sit up to a millipoint per word from where the merged
    run puts it; that is under 0.001 pt a word and not visible.
    """
    merged: list[Segment] = []
    for segment in segments:
        if merged and merged[-1][1:3] == segment[1:3]:
            x, style, shard, codes = merged[-1]
            merged[-1] = (x, style, shard, codes + segment[3])
        else:
            merged.append(segment)
    return merged


def _never(_text: str) -> None:
    return None


def _broken(codes: str, widths: tuple[int, ...], limit: int) -> list[tuple[str, int]] | None:
    """Lines of plain text with their advances; None where a word is wider than a line.

    Text is measured once, as the advance up to each character; then a line's end is looked up and not added up to.
    """
    if not codes:
        return [("", 0)]
    # Code 0 is in no shard and has no width, so this begins with the 0 that is before the first character.
    reach = list(itertools.accumulate(operator.itemgetter(0, *codes.encode("latin-1"))(widths)))
    lines: list[tuple[str, int]] = []
    start, length = 0, len(codes)
    while reach[length] - reach[start] > limit:
        # The last space up to which all fits is where the line ends.
        end = codes.rfind(" ", start, bisect.bisect_right(reach, reach[start] + limit, start))
        if end < start:
            return None
        after = end + 1
        word = codes.find(" ", after)
        compound = codes[after:] if word < 0 else codes[after:word]
        if not _DASHES.isdisjoint(compound):
            # Parts of a compound word that there is room for stay on the line.
            room = reach[start] + limit
            for part in _CODE_HYPHEN.split(compound)[:-1]:
                if reach[after + len(part)] > room:
                    break
                after += len(part)
                end = after
        lines.append((codes[start:end], reach[end] - reach[start]))
        start = after
    lines.append((codes[start:], reach[length] - reach[start]))
    return lines


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one style as one piece, so that a value in the middle of a sentence costs nothing."""
    if len(pieces) < 2:  # noqa: PLR2004 - a single piece has no neighbour
        return pieces
    joined: list[Piece] = []
    for style, text in pieces:
        if joined and joined[-1][0] == style and text != "\n" and joined[-1][1] != "\n":
            before = joined[-1][1]
            # An empty value between two spaces must not leave both.
            if before.endswith(" ") and text.startswith(" "):
                before = before[:-1]
            joined[-1] = (style, before + text)
        else:
            joined.append((style, text))
    return joined
