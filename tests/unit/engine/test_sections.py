"""Sections: pages counted by themselves; and what is kept with the text before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

CSS = (
    "@page { size: 60mm 40mm; margin: 10mm; @bottom-left { content: element(foot) } } .foot { position: running(foot) }"
    "p, h2 { margin: 0; font-size: 10pt; line-height: 12pt } .s { break-before: page; counter-reset: page }"
)
FOOT = "<p class='foot'>{{ page.section.number }}/{{ page.section.count }} {{ page.number }}/{{ page.count }}</p>"
SECTIONS = "<div class='s' pr-for='part in parts'><p pr-for='n in part'>x</p></div>"


def feet(made: Any) -> list[str]:
    """The running element of each page."""
    return [made.pdf[page].get_text().split("\n")[-2].strip() for page in range(made.summary.pages)]


@pytest.mark.parametrize("parts", [[4, 1], [2, 9, 1, 12], [30], [1], []])
def test_pages_of_sections(composed: Callable[..., Any], parts: list[int]) -> None:
    """Number and count of the section and of the document, also where neither is known when the page leaves."""
    made = composed(FOOT + SECTIONS, CSS, {"parts": [list(range(rows)) for rows in parts]})
    sizes = [-(-rows // 4) for rows in parts] or [1]
    wanted = [(number + 1, size) for size in sizes for number in range(size)]
    whole = len(wanted)
    assert feet(made) == [f"{n}/{of} {page}/{whole}" for page, (n, of) in enumerate(wanted, 1)]


def test_a_side_of_a_section(composed: Callable[..., Any]) -> None:
    """A blank page before a section that begins on the right belongs to the one before."""
    css = CSS.replace("break-before: page", "break-before: right")
    made = composed(FOOT + SECTIONS, css, {"parts": [[1], [1]]})
    assert feet(made) == ["1/2 1/3", "2/2 2/3", "1/1 3/3"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<div style='counter-reset: page'>a</div>", "add break-before: page"),
        ("<table><tr><td><div style='break-before: page'>a</div></td></tr></table>", "break-before stands in a cell"),
        ("<div style='position: absolute; top: 0'><p style='break-after: page'>a</p></div>", "break-after stands in a"),
        ("<p style='counter-reset: chapter'>a</p>", "counter-reset"),
        ("<p class='foot'>{{ page.section.pages }}</p>", "unknown field 'pages'"),
    ],
)
def test_what_is_wrong_is_said_at_publish(compiled: Callable[..., Any], body: str, says: str) -> None:
    """A break that no page could make is an error, with its place and what to do."""
    found = compiled(body, CSS)
    assert found.info is None
    assert any(says in f"{item} {item.hint}" for item in found.diagnostics), [str(item) for item in found.diagnostics]


def test_avoiding_a_break_before(composed: Callable[..., Any]) -> None:
    """What is before an element with break-before: avoid goes to the next page with it."""
    rows = "<p pr-for='n in rows'>x</p>"
    body = rows + "<div><p>before</p></div><p style='break-before: {}'>after</p>"
    for value, first in (("auto", "x x x before"), ("avoid", "x x x")):
        made = composed(FOOT + body.format(value), CSS, {"rows": [1, 2, 3]})
        assert made.text(0).startswith(f"{first} 1/2")
