"""How long a text is as a short message: its alphabet, its units and the messages that it is sent in.

3GPP TS 23.038 (6.2.1: the 7 bit default alphabet and its extension; 6.2.3: UCS-2) and TS 23.040 (9.2.3.24.1: parts of a
longer text, whose header with an 8-bit reference takes 6 of 140 octets). National language tables are left out: few
telephones have them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pressrun_server.model.summary import Alphabet, TextLength

__all__ = ["foreign", "length_of", "simplified"]

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Each an escape and a septet, which stay in one message."""
_WHOLE: Final[dict[Alphabet, int]] = {"gsm7": 160, "ucs2": 70}
_PART: Final[dict[Alphabet, int]] = {"gsm7": 153, "ucs2": 67}
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u00b7", "-"),
        "\u2026": "...",
        **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    }
)
_BEYOND: Final = 0xFFFF


def length_of(text: str) -> TextLength:
    """How long a text is; an empty one is one message."""
    alphabet: Alphabet = "ucs2" if foreign(text) else "gsm7"
    if alphabet == "gsm7":
        sizes = [2 if letter in _EXTENDED else 1 for letter in text]
    else:
        sizes = [2 if ord(letter) > _BEYOND else 1 for letter in text]
    units = sum(sizes)
    segments = 1 if units <= _WHOLE[alphabet] else _parts(sizes, _PART[alphabet])
    return TextLength(alphabet, len(text), units, segments)


def foreign(text: str) -> list[str]:
    """The characters that only UCS-2 has, each once, in their order in the text."""
    return [letter for letter in dict.fromkeys(text) if letter not in _BASIC and letter not in _EXTENDED]


def simplified(text: str) -> str:
    """The text with plain quotes, dashes and dots for typographic ones, where it then needs no UCS-2; else as it is."""
    if not foreign(text):
        return text
    plain = text.translate(_PLAIN)
    return text if foreign(plain) else plain


def _parts(sizes: Iterable[int], room: int) -> int:
    """Messages of so much room; what is two units is in one of them."""
    count, held = 1, 0
    for size in sizes:
        if held + size > room:
            count, held = count + 1, 0
        held += size
    return count
