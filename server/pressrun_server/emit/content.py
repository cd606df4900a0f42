"""Writes a page's frames as a content stream (PDF 32000-1, 7.8.2 and 9.4).

User space is scaled to millipoints once, so every coordinate is the integer that layout found and no number is
ever rounded or formatted as a fraction. Text is placed relative to the run before it: rows repeat the same steps, and
deflate likes that.
"""

from __future__ import annotations

from pressrun_server.emit.syntax import color_operands
from pressrun_server.model.page import Page
from pressrun_server.model.program import TextStyle

__all__ = ["ContentWriter"]


class ContentWriter:
    """Writes the content streams of one program.

    Args:
        styles: the program's text styles.
    """

    def __init__(self, styles: tuple[TextStyle, ...]) -> None:
        self._faces = [style.face for style in styles]
        self._sizes = [style.size for style in styles]
        self._colors = [f"{color_operands(style.color)} rg\n" for style in styles]
        self._spacing = [f"{style.letter_spacing} Tc\n" for style in styles]
        self._spaced = any(style.letter_spacing for style in styles)
        self._fills: dict[int, str] = {}
        every = range(len(styles))
        # By style before and style now, in the first shard; the last row is for no style before.
        self._changes = [[self._change(before, style, 0) for style in every] for before in (*every, -1)]

    def write(self, page: Page, used: set[tuple[int, int]]) -> str:
        """The content stream; every character stands for one byte.

        Args:
            page: the frames.
            used: takes the (face, shard) pairs that the page shows.
        """
        height = page.height
        out = [".001 0 0 .001 0 0 cm\n"]
        self._paint(page, out)
        for x, y, w, h, slot, _alt in page.images:
            out.append(f"q {w} 0 0 {h} {x} {height - y - h} cm /I{slot} Do Q\n")
        if page.text:
            out.append("BT\n")
            self._text(page, out, used)
            out.append("ET\n")
        return "".join(out)

    def _paint(self, page: Page, out: list[str]) -> None:
        height, current = page.height, None
        fills = self._fills
        for x, y, w, h, color in page.fills:
            if color != current:
                if color not in fills:
                    fills[color] = f"{color_operands(color)} rg\n"
                out.append(fills[color])
                current = color
            out.append(f"{x} {height - y - h} {w} {h} re f\n")

    def _text(self, page: Page, out: list[str], used: set[tuple[int, int]]) -> None:
        append, text = out.append, page.text
        # One look at the whole page tells whether anything must be escaped; a line feed is in no shard.
        whole = "\n".join([run[4] for run in text])
        if "(" in whole or ")" in whole or "\\" in whole:
            escaped = whole.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").split("\n")
            text = [(*run[:4], codes) for run, codes in zip(text, escaped, strict=True)]
        seen: set[int] = set()
        steps: dict[int, str] = {}  # columns make the same steps in every row, and writing a number takes long
        last_x, last_y, style, shard, changes = 0, page.height, -1, 0, self._changes[-1]
        for x, y, next_style, next_shard, codes in text:
            if next_style != style or next_shard != shard:
                if next_shard:
                    append(self._change(style, next_style, next_shard))
                    used.add((self._faces[next_style], next_shard))
                else:
                    append(changes[next_style])
                    seen.add(next_style)
                style, shard, changes = next_style, next_shard, self._changes[next_style]
            step = steps.get(x - last_x)
            if step is None:
                step = steps[x - last_x] = str(x - last_x)
            if y == last_y:
                append(f"{step} 0 Td({codes})Tj\n")
            else:
                append(f"{step} {last_y - y} Td({codes})Tj\n")
                last_y = y
            last_x = x
        used.update([(self._faces[index], 0) for index in seen])

    def _change(self, before: int, style: int, shard: int) -> str:
        """Selects a font, and colour and spacing where they differ from the style before; -1 is none."""
        found = f"/F{self._faces[style]}_{shard} {self._sizes[style]} Tf\n"
        if before < 0 or self._colors[style] != self._colors[before]:
            found += self._colors[style]
        if self._spaced and (before < 0 or self._spacing[style] != self._spacing[before]):
            found += self._spacing[style]
        return found
