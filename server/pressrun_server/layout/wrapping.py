"""Puts words into lines: greedy, parting words where their language or a soft hyphen allows it.

A word is what stands between two places where a line may end; it may have several styles. One that does not fit is
parted with a hyphen if it can be, else it begins the next line; one wider than a line is broken anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pressrun_server.fonts.face import Run
from pressrun_server.fonts.hyphenation import hyphenator
from pressrun_server.fonts.repertoire import SOFT_HYPHEN
from pressrun_server.layout.linebreak import opportunities
from pressrun_server.layout.segments import Line, Segment
from pressrun_server.model.content import Piece

if TYPE_CHECKING:
    from pressrun_server.layout.lines import Typesetter

__all__ = ["Wrapper"]

_Word: TypeAlias = "list[Piece]"
_HYPHEN_CODE = "\xad"
_NO_RULES = frozenset({"manual", "none"})


class Wrapper:
    """The lines of one paragraph.

    Args:
        typesetter: encodes and measures.
        base: the paragraph's own style.
        available: the width of the lines.
        missing: told each character that no face has.
        wrap: whether lines may end elsewhere than at forced breaks.
        spaces: whether all white space stays.
        indent: how much further in the first line begins.
    """

    def __init__(
        self,
        typesetter: Typesetter,
        base: int,
        available: int,
        missing: Callable[[str], None],
        *,
        wrap: bool,
        spaces: bool,
        indent: int = 0,
    ) -> None:
        self._setter = typesetter
        self._base = base
        self._available = available
        self._missing = missing
        self._wrap = wrap
        self._spaces = spaces
        self.lines: list[Line] = []
        self._segments: list[Segment] = []
        self._width = indent
        self._gap: Piece | None = None

    def set(self, pieces: Sequence[Piece]) -> None:
        """Set text without forced breaks, and end the line behind it."""
        text = "".join([part for _, part in pieces])
        ends = [end for end in opportunities(text) if text[end - 1] != SOFT_HYPHEN] if self._wrap else []
        for word, gap in _words(pieces, [*ends, len(text)]):
            self._word(word)
            if gap is not None and (self._spaces or (self._segments and self._gap is None)):
                style, spaces = gap
                if self._gap is not None:
                    spaces = self._gap[1] + spaces
                self._gap = (style, spaces if self._spaces else " ")
        self._finish(ends=True)

    def least(self, pieces: Sequence[Piece]) -> int:
        """The width of the widest part of a text in which no line may end; nothing is set.

        A word that may be parted counts with its widest part, and the hyphen behind that.
        """
        text = "".join([part for _, part in pieces])
        ends = [end for end in opportunities(text) if text[end - 1] != SOFT_HYPHEN]
        widest = 0
        for word, _ in _words(pieces, [*ends, len(text)]):
            rest, begun = word, 0
            for at in self._cuts(word) if word else ():
                begin, rest = _cut(rest, at - begun)
                begun = at
                if begin:
                    widest = max(widest, self._wide(begin) + self._hyphen_width(begin[-1][0]))
            widest = max(widest, self._wide(rest))
        return widest

    def _word(self, word: _Word) -> None:
        cuts: list[int] | None = None
        while word:
            shown = [(style, self._setter.runs(style, text, self._missing)) for style, text in word]
            width = sum(advance for _, runs in shown for _, advance in runs)
            gap = self._setter.runs(*self._gap, self._missing) if self._gap else []
            before = sum(advance for _, advance in gap)
            if not self._wrap or self._width + before + width <= self._available:
                self._take_gap(gap)
                for style, runs in shown:
                    self._add(style, runs)
                return
            if cuts is None:
                cuts = self._cuts(word)
            at = self._parted(word, cuts, self._available - self._width - before)
            if at:
                self._take_gap(gap)
                begin, word = _cut(word, at)
                for style, text in begin:
                    self._add(style, self._setter.runs(style, text, _ignore))
                self._hyphen(begin[-1][0])
                self._finish()
                cuts = [cut - at for cut in cuts if cut > at]
            elif self._segments:
                self._finish()
            else:
                self._take_gap(gap)
                for style, runs in shown:
                    if self._setter.styles[style].anywhere:
                        self._split(style, runs)
                    else:
                        self._add(style, runs)
                return

    def _cuts(self, word: _Word) -> list[int]:
        """Offsets, in the word as it is encoded, at which it may be parted."""
        plain = "".join([text for _, text in word])
        ways = [self._setter.styles[style].hyphens for style, _ in word]
        if "none" in ways:
            return []
        if SOFT_HYPHEN in plain:
            return [at for at, character in enumerate(plain) if character == SOFT_HYPHEN and 0 < at < len(plain) - 1]
        return [] if ways[0] in _NO_RULES else hyphenator(ways[0])(plain)

    def _parted(self, word: _Word, cuts: Sequence[int], room: int) -> int:
        """The last of the cuts before which all fits with a hyphen; 0 where none does."""
        for at in reversed(cuts):
            begin, _ = _cut(word, at)
            if self._hyphen_width(begin[-1][0]) + self._wide(begin) <= room:
                return at
        return 0

    def _wide(self, word: _Word) -> int:
        return sum(advance for style, text in word for _, advance in self._setter.runs(style, text, _ignore))

    def _hyphen_width(self, style: int) -> int:
        spec = self._setter.styles[style]
        widths = self._setter.faces[spec.face].data.shards[0].widths
        return widths[ord(_HYPHEN_CODE)] * spec.size // 1000 + spec.letter_spacing

    def _hyphen(self, style: int) -> None:
        # U+00AD in the text layer: a hyphen that only the break put there (PDF 32000-1, 14.8.2.2.3).
        self._segments.append((self._width, style, 0, _HYPHEN_CODE))
        self._width += self._hyphen_width(style)

    def _split(self, style: int, runs: list[tuple[Run, int]]) -> None:
        """Break a word that is wider than a line wherever it must be."""
        spec = self._setter.styles[style]
        face = self._setter.faces[spec.face]
        for (shard, codes, _), _width in runs:
            widths = face.data.shards[shard].widths
            advances = [widths[code] for code in codes.encode("latin-1")]
            start = 0
            while start < len(codes):
                end, total = start, 0
                while end < len(codes):
                    wider = total + advances[end]
                    width = wider * spec.size // 1000 + (end + 1 - start) * spec.letter_spacing
                    if self._width + width > self._available and (end > start or self._segments):
                        break
                    end, total = end + 1, wider
                if end == start:
                    self._finish()
                    continue
                part = (shard, codes[start:end], total)
                self._add(style, [(part, total * spec.size // 1000 + (end - start) * spec.letter_spacing)])
                start = end
                if start < len(codes):
                    self._finish()

    def _take_gap(self, runs: list[tuple[Run, int]]) -> None:
        if self._gap is not None:
            self._add(self._gap[0], runs)
            self._gap = None

    def _add(self, style: int, runs: list[tuple[Run, int]]) -> None:
        for (shard, codes, _), advance in runs:
            self._segments.append((self._width, style, shard, codes))
            self._width += advance

    def _finish(self, *, ends: bool = False) -> None:
        line = self._setter.line(self._segments, self._width, self._base)
        line.ends = ends
        self.lines.append(line)
        self._segments, self._width, self._gap = [], 0, None


def _words(pieces: Sequence[Piece], ends: Sequence[int]) -> Iterator[tuple[_Word, Piece | None]]:
    """What stands between the places where a line may end: a word, and the space behind it with its style."""
    index, offset, begin = 0, 0, 0  # the piece, where in it, and where in the text
    for end in ends:
        parts: list[Piece] = []
        left = end - begin
        while left > 0:
            style, text = pieces[index]
            part = text[offset : offset + left]
            parts.append((style, part))
            left -= len(part)
            offset += len(part)
            if offset == len(text):
                index, offset = index + 1, 0
        begin = end
        word: _Word = []
        gap: Piece | None = None
        for style, part in parts:
            plain = part.rstrip(" ")
            if gap is not None and plain:
                word.append(gap)
                gap = None
            if plain:
                word.append((style, plain))
            if len(plain) < len(part):
                gap = (style, part[len(plain) :]) if gap is None else (gap[0], gap[1] + part[len(plain) :])
        yield word, gap


def _cut(word: _Word, at: int) -> tuple[_Word, _Word]:
    begin: _Word = []
    rest: _Word = []
    for style, text in word:
        first, second = text[: max(at, 0)], text[max(at, 0) :]
        if first:
            begin.append((style, first))
        if second:
            rest.append((style, second))
        at -= len(text)
    return begin, rest


def _ignore(_character: str) -> None:
    """Characters that no face has were told of when the whole word was measured."""
