"""Encodes QR codes (ISO/IEC 18004:2015), model 2, versions 1 to 40.

Theory of operation. All that does not depend on the text is computed once for a version and level: where each bit of a
codeword goes, the function patterns, the eight masks, the remainders of the error correction. A code is then a few
operations on integers of some thousand bits: a symbol is one integer, a bit a module, and the penalties of a mask
(7.8.3) are found by shifting it against itself.
"""

from __future__ import annotations

import functools
import itertools
import operator
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["LEVELS", "qr"]

LEVELS = ("L", "M", "Q", "H")
"""Levels of error correction; about 7, 15, 25 and 30 % of a code may be damaged."""

# Error correction codewords a block, and blocks, by version (ISO/IEC 18004, table 9).
_CHECKS = {
    "L": (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28,
          30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30),
    "M": (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28,
          28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28),
    "Q": (13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28,
          30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30),
    "H": (17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30,
          30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30),
}  # fmt: skip
_BLOCKS = {
    "L": (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17,
          18, 19, 19, 20, 21, 22, 24, 25),
    "M": (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28,
          29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49),
    "Q": (1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38,
          40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68),
    "H": (1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42,
          45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81),
}  # fmt: skip
_FORMAT_LEVEL = {"L": 1, "M": 0, "Q": 3, "H": 2}
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHANUMERIC)}
_LETTER_BYTES = frozenset(_ALPHANUMERIC.encode())
_NUMERIC, _LETTERS, _BYTES, _ECI, _UTF8 = 1, 2, 4, 7, 26
# Bits of the character count by mode, in versions 1 to 9, 10 to 26, 27 to 40 (table 3).
_COUNT_BITS = {_NUMERIC: (10, 12, 14), _LETTERS: (9, 11, 13), _BYTES: (8, 16, 16)}
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, _x: y % 2 == 0,
    lambda _y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
_LAST = 40
_LAST_SHARED = 8
"""The largest version whose symbols are added up from shares, quickly; those of larger ones would take much memory."""
_MOST_KEPT = 40_000
"""Shares, about 200 bytes each."""
_MOST_PENALTY = 1 << 30
_PERIOD = 12
"""Modules after which every mask repeats itself, down and across."""
_DARK = ord("1")
_PADDING = b"\xec\x11" * 1500
"""More than the largest code has room for."""


def qr(text: str, level: str) -> tuple[int, bytes]:
    """The modules of the smallest code that a text fits into.

    Args:
        text: what it says.
        level: one of `LEVELS`.

    Returns:
        modules a side, and the rows one after another, a bit a module, 1 where it is dark; each row is filled up with
        at least one 0 to whole bytes.

    Raises:
        ValueError: the text does not fit into the largest code of that level.
    """
    mode, count, length, bits = _content(text)
    head, before = (_ECI << 8 | _UTF8, 12) if mode == _BYTES and not text.isascii() else (0, 0)
    fixed = before + 4 + length
    for version in range(1, _LAST + 1):
        width = _COUNT_BITS[mode][(version > 9) + (version > 26)]  # noqa: PLR2004 - the table's columns
        if fixed + width <= _capacity(version, level) * 8 and count < 1 << width:
            break
    else:
        raise ValueError("the text does not fit into a code")
    return _symbol(_plan(version, level), fixed + width, ((head << 4 | mode) << width | count) << length | bits)


def _content(text: str) -> tuple[int, int, int, int]:
    """Mode and count of a text (7.4), the length of its bits, and these as a number."""
    data = text.encode("utf-8")
    if not _LETTER_BYTES.issuperset(data):
        return _BYTES, len(data), 8 * len(data), int.from_bytes(data)
    if text.isdigit():
        mode, parts = _NUMERIC, [text[at : at + 3] for at in range(0, len(text), 3)]
        bits = "".join([f"{int(part):0{3 * len(part) + 1}b}" for part in parts])
    else:
        mode, parts = _LETTERS, [text[at : at + 2] for at in range(0, len(text), 2)]
        bits = "".join(
            [
                f"{_VALUES[part[0]] * 45 + _VALUES[part[1]]:011b}" if len(part) > 1 else f"{_VALUES[part]:06b}"
                for part in parts
            ]
        )
    return mode, len(text), len(bits), int(bits or "0", 2)


def _raw(version: int) -> int:
    """Modules of a version that hold data."""
    found = (16 * version + 128) * version + 64
    if version > 1:
        aligned = version // 7 + 2
        found -= (25 * aligned - 10) * aligned - 55
    return found - 36 if version > 6 else found  # noqa: PLR2004 - version information begins at 7


@functools.cache
def _capacity(version: int, level: str) -> int:
    """Data codewords."""
    return _raw(version) // 8 - _CHECKS[level][version - 1] * _BLOCKS[level][version - 1]


class _Share(dict[int, int]):
    """By value of one data codeword: the modules that it makes dark, those of its error correction among them.

    Both follow from the codeword bit by bit, so a symbol is its codewords' shares added up (as bits: exclusive or).

    Args:
        own: a symbol in which only the module of a bit is dark, from the highest bit.
        behind: data codewords behind it in its block.
        division: of its version and level.
        checks: by hexadecimal digit of its block's check codewords: the modules that its values make dark.
    """

    kept = 0
    """How much is kept of all codewords."""

    def __init__(self, own: list[int], behind: int, division: _Division, checks: list[dict[str, int]]) -> None:
        super().__init__()
        self._own = own
        self._behind = behind
        self._division = division
        self._checks = checks

    def __missing__(self, value: int) -> int:
        found = 0
        for bit, digit in enumerate(self._own):
            if value << bit & 0x80:
                found ^= digit
        rest = self._division.rest(bytes((value,)) + bytes(self._behind))
        found = functools.reduce(operator.xor, map(operator.getitem, self._checks, rest.hex()), found)
        if _Share.kept < _MOST_KEPT:
            _Share.kept += 1
            self[value] = found
        return found


class _Division:
    """Division by the generator polynomial over GF(256), which gives the check codewords (7.5.2).

    Args:
        checks: how many a block.
    """

    def __init__(self, checks: int) -> None:
        self._count = checks
        self._shift = 8 * (checks - 1)
        self._keep = (1 << self._shift) - 1
        # A polynomial is an integer, a byte a coefficient. Its roots are 1, 2, 4, ...
        divisor = 1
        for root in range(checks):
            product = divisor
            for _ in range(root):
                product = _doubled(product, root + 1)
            divisor = divisor << 8 ^ product
        bits = [divisor ^ 1 << 8 * checks]
        for _ in range(7):
            bits.append(_doubled(bits[-1], checks))
        self._rests = _sums(bits)
        """By leading byte: what it leaves."""

    def rest(self, block: bytes) -> bytes:
        """The check codewords of a block."""
        rests, shift, keep = self._rests, self._shift, self._keep
        rest = 0
        for byte in block:
            rest = (rest & keep) << 8 ^ rests[rest >> shift ^ byte]
        return rest.to_bytes(self._count, "big")


@functools.cache
def _division(checks: int) -> _Division:
    return _Division(checks)


def _doubled(polynomial: int, count: int) -> int:
    """All of so many coefficients times two."""
    high = polynomial & int.from_bytes(b"\x80" * count, "big")
    return (polynomial ^ high) << 1 ^ (high >> 7) * 0x1D


def _sums(bits: list[int]) -> list[int]:
    """By value: the sum of what stands for its bits, the lowest first."""
    found = [0]
    for bit in bits:
        found += [bit ^ value for value in found]
    return found


class _Frame:
    """What the penalty of a symbol needs of its size.

    Args:
        side: modules.
    """

    def __init__(self, side: int) -> None:
        self.stride = _stride(side)
        self.total = side * side
        self.inside = _number(side, ((y, x) for y in range(side) for x in range(side)))
        """All modules, without those that fill up each row."""
        self.across = self.inside & self.inside >> 1
        """Those that have a next one in their row."""
        self.down = self.inside & self.inside >> self.stride
        """Those that have one below."""

    def unlike(self, dark: int) -> tuple[int, int]:
        """Where a module is unlike the next one of its row, and the one below.

        Of two symbols that are added up (as bits: exclusive or) it is what both give, added up.
        """
        return (dark ^ dark >> 1) & self.across, (dark ^ dark >> self.stride) & self.down


class _Mask:
    """A mask with its format information.

    Args:
        frame: of its size.
        dark: the modules that it turns over.
    """

    def __init__(self, frame: _Frame, dark: int) -> None:
        self.dark = dark
        self.across, self.down = frame.unlike(dark)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for every code of a version and level."""

    side: int
    capacity: int
    blocks: tuple[slice, ...]
    """Of the data codewords."""
    division: _Division
    shares: tuple[_Share, ...]
    """Of small symbols, by data codeword: the modules that it makes dark."""
    interleave: Any
    """Of large ones: puts data and checks of all blocks into the order of the symbol."""
    places: Any
    """Of large ones: gives the modules row by row from the bits of the codewords, `0` and `1`."""
    light: int
    """The symbol without data."""
    masks: tuple[_Mask, ...]
    frame: _Frame


@functools.lru_cache(maxsize=16)
def _plan(version: int, level: str) -> _Plan:
    side = 17 + 4 * version
    function = _function_patterns(version, side)
    order = _zigzag(side, function)
    codewords, checks, count = _raw(version) // 8, _CHECKS[level][version - 1], _BLOCKS[level][version - 1]
    short, longer = codewords // count - checks, codewords % count
    sizes = [short] * (count - longer) + [short + 1] * longer
    starts = list(itertools.accumulate(sizes, initial=0))
    capacity = starts[-1]
    interleaved = [
        starts[block] + index for index in range(short + 1) for block in range(count) if index < sizes[block]
    ]
    interleaved += [capacity + block * checks + index for index in range(checks) for block in range(count)]
    division = _division(checks)
    shares: list[_Share] = []
    interleave = places = None
    if version <= _LAST_SHARED:
        place = {codeword: at for at, codeword in enumerate(interleaved)}
        last, stride = _last(side), _stride(side)

        def modules(codeword: int) -> list[int]:
            begin = place[codeword] * 8
            return [1 << last - (y * stride + x) for y, x in order[begin : begin + 8]]

        for block, size in enumerate(sizes):
            tables: list[dict[str, int]] = []
            for check in range(capacity + block * checks, capacity + (block + 1) * checks):
                digits = modules(check)[::-1]
                tables += [dict(zip(string.hexdigits, _sums(half), strict=False)) for half in (digits[4:], digits[:4])]
            shares += [
                _Share(modules(starts[block] + index), size - 1 - index, division, tables) for index in range(size)
            ]
    else:
        interleave = operator.itemgetter(*interleaved)
        places = _places(side, function, order, codewords * 8)
    free, frame = _number(side, order), _Frame(side)
    return _Plan(
        side=side,
        capacity=capacity,
        blocks=tuple(slice(begin, begin + size) for begin, size in zip(starts, sizes, strict=False)),
        division=division,
        shares=tuple(shares),
        interleave=interleave,
        places=places,
        light=_number(side, [place for place, value in function.items() if value]),
        masks=tuple(
            _Mask(frame, _pattern(side, mask) & free ^ _number(side, _format(side, level, index)))
            for index, mask in enumerate(_MASKS)
        ),
        frame=frame,
    )


def _places(
    side: int, function: dict[tuple[int, int], bool], order: list[tuple[int, int]], bits: int
) -> Callable[[str], tuple[str, ...]]:
    """What gives the modules row by row from so many bits of codewords with a light and a dark one behind them."""
    light, dark = bits, bits + 1
    stride = _stride(side)
    cells = [light] * (side * stride)
    for (y, x), value in function.items():
        cells[y * stride + x] = dark if value else light
    for index, (y, x) in enumerate(order):
        cells[y * stride + x] = index if index < bits else light
    return operator.itemgetter(*cells)


def _pattern(side: int, mask: Callable[[int, int], bool]) -> int:
    """A mask over all of a symbol; it repeats itself after twelve modules."""
    stride = _stride(side)
    rows = []
    for y in range(_PERIOD):
        row = "".join(["1" if mask(y, x) else "0" for x in range(_PERIOD)])
        rows.append((row * (side // _PERIOD + 1))[:side].ljust(stride, "0"))
    return int("".join((rows * (side // _PERIOD + 1))[:side]), 2)


def _stride(side: int) -> int:
    """Bits of a row in a symbol that is one integer: at least one more than it has modules, and whole bytes."""
    return (side // 8 + 1) * 8


def _last(side: int) -> int:
    return side * _stride(side) - 1


def _number(side: int, dark: Iterable[tuple[int, int]]) -> int:
    """A symbol as one integer; its highest bit is the first module."""
    stride = _stride(side)
    modules = bytearray(b"0" * (side * stride))
    for y, x in dark:
        modules[y * stride + x] = _DARK
    return int(modules, 2)


def _function_patterns(version: int, side: int) -> dict[tuple[int, int], bool]:
    """The modules that hold no data (6.3), whether they are dark; format information is light here."""
    found: dict[tuple[int, int], bool] = {}
    for at in range(side):
        found[6, at] = found[at, 6] = at % 2 == 0
    for y, x in ((3, 3), (3, side - 4), (side - 4, 3)):
        for down, right in itertools.product(range(-4, 5), repeat=2):
            if 0 <= y + down < side and 0 <= x + right < side:
                found[y + down, x + right] = max(abs(down), abs(right)) not in {2, 4}
    centres = _alignment(version, side)
    for y, x in itertools.product(centres, repeat=2):
        if (y, x) not in {(6, 6), (6, side - 7), (side - 7, 6)}:
            for down, right in itertools.product(range(-2, 3), repeat=2):
                found[y + down, x + right] = max(abs(down), abs(right)) != 1
    for at in range(9):
        for place in ((8, at), (at, 8)):
            found.setdefault(place, False)
    for at in range(8):
        found[8, side - 1 - at] = found[side - 1 - at, 8] = False
    found[side - 8, 8] = True
    if version > 6:  # noqa: PLR2004 - version information begins at 7
        bits = _bch(version, 12, 0x1F25)
        for at in range(18):
            found[at // 3, side - 11 + at % 3] = found[side - 11 + at % 3, at // 3] = bool(bits >> at & 1)
    return found


def _alignment(version: int, side: int) -> list[int]:
    """Centres of the alignment patterns (annex E)."""
    if version == 1:
        return []
    count = version // 7 + 2
    step = 26 if version == 32 else (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2  # noqa: PLR2004 - annex E
    return [6, *(side - 7 - step * index for index in range(count - 2, -1, -1))]


def _zigzag(side: int, function: dict[tuple[int, int], bool]) -> list[tuple[int, int]]:
    """The modules of the data in the order of its bits (7.7.3)."""
    found = []
    for right in (*range(side - 1, 6, -2), *range(5, 0, -2)):
        upward = (right + 1) & 2 == 0
        for down in range(side):
            y = side - 1 - down if upward else down
            found += [(y, x) for x in (right, right - 1) if (y, x) not in function]
    return found


def _format(side: int, level: str, mask: int) -> set[tuple[int, int]]:
    """The dark modules of the format information (7.9)."""
    bits = _bch(_FORMAT_LEVEL[level] << 3 | mask, 10, 0x537) ^ 0x5412
    first = [*((at, 8) for at in range(6)), (7, 8), (8, 8), (8, 7), *((8, 14 - at) for at in range(9, 15))]
    second = [*((8, side - 1 - at) for at in range(8)), *((side - 15 + at, 8) for at in range(8, 15))]
    return {place for places in (first, second) for at, place in enumerate(places) if bits >> at & 1}


def _bch(data: int, checks: int, generator: int) -> int:
    """Data with its check bits."""
    rest = data
    for _ in range(checks):
        rest = rest << 1 ^ (rest >> checks - 1) * generator
    return data << checks | rest


def _symbol(plan: _Plan, length: int, bits: int) -> tuple[int, bytes]:
    """The modules of a symbol that says so many bits."""
    capacity = plan.capacity
    # Terminator, then zeros to a whole byte, then padding (7.4.9, 7.4.10).
    filled = -(-min(length + 4, capacity * 8) // 8)
    data = (bits << filled * 8 - length).to_bytes(filled) + _PADDING[: capacity - filled]
    if plan.shares:
        plain = functools.reduce(operator.xor, map(operator.getitem, plan.shares, data), plan.light)
    else:
        checks = [plan.division.rest(data[block]) for block in plan.blocks]
        codewords = bytes(plan.interleave(b"".join((data, *checks))))
        laid = f"{int.from_bytes(codewords, 'big'):0{8 * len(codewords)}b}01"
        plain = int("".join(plan.places(laid)), 2)
    side, frame = plan.side, plan.frame
    best, least = 0, _MOST_PENALTY
    across, down = frame.unlike(plain)
    for mask in plan.masks:
        symbol = plain ^ mask.dark
        penalty = _penalty(frame, symbol, across ^ mask.across, down ^ mask.down, least)
        if penalty < least:
            best, least = symbol, penalty
    return side, best.to_bytes(side * _stride(side) // 8, "big")


def _penalty(frame: _Frame, dark: int, across: int, down: int, least: int) -> int:
    """How hard a symbol is to read (7.8.3.1); where that is at least `least`, only that it is.

    Args:
        frame: of its size.
        dark: the symbol.
        across: where a module is unlike the next one of its row.
        down: where it is unlike the one below.
        least: what is found already.
    """
    stride, total = frame.stride, frame.total
    # A run of n counts n - 2: it has n - 4 windows of five, and one more than these overlap.
    like = across ^ frame.across
    three = like & like >> 1
    five = three & three >> 2
    like_down = down ^ frame.down
    three_down = like_down & like_down >> stride
    five_down = three_down & three_down >> 2 * stride
    found = (
        10 * (abs(dark.bit_count() * 20 - total * 10) // total)
        + 3 * (five.bit_count() + five_down.bit_count() + (like & like >> stride & like_down).bit_count())
        - 2 * ((five & five >> 1).bit_count() + (five_down & five_down >> stride).bit_count())
    )
    if found >= least:
        return found
    light = frame.inside ^ dark
    for step, unlike, alike, thrice in ((1, across, like, three), (stride, down, like_down, three_down)):
        # Dark, light, three dark, light, dark; with four light before or behind.
        edges = unlike & unlike >> step
        finder = dark & edges & thrice >> 2 * step & edges >> 4 * step
        if finder:
            four = light & thrice & alike >> 2 * step
            found += 40 * ((finder & four >> 7 * step).bit_count() + (finder & four << 4 * step).bit_count())
    return found
