"""A face at work: encodes text into the bytes of its shards and measures it, never character by character."""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeAlias
from zlib import adler32

from pressrun_server.fonts.repertoire import SOFT_HYPHEN
from pressrun_server.model.program import FaceData, ShardData

__all__ = ["Face", "Run"]

Run: TypeAlias = "tuple[int, str, int]"
"""Shard, codes (one character up to U+00FF for each byte), width in 1/1000 em."""

_ASCII_PRINTABLE = range(0x20, 0x7F)
_REPLACEMENT = "?"
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]")
"""Default-ignorable characters: they shape or break text and show nothing themselves (Unicode, 5.21)."""
_WHITE = re.compile(r"[\t\n\r\f]")
_UNSHOWN = re.compile(f"{_INVISIBLE.pattern[:-1]}\t\n\r\f]")
# Adler-32 (RFC 1950, 8.2) holds one more than the sum of the bytes in its low half, as long as that is no larger than
# this: the fastest sum of bytes there is. Widths are added up in two parts of so many bits, so that both stay small.
_ADDED = 0xFFFF
_LARGEST = 65520
_BITS = 7
_BOTH = (1 << _BITS) + 1
"""What it adds to both parts."""
_BARRED = 0x80
"""High part of the width of what is no printable character."""


class Face:
    """Encodes and measures text of one face.

    Text that the first shard can carry (all of Western European) takes one encoding, two `bytes.translate` and two sums
    in C; other text is split into runs by one regular expression.
    """

    def __init__(self, data: FaceData) -> None:
        self.data = data
        self.measures: list[Callable[[bytes], int]] = [_measure(shard.widths) for shard in data.shards]
        """By shard: the advance of some codes, in 1/1000 em."""
        self.plain = _plain(data.shards[0], self.measures[0])
        """Codes and advance (1/1000 em) of text that the first shard carries alone; None for any other."""
        self.high = _guarded(data.shards[0])
        """By ASCII code, the high part of a character's advance, in 128/1000 em; 128 where it has another code. Short
        text of characters that have their own is told, and bounded, by one sum of these."""
        self.low = _halves(data.shards[0].widths)[0]
        """By code, the rest of its advance, below 128."""
        self.most = _LARGEST // max(*self.low, 1)
        """Characters of which that can be summed up in one go."""

    @functools.cached_property
    def _tables(self) -> list[dict[int, str]]:
        return [{ord(char): chr(code) for code, char in _shown(shard).items()} for shard in self.data.shards]

    @functools.cached_property
    def _splitter(self) -> re.Pattern[str]:
        """Finds the runs; made when text first needs another shard, since it takes as long as a document."""
        groups = [f"([{_ranges(_shown(shard).values())}]+)" for shard in self.data.shards]
        return re.compile("|".join([*groups, r"(.)"]), re.DOTALL)

    def encode(self, text: str, missing: Callable[[str], None]) -> list[Run]:
        """The runs of a text.

        Args:
            text: what to show.
            missing: called with each character that the face does not have; a question mark takes its place.
        """
        plain = self.plain(text)
        return self.split(text, missing) if plain is None else [(0, *plain)]

    def split(self, text: str, missing: Callable[[str], None]) -> list[Run]:
        """The runs of a text that is not plain (`plain` gives None for it); otherwise as `encode`."""
        # Decomposed letters, invisible characters and line ends come from other systems; none should print as unknown.
        if _UNSHOWN.search(text) is not None or not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", _WHITE.sub(" ", _INVISIBLE.sub("", text)))
            plain = self.plain(text)
            if plain is not None:
                return [(0, *plain)]
        runs: list[Run] = []
        unknown = len(self._tables) + 1
        for match in self._splitter.finditer(text):
            shard, part = match.lastindex or unknown, match.group()
            if shard == unknown:
                missing(part)
                shard, part = 1, _REPLACEMENT
            codes = part.translate(self._tables[shard - 1])
            if runs and runs[-1][0] == shard - 1:
                codes = runs.pop()[1] + codes
            runs.append((shard - 1, codes, self.measures[shard - 1](codes.encode("latin-1"))))
        return runs


def _halves(widths: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Low and high part of the widths, as translation tables: adding up bytes is what C does fastest here."""
    return bytes(width & (1 << _BITS) - 1 for width in widths), bytes(width >> _BITS for width in widths)


def _measure(widths: tuple[int, ...]) -> Callable[[bytes], int]:
    low, high = _halves(widths)
    most = _LARGEST // max(*low, *high, 1)

    def measure(codes: bytes) -> int:
        if len(codes) > most:
            return sum(codes.translate(low)) + (sum(codes.translate(high)) << _BITS)
        wide = adler32(codes.translate(high)) & _ADDED
        return (adler32(codes.translate(low)) & _ADDED) + (wide << _BITS) - _BOTH

    return measure


def _shown(shard: ShardData) -> dict[int, str]:
    """Code and character of what text shows."""
    return {
        code: character
        for code, character in zip(shard.codes, shard.characters, strict=True)
        if character != SOFT_HYPHEN
    }


def _ranges(characters: Iterable[str]) -> str:
    """Characters as the inside of a class of a regular expression, by ranges: a fifth of the time to compile."""
    found: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join([f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in found])


def _own(shard: ShardData) -> frozenset[int]:
    """The ASCII characters that have their own code."""
    encoding = _shown(shard)
    return frozenset(code for code in _ASCII_PRINTABLE if encoding.get(code) == chr(code))


def _guarded(shard: ShardData) -> bytes:
    own, high = _own(shard), _halves(shard.widths)[1]
    return bytes(high[code] if code in own else _BARRED for code in range(0x80)) + bytes(0x80)


def _plain(shard: ShardData, measure: Callable[[bytes], int]) -> Callable[[str], tuple[str, int] | None]:
    """What encodes and measures text of a face's first shard."""
    encoding = _shown(shard)
    # The interpreter's own encoding map: one pass in C over the text, whatever its characters; U+FFFE is none.
    mapping = codecs.charmap_build("".join(encoding.get(code, "\ufffe") for code in range(0x100)))

    def plain(text: str) -> tuple[str, int] | None:
        try:
            data = codecs.charmap_encode(text, "strict", mapping)[0]
        except UnicodeEncodeError:
            return None
        return data.decode("latin-1"), measure(data)

    own = _own(shard)
    if not own:
        return plain
    # What has another code (control characters have none) is told by the sum that is needed anyway, so that short text
    # is not looked at once more.
    low, high = _halves(shard.widths)[0], _guarded(shard)
    most = _LARGEST // max(*low, *high)
    foreign = re.compile(f"[^{_ranges(map(chr, own))}]")

    def plain_ascii(text: str) -> tuple[str, int] | None:
        if text.isascii():
            data = text.encode()
            if len(data) <= most:
                wide = adler32(data.translate(high)) & _ADDED
                if wide <= _BARRED or foreign.search(text) is None:
                    return text, (adler32(data.translate(low)) & _ADDED) + (wide << _BITS) - _BOTH
            elif foreign.search(text) is None:
                return text, measure(data)
        return plain(text)

    return plain_ascii
