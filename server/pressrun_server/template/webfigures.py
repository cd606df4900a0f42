"""Figures of a page for browsers: codes as pictures of few bytes, bar charts as SVG."""

from __future__ import annotations

import base64
import functools
import html
import math
import struct
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from pressrun_server.model.webpage import Code, Graph
from pressrun_server.prepare.pngfile import flat
from pressrun_server.template.webstyle import AXES, SPARSE

__all__ = ["code_picture", "graph_drawing"]

_ROOM: Final = 460
_NARROW: Final = 250
"""Pixels that a chart has behind its axis at least, and a narrow one."""
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
    blank = bytes(1 + room)
    if quiet:
        # All rows are moved at once: behind each is room enough for what the next one gives it.
        wider = bytes(room - width)
        moved = int.from_bytes(b"".join([modules[at : at + width] + wider for at in range(0, len(modules), width)]))
        modules, width = (moved >> quiet).to_bytes(side * room), room
    rows = b"\0".join([modules[at : at + width] for at in range(0, len(modules), width)])
    rows = b"".join((blank * quiet, b"\0", rows, blank * quiet))
    data = base64.b64encode(_png(size, code.color, rows)).decode("ascii")
    return f'{code.before} alt="{alt}" src="data:image/png;base64,{data}" width="{size}" height="{size}">'


def _png(size: int, color: int, rows: bytes) -> bytes:
    """A square of white, and of a colour where a bit is set."""
    # Some hundred bytes, stored as they are (RFC 1951, 3.2.4): compressing them takes longer than it is worth.
    length = struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF)
    packed = b"\x78\x01\x01" + length + rows + struct.pack(">I", zlib.adler32(rows))
    return flat(size, size, 1, ((b"PLTE", b"\xff\xff\xff" + color.to_bytes(3)),), packed)


def graph_drawing(
    graph: Graph, bars: Sequence[tuple[str, Decimal]], ticks: Sequence[tuple[Decimal, str]], alt: str
) -> str:
    """A bar chart, which takes the room that there is; labels are escaped.

    Lengths across are parts of the room behind the axis, those down are pixels, so that text keeps its size.
    """
    size, height, count = graph.text, graph.height, len(bars)
    top, bottom = size / 2, height - size - _GAP
    low, high = float(ticks[0][0]), float(ticks[-1][0])
    scale = (bottom - top) / (high - low)
    zero = bottom + low * scale
    widest = max([_length(text) for text, _ in bars], default=0) * size * _LETTER + _GAP
    # Every other label where all have no room, and fewer of these in a narrow chart.
    every = max(math.ceil(widest * count / _ROOM), 1)
    sparse = every * max(math.ceil(widest * count / _NARROW / every), 1)
    shown: list[str | float] = [text for _, text in ticks]
    for index, (text, value) in enumerate(bars):
        y = zero - float(value) * scale
        shown += (y, zero - y) if y < zero else (zero, y - zero)
        if not index % every:
            shown.append(text)
    shown += (zero, zero)
    longest = max([_length(text) for _, text in ticks])
    axis = next((name for most, name in AXES.items() if longest <= most), AXES[max(AXES)])
    colors = graph.color, graph.line, graph.axis
    form = _form((size, height), colors, count, (every, sparse), len(ticks))
    return f'{graph.before}<svg class="{axis}"{_named(alt)} height="{height}">{form % tuple(shown)}</svg></span>'


@functools.lru_cache(maxsize=512)
def _form(sizes: tuple[int, int], colors: tuple[int, int, int], count: int, steps: tuple[int, int], ticks: int) -> str:
    """A chart of some shape, to be filled in: labels of ticks, top and height of bars with their labels, the axis."""
    (size, height), (every, sparse), (color, line, axis) = sizes, steps, colors
    top, bottom = size / 2, height - size - _GAP
    found: list[str] = []
    for number in range(ticks):
        y = bottom - number / (ticks - 1) * (bottom - top)
        found.append(f'<line x2="100%%" y1="{y:.1f}" y2="{y:.1f}" stroke="#{line:06x}"/>')
        found.append(_label(f"-{_GAP}", y + size * 0.35, size, "end"))
    share = 100 / max(count, 1)
    for index in range(count):
        x = share * (index + (1 - _BAR) / 2)
        place = f'x="{x:.2f}%%" width="{share * _BAR:.2f}%%"'
        found.append(f'<rect {place} y="%.1f" height="%.1f" fill="#{color:06x}"/>')
        if index % every == 0:
            kept = "" if index % sparse == 0 else f' class="{SPARSE}"'
            found.append(_label(f"{share * (index + 0.5):.2f}%%", height - _GAP / 2, size, "middle", kept))
    return "".join((*found, f'<line x2="100%%" y1="%.1f" y2="%.1f" stroke="#{axis:06x}"/>'))


def _label(x: str, y: float, size: int, anchor: str, more: str = "") -> str:
    return f'<text{more} x="{x}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="currentColor">%s</text>'


def _length(text: str) -> int:
    """Characters of an escaped text."""
    return len(html.unescape(text)) if "&" in text else len(text)


def _named(alt: str) -> str:
    return f' role="img" aria-label="{alt}"' if alt else ' aria-hidden="true"'
