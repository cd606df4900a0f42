"""How characters are divided into shards and which byte each has in its shard.

A shard is a simple font of at most 224 characters: a document carries only the shards that it uses, text takes one byte
a character, and word spacing works on it. ASCII and Latin-1 keep their own codes in the first shard, but for what is
special in a literal string of PDF, so that no text is ever escaped.
"""

from __future__ import annotations

__all__ = ["SOFT_HYPHEN", "SUBSTITUTES", "shards"]

SOFT_HYPHEN = "\u00ad"
"""In the first shard, under its own code, it is what shows where a word is parted; text itself never shows it."""

_CP1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"  # noqa: RUF001 - the characters are meant
# The five codes that Windows-1252 leaves free carry what amounts and dates need: minus, narrow no-break space, thin
# space, non-breaking hyphen and figure space.
_SPARE = {0x81: "\u2212", 0x8D: "\u202f", 0x8F: "\u2009", 0x90: "\u2011", 0x9D: "\u2007"}

# In a literal string of PDF these bytes are special or would be changed by a reader (a bare CR reads as LF).
_AWKWARD = frozenset(b"\r\n()\\")

_SELDOM = "¤¦¬¶ƒ†‡‰"
"""Of Windows-1252, but hardly in letters and statements: symbols like others."""

SUBSTITUTES = {
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": "\u2009",
    "\u2007": "0",  # width only: a figure space is as wide as a figure and shows nothing
    "\u2011": "-",
    "\u2010": "-",
    "\u2212": "\u2013",
}
"""Where a font has no glyph for a character, the glyph that serves: same look, own code and own Unicode value."""


def _sequential(characters: str) -> dict[str, int]:
    codes = (code for code in range(0x21, 0x100) if code not in _AWKWARD)
    return {" ": 0x20} | {character: next(codes) for character in characters}


def _span(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


def _latin() -> dict[str, int]:
    codes = {"(": 1, ")": 2, "\\": 3}
    codes |= {chr(code): code for code in (*range(0x20, 0x7F), *range(0xA0, 0x100)) if code not in _AWKWARD}
    for code, character in enumerate(_CP1252, 0x80):
        codes[_SPARE.get(code, character)] = code
    return {character: code for character, code in codes.items() if character not in _SELDOM}


_CENTRAL = "ĂăĄąĆćČčĎďĐđĘęĚěĹĺĽľŁłŃńŇňŐőŔŕŘřŚśŤťŮůŰűŹźŻżȘșȚțẞ"
"""Of Polish, Czech, Slovak, Hungarian, Slovenian, Croatian and Romanian, beside what is in Latin-1; and what German
writes in capitals."""
_EASTERN = _span((0x410, 0x44F)) + "ЁёЄєІіЇїЎўҐґ"
"""Of Russian, Ukrainian, Belarusian and Bulgarian."""


def _without(characters: str, others: str) -> str:
    return "".join(character for character in characters if character not in others)


def shards() -> dict[str, dict[str, int]]:
    """Shard name to (character to code), in the order in which a character is looked for.

    What one language writes is together, and apart from what few of its texts have: a name from abroad brings no more
    into a document than it must.
    """
    return {
        "latin": _latin(),
        "latin-central": _sequential(_CENTRAL),
        "latin-outer": _sequential(_without(_span((0x100, 0x17F)), _CENTRAL + _CP1252) + "\u02bc"),
        "latin-rare": _sequential(_span((0x1CD, 0x1DC), (0x1FA, 0x1FF), (0x1E80, 0x1E85)) + "\u1ef2\u1ef3"),
        "greek": _sequential(_span((0x384, 0x38A), (0x38C, 0x38C), (0x38E, 0x3A1), (0x3A3, 0x3CE))),
        "cyrillic": _sequential(_EASTERN),
        "cyrillic-southern": _sequential(_without(_span((0x400, 0x45F)), _EASTERN)),
        "cyrillic-asian": _sequential(_without(_span((0x490, 0x4E9)), _EASTERN)),
        "symbols": _sequential(
            "\u2190\u2191\u2192\u2193\u2713\u2717\u25a0\u25a1\u25aa\u25cf\u25cb\u2605\u2606\u2610\u2611\u2612"
            "\u2264\u2265\u2260\u2248\u221e\u2116\u20b9\u20ba\u20bd\u20a9\u20aa\u20ab\u2032\u2033\u2044"
            "\u2153\u2154\u215b\u2070\u2074\u2075\u2076\u2077\u2078\u2079\u2080\u2081\u2082\u2083\u2084\u2010" + _SELDOM
        ),
    }
