"""Figures of an e-mail: codes as PNG of a size that clients need not enlarge, bar charts as tables."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import deflate

from pressrun_server.model.webpage import Code, Graph

__all__ = ["chart_table", "code_file"]

_MODULE: Final = 4
"""Pixels of a module, a side: clients blur what they enlarge."""
_LARGER: Final = tuple(int("".join(bit * 4 for bit in f"{byte:08b}"), 2).to_bytes(4) for byte in range(256))
"""Eight modules in a byte, four pixels each."""
_QUIET: Final = 4
"""Modules around a code (ISO/IEC 18004, 6.3.8): what is around it on a dark screen is none of our own."""
_LEVEL: Final = 1
_TABLE: Final = 'role="presentation" border="0" cellpadding="0" cellspacing="0" width="100%"'
_LETTER: Final = 0.6
"""Width of a character of a label, about, in its size."""
_NARROW: Final = 300
"""CSS pixels that bars have on a narrow screen."""


def code_file(code: Code, side: int, modules: bytes) -> bytes:
    """A barcode as a PNG of two colours (ISO/IEC 15948).

    Args:
        code: its part.
        side: modules a side.
        modules: `model.page.Matrix`'s.
    """
    quiet, width = max(code.quiet, _QUIET), len(modules) // side
    size = (side + 2 * quiet) * _MODULE
    room = -(-size // 8)
    margin = bytes(1 + quiet * _MODULE // 8)  # with the row's filter; a module is half a byte
    blank = bytes(1 + room) * (quiet * _MODULE)
    rows = [blank]
    for at in range(0, len(modules), width):
        line = b"".join([_LARGER[byte] for byte in modules[at : at + width]])
        rows.append((margin + line)[: 1 + room].ljust(1 + room, b"\0") * _MODULE)
    rows.append(blank)
    header = struct.pack(">IIBBBBB", size, size, 1, 3, 0, 0, 0)
    palette = b"\xff\xff\xff" + code.color.to_bytes(3)
    packed = bytes(deflate.zlib_compress(b"".join(rows), _LEVEL))
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def chart_table(
    graph: Graph, bars: Sequence[tuple[str, Decimal]], ticks: Sequence[tuple[Decimal, str]], alt: str
) -> str:
    """A bar chart out of cells with grounds, which are shown where pictures are not; labels are escaped.

    The axis stands between bars that rise and bars that fall; the scale's ends are named at the left.
    """
    size = graph.text
    low, high = ticks[0][0], ticks[-1][0]
    height = max(graph.height - 2 * size, 3 * size)
    rising = round(height * float(high / (high - low)))
    falling = height - rising
    every = _every(bars, size)
    named = f' role="img" aria-label="{alt}"' if alt else ' aria-hidden="true"'
    scale, upper, lower, labels = [], [], [], []
    for index, (text, value) in enumerate(bars):
        length = round(abs(float(value / (high - low))) * height)
        upper.append(_bar(graph, length if value > 0 else 0, rising, "bottom"))
        lower.append(_bar(graph, length if value < 0 else 0, falling, "top"))
        if index % every == 0:
            span = min(every, len(bars) - index)
            wide = f' colspan="{span}"' if span > 1 else ""
            centred = "center" if every == 1 else "left"
            labels.append(
                f'<td{wide} align="{centred}" style="padding:4px 0 0;font-size:{size}px;line-height:{size + 3}px;'
                f'text-align:{centred}">{text}</td>\r\n'
            )
    fine = f"font-size:{size}px;line-height:{size + 3}px;padding:0 8px 0 0;text-align:right;white-space:nowrap"
    scale.append(f'<td width="1" valign="top" style="{fine};vertical-align:top">{ticks[-1][1]}</td>')
    line = f"border-bottom:1px solid #{graph.axis:06x}"
    rows = [f'<tr>{scale[0]}<td style="{line};border-top:1px solid #{graph.line:06x}">{_row(upper)}</td></tr>']
    if falling:
        rows.append(
            f'<tr><td valign="bottom" style="{fine};vertical-align:bottom">{ticks[0][1]}</td>'
            f'<td style="border-bottom:1px solid #{graph.line:06x}">{_row(lower)}</td></tr>'
        )
    rows.append(f"<tr><td></td><td>{_row(labels)}</td></tr>")
    return f'{graph.before} border="0" cellpadding="0" cellspacing="0" width="100%"{named}>\r\n{"".join(rows)}</table>'


def _row(cells: Sequence[str]) -> str:
    return f'<table {_TABLE} style="table-layout:fixed"><tr>{"".join(cells)}</tr></table>\r\n'


def _bar(graph: Graph, length: int, room: int, upright: str) -> str:
    inside = ""
    if length:
        inside = (
            f'<table {_TABLE}><tr><td height="{length}" bgcolor="#{graph.color:06x}" style="height:{length}px;'
            f'background-color:#{graph.color:06x};font-size:0;line-height:0">&nbsp;</td></tr></table>'
        )
    return (
        f'<td height="{room}" valign="{upright}" style="height:{room}px;padding:0 2px;vertical-align:{upright};'
        f'font-size:0;line-height:0">{inside}</td>\r\n'
    )


def _every(bars: Sequence[tuple[str, Decimal]], size: int) -> int:
    """Which labels are shown, so that they stand beside each other on a narrow screen."""
    if not bars:
        return 1
    widest = max(len(text) for text, _ in bars) * size * _LETTER + 6
    return max(int(-(-widest // (_NARROW / len(bars)))), 1)
