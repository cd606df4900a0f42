"""Where words may be parted: at their soft hyphens, else by the rules of their language (pyphen, Liang's algorithm)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import pyphen

__all__ = ["hyphenator", "language_known"]

_LETTERS = re.compile(r"[^\W\d_]{5,}")
"""Shorter words are not parted (CSS Text 4, hyphenate-limit-chars: auto)."""
_BEFORE, _AFTER = 2, 2


def language_known(language: str) -> bool:
    """Whether there are rules for a language (BCP 47 tag)."""
    return pyphen.language_fallback(language.replace("-", "_")) is not None


@functools.lru_cache(maxsize=16)
def hyphenator(language: str) -> Callable[[str], list[int]]:
    """What gives the offsets at which a word may be parted; none where there are no rules for the language.

    Args:
        language: BCP 47 tag; a region without rules of its own has those of its language.
    """
    known = pyphen.language_fallback(language.replace("-", "_"))
    if known is None:
        return lambda _word: []
    rules = pyphen.Pyphen(lang=known, left=_BEFORE, right=_AFTER)

    def positions(word: str) -> list[int]:
        found: list[int] = []
        for match in _LETTERS.finditer(word):
            # A position with data would change letters, as German once did with ck.
            found += [match.start() + at for at in rules.positions(match.group()) if getattr(at, "data", None) is None]
        return found

    return positions
