"""The markers of list items (CSS Lists 3, 6; CSS Counter Styles 3)."""

from __future__ import annotations

__all__ = ["MARKERS", "marker", "numeral"]

_SIGNS = {"disc": "\u2022", "circle": "\u25cb", "square": "\u25aa", "none": ""}
MARKERS = (*_SIGNS, "decimal", "lower-alpha", "upper-alpha", "lower-roman", "upper-roman")
"""What `list-style-type` may be."""
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN = 3999
_LETTERS = 26


def marker(kind: str, number: int) -> str:
    """The marker of the item with a number: a sign, or a numeral with a dot."""
    return _SIGNS[kind] if kind in _SIGNS else f"{numeral(kind, number)}."


def numeral(kind: str, number: int) -> str:
    """A number as it is counted; what letters and Roman numerals can't say is said in digits."""
    if kind in _SIGNS:
        return _SIGNS[kind]
    text = str(number)
    if kind.endswith("alpha") and number > 0:
        text = _letters(number)
    elif kind.endswith("roman") and 0 < number <= _LARGEST_ROMAN:
        text = _roman(number)
    return text.upper() if kind.startswith("upper") else text


def _letters(number: int) -> str:
    found = ""
    while number:
        number, rest = divmod(number - 1, _LETTERS)
        found = chr(97 + rest) + found
    return found


def _roman(number: int) -> str:
    found = ""
    for value, sign in _ROMAN:
        found += sign * (number // value)
        number %= value
    return found
