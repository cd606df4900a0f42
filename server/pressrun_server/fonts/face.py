"""A face at work: encodes text into the bytes of its shards and measures it, never character by character."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import TypeAlias
from zlib import adler32

from pressrun_server.model.program import FaceData, ShardData

__all__ = ["Face", "Run"]

Run: TypeAlias = "tuple[int, str, int]"
"""Shard, codes (one character up to U+00FF for each byte), width in 1/1000 em."""

_ASCII_PRINTABLE = range(0x20, 0x7F)
_REPLACEMENT = "?"
# Adler-32 (RFC 1950, 8.2) holds one more than the sum of the bytes in its low half, as long as that is under 65521:
# for this many bytes it is the fastest sum there is.
_ADDED = 0xFFFF
_MOST_ADDED = 256
_BARRED = 0xFF
"""High byte of the width of what is no printable character."""


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
        self._tables = [
            {ord(char): chr(code) for char, code in zip(shard.characters, shard.codes, strict=True)}
            for shard in data.shards
        ]
        groups = [f"([{re.escape(shard.characters)}]+)" for shard in data.shards]
        self._splitter = re.compile("|".join([*groups, r"(.)"]), re.DOTALL)

    def encode(self, text: str, missing: Callable[[str], None]) -> list[Run]:
        """The runs of a text.

        Args:
            text: what to show.
            missing: called with each character that the face does not have; a question mark takes its place.
        """
        plain = self.plain(text)
        return self._split(text, missing) if plain is None else [(0, *plain)]

    def _split(self, text: str, missing: Callable[[str], None]) -> list[Run]:
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
    """Low and high bytes of the widths, as translation tables: adding up bytes is what C does fastest here."""
    return bytes(width & 0xFF for width in widths), bytes(width >> 8 for width in widths)


def _measure(widths: tuple[int, ...]) -> Callable[[bytes], int]:
    low, high = _halves(widths)

    def measure(codes: bytes) -> int:
        if len(codes) > _MOST_ADDED:
            return sum(codes.translate(low)) + (sum(codes.translate(high)) << 8)
        wide = (adler32(codes.translate(high)) & _ADDED) - 1
        return (adler32(codes.translate(low)) & _ADDED) - 1 + (wide << 8)

    return measure


def _plain(shard: ShardData, measure: Callable[[bytes], int]) -> Callable[[str], tuple[str, int] | None]:
    """What encodes and measures text of a face's first shard."""
    encoding = dict(zip(shard.codes, shard.characters, strict=True))
    # The interpreter's own encoding map: one pass in C over the text, whatever its characters; U+FFFE is none.
    mapping = codecs.charmap_build("".join(encoding.get(code, "\ufffe") for code in range(0x100)))
    same = all(encoding.get(code) == chr(code) for code in _ASCII_PRINTABLE)
    low, high = _halves(shard.widths)
    # Control characters are told by the sum that is needed anyway, so that short text is not looked at once more.
    high = bytes(high[code] if code in _ASCII_PRINTABLE else _BARRED for code in range(0x80)) + bytes(0x80)

    def plain(text: str) -> tuple[str, int] | None:
        if same and text.isascii():
            data = text.encode()
            if len(data) <= _MOST_ADDED:
                wide = (adler32(data.translate(high)) & _ADDED) - 1
                if wide < _BARRED or text.isprintable():
                    return text, (adler32(data.translate(low)) & _ADDED) - 1 + (wide << 8)
            elif text.isprintable():
                return text, measure(data)
        try:
            data = codecs.charmap_encode(text, "strict", mapping)[0]
        except UnicodeEncodeError:
            return None
        return data.decode("latin-1"), measure(data)

    return plain
