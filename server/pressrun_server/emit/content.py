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

_ESCAPES = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)", "\r": "\\r", "\n": "\\n"})


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
        self._fonts: dict[tuple[int, int], str] = {}

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
        append = out.append
        height = page.height
        faces, sizes, colors = self._faces, self._sizes, self._colors
        last_x, last_y = 0, 0
        style, shard, color, spacing = -1, -1, "", ""
        for x, y, run_style, run_shard, codes in page.text:
            if run_style != style or run_shard != shard:
                style, shard = run_style, run_shard
                pair = (faces[style], shard)
                used.add(pair)
                append(f"/F{pair[0]}_{shard} {sizes[style]} Tf\n")
                if colors[style] != color:
                    color = colors[style]
                    append(color)
                if self._spaced and self._spacing[style] != spacing:
                    spacing = self._spacing[style]
                    append(spacing)
            baseline = height - y
            if "(" in codes or ")" in codes or "\\" in codes:
                codes = codes.translate(_ESCAPES)  # noqa: PLW2901 - the same text, escaped
            append(f"{x - last_x} {baseline - last_y} Td({codes})Tj\n")
            last_x, last_y = x, baseline
