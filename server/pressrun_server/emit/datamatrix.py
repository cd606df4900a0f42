"""Data Matrix symbols, ECC 200, for sequence codes of sheets (ISO/IEC 16022): digits and ASCII in square symbols.

Written here as QR codes are, because a code a sheet is on the way of every document of a run, and no library is.
"""

from __future__ import annotations

import functools
from typing import Final

__all__ = ["LONGEST", "data_matrix"]

# Side of the symbol, data and error correction codewords (table 7); one block and one region each.
_SIZES: Final = (
    (10, 3, 5), (12, 5, 7), (14, 8, 10), (16, 12, 12), (18, 18, 14), (20, 22, 18), (22, 30, 20), (24, 36, 24),
    (26, 44, 28),
)  # fmt: skip
LONGEST: Final = 44
"""Characters of a text, of digits twice as many."""
_POLYNOMIAL: Final = 0x12D
_PAD: Final = 129
_PAIRS: Final = 130
"""Codewords from here on are pairs of digits (5.2.3)."""


def _tables() -> tuple[list[int], list[int]]:
    exponents, logarithms = [0] * 512, [0] * 256
    value = 1
    for power in range(255):
        exponents[power] = exponents[power + 255] = value
        logarithms[value] = power
        value <<= 1
        if value & 0x100:
            value ^= _POLYNOMIAL
    return exponents, logarithms


_EXPONENTS, _LOGARITHMS = _tables()


def data_matrix(text: str) -> tuple[tuple[bool, ...], ...]:
    """The modules of the smallest square symbol for a text, row by row from the top, dark ones True; no quiet zone.

    Raises:
        ValueError: the text is not ASCII, or too long.
    """
    words = _codewords(text)
    for side, room, check in _SIZES:
        if len(words) <= room:
            return _symbol(side, _padded(words, room), check)
    raise ValueError(f"a code of {len(text)} characters is too long; the most is {LONGEST}, of digits {2 * LONGEST}")


def _codewords(text: str) -> list[int]:
    """ASCII encodation (5.2.3): a codeword a character, or two digits."""
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII")
    words = []
    at = 0
    while at < len(text):
        pair = text[at : at + 2]
        if len(pair) == 2 and pair.isdigit():  # noqa: PLR2004 - a pair
            words.append(_PAIRS + int(pair))
            at += 2
        else:
            words.append(ord(text[at]) + 1)
            at += 1
    return words


def _padded(words: list[int], room: int) -> list[int]:
    """Pad codewords, all but the first of them randomised (5.2.3 and annex B.1)."""
    found = list(words)
    if len(found) < room:
        found.append(_PAD)
    while len(found) < room:
        value = _PAD + (149 * (len(found) + 1)) % 253 + 1
        found.append(value if value <= 254 else value - 254)  # noqa: PLR2004 - the largest codeword
    return found


@functools.cache
def _generator(check: int) -> tuple[int, ...]:
    """The generator polynomial with roots 2^1 ... 2^check (annex E), without its first coefficient, which is 1."""
    found = [1]
    for root in range(1, check + 1):
        found = [
            (found[index] if index < len(found) else 0) ^ (_times(found[index - 1], _EXPONENTS[root]) if index else 0)
            for index in range(len(found) + 1)
        ]
    return tuple(found[1:])


def _times(one: int, other: int) -> int:
    return _EXPONENTS[_LOGARITHMS[one] + _LOGARITHMS[other]] if one and other else 0


def _checks(words: list[int], check: int) -> list[int]:
    """The remainder of the codewords by the generator."""
    generator = _generator(check)
    rest = [0] * check
    for word in words:
        factor = word ^ rest[0]
        rest = [*rest[1:], 0]
        if factor:
            rest = [value ^ _times(factor, coefficient) for value, coefficient in zip(rest, generator, strict=True)]
    return rest


@functools.cache
def _places(side: int) -> tuple[tuple[int, int], ...]:
    """Codeword (from 0) and bit (from 0, the highest) of each module of the mapping matrix, row by row (annex F).

    The corner that no codeword reaches has codeword -1, bit 1 where it is dark and 0 where not.
    """
    grid: dict[tuple[int, int], tuple[int, int]] = {}

    def put(row: int, column: int, word: int, bit: int) -> None:
        if row < 0:
            row, column = row + side, column + 4 - (side + 4) % 8
        if column < 0:
            row, column = row + 4 - (side + 4) % 8, column + side
        grid[row, column] = word, bit

    def corner(word: int, modules: tuple[tuple[int, int], ...]) -> None:
        for bit, (row, column) in enumerate(modules):
            put(row % side if row >= 0 else row + side, column % side if column >= 0 else column + side, word, bit)

    def utah(row: int, column: int, word: int) -> None:
        for bit, (down, across) in enumerate(
            ((-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (0, -2), (0, -1), (0, 0))
        ):
            put(row + down, column + across, word, bit)

    word, row, column = 0, 4, 0
    while row < side or column < side:
        if row == side and column == 0:
            corner(word, ((-1, 0), (-1, 1), (-1, 2), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1)))
            word += 1
        if row == side - 2 and column == 0 and side % 4:
            corner(word, ((-3, 0), (-2, 0), (-1, 0), (0, -4), (0, -3), (0, -2), (0, -1), (1, -1)))
            word += 1
        if row == side - 2 and column == 0 and side % 8 == 4:  # noqa: PLR2004 - as the annex has it
            corner(word, ((-3, 0), (-2, 0), (-1, 0), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1)))
            word += 1
        if row == side + 4 and column == 2 and side % 8 == 0:  # noqa: PLR2004 - as the annex has it
            corner(word, ((-1, 0), (-1, -1), (0, -3), (0, -2), (0, -1), (1, -3), (1, -2), (1, -1)))
            word += 1
        while True:
            if row < side and column >= 0 and (row, column) not in grid:
                utah(row, column, word)
                word += 1
            row, column = row - 2, column + 2
            if row < 0 or column >= side:
                break
        row, column = row + 1, column + 3
        while True:
            if row >= 0 and column < side and (row, column) not in grid:
                utah(row, column, word)
                word += 1
            row, column = row + 2, column - 2
            if row >= side or column < 0:
                break
        row, column = row + 3, column + 1
    last = side - 1
    if (last, last) not in grid:
        grid[last, last] = grid[last - 1, last - 1] = (-1, 1)
        grid[last, last - 1] = grid[last - 1, last] = (-1, 0)
    return tuple(grid[place] for place in sorted(grid))


def _symbol(side: int, words: list[int], check: int) -> tuple[tuple[bool, ...], ...]:
    """The symbol with its finder pattern: a dark left and lower edge, the others alternating (5.1)."""
    codewords = [*words, *_checks(words, check)]
    inner = side - 2
    places = iter(_places(inner))
    rows = [tuple(column % 2 == 0 for column in range(side))]
    for row in range(1, side - 1):
        modules = [
            bool(bit) if word < 0 else bool(codewords[word] >> (7 - bit) & 1)
            for word, bit in (next(places) for _ in range(inner))
        ]
        rows.append((True, *modules, row % 2 == 1))
    rows.append((True,) * side)
    return tuple(rows)
