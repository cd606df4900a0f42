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
        self.measures: list[Callable[[int], int]] = [shard.widths.__getitem__ for shard in data.shards]
        self._measure = self.measures[0]
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
            return text, sum(map(self._measure, text.encode()))
        try:
            data = codecs.charmap_encode(text, "strict", self._map)[0]
        except UnicodeEncodeError:
            return None
        return data.decode("latin-1"), sum(map(self._measure, data))

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
            runs.append((shard - 1, codes, sum(map(self.measures[shard - 1], codes.encode("latin-1")))))
        return runs
