"""Python made from the plans of a loop's rows: places rows that are a line a cell with no call in between.

It does the common case only: it stops at the first row that does not fit the page, a line or the first shard, and
layout places that one as any other row. What it places is the same as what `rows.RowSetter.short` places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from zlib import adler32

from pressrun_server.layout.decimals import Decimals
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.rows import RowPlan
from pressrun_server.model.content import AMOUNT, FIXED, Values
from pressrun_server.model.page import Page

__all__ = ["Placer", "placer"]

Placer: TypeAlias = "Callable[[list[Values | None], int, Page, int, int], tuple[int, int]]"
"""Places rows from an index on, at y, above a bottom; gives the index of the first that it did not place, and its y."""

_LEFT, _CENTER, _RIGHT = 0, 1, 2
_DIGITS = b"0123456789"


def placer(odd: RowPlan, even: RowPlan, kinds: Sequence[str], setter: Typesetter, symbols: str) -> Placer | None:
    """The code for rows that alternate between two plans; None where they are not of one form.

    Args:
        odd: the plan of the first row, the third, ...
        even: that of the others.
        kinds: what is known of each column's text (`model.content`).
        setter: measures text.
        symbols: characters besides digits that amounts of the locale show.
    """
    if not (odd.straight and even.straight and odd.single and even.single and odd.cells == even.cells):
        return None
    source = _Source(setter, symbols)
    columns = [cell for cell in odd.cells if cell is not None]
    assert len(columns) == len(kinds)
    assert odd.strip is not None
    for cell, column, kind in zip(columns, odd.strip.columns, kinds, strict=True):
        x, room, align, _, _, _ = cell
        source.column(x, room, align, column.style, kind)
    return source.compile(odd, even)


class _Source:
    """The code of a function, line by line."""

    def __init__(self, setter: Typesetter, symbols: str) -> None:
        self._setter = setter
        self._symbols = symbols
        self._lines: list[str] = []
        self._taken: list[str] = []
        self._values: list[str] = []
        self._names: dict[str, Any] = {"len": len, "max": max, "adler32": adler32}

    def compile(self, odd: RowPlan, even: RowPlan) -> Placer:
        height = str(odd.height) if odd.height == even.height else f"({even.height} if n & 1 else {odd.height})"
        lines = [
            "def place(rows, n, page, y, bottom):",
            "    text, tags, fills = page.text.append, page.tags.append, page.fills.append",
            "    count = len(rows)",
            "    while n < count:",
            "        row = rows[n]",
            "        if row is None: break",
            f"        if y + {height} > bottom: break",
            f"        {', '.join(self._taken)}, = row",
            "        mixed = 0",
            *[f"        {line}" for line in self._lines],
            f"        values = ({', '.join(self._values)},)",
            "        if n & 1:",
            *[f"            {line}" for line in self._placed(even, "even")],
            "        else:",
            *[f"            {line}" for line in self._placed(odd, "odd")],
            "        n += 1",
            "    return n, y",
        ]
        space: dict[str, Any] = {"__builtins__": {}, **self._names}
        exec(compile("\n".join(lines), "<placer>", "exec"), space)  # noqa: S102 - made of a program's data, see above
        place: Placer = space["place"]
        return place

    def _placed(self, plan: RowPlan, name: str) -> list[str]:
        self._names |= {f"{name}_strip": plan.strip, f"{name}_shape": plan.shape}
        fills = []
        for x, top, width, height, ink in plan.fills:
            color = str(ink) if isinstance(ink, int) else self._known(ink)
            fills.append(f"fills(({x}, {f'y + {top}' if top else 'y'}, {width}, {height}, {color}))")
        return [f"text(({name}_strip, y, values, mixed, ''))", f"tags({name}_shape)", *fills, f"y += {plan.height}"]

    def column(self, x: int, room: int, align: int | Decimals, style: int | None, kind: str) -> None:
        """A cell's text."""
        index = len(self._taken)
        code = f"c{index}"
        if style is None:
            self._taken.append(f"s{index}")
        self._taken.append(code)
        tabular = (
            self._tabular(style) if style is not None else all(map(self._tabular, range(len(self._setter.styles))))
        )
        if kind == AMOUNT and tabular:
            self._by_shape(index, x, room, align, style)
        elif kind == FIXED and style is not None and tabular and align == _LEFT:
            self._fixed(index, room, style)
        else:
            self._measured(index, x, room, align, style)
        if align:
            self._values.append(f"x{index}")
        if style is None:
            self._values.append(f"s{index}")
        self._values.append(code)

    def _measured(self, index: int, x: int, room: int, align: int | Decimals, style: int | None) -> None:
        plain, size = self._style(index, style)
        mixed, shown = self._known(self._setter.mixed), f"s{index}" if style is None else str(style)
        if isinstance(align, Decimals):
            self._lines.append(f"lacks = {self._known(align.lacks_one)}({shown}, c{index})")
        seen, remember = self._known(self._setter.seen), self._known(self._setter.remember)
        ascii_only = [
            f"found = {plain}(c{index})",
            "if found is None: break",  # a control character
            f"c{index}, width = found",
            f"width = width * {size} // 1000",
            f"if width > {room}: break",
        ]
        spaced = style is not None and (
            self._setter.styles[style].letter_spacing or self._setter.styles[style].word_spacing
        )
        if style is not None and align == _LEFT and not spaced:
            ascii_only = self._bounded(index, room, style, int(size), ascii_only)
        self._lines += [
            f"if c{index}.isascii():",
            *[f"    {line}" for line in ascii_only],
            "else:",
            # Names that need more than ASCII take longer, and those of one document are often the same.
            f"    key = ({shown}, c{index})",
            f"    found = {seen}.get(key)",
            "    if found is None:",
            f"        found = {plain}(c{index})",
            "        if found is None:",
            f"            found = {mixed}({shown}, c{index})",
            "            if found is None: break",
            "            found = (*found, 1)",
            "        else:",
            f"            found = (found[0], found[1] * {size} // 1000, 0)",
            f"        {remember}(key, found)",
            f"    c{index}, width, several = found",
            "    if several: mixed = 1",
            f"    if width > {room}: break",
        ]
        if align:
            self._lines.append(f"x{index} = {_place(x, room, align, 'width')}")

    def _bounded(self, index: int, room: int, style: int, size: int, exact: list[str]) -> list[str]:
        """Whether short ASCII fits.

        The sum that tells that all of it is in the first shard bounds its width; where that bound is too wide, one
        further sum makes it exact.
        """
        face = self._setter.faces[self._setter.styles[style].face]
        high, low = self._known(face.high), self._known(face.low)
        return [
            f"data = c{index}.encode()",
            f"wide = adler32(data.translate({high})) & 65535",
            "if wide > 128:",
            *[f"    {line}" for line in exact],
            f"elif wide * 128 + len(data) * 127 > {room * 1000 // size}:",
            f"    if len(data) > {face.most}: break",
            f"    if (wide * 128 + (adler32(data.translate({low})) & 65535) - 129) * {size} // 1000 > {room}: break",
        ]

    def _fixed(self, index: int, room: int, style: int) -> None:
        """ASCII of one form: what fits once fits always."""
        plain, size = self._style(index, style)
        known = self._known({})
        self._lines += [
            f"if len(c{index}) not in {known}:",
            f"    found = {plain}(c{index})",
            f"    if found is None or found[1] * {size} // 1000 > {room}: break",
            f"    {known}[len(c{index})] = True",
        ]

    def _by_shape(self, index: int, x: int, room: int, align: int | Decimals, style: int | None) -> None:
        """Amounts: width follows from the length and the first character, since all digits are of one width."""
        plain, size = self._style(index, style)
        code, place = f"c{index}", f"x{index}"
        lacks = self._known(align.lacks_one) if isinstance(align, Decimals) else ""
        shown = f"s{index}" if style is None else str(style)
        known = self._known({})
        key = f"(len({code}), {code}[0])" if style is not None else f"(s{index}, len({code}), {code}[0])"
        self._lines += [
            f"if not {code}: break",
            f"{place} = {known}.get({key})",
            f"if {place} is None:",
            f"    found = {plain}({code})",
            "    if found is None: break",
            f"    width = found[1] * {size} // 1000",
            f"    if width > {room}: break",
            *([f"    lacks = {lacks}({shown}, {code})"] if lacks else []),
            f"    {place} = {known}[{key}] = {_place(x, room, align, 'width')}",
        ]
        foreign = self._foreign(style)
        if foreign:
            replaced = "".join(f".replace({symbol!r}, {coded!r})" for symbol, coded in foreign)
            self._lines.append(f"if not {code}.isascii(): {code} = {code}{replaced}")

    def _style(self, index: int, style: int | None) -> tuple[str, str]:
        """What encodes and measures text, and the size, as code."""
        styles = self._setter.plain_styles
        if style is not None:
            plain, size = styles[style]
            return self._known(plain), str(size)
        plains, sizes = self._known([plain for plain, _ in styles]), self._known([size for _, size in styles])
        return f"{plains}[s{index}]", f"{sizes}[s{index}]"

    def _tabular(self, style: int) -> bool:
        setter = self._setter
        widths = setter.faces[setter.styles[style].face].data.shards[0].widths
        return len({widths[digit] for digit in _DIGITS}) == 1

    def _foreign(self, style: int | None) -> list[tuple[str, str]]:
        """Symbols whose code is not the character's own, with their codes; the same in all faces' first shards."""
        setter = self._setter
        face = setter.faces[setter.styles[style or 0].face]
        found = []
        for symbol in dict.fromkeys(self._symbols):
            coded = face.plain(symbol)
            if coded is not None and coded[0] != symbol:
                found.append((symbol, coded[0]))
        return found

    def _known(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name


def _place(x: int, room: int, align: int | Decimals, width: str) -> str:
    if isinstance(align, Decimals):
        return f"{x} + max({room} - {width} - lacks, 0)"
    if align == _RIGHT:
        return f"{x + room} - {width}"
    return f"{x} + ({room} - {width}) // 2" if align == _CENTER else str(x)
