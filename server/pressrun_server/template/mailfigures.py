"""Figures of an e-mail: codes as PNG of a size that clients need not enlarge, bar charts as PNG or as tables.

The picture of a chart holds its bars and lines alone. What it says in words and numbers is text beside it: that stays
sharp and can be read where pictures are off, and on dark screens it turns light as all text does.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from pressrun_server.model.webpage import Code, Graph
from pressrun_server.prepare.pngfile import flat
from pressrun_server.prepare.pngrows import packed_rows, repeated_rows
from pressrun_server.template.mailstyle import GRAPH

__all__ = ["chart_beside", "chart_file", "chart_table", "code_file"]

_MODULE: Final = 4
"""Pixels of a module, a side: clients blur what they enlarge."""
_LARGER: Final = tuple(
    bytes(int("".join(bit * _MODULE for bit in f"{byte:08b}"), 2).to_bytes(_MODULE)[at] for byte in range(256))
    for at in range(_MODULE)
)
"""Eight modules in a byte, four pixels each: the bytes that it becomes, each of them by byte."""
_QUIET: Final = 4
"""Modules around a code (ISO/IEC 18004, 6.3.8): what is around it on a dark screen is none of our own."""
_TABLE: Final = 'role="presentation" border="0" cellpadding="0" cellspacing="0" width="100%"'
_LETTER: Final = 0.6
"""Width of a character of a label, about, in its size."""
_NARROW: Final = 300
"""CSS pixels that bars have on a narrow screen."""
_BAR: Final = 0.72
"""What a bar takes of its share of the axis."""
_GROUND, _FILLED, _RULE, _AXIS = range(4)
"""What the four colours of a chart's picture are for."""
_FULL: Final = 255


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
    larger, wide = bytearray(_MODULE * len(modules)), width * _MODULE
    for at, digits in enumerate(_LARGER):
        larger[at::_MODULE] = modules.translate(digits)
    rows = [(margin + larger[at : at + wide])[: 1 + room].ljust(1 + room, b"\0") for at in range(0, len(larger), wide)]
    packed = repeated_rows(rows, _MODULE, quiet * _MODULE)
    return flat(size, size, 1, ((b"PLTE", b"\xff\xff\xff" + code.color.to_bytes(3)),), packed)


def chart_file(graph: Graph, bars: Sequence[tuple[str, Decimal]], ticks: Sequence[tuple[Decimal, str]]) -> bytes:
    """The bars and lines of a chart as a PNG of four colours, a pixel for each of CSS where the chart is wide.

    All edges are straight, and the style sheet has clients keep them sharp in any size.

    Half a step of the scale is free above and below, so that the lines stand beside the middle of their labels.
    """
    low, high = float(ticks[0][0]), float(ticks[-1][0])
    step = _step(graph, ticks)
    top, height = step // 2, step * len(ticks)
    length = step * (len(ticks) - 1)
    scale = length / (high - low)
    zero = top + round(high * scale)
    # Bars have two pixels each at least, so that none falls upon another one.
    width = graph.width * max(-(-2 * len(bars) // graph.width), 1)
    fill, room = _masks(len(bars), width), -(-width // 4)
    # Where a bar begins or ends its pixels are turned over; lines are drawn between bars, and the axis across all.
    turns = [(top + index * step, 0, _RULE) for index in range(len(ticks)) if top + index * step != zero]
    turns.append((zero, 0, _AXIS))
    for (_, value), mask in zip(bars, fill, strict=True):
        end = zero - round(float(value) * scale)
        turns += ((end, mask, 0), (zero, mask, 0))
    turns.sort()
    every = (1 << 2 * width) // 3 << 2 * (room * 4 - width)
    rows: list[tuple[bytes, int]] = []
    at = shown = 0
    for row, mask, line in turns:
        if row > at:
            rows.append((b"\0" + shown.to_bytes(room), row - at))
            at = row
        shown ^= mask
        if line:
            drawn = every * _AXIS if line == _AXIS else (every ^ shown) * _RULE | shown
            rows.append((b"\0" + drawn.to_bytes(room), 1))
            at += 1
    rows.append((bytes(1 + room), height - at))
    return flat(width, height, 2, _colors(graph.ground, graph.color, graph.line, graph.axis), packed_rows(rows))


@functools.lru_cache(maxsize=512)
def _masks(count: int, width: int) -> tuple[int, ...]:
    """Where each of so many bars is in a row of pixels, two bits each, of which the lower one is set."""
    room = -(-width // 4) * 4
    found: list[int] = []
    for index in range(count):
        begin = round((index + (1 - _BAR) / 2) * width / count)
        end = max(round((index + (1 + _BAR) / 2) * width / count), begin + 1)
        found.append((1 << 2 * (end - begin)) // 3 << 2 * (room - end))
    return tuple(found)


@functools.lru_cache(maxsize=64)
def _colors(ground: int | None, bar: int, line: int, axis: int) -> tuple[tuple[bytes, bytes], ...]:
    """The palette: without a ground of its own lines are a grey of any ground, and what is behind shows."""
    if ground is not None:
        return ((b"PLTE", b"".join(color.to_bytes(3) for color in (ground, bar, line, axis))),)
    faint = round(_FULL * min(max(1 - max(line.to_bytes(3)) / _FULL, 0.05) * 2, 1))
    colors = b"".join(color.to_bytes(3) for color in (0xFFFFFF, bar, 0x808080, axis))
    return (b"PLTE", colors), (b"tRNS", bytes((0, _FULL, faint, _FULL)))


def _step(graph: Graph, ticks: Sequence[tuple[Decimal, str]]) -> int:
    """CSS pixels between two lines: room for a label at least."""
    return max(round((graph.height - 2 * graph.text) / (len(ticks) - 1)), graph.text + 3)


def chart_beside(
    graph: Graph, bars: Sequence[tuple[str, Decimal]], ticks: Sequence[tuple[Decimal, str]], alt: str, source: str
) -> str:
    """A chart of which the bars are a picture; labels are escaped.

    Args:
        graph: its part.
        bars: label and value of each.
        ticks: value and label of each, the lowest first.
        alt: what it shows, escaped; empty where it is decoration.
        source: where the picture is.
    """
    size, step = graph.text, _step(graph, ticks)
    scale = "<br>".join([text for _, text in reversed(ticks)])
    return (
        f"{_opening(graph, alt)}<tr>"
        f'<td width="1" valign="top" style="font-size:{size}px;line-height:{step}px;mso-line-height-rule:exactly;'
        f'padding:0 8px 0 0;text-align:right;vertical-align:top;white-space:nowrap">{scale}</td>'
        f'<td valign="top" style="font-size:{size}px;line-height:{step}px;padding:0;vertical-align:top">'
        f'<img class="{GRAPH}" width="{graph.width}" height="{step * len(ticks)}" alt="{alt}" src="{source}"\r\n'
        f'style="display:block;width:100%;height:{step * len(ticks)}px">'
        f"</td></tr>\r\n<tr><td></td><td>{_row(_labels(bars, size))}</td></tr></table>"
    )


def _labels(bars: Sequence[tuple[str, Decimal]], size: int) -> list[str]:
    """Cells with as many labels as there is room for."""
    every = _every(bars, size)
    centred = "center" if every == 1 else "left"
    found: list[str] = []
    for index in range(0, len(bars), every):
        span = min(every, len(bars) - index)
        wide = f' colspan="{span}"' if span > 1 else ""
        found.append(
            f'<td{wide} align="{centred}" style="padding:2px 0 8px;font-size:{size}px;line-height:{size + 3}px;'
            f'text-align:{centred}">{bars[index][0]}</td>\r\n'
        )
    return found


def _opening(graph: Graph, alt: str) -> str:
    named = f'role="img" aria-label="{alt}"' if alt else 'aria-hidden="true"'
    return f'{graph.before} border="0" cellpadding="0" cellspacing="0" width="100%" {named}>\r\n'


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
    scale, upper, lower = [], [], []
    for _, value in bars:
        length = round(abs(float(value / (high - low))) * height)
        upper.append(_bar(graph, length if value > 0 else 0, rising, "bottom"))
        lower.append(_bar(graph, length if value < 0 else 0, falling, "top"))
    fine = f"font-size:{size}px;line-height:{size + 3}px;padding:0 8px 0 0;text-align:right;white-space:nowrap"
    scale.append(f'<td width="1" valign="top" style="{fine};vertical-align:top">{ticks[-1][1]}</td>')
    line = f"border-bottom:1px solid #{graph.axis:06x}"
    rows = [f'<tr>{scale[0]}<td style="{line};border-top:1px solid #{graph.line:06x}">{_row(upper)}</td></tr>']
    if falling:
        rows.append(
            f'<tr><td valign="bottom" style="{fine};vertical-align:bottom">{ticks[0][1]}</td>'
            f'<td style="border-bottom:1px solid #{graph.line:06x}">{_row(lower)}</td></tr>'
        )
    rows.append(f"<tr><td></td><td>{_row(_labels(bars, size))}</td></tr>")
    return f"{_opening(graph, alt)}{''.join(rows)}</table>"


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
    widest = max(len(html.unescape(text)) for text, _ in bars) * size * _LETTER + 6
    return max(int(-(-widest // (_NARROW / len(bars)))), 1)
