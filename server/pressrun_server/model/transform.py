"""What `text-transform` makes of text (CSS Text 3, 2.1)."""

from __future__ import annotations

import re

__all__ = ["transformed"]

_WORD_START = re.compile(r"(?<![\w\u2019'])[^\W\d_]")


def transformed(text: str, transform: str) -> str:
    """Text in capitals (`upper`), small letters (`lower`), with capitals at its words' beginnings, or as it is."""
    if transform == "capitalize":
        return _WORD_START.sub(lambda found: found[0].upper(), text)
    if transform == "upper":
        return text.upper()
    return text.lower() if transform == "lower" else text
