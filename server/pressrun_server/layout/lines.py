"""Sets text in lines: the common paragraph, plain text of one style, at once, and any other word by word.

Widths are integers: the sum of the advances (1/1000 em) times the size (millipoints), floored to millipoints once for
each run, exactly as a viewer adds them up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pressrun_server.fonts.face import Face, Run
from pressrun_server.fonts.repertoire import shards
from pressrun_server.layout.justify import align_upper
from pressrun_server.layout.kern import Kerner
from pressrun_server.layout.linebreak import AWKWARD_AFTER, AWKWARD_BEFORE, inner, opportunities
from pressrun_server.layout.segments import Line, Segment
from pressrun_server.layout.wrapping import Wrapper
from pressrun_server.model.content import Piece
from pressrun_server.model.page import MIXED
from pressrun_server.model.program import Paragraph, TextStyle

__all__ = ["Line", "Segment", "Typesetter", "joined"]

_LATIN = shards()["latin"]
_CHARACTERS = {code: character for character, code in _LATIN.items()}
# In the first shard's codes: what may part a word, and what decides whether a line ends at a space (UAX 14).
_INNER = inner(lambda characters: "".join(chr(_LATIN[character]) for character in characters if character in _LATIN))
_BEFORE, _AFTER = (
    frozenset(chr(code) for character, code in _LATIN.items() if character in awkward)
    for awkward in (AWKWARD_BEFORE, AWKWARD_AFTER)
)
_MANUAL = frozenset({"manual", "none"})
_WHITE = re.compile(r"[ \t\n\r\f]+")
_LINE_ENDS = re.compile(r"(?<=[^\n])(?=\n)|(?<=\n)")
_TAB = 8
_ENDLESS = 1 << 40
_MOST_SEEN = 512
"""Texts of one document."""


class Typesetter:
    """Sets text in the styles of one program.

    Args:
        faces: the faces by index.
        styles: the text styles by index.
        kerning: by face, how much further apart the characters of pairs are, in 1/1000 em.
    """

    def __init__(
        self, faces: list[Face], styles: tuple[TextStyle, ...], kerning: Sequence[Mapping[str, int]] = ()
    ) -> None:
        self._kerner = Kerner(faces, styles, kerning)
        self.faces = faces
        self.styles = styles
        self.linked = frozenset(index for index, style in enumerate(styles) if style.link or style.role or style.lines)
        """Styles of what is placed run by run: links, calls of footnotes and their numbers, and underlined text."""
        self.called = frozenset(index for index, style in enumerate(styles) if style.role == "Reference")
        """Styles of calls of footnotes."""
        self._encoders = [faces[style.face].encode for style in styles]
        self.plain_styles = [
            (_never if style.letter_spacing or style.word_spacing else faces[style.face].plain, style.size)
            for style in styles
        ]
        """By style: what encodes and measures plain text, and the size; no text is plain where it is spaced."""
        self.seen: dict[Any, Any] = {}
        """What was found out about texts that one document may show again and again; `forget` ends it."""
        self.breaking = all(style.anywhere for style in styles)
        """Whether every word that is wider than a line is broken."""
        self._letter = 2 * max([style.size for style in styles], default=0)
        """As wide as no letter is."""
        # Half the leading goes above, half below the face's own extent (CSS 2.2, 10.8.1).
        self._metrics = []
        for style in styles:
            data = faces[style.face].data
            ascent = data.ascent * style.size // 1000
            extent = (data.ascent - data.descent) * style.size // 1000
            self._metrics.append((style.line_height, (style.line_height - extent) // 2 + ascent))

    def fits(self, node: Paragraph) -> bool:
        """Whether a paragraph's lines are broken wherever that is needed, so that none is wider than its box."""
        return node.wrap and self.breaking and node.box.content_width >= self._letter

    def forget(self) -> None:
        """A document is done: nothing of its record stays."""
        self.seen.clear()

    def remember(self, key: Any, value: Any) -> None:
        """Remember something about a text of this document, as long as there is little of it."""
        if len(self.seen) < _MOST_SEEN:
            self.seen[key] = value

    def metrics(self, style: int) -> tuple[int, int]:
        """Line height and ascent of a style."""
        return self._metrics[style]

    def mixed(self, style: int, text: str) -> tuple[tuple[tuple[int, str], ...], int] | None:
        """Shard and codes of each run of a line that is not plain, and its width.

        Gives None where letters are spaced or no font has one.
        """
        spec = self.styles[style]
        if spec.letter_spacing or spec.word_spacing:
            return None
        lacking: list[str] = []
        runs = self.faces[spec.face].split(text, lacking.append)
        if lacking:
            return None
        size = spec.size
        return tuple([(shard, codes) for shard, codes, _ in runs]), sum([width * size // 1000 for _, _, width in runs])

    def single(
        self, pieces: list[Piece], available: int, missing: Callable[[str], None]
    ) -> tuple[list[Segment], int] | None:
        """Segments and width of text that fits on one line as it is; None where it must be broken or trimmed."""
        segments: list[Segment] = []
        width = 0
        parts = joined(pieces)
        if parts and (parts[0][1].startswith(" ") or parts[-1][1].endswith(" ")):
            return None
        for style, text in parts:
            if text == "\n":
                return None
            runs = self.runs(style, text, missing)
            if len(runs) == 1 and not runs[0][0][0]:
                segments.append((width, style, 0, runs[0][0][1]))
            elif runs:
                segments.append((width, style, MIXED, tuple([(shard, codes) for (shard, codes, _), _ in runs])))
            width += sum([advance for _, advance in runs])
            if width > available:
                return None
        return segments, width

    def paragraph(self, node: Paragraph, pieces: list[Piece], missing: Callable[[str], None]) -> list[Line]:
        """The lines of a paragraph of a program.

        Args:
            node: the paragraph.
            pieces: its text.
            missing: told each character that no face has.
        """
        available = node.box.content_width
        if node.preserve:
            lines = self._preserved(node, pieces, available, missing)
        elif node.indent:
            wrapper = Wrapper(self, node.style, available, missing, wrap=node.wrap, spaces=False, indent=node.indent)
            for line in _hard(joined(pieces)):
                wrapper.set([(style, _WHITE.sub(" ", text)) for style, text in line])
            lines = wrapper.lines
        else:
            lines = self.lines(pieces, node.style, available, missing, wrap=node.wrap)
        if node.upper:
            align_upper(lines, node.upper, available, self.faces, self.styles)
        return lines

    def fixed_paragraph(self, node: Paragraph, pieces: list[Piece], missing: Callable[[str], None]) -> list[Line]:
        """The lines of a paragraph that no record can change: kerned. The arguments are those of `paragraph`."""
        return self._kerner.kern(self.paragraph(node, pieces, missing), node.box.content_width, node.upper)

    def lines(
        self, pieces: list[Piece], base: int, available: int, missing: Callable[[str], None], *, wrap: bool = True
    ) -> list[Line]:
        """The lines of some text.

        Args:
            pieces: the text.
            base: the paragraph's own style; no line is lower than it says.
            available: the width of the lines, in millipoints.
            missing: told each character that no face has.
            wrap: whether lines may be broken elsewhere than at forced breaks.
        """
        pieces = joined(pieces)
        if len(pieces) > 1:
            # A line with a bold name in it, or a name in Greek, is a single line most of the time.
            found = self.single(pieces, available, missing)
            if found is not None:
                return [self.line(*found, base, ends=True)]
        elif pieces and wrap:
            plain = self._plain(*pieces[0], base, available) or self._mixed_line(*pieces[0], base, available)
            if plain is not None:
                return plain
        wrapper = Wrapper(self, base, available, missing, wrap=wrap, spaces=False)
        for line in _hard(pieces):
            wrapper.set([(style, _WHITE.sub(" ", text)) for style, text in line])
        return wrapper.lines

    def widest_line(self, node: Paragraph, pieces: list[Piece]) -> int:
        """The width of a paragraph whose lines end at forced breaks alone."""
        if len(pieces) == 1 and not node.preserve:
            style, text = pieces[0]
            plain, size = self.plain_styles[style]
            found = plain(text)
            if found is not None and text[:1] != " " != text[-1:]:
                return int(found[1] * size // 1000)
        broken = self._unwrapped(node, pieces)
        return max([line.width for line in broken], default=0)

    def _unwrapped(self, node: Paragraph, pieces: list[Piece]) -> list[Line]:
        if node.preserve:
            unwrapped = msgspec.structs.replace(node, wrap=False, indent=0)
            return self._preserved(unwrapped, pieces, _ENDLESS, _unheard)
        return self.lines(pieces, node.style, _ENDLESS, _unheard, wrap=False)

    def widest_word(self, node: Paragraph, pieces: list[Piece], known: int) -> int:
        """The width of the widest part of a paragraph in which no line may end, also not at a hyphen.

        Args:
            node: the paragraph.
            pieces: its text.
            known: a width; words that are surely no wider need not be measured exactly.
        """
        if len(pieces) == 1 and not node.preserve:
            style, text = pieces[0]
            plain, size = self.plain_styles[style]
            if self.styles[style].hyphens in _MANUAL and plain(text) is not None:
                return max([known, *self._wide_words(text.split(" "), style, plain, size, known)])
        wrapper = Wrapper(self, node.style, _ENDLESS, _unheard, wrap=True, spaces=False)
        parted = [(style, part) for style, text in pieces for part in _LINE_ENDS.split(text)]
        return max([known, *[wrapper.least(line) for line in _hard(joined(parted))]])

    def _wide_words(self, words: list[str], style: int, plain: Any, size: int, known: int) -> Iterator[int]:
        for word in words:
            found = plain(word)
            if found is None or found[1] * size // 1000 <= known:
                continue
            if word.isalnum():
                yield found[1] * size // 1000
            else:
                yield Wrapper(self, style, _ENDLESS, _unheard, wrap=True, spaces=False).least([(style, word)])

    def _preserved(
        self, node: Paragraph, pieces: list[Piece], available: int, missing: Callable[[str], None]
    ) -> list[Line]:
        """Lines of text whose line ends, and maybe spaces, stay (CSS Text 3, 4.1)."""
        spaces = node.preserve == "all"
        parted: list[Piece] = []
        for style, text in pieces:
            for index, part in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
                if index:
                    parted.append((style, "\n"))
                parted.append((style, part if spaces else _WHITE.sub(" ", part)))
        wrapper = Wrapper(self, node.style, available, missing, wrap=node.wrap, spaces=spaces, indent=node.indent)
        for line in _hard(parted):
            wrapper.set([piece for piece in (_tabbed(line) if spaces else joined(line)) if piece[1]])
        return wrapper.lines

    def line(self, segments: list[Segment], width: int, base: int, *, ends: bool = False) -> Line:
        """A line of segments, as high as the styles in it need."""
        height, ascent = self._metrics[base]
        descent = height - ascent
        for style in {segment[1] for segment in segments}:
            other_height, other_ascent = self._metrics[style]
            ascent = max(ascent, other_ascent)
            descent = max(descent, other_height - other_ascent)
        return Line(_merged(segments), width, ascent + descent, ascent, ends)

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
            return [Line([(0, style, 0, codes)] if codes else [], found[1] * size // 1000, height, ascent, ends=True)]
        if self.styles[style].hyphens not in _MANUAL:
            return None
        parts = _broken(codes, self.faces[self.styles[style].face].measures[0], limit)
        if parts is None:
            return None
        lines = [
            Line([(0, style, 0, part)] if part else [], advance * size // 1000, height, ascent)
            for part, advance in parts
        ]
        lines[-1].ends = True
        return lines

    def _mixed_line(self, style: int, text: str, base: int, available: int) -> list[Line] | None:
        """A line in one style, such as a name, whose characters are in several shards; None for any other text."""
        if self.plain_styles[style][0](text) is not None or text == "\n" or text[:1] == " " or text[-1:] == " ":
            return None
        found = self.mixed(style, text)
        if found is None or found[1] > available:
            return None
        return [self.line([(0, style, MIXED, found[0])], found[1], base, ends=True)]

    def runs(self, style: int, text: str, missing: Callable[[str], None]) -> list[tuple[Run, int]]:
        """The runs of a text with the width of each."""
        spec = self.styles[style]
        return [
            (
                run,
                run[2] * spec.size // 1000
                + len(run[1]) * spec.letter_spacing
                + (run[1].count(" ") * spec.word_spacing if spec.word_spacing else 0),
            )
            for run in self._encoders[style](text, missing)
        ]


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


def _unheard(_character: str) -> None:
    """What no font has is told of when the text is placed."""


def _broken(codes: str, measure: Callable[[bytes], int], limit: int) -> list[tuple[str, int]] | None:
    """Lines of plain text with their advances; None where a word is too wide, or a space may be no place to end a line.

    A line's end is guessed from what is left, as if all characters were of one width, and then looked for among the
    spaces around it: a handful of sums a line, where one advance for each character took three times as long.
    """
    lines: list[tuple[str, int]] = []
    data, start, length = codes.encode("latin-1"), 0, len(codes)
    left = measure(data)
    while left > limit:
        found = _last_space(codes, data, measure, start, start + (length - start) * limit // left, limit)
        if found is None:
            return None
        end, width = found
        if codes[end + 1] in _AFTER or codes[end - 1] in _BEFORE:
            return None
        after = end + 1
        word = codes.find(" ", after)
        compound = codes[after:] if word < 0 else codes[after:word]
        if _INNER.search(compound):
            # Parts of a compound word that there is room for stay on the line.
            for part in opportunities(compound.translate(_CHARACTERS)):
                wider = measure(data[start : after + part])
                if wider > limit:
                    break
                end, width = after + part, wider
            after = max(after, end)
        lines.append((codes[start:end], width))
        left -= measure(data[start:after])
        start = after
    lines.append((codes[start:], left))
    return lines


def _last_space(
    codes: str, data: bytes, measure: Callable[[bytes], int], start: int, guess: int, limit: int
) -> tuple[int, int] | None:
    """The last space up to which all fits, and how wide that is; None where there is none."""
    end = codes.rfind(" ", start, guess + 1)
    if end < 0:
        end = codes.find(" ", start)
    if end < 0:
        return None
    width = measure(data[start:end])
    while width > limit:
        before = codes.rfind(" ", start, end)
        if before < 0:
            return None
        width -= measure(data[before:end])
        end = before
    while (behind := codes.find(" ", end + 1)) >= 0:
        wider = width + measure(data[end:behind])
        if wider > limit:
            break
        end, width = behind, wider
    return end, width


def _hard(pieces: list[Piece]) -> list[list[Piece]]:
    """The text between forced breaks; a break that ends the text begins no line."""
    found: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece[1] == "\n":
            found.append([])
        elif piece[1]:
            found[-1].append(piece)
    if len(found) > 1 and not found[-1]:
        found.pop()
    return found


def _tabbed(pieces: list[Piece]) -> list[Piece]:
    """Tabs as the spaces up to the next of the stops that are eight spaces apart."""
    found: list[Piece] = []
    column = 0
    for style, text in pieces:
        expanded = (" " * column + text).expandtabs(_TAB)[column:]
        found.append((style, expanded))
        column = (column + len(expanded)) % _TAB
    return found


def joined(pieces: list[Piece]) -> list[Piece]:
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
