"""The statement as HTML: a page with slots, what stands in them, and the style sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from pressrun_loadtest.rivals.statement import Chart, Row, Statement

__all__ = ["code_svg", "fill", "pieces", "read_layout", "row_of", "rows_of", "style_of"]

_LAYOUTS = Path(__file__).parent / "layouts"
_SLOT = re.compile(r'\{\{(\w+)\}\}|( data-fb-bind-html="(\w+)")(.*?>)')
_PLOT_LEFT, _PLOT_WIDTH, _PLOT_TOP, _PLOT_HEIGHT = 9.0, 118.0, 1.6, 16.3
"""Millimetres inside the chart's 127 by 22."""


def read_layout(name: str) -> str:
    """A file of the layouts' folder."""
    return (_LAYOUTS / name).read_text(encoding="utf-8")


def style_of(words: Mapping[str, str]) -> str:
    """The style sheet, with the words of a locale's page numbers."""
    return _SLOT.sub(lambda match: words[match[1]], read_layout("statement.css"))


def pieces(statement: Statement) -> tuple[dict[str, str], dict[str, str]]:
    """What stands in the slots: texts, and markup that is made of many elements."""
    words = statement.words
    names = (
        "bank", "legal_1", "legal_2", "page", "of", "office", "office_street", "office_city", "office_phone",
        "office_web", "sender", "transactions", "date", "description", "reference", "amount", "balance", "history",
        "online", "questions", "questions_text", "check", "check_text", "protection", "protection_text", "interest",
        "interest_text",
    )  # fmt: skip
    texts = {name: words[name] for name in names}
    texts |= {
        "lang": statement.locale,
        "title": statement.title,
        "account": statement.account,
        "name": statement.name,
        "heading": words["title"],
        "period": statement.period,
        "currency": statement.currency,
        "count": statement.count,
    }
    for number, (label, fact) in enumerate(statement.facts):
        texts[f"label_{number}"], texts[f"fact_{number}"] = label, fact
    for number, (label, figure) in enumerate(statement.figures):
        texts[f"name_{number}"], texts[f"figure_{number}"] = label, figure
    letter = f'<p class="greeting">{escape(statement.greeting)}</p><p>{escape(statement.message)}</p>'
    markup = {
        "address": "".join(f"<p>{escape(line)}</p>" for line in statement.address),
        "banner": f'<img src="banner-{statement.segment}.jpg" alt="">',
        "letter": letter if statement.message else "",
        "rows": rows_of(statement),
        "chart": _chart(statement.chart),
        "code": code_svg(statement),
    }
    return texts, markup


def rows_of(statement: Statement) -> str:
    """The ledger's body."""
    date, text, balance = statement.forward
    parts = [
        f'<tr class="forward"><td>{date}</td><td>{text}</td><td></td><td></td><td class="right">{balance}</td></tr>'
    ]
    parts += [row_of(number, row) for number, row in enumerate(statement.rows)]
    date, text, balance = statement.closing
    parts.append(f'<tr class="result"><td>{date}</td><td colspan="3">{text}</td><td class="right">{balance}</td></tr>')
    return "".join(parts)


def row_of(number: int, row: Row) -> str:
    """A transaction's row of the ledger; the first is number 0."""
    return (
        f'<tr class="{"even" if number % 2 else "odd"}"><td>{row.date}</td><td>{escape(row.text)}</td>'
        f'<td class="quiet">{row.reference}</td><td class="{"right credit" if row.credit else "right"}">'
        f'{row.amount}</td><td class="right">{row.balance}</td></tr>'
    )


def _chart(chart: Chart) -> str:
    parts = []
    foot = _PLOT_TOP + _PLOT_HEIGHT
    for text, share in chart.ticks:
        y = foot - share * _PLOT_HEIGHT
        parts.append(f'<div class="line" style="top:{y - 0.07:.2f}mm"></div>')
        parts.append(f'<div class="tick" style="top:{y - 1.59:.2f}mm">{text}</div>')
    step = _PLOT_WIDTH / max(len(chart.bars), 1)
    for number, (text, share) in enumerate(chart.bars):
        low, high = sorted((share, chart.zero))
        left = _PLOT_LEFT + number * step
        parts.append(
            f'<div class="bar" style="left:{left + (step - 6.1) / 2:.2f}mm;top:{foot - high * _PLOT_HEIGHT:.2f}mm;'
            f'height:{(high - low) * _PLOT_HEIGHT:.2f}mm"></div>'
            f'<div class="month" style="left:{left:.2f}mm">{text}</div>'
        )
    parts.append(f'<div class="axis" style="top:{foot - chart.zero * _PLOT_HEIGHT - 0.14:.2f}mm"></div>')
    return "".join(parts)


def code_svg(statement: Statement) -> str:
    """The QR code as a drawing of one path."""
    path = "".join(f"M{x} {y}h{width}v1h-{width}z" for y, x, width in statement.code)
    size = statement.modules
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="20mm" height="20mm" viewBox="0 0 {size} {size}">'
    return f'{head}<path fill="#14262b" d="{path}"/></svg>'


def fill(page: str, texts: Mapping[str, str], markup: Mapping[str, str]) -> str:
    """The page with everything in it."""

    def put(match: re.Match[str]) -> str:
        if match[1] is not None:
            return escape(texts[match[1]])
        return match[4] + markup[match[3]]

    return _SLOT.sub(put, page)
