"""A face at work: encodes text into the bytes of its shards and measures it, never character by character."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import TypeAlias

from pressrun_server.model.program import FaceData

__all__ = ["Face", "Run"]

Run: TypeAlias = "tuple[int, str, int]"
"""Shard, codes (one character up to U+00FF for each byte), width in 1/1000 em."""

_ASCII_PRINTABLE = range(0x20, 0x7F)
_REPLACEMENT = "?"


class Face:
    """Encodes and measures text of one face.

    Text that the first shard can carry (all of Western European) takes one `str.translate`, one `encode` and one `sum`
    over C-level iterators; other text is split into runs by one regular expression.
    """

    def __init__(self, data: FaceData) -> None:
        self.data = data
        self.measures: list[Callable[[bytes], int]] = [_measure(shard.widths) for shard in data.shards]
        """By shard: the advance of some codes, in 1/1000 em."""
        first_widths = data.shards[0].widths
        self._low, self._high = _halves(first_widths)
        first = data.shards[0]
        encoding = dict(zip(first.codes, first.characters, strict=True))
        # The interpreter's own encoding map: one pass in C over the text, whatever its characters; U+FFFE is none.
        self._map = codecs.charmap_build("".join(encoding.get(code, "\ufffe") for code in range(0x100)))
        self._plain_ascii = all(encoding.get(code) == chr(code) for code in _ASCII_PRINTABLE)
        self._tables = [
            {ord(char): chr(code) for char, code in zip(shard.characters, shard.codes, strict=True)}
            for shard in data.shards
        ]
        groups = [f"([{re.escape(shard.characters)}]+)" for shard in data.shards]
        self._splitter = re.compile("|".join([*groups, r"(.)"]), re.DOTALL)

    def plain(self, text: str) -> tuple[str, int] | None:
        """Codes and advance (1/1000 em) of text that the first shard carries alone; None for any other."""
        if self._plain_ascii and text.isascii() and text.isprintable():
            data = text.encode()
            return text, sum(data.translate(self._low)) + (sum(data.translate(self._high)) << 8)
        try:
            data = codecs.charmap_encode(text, "strict", self._map)[0]
        except UnicodeEncodeError:
            return None
        return data.decode("latin-1"), sum(data.translate(self._low)) + (sum(data.translate(self._high)) << 8)

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
        return sum(codes.translate(low)) + (sum(codes.translate(high)) << 8)

    return measure
