"""Figures of a page for browsers: codes as pictures of few bytes, bar charts as SVG."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from pressrun_server.model.webpage import Code, Graph
from pressrun_server.prepare.pngfile import put_together

__all__ = ["code_picture", "graph_drawing"]

_WIDTH: Final = 640
"""Units across a chart, which takes the room that there is."""
_GAP: Final = 6
_LETTER: Final = 0.6
"""Width of a character of a label, about, in its size: what it is drawn with is the browser's affair."""
_BAR: Final = 0.62
"""What a bar takes of its share of the axis."""


def code_picture(code: Code, side: int, modules: bytes, alt: str) -> str:
    """A barcode as a PNG of two colours (ISO/IEC 15948), which browsers draw with sharp edges in any size.

    Args:
        code: its part.
        side: modules a side.
        modules: `model.page.Matrix`'s.
        alt: what it is, escaped; empty where it is decoration.
    """
    quiet, width = code.quiet, len(modules) // side
    size = side + 2 * quiet
    room = -(-size // 8)
    shift = room * 8 - size + quiet + side - width * 8
    blank = bytes(1 + room)
    rows = [blank] * quiet
    for at in range(0, len(modules), width):
        bits = int.from_bytes(modules[at : at + width])
        bits = bits << shift if shift >= 0 else bits >> -shift
        rows.append(b"\0" + bits.to_bytes(room))
    rows += [blank] * quiet
    data = base64.b64encode(_png(size, code.color, b"".join(rows))).decode("ascii")
    return f'{code.before} alt="{alt}" src="data:image/png;base64,{data}" width="{size}" height="{size}">'


def _png(size: int, color: int, rows: bytes) -> bytes:
    """A square of white, and of a colour where a bit is set."""
    header = struct.pack(">IIBBBBB", size, size, 1, 3, 0, 0, 0)
    palette = b"\xff\xff\xff" + color.to_bytes(3)
    # Some hundred bytes, stored as they are (RFC 1951, 3.2.4): compressing them takes longer than it is worth.
    length = struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF)
    packed = b"\x78\x01\x01" + length + rows + struct.pack(">I", zlib.adler32(rows))
    return put_together([(b"IHDR", header), (b"PLTE", palette), (b"IDAT", packed)])


def graph_drawing(
    graph: Graph, bars: Sequence[tuple[str, Decimal]], ticks: Sequence[tuple[Decimal, str]], alt: str
) -> str:
    """A bar chart; labels are escaped."""
    size, height = graph.text, graph.height
    left = max(len(text) for _, text in ticks) * size * _LETTER + _GAP
    top, bottom = size / 2, height - size - _GAP
    low, high = ticks[0][0], ticks[-1][0]

    def level(value: Decimal) -> float:
        return bottom - float((value - low) / (high - low)) * (bottom - top)

    found: list[str] = []
    for value, text in ticks:
        y = level(value)
        found.append(f'<path stroke="#{graph.line:06x}" d="M{left:.1f} {y:.1f}H{_WIDTH}"/>')
        found.append(_label(left - _GAP, y + size * 0.35, size, "end", text))
    zero, share = level(Decimal(0)), (_WIDTH - left) / max(len(bars), 1)
    widest = max((len(text) for text, _ in bars), default=0) * size * _LETTER + _GAP
    every = max(int(-(-widest // max(share, 1))), 1)
    for index, (text, value) in enumerate(bars):
        x, y = left + share * (index + (1 - _BAR) / 2), level(value)
        found.append(
            f'<rect x="{x:.1f}" y="{min(y, zero):.1f}" width="{share * _BAR:.1f}" height="{abs(zero - y):.1f}" '
            f'fill="#{graph.color:06x}"/>'
        )
        if index % every == 0:
            found.append(_label(left + share * (index + 0.5), height - _GAP / 2, size, "middle", text))
    found.append(f'<path stroke="#{graph.axis:06x}" d="M{left:.1f} {zero:.1f}H{_WIDTH}"/>')
    return f'{graph.before}{_named(alt)} viewBox="0 0 {_WIDTH} {height}">{"".join(found)}</svg>'


def _label(x: float, y: float, size: int, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="currentColor">{text}</text>'


def _named(alt: str) -> str:
    return f' role="img" aria-label="{alt}"' if alt else ' aria-hidden="true"'
