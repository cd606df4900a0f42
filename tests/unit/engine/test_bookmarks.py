from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.emit.outline import outline

Compose = Callable[..., Any]

PAGE = "@page { size: A6; margin: 10mm } h1, h2, h3 { font-size: 12pt }"


def toc(made: Any) -> list[tuple[int, str, int]]:
    """Level in the tree, text and page of each bookmark."""
    return [(level, title, page) for level, title, page in made.pdf.get_toc()]


def test_headings_are_bookmarks_where_they_stand(composed: Compose) -> None:
    """In order and by level, at the page and the height where the heading's line begins; values as they are shown."""
    body = (
        "<h1>Letter to {{ name }}</h1><p>text</p><h2>One <b>bold</b></h2><section style='break-before: page'><h3>Deep</h3>"
        "<h2>soft&shy;ly, (2)</h2></section><ul><li><h2>in a list</h2></li></ul>"
    )
    made = composed(body, PAGE, {"name": "Zoë"})
    expected = [(1, "Letter to Zoë", 1), (2, "One bold", 1), (3, "Deep", 2), (2, "softly, (2)", 2), (2, "in a list", 2)]
    assert toc(made) == expected
    for _level, title, number, to in made.pdf.get_toc(simple=False):
        page = made.pdf[number - 1]
        places = page.search_for(title.split("(")[0].removesuffix(", ").split()[-1])
        assert any(place.y0 - 3 <= to["to"].y <= place.y0 + 3 for place in places), title


def test_a_heading_that_moves_to_the_next_page_takes_its_bookmark_along(composed: Compose) -> None:
    """A heading is kept with what follows; its bookmark leads to where it is in the end."""
    filler = "".join(f"<p style='margin: 0'>line {number}</p>" for number in range(30))
    made = composed(
        f"<div style='height: 100mm'>{filler[:300]}</div><h1>Moves</h1><div style='height: 60mm'>x</div>", PAGE
    )
    (level, title, page), *rest = toc(made)
    assert (level, title, rest) == (1, "Moves", [])
    assert "Moves" in made.text(page - 1)


def test_bookmark_level_says_what_is_one(composed: Compose) -> None:
    """Text of other elements by number; `none` takes a heading out; a document without any has no outline."""
    css = PAGE + ".mark { bookmark-level: 1 } h2 { bookmark-level: none }"
    made = composed("<p class='mark' style='position: relative'>Marked</p><h2>Not</h2><h3>Below</h3>", css)
    assert toc(made) == [(1, "Marked", 1), (2, "Below", 1)]
    with pikepdf.open(io.BytesIO(composed("<h2>Not</h2>", css).data)) as pdf:
        assert "/Outlines" not in pdf.Root


def test_what_stands_beside_the_flow_has_none(composed: Compose) -> None:
    """Headings in cells, boxes at fixed places and running elements."""
    body = (
        "<h1 class='f'>Footer</h1><table><tr><td><h2>Cell</h2></td></tr></table>"
        "<div style='position: absolute; top: 9mm; left: 9mm; width: 50mm'><h2>Box</h2></div><p>x</p>"
    )
    css = PAGE + "@page { @bottom-left { content: element(f) } } .f { position: running(f) }"
    assert toc(composed(body, css)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<div style='bookmark-level: 1'><p>inner</p></div>", "no text of its own"),
        ("<table><tr><td><p style='bookmark-level: 2'>x</p></td></tr></table>", "in a cell"),
        ("<p style='bookmark-level: 0'>x</p>", "bookmark-level"),
    ],
)
def test_levels_that_nothing_comes_of_are_told(compiled: Callable[..., Any], body: str, said: str) -> None:
    """At publish, with the place."""
    (found,) = compiled(body, PAGE).diagnostics
    assert said in str(found)
    assert "t.html:2" in str(found)


@given(st.lists(st.integers(1, 9), max_size=60))
def test_an_outline_is_a_tree_in_reading_order(levels: list[int]) -> None:
    """Read by its First and Next, each item comes once and in order, below the last one before it of a lower level."""
    entries = [(level, 5, 1000 * index, str(index)) for index, level in enumerate(levels)]
    bodies = {number: pikepdf.Object.parse(body.replace(b" 0 R", b"")) for number, body in outline(entries, 100)}
    read: list[tuple[int, int]] = []

    def walk(number: int, parent: int) -> int:
        count, before = 0, None
        while number:
            item = bodies[number]
            assert int(item.Parent) == parent
            assert (int(item.Prev) if "/Prev" in item else None) == before
            read.append((int(str(item.Title)), parent))
            below = walk(int(item.First), number) if "/First" in item else 0
            assert below == int(item.get("/Count", 0))
            count += 1 + below
            before, number = number, int(item.get("/Next", 0))
        return count

    root = bodies[100]
    assert walk(int(root.get("/First", 0)), 100) == int(root.get("/Count", 0)) == len(levels)
    expected = []
    for index, level in enumerate(levels):
        above = [at for at in range(index) if levels[at] < level]
        nearest = max(above, default=-1)
        expected.append((index, 101 + nearest if nearest >= 0 else 100))
    assert [index for index, _ in read] == list(range(len(levels)))
    assert read == expected


def test_headings_in_flexible_columns_are_bookmarks(composed: Compose) -> None:
    """A column is part of the flow; what stands side by side in a row is not."""
    row = "<div style='display: flex'><div style='flex: 1'><h2>Left</h2></div><div style='flex: 1'>x</div></div>"
    column = "<div style='display: flex; flex-direction: column'><h2>Above</h2><h2>Below</h2></div>"
    made = composed(f"{row}{column}<h2>{{{{ n }}}}</h2>", PAGE, {"n": "After"})
    assert toc(made) == [(1, "Above", 1), (1, "Below", 1), (1, "After", 1)]


def test_the_outline_of_a_long_document(composed: Compose) -> None:
    """A bookmark a page over many nodes of the page tree and sections of cross-references."""
    made = composed("<h1 pr-for='n in ns' style='break-after: page'>{{ n }}</h1>", PAGE, {"ns": list(range(600))})
    assert toc(made) == [(1, str(number), number + 1) for number in range(600)]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        assert pdf.check_pdf_syntax() == []


def test_bookmark_label_says_what_it_says(composed: Compose) -> None:
    """Texts, the element's own text with a record's values, and attributes of it."""
    css = (
        PAGE
        + "h1 { bookmark-label: 'Annex: ' content() } h2 { bookmark-label: attr(title) } h3 { bookmark-label: content(text) '!' }"
    )
    body = "<h1>To {{ name }}</h1><h2 title='Short'>A very long heading</h2><h3>x</h3>"
    assert toc(composed(body, css, {"name": "Zoë"})) == [(1, "Annex: To Zoë", 1), (2, "Short", 1), (3, "x!", 1)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<p style='bookmark-label: \"x\"'>y</p>", "is no bookmark"),
        ("<h1 style='bookmark-label: attr(title)' title='{{ a }}'>y</h1>", "has values of the record"),
        ("<h1 style='bookmark-label: counter(x)'>y</h1>", "bookmark-label"),
    ],
)
def test_labels_that_cannot_be(compiled: Callable[..., Any], body: str, message: str) -> None:
    """They are told when the template is checked."""
    found = compiled(body, PAGE)
    assert found.info is None
    assert any(message in item.message for item in found.diagnostics), [str(item) for item in found.diagnostics]
