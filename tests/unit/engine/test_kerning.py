"""Kerning: what no record can change is kerned, once; text extracts as it was, and lines end where they ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pressrun_server.fonts.kerning import kerning

Compose = Callable[..., Any]

CSS = "@page { size: 240pt 200pt; margin: 20pt } p { margin: 0 0 6pt; font-size: 20pt; line-height: 24pt }"
WORD = "AVATAR"


def edges(made: Any) -> list[tuple[str, float, float]]:
    """Text, left and right edge of each line of the first page."""
    found: dict[int, list[Any]] = {}
    for block in made.pdf[0].get_text("rawdict")["blocks"]:
        for line in block["lines"]:
            for span in line["spans"]:
                for char in span["chars"]:
                    found.setdefault(round(char["origin"][1]), []).append(char)
    shown = [[char for char in line if char["c"] != " "] for line in found.values()]
    return [
        ("".join(char["c"] for char in line), inked[0]["origin"][0], inked[-1]["bbox"][2])
        for line, inked in zip(found.values(), shown, strict=True)
    ]


def test_pairs_stand_closer_by_what_the_font_says(composed: Compose) -> None:
    """Text of the template is as much narrower as its pairs come to; what a record brings, and `none`, are not."""
    body = f"<p>{WORD}</p><p style='font-kerning: none'>{WORD}</p><p>{{{{ word }}}}</p>"
    (_, left, kerned), (_, _, plain), (_, _, bound) = edges(composed(body, CSS, {"word": WORD}))
    pairs = {WORD[index : index + 2] for index in range(len(WORD) - 1)}
    moved = kerning("FiraGO", pairs, bold=False, italic=False)
    assert {"AV", "VA", "AT", "TA"} <= moved.keys()
    total = sum(moved.get(WORD[index : index + 2], 0) for index in range(len(WORD) - 1))
    assert total < -100
    assert kerned - plain == pytest.approx(total * 20 / 1000, abs=0.05)
    assert bound == pytest.approx(plain, abs=0.01)
    assert left == pytest.approx(20, abs=0.01)


def test_text_extracts_as_it_was(composed: Compose) -> None:
    """Also where letters with accents, other scripts and capitals that a style makes are kerned."""
    body = "<p>AV Té, “Wo” Ty.</p><p style='text-transform: uppercase'>avatar</p><p>ΑΥ Τα</p><p>ГА Та</p>"  # noqa: RUF001
    made = composed(body, CSS)
    assert [text.strip() for text, _, _ in edges(made)] == ["AV Té, “Wo” Ty.", "AVATAR", "ΑΥ Τα", "ГА Та"]  # noqa: RUF001
    assert made.summary.warnings == ()


@pytest.mark.parametrize("align", ["right", "justify"])
def test_lines_end_where_they_ended(composed: Compose, align: str) -> None:
    """What ends at the right edge still does, and nothing goes beyond it."""
    text = "AVATAR To Wave LT Yes AVATAR Tower " * 4
    made = composed(f"<p style='text-align: {align}'>{text}</p>", CSS)
    rights = [right for _, _, right in edges(made)]
    assert len(rights) > 4
    assert rights[:-1] == pytest.approx([220] * (len(rights) - 1), abs=0.6)
    assert max(rights) < 220.3


def test_headings_and_cells_of_templates_are_kerned(composed: Compose) -> None:
    """In boxes at fixed places, rows of several lines and lists, too; a second document is the same."""
    body = (
        f"<h1 style='font-size: 20pt'>{WORD}</h1><ul><li>{WORD}</li></ul>"
        f"<div style='position: absolute; top: 150pt; left: 20pt; width: 100pt; font-size: 20pt'>{WORD}</div>"
    )
    kerned, plain = (edges(composed(body, css)) for css in (CSS, CSS + "* { font-kerning: none }"))
    for (text, left, right), (same, at, end) in zip(kerned, plain, strict=True):
        if WORD in text:
            assert text == same
            assert right - left < end - at - 1


def test_digits_of_one_width_stay_so(composed: Compose) -> None:
    """Kerning would undo `tabular-nums`."""
    made = composed(
        "<p style='font-variant-numeric: tabular-nums'>1771</p><p style='font-variant-numeric: tabular-nums'>0000</p>",
        CSS,
    )
    first, second = edges(made)
    assert first[1:] == pytest.approx(second[1:], abs=0.01)
