"""Writes a page's frames as a content stream (PDF 32000-1, 7.8.2 and 9.4).

User space is scaled to millipoints once, so every coordinate is the integer that layout found and no number is ever
rounded or formatted as a fraction. Text is placed relative to the run before it: rows repeat the same steps, and
deflate likes that. All that is shown is either a marked piece of an element or an artifact (14.6, 14.8.2.2). No code
of a shard is special in a literal string, so nothing is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from pressrun_server.emit.drawing import matrix_path
from pressrun_server.emit.painting import clipped, painted, tint
from pressrun_server.emit.roles import element_name
from pressrun_server.emit.syntax import alpha_state, color_operands, decimal
from pressrun_server.model.ink import Clipped
from pressrun_server.model.page import ARTIFACT, Column, Drawing, Fill, Page, Strip
from pressrun_server.model.program import TextStyle
from pressrun_server.model.tint import OPAQUE, alpha_of

__all__ = ["ContentWriter"]

_Written: TypeAlias = "tuple[Callable[..., str], int, frozenset[int], frozenset[tuple[int, int]]]"
"""What writes a strip, how many marks it has, its styles in the first shard, and other pairs of face and shard."""
_UNKNOWN = -1
"""Index of the row of changes for when it is not known which style was before."""


class ContentWriter:
    """Writes the content streams of one program.

    Args:
        styles: the program's text styles.
        marked: whether what is shown is marked as a piece of an element or an artifact.
    """

    def __init__(self, styles: tuple[TextStyle, ...], *, marked: bool = True) -> None:
        self.marked = marked
        self._faces = [style.face for style in styles]
        self._sizes = [style.size for style in styles]
        self._colors = [f"{color_operands(style.color)} rg\n" for style in styles]
        self._tinted = any(style.color > OPAQUE for style in styles)
        if self._tinted:
            self._colors = [
                f"{alpha_state(alpha_of(style.color))}{color}"
                for style, color in zip(styles, self._colors, strict=True)
            ]
        self._spacing = [f"{style.letter_spacing} Tc\n" for style in styles]
        self._spaced = any(style.letter_spacing for style in styles)
        self._word_spacing = [f"{style.word_spacing} Tw\n" for style in styles]
        self._word_spaced = any(style.word_spacing for style in styles)
        self._rises = [f"{style.rise} Ts\n" for style in styles]
        self._raised = any(style.rise for style in styles)
        self._fills: dict[int, str] = {}
        every = range(len(styles))
        # By style before and style now, in the first shard; the last row is for no style before.
        self._changes: list[list[str] | _Changes] = [
            *(_Changes(self, before) for before in every),
            [self.change(_UNKNOWN, style, 0) for style in every],
        ]
        self._first = [(face, 0) for face in self._faces]
        self._begins: dict[str, str] = {ARTIFACT: "/Artifact BMC\n"}

    def write(self, page: Page, used: set[tuple[int, int]]) -> str:
        """The content stream; every character stands for one byte.

        Args:
            page: the frames.
            used: takes the (face, shard) pairs that the page shows.
        """
        height = page.height
        out = [f".001 0 0 .001 {decimal(page.shift)} 0 cm\n" if page.shift else ".001 0 0 .001 0 0 cm\n"]
        if page.fills:
            self._paint(page, out)
        mark, marked = 0, self.marked
        for x, y, w, h, slot, tagged in page.images:
            if marked and tagged:
                out.append(f"/Figure<</MCID {mark}>>BDC\n")
                mark += 1
            elif marked:
                out.append("/Artifact BMC\n")
            if slot.__class__ is int:
                out.append(f"q {w} 0 0 {h} {x} {height - y - h} cm /I{slot} Do Q\n")
            elif isinstance(slot, Clipped):
                out.append(clipped(slot, x, height - y - h, w, h))
            else:
                self._drawing(slot, x, height - y, h, out, used)  # type: ignore[arg-type]
            if marked:
                out.append("EMC\n")
        if page.text:
            out.append("BT\n")
            self._text(page, out, used, mark)
            out.append("ET\n")
            if self._tinted:
                out.append(alpha_state(255))
        return "".join(out)

    def _drawing(
        self, drawing: Drawing, x: int, top: int, height: int, out: list[str], used: set[tuple[int, int]]
    ) -> None:
        if drawing.matrix is not None:
            out.append(matrix_path(drawing.matrix, x, top - height))
        if drawing.operators:
            across, up = drawing.scale
            out.append(f"q {across} 0 0 {up} {x} {top - height} cm\n{drawing.operators}Q\n")
        if drawing.fills or drawing.text:
            out.append(f"q 1 0 0 1 {x} {top} cm\n")
            self._rectangles(drawing.fills, 0, out)
            if drawing.text:
                out.append("BT\n")
                style, shard = _UNKNOWN, 0
                for at, y, next_style, next_shard, codes in drawing.text:
                    if next_style != style or next_shard != shard:
                        out.append(self.change(style, next_style, next_shard))
                        used.add((self._faces[next_style], next_shard))
                        style, shard = next_style, next_shard
                    out.append(f"1 0 0 1 {at} {-y} Tm({codes})Tj\n")
                out.append("ET\n")
            out.append("Q\n")

    def _paint(self, page: Page, out: list[str]) -> None:
        if self.marked:
            out.append("/Artifact BMC\n")
        self._rectangles(page.fills, page.height, out)
        if self.marked:
            out.append("EMC\n")

    def _rectangles(self, rectangles: list[Fill], height: int, out: list[str]) -> None:
        current, fills = None, self._fills
        for x, y, w, h, color in rectangles:
            if color != current:
                if not isinstance(color, int):
                    out.append(painted(color, x, height - y - h, w, h))
                    current = None
                    continue
                if color not in fills:
                    if color > OPAQUE:
                        out.append(tint(color, f"{color_operands(color)} rg\n{x} {height - y - h} {w} {h} re f\n"))
                        current = None
                        continue
                    fills[color] = f"{color_operands(color)} rg\n"
                out.append(fills[color])
                current = color
            out.append(f"{x} {height - y - h} {w} {h} re f\n")

    def _text(  # noqa: PLR0915 - one loop, on the way of every run of text
        self, page: Page, out: list[str], used: set[tuple[int, int]], mark: int
    ) -> None:
        append, height = out.append, page.height
        seen: set[int] = set()
        strips: dict[Strip, tuple[Callable[..., str], int, tuple[int, ...]]] = {}
        steps: dict[int, str] = {}  # columns make the same steps in every row, and writing a number takes long
        changes = unknown = self._changes[_UNKNOWN]
        last_x, last_y, style, shard, inside, placed = 0, 0, _UNKNOWN, 0, False, False
        marked = self.marked
        for x, y, next_style, next_shard, codes in page.text:
            kind = x.__class__
            if kind is int:
                if next_shard < 0:
                    codes, next_shard = self._runs(next_style, codes, used), 0  # type: ignore[arg-type]  # noqa: PLW2901
                if next_style != style or next_shard != shard:
                    if next_shard:
                        append(self.change(style, next_style, next_shard))
                        used.add((self._faces[next_style], next_shard))
                    else:
                        append(changes[next_style])
                        seen.add(next_style)
                    style, shard, changes = next_style, next_shard, self._changes[next_style]
                if not placed:
                    append(f"1 0 0 1 {x} {height - y} Tm({codes})Tj\n")
                    placed = True
                else:
                    step = steps.get(x - last_x)
                    if step is None:
                        step = steps[x - last_x] = str(x - last_x)
                    append(f"{step} {last_y - y} Td({codes})Tj\n" if y != last_y else f"{step} 0 Td({codes})Tj\n")
                last_x, last_y = x, y
            elif kind is str:
                if not marked:
                    continue  # the text before goes on
                if inside:
                    append("EMC\n")
                inside, placed, style, changes = True, False, _UNKNOWN, unknown
                if x:
                    append(f"/{x if x.isalnum() else element_name(x)}<</MCID {mark}>>BDC\n")
                    mark += 1
                else:
                    append("/Artifact BMC\n")
            else:
                if inside:
                    append("EMC\n")
                    inside = False
                if x not in strips:
                    strips[x] = self._met(x, seen, used)
                write, marks, styled = strips[x]
                append(write(height - y, mark, *(self._unmixed(x, next_style, used) if next_shard else next_style)))
                for index in styled:
                    seen.add(next_style[index])
                mark += marks
                style, changes, placed = _UNKNOWN, unknown, False
        if inside:
            append("EMC\n")
        used.update([self._first[index] for index in seen])

    def _met(
        self, strip: Strip, seen: set[int], used: set[tuple[int, int]]
    ) -> tuple[Callable[..., str], int, tuple[int, ...]]:
        """A strip for the first time on a page: what writes it, its marks, and which of its values are styles."""
        write, marks, styles, fonts = (strip.write if self.marked else strip.plain) or self._strip(strip)
        seen |= styles
        used |= fonts
        return write, marks, strip.styled

    def _unmixed(self, strip: Strip, values: Sequence[Any], used: set[tuple[int, int]]) -> list[Any]:
        """A strip's values with text of several shards as text of one that changes the font on its way."""
        found: list[Any] = []
        given = iter(values)
        for column in strip.columns:
            if column.x is None:
                found.append(next(given))
            style = column.style
            if style is None:
                style = next(given)
                found.append(style)
            if column.codes is None:
                codes = next(given)
                found.append(codes if isinstance(codes, str) else self._runs(style, codes, used))
        return found

    def _runs(self, style: int, runs: tuple[tuple[int, str], ...], used: set[tuple[int, int]]) -> str:
        face, size = self._faces[style], self._sizes[style]
        out, current = [], 0
        for shard, codes in runs:
            if shard != current:
                out.append(f")Tj\n/F{face}_{shard} {size} Tf(")
                current = shard
                used.add((face, shard))
            out.append(codes)
        if current:
            out.append(f")Tj\n/F{face}_0 {size} Tf(")
        return "".join(out)

    def change(self, before: int, style: int, shard: int) -> str:
        """Selects a font, and colour and spacing where they differ from the style before; -1 is none."""
        found = f"/F{self._faces[style]}_{shard} {self._sizes[style]} Tf\n"
        if before < 0 or self._colors[style] != self._colors[before]:
            found += self._colors[style]
        if self._spaced and (before < 0 or self._spacing[style] != self._spacing[before]):
            found += self._spacing[style]
        if self._word_spaced and (before < 0 or self._word_spacing[style] != self._word_spacing[before]):
            found += self._word_spacing[style]
        if self._raised and (before < 0 or self._rises[style] != self._rises[before]):
            found += self._rises[style]
        return found

    def _strip(self, strip: Strip) -> _Written:
        """What writes a strip: one formatted string, whose source is made of nothing but numbers and our own words."""
        source = _StripSource(self)
        for column in strip.columns:
            source.column(column)
        source.end()
        write = eval(  # noqa: S307 - see above
            f"lambda y, m, {source.names()}: f{source.text()!r}", {"__builtins__": {}, "S": self._changes[_UNKNOWN]}
        )
        strip.styled = tuple(source.styled)
        made: _Written = (write, source.marks, frozenset(source.styles), frozenset(source.fonts))
        if self.marked:
            strip.write = made
        else:
            strip.plain = made
        return made


class _Changes(dict[int, str]):
    """What selects a style behind another, made when it is asked for: of all pairs few ever meet."""

    def __init__(self, writer: ContentWriter, before: int) -> None:
        super().__init__()
        self._writer = writer
        self._before = before

    def __missing__(self, style: int) -> str:
        found = self[style] = self._writer.change(self._before, style, 0)
        return found


class _StripSource:
    """The source of a strip's format: text with fields over its top `y`, its first mark `m` and its values `v`."""

    def __init__(self, writer: ContentWriter) -> None:
        self._writer = writer
        self._marked = writer.marked
        self._changes = writer._changes  # noqa: SLF001 - its builder
        self._parts: list[str] = []
        self._value = 0
        self._x: int | str | None = None
        self._y = 0
        self._style: tuple[int, int] = (_UNKNOWN, 0)
        self._inside = False
        self.marks = 0
        self.styles: set[int] = set()
        self.fonts: set[tuple[int, int]] = set()
        self.styled: list[int] = []

    def text(self) -> str:
        return "".join(self._parts)

    def names(self) -> str:
        return ", ".join([f"v{index}" for index in range(self._value)])

    def column(self, column: Column) -> None:
        place: int | str = column.x if column.x is not None else self._take()
        if column.begins:
            self.end()
            self._x, self._style = None, (_UNKNOWN, 0)
        if column.tag is not None and self._marked:
            self.end()
            self._inside = True
            if column.tag:
                number = f"{{m+{self.marks}}}" if self.marks else "{m}"
                self._parts.append(f"/{element_name(column.tag)}<</MCID {number}>>BDC\n")
                self.marks += 1
            else:
                self._parts.append("/Artifact BMC\n")
        if column.style is None:
            taken = self._take()
            self.styled.append(self._value - 1)
            self._parts.append(f"{{S[{taken}]}}")
            self._style = (_UNKNOWN, 0)
        else:
            self._change(column, column.style)
        y = column.y
        if self._x is None:
            self._parts.append(f"1 0 0 1 {_field(place)} {{y-{y}}} Tm")
        else:
            step = place - self._x if isinstance(place, int) and isinstance(self._x, int) else f"{place}-{self._x}"
            self._parts.append(f"{_field(step)} {self._y - y} Td")
        self._x, self._y = place, y
        fixed = column.codes
        codes = f"{{{self._take()}}}" if fixed is None else fixed.replace("{", "{{").replace("}", "}}")
        self._parts.append(f"({codes})Tj\n")

    def _change(self, column: Column, style: int) -> None:
        before = _UNKNOWN if column.alone else self._style[0]
        if (style, column.shard) != self._style or column.alone:
            if column.shard:
                self._parts.append(self._writer.change(before, style, column.shard))
            else:
                self._parts.append(self._changes[before][style])
        if column.shard:
            self.fonts.add((self._writer._faces[style], column.shard))  # noqa: SLF001 - its builder
        else:
            self.styles.add(style)
        self._style = (_UNKNOWN, 0) if column.alone else (style, column.shard)

    def end(self) -> None:
        """End the mark."""
        if self._inside:
            self._parts.append("EMC\n")
            self._inside = False

    def _take(self) -> str:
        self._value += 1
        return f"v{self._value - 1}"


def _field(value: int | str) -> str:
    return str(value) if isinstance(value, int) else f"{{{value}}}"
