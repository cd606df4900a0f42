"""What text can do that the samples don't, one body each: footnotes, columns, lists of terms, rows of boxes."""

from __future__ import annotations

__all__ = ["TEXTS"]

_NOTE = "<span style='float: footnote; font-size: 6pt'>{}</span>"
_LONG = "many words " * 250

TEXTS = {
    "footnotes": f"<p>one{_NOTE.format('of one')} two{_NOTE.format('of <b>two</b>, <a href=https://a.example>there</a>')}</p>",
    "footnotes over pages": f"<p>one{_NOTE.format(_LONG)}</p><p>{_LONG}</p><p>two{_NOTE.format('short')}</p>",
    "a footnote longer than two pages": f"<p>one{_NOTE.format(_LONG * 4)} two</p>",
    "footnotes in the rows of a table": (
        "<table><thead><tr><th>No</th><th>What</th></tr></thead><tbody><tr pr-for='row in rows'><td>{{ row.no }}</td>"
        f"<td>{{{{ row.text }}}}{_NOTE.format('about {{ row.no }}')}</td></tr></tbody></table>"
    ),
    "columns": f"<div style='columns: 3'><h2>One</h2><p>{_LONG}</p><ul><li>an item</li></ul><h2>Two</h2><p>{_LONG}</p></div>",
    "lines under and through": (
        "<p><u>under</u> <s>through</s> <a href='https://a.example' style='text-decoration: underline'>a link</a>"
        " <u>{{ few[0].text }}</u> AVATAR</p>"
    ),
    "terms and what they mean": (
        f"<dl><dt>A term</dt><dt>Another</dt><dd>said</dd><dd><p>{_LONG * 2}</p><ul><li>item</li></ul></dd>"
        "<div pr-for='row in few'><dt><p>{{ row.kind }}</p></dt><dd>{{ row.text }}</dd></div><dt>no more</dt></dl>"
    ),
    "rows of boxes": (
        "<header style='display: flex; justify-content: space-between'><span>A bank</span><span>{{ few[0].text }}</span></header>"
        "<section style='display: flex; gap: 5pt'><h2>{{ few[0].kind }}</h2><p pr-for='row in few'>{{ row.text }}</p>"
        "<a href='https://a.example' pr-if='few'>a link</a></section>"
    ),
}
