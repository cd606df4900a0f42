"""Flexible rows whose items are as wide as what a record puts into them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden.outline import tagged
from tests.property.programs import compiled as compile_body
from tests.unit.engine.conftest import Composed

from pressrun_server.layout.lines import Typesetter
from pressrun_server.model.sharing import Item, places
from pressrun_server.render.composition import LoadedProgram

Compose = Callable[..., Composed]
CSS = "@page { size: 300pt 200pt; margin: 20pt } body { font: 10pt/14pt FiraGO; font-kerning: none } p { margin: 0 } "


def words(document: Composed, page: int = 0) -> list[tuple[str, float, float, float]]:
    """Each word, its left and right edge, and its lower edge, from the top and from the left."""
    found = [(text, x, right, y) for x, _, right, y, text, *_ in document.pdf[page].get_text("words")]
    return sorted(
        ((text, round(x, 1), round(right, 1), round(y, 1)) for text, x, right, y in found), key=lambda w: (w[3], w[1])
    )


@pytest.mark.parametrize(
    "justify", ["flex-start", "flex-end", "center", "space-between", "space-around", "space-evenly"]
)
@pytest.mark.parametrize("texts", [("Bank", "1 May 2026"), ("a b c d e f g h " * 3, "i j k l m n o p q " * 4, "end")])
def test_a_record_is_set_as_the_same_text_of_a_template(
    composed: Compose, justify: str, texts: tuple[str, ...]
) -> None:
    """What a program's own text takes is found when it is loaded, what a record's takes for each: both are one."""
    css = f"{CSS} div {{ display: flex; gap: 6pt; justify-content: {justify} }}"
    fixed = "".join(f"<p>{text.strip()}</p>" for text in texts)
    shown = "".join(f"<p>{{{{ t{index} }}}}</p>" for index in range(len(texts)))
    record = {f"t{index}": text.strip() for index, text in enumerate(texts)}
    assert words(composed(f"<div>{shown}</div>", css, record)) == words(composed(f"<div>{fixed}</div>", css))


def test_items_wrap_as_the_same_text_of_a_template(composed: Compose) -> None:
    """Lines end at the same items, whether their text is known, repeated, or a record's; each line shares its own room."""
    css = f"{CSS} div {{ display: flex; flex-wrap: wrap; gap: 4pt 6pt }} b {{ padding: 1pt 3pt; background: #eee }}"
    texts = [
        "alpha",
        "beta beta",
        "gamma gamma gamma",
        "delta",
        "epsilon epsilon",
        "zeta zeta zeta zeta zeta",
        "eta eta eta eta",
    ]
    fixed = "".join(f"<b>{text}</b>" for text in texts)
    one_by_one = "".join(f"<b>{{{{ t{index} }}}}</b>" for index in range(len(texts)))
    record = {f"t{index}": text for index, text in enumerate(texts)} | {"texts": texts}
    wanted = words(composed(f"<div>{fixed}</div>", css))
    assert len({y for *_, y in wanted}) == 3
    assert words(composed(f"<div>{one_by_one}</div>", css, record)) == wanted
    assert words(composed("<div><b pr-for='text in texts'>{{ text }}</b></div>", css, record)) == wanted
    rows = sorted({y for *_, y in wanted})
    assert [round(below - above, 1) for above, below in itertools.pairwise(rows)] == [20, 20]


def test_repeated_items_with_a_ground_stand_beside_each_other(composed: Compose) -> None:
    """Also where there are more than two, which are one node of the program."""
    css = f"{CSS} div {{ display: flex; gap: 6pt }} b {{ padding: 0 3pt; background: #eee }}"
    found = words(composed("<div><b pr-for='x in texts'>{{ x }}</b></div>", css, {"texts": list("abcdef")}))
    assert [text for text, *_ in found] == list("abcdef")
    assert all(right < x for (_, _, right, _), (_, x, _, _) in itertools.pairwise(found))


def test_rows_of_known_texts_wait_for_no_record() -> None:
    """A row whose items show nothing of a record, or whose places do not follow from it, is a row of cells at load."""
    known = "<b>Subject</b><span style='flex: 1'>{{ subject }}</span><i pr-if='vip'>!</i>"
    waiting = "<b>Subject</b><span>{{ subject }}</span>"
    for items, flexible in ((known, False), (waiting, True)):
        program = LoadedProgram.load(compile_body(f"<div>{items}</div>", f"{CSS} div {{ display: flex }}")["en-GB"])
        assert (type(program.program.body.children[0]).__name__ == "Flex") is flexible


def test_items_are_chosen_repeated_and_named(composed: Compose) -> None:
    """What is not shown takes no room and no gap."""
    body = (
        "<div><p pr-for='n in names'>{{ n }}</p><p pr-if='late'>late</p><p pr-elif='paid'>paid</p><p pr-else>open</p>"
        "<p pr-with='d = day'>{{ d }}</p></div>"
    )
    css = f"{CSS} div {{ display: flex; justify-content: space-between }}"
    alone = composed(body, css, {"late": True, "day": "x"})
    many = words(composed(body, css, {"names": ["one", "two"], "paid": True, "day": "x"}))
    assert [text for text, *_ in many] == ["one", "two", "paid", "x"]
    assert many[0][1] == 20
    assert many[-1][2] == pytest.approx(280, abs=0.2)
    assert [text for text, *_ in words(alone)] == ["late", "x"]


def test_a_rows_text_wraps_where_it_must_and_words_stay_whole(composed: Compose) -> None:
    """Items shrink by their widths, and no further than their widest word."""
    css = f"{CSS} div {{ display: flex; gap: 10pt }}"
    long = "quite a number of words " * 4
    found = words(
        composed("<div><p>{{ long }}</p><p>{{ word }}</p></div>", css, {"long": long, "word": "Donaudampfschiff"})
    )
    assert [line for line in found if line[0] == "Donaudampfschiff"]
    assert max(right for _, _, right, _ in found) <= 280.1


@pytest.mark.parametrize("shown", ["Donaudampfschifffahrtskapitän", "{{ word }}"])
def test_words_that_a_row_has_no_room_for_are_broken_and_told(composed: Compose, shown: str) -> None:
    """No text stands beyond its row, as in automatic columns, whoever wrote it; each document says so."""
    css = f"{CSS} div {{ display: flex; gap: 10pt }} p {{ font-size: 20pt; line-height: 24pt }}"
    made = composed(f"<div><p>{shown}</p><p>{shown}</p></div>", css, {"word": "Donaudampfschifffahrtskapitän"})
    assert max(right for _, _, right, _ in words(made)) <= 280.1
    [warning] = made.summary.warnings
    assert warning.code == "OVERFLOW"
    assert "a flexible row need" in warning.message


def test_rows_stand_in_tables_lists_and_columns(composed: Compose) -> None:
    """Wherever a block may stand, also where its own width is found only when it is placed."""
    row = "<div class=r><p>{{ a }}</p><p>{{ b }}</p></div>"
    body = (
        f"<table class=t><tr><td>first cell</td><td>{row}</td></tr></table><table><tr><td>{row}</td><td></td></tr></table>"
        f"<ul><li>{row}</li></ul><div class=c>{row}{row}</div><section class=r>{row}<p>beside</p></section>"
    )
    css = (
        f"{CSS} .r {{ display: flex; gap: 5pt; justify-content: flex-end }} .t {{ table-layout: auto }} .t td {{ padding: 0 5pt }}"
        " .c { columns: 2; column-gap: 10pt }"
    )
    found = words(composed(body, css, {"a": "left", "b": "right"}))
    assert [text for text, *_ in found].count("left") == 6
    rights = [right for text, _, right, _ in found if text == "right"]
    assert rights[0] < 280  # as wide as it is, in a column as wide as that
    assert rights[1] == pytest.approx(150, abs=0.2)
    assert rights[2] == pytest.approx(280, abs=0.2)


def test_markers_stand_beside_rows_that_begin_an_item(composed: Compose) -> None:
    """A table, or a flexible row, at an item's beginning has the item's marker on its first line, on the page it is on."""
    rows = (
        "<div class=r><p>{{ a }}</p><p>right</p></div>",
        "<table><tr><td>{{ a }}</td></tr></table>",
        "<div class=r><p>x</p></div>",
    )
    body = f"<div style='height: 120pt'></div><ol>{''.join(f'<li>{row}</li>' for row in rows)}</ol>"
    css = f"{CSS} .r {{ display: flex; gap: 4pt }} td {{ padding: 5pt 0 }} ol {{ margin: 0 }} li {{ break-inside: avoid }}"
    found = [word for page in (0, 1) for word in words(composed(body, css, {"a": "left"}), page)]
    assert [text for text, *_ in found] == ["1.", "left", "right", "2.", "left", "3.", "x"]
    for marker, line in ((0, 1), (3, 4), (5, 6)):
        assert found[marker][3] == pytest.approx(found[line][3], abs=0.2)


def test_a_list_that_begins_an_item_stands_beside_its_marker(composed: Compose) -> None:
    """As in browsers; in the structure the outer item's label is before the list in its body, on the page that both are on."""
    body = "<div style='height: 140pt'></div><ol><li><ul><li>{{ a }}</li></ul></li><li></li><li>end</li></ol>"
    made = composed(body, f"{CSS} ul, ol {{ margin: 0 }}", {"a": "inner"})
    first, second = words(made), words(made, 1)
    assert [text for text, *_ in first] == ["1.", "•", "inner"]
    assert len({bottom for *_, bottom in first}) == 1
    assert [text for text, *_ in second] == ["2.", "3.", "end"]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        [(_, items)] = tagged(pdf)
    assert items[0] == (
        "LI",
        [("Lbl", "1."), ("LBody", [("L", [("LI", [("Lbl", "•"), ("LBody", [("P", "inner")])])])])],
    )


def test_rows_of_pages_say_the_number_of_pages(composed: Compose) -> None:
    """A running row is set anew on each page; links in items lead where they say."""
    css = (
        f"{CSS} @page {{ @top-center {{ content: element(top) }} }} header {{ position: running(top); display: flex;"
        " justify-content: space-between } .b { break-before: page } .r { display: flex; gap: 4pt }"
    )
    body = (
        "<header><span>{{ bank }}</span><span>{{ page.number }} of {{ page.count }}</span></header>"
        "<div class=r><h1>{{ bank }}</h1><p><a href='https://a.example/{{ bank }}'>{{ bank }}</a></p></div><p class=b>x</p>"
    )
    made = composed(body, css, {"bank": "Bank"})
    first, second = words(made), words(made, 1)
    assert [text for text, *_ in second] == ["Bank", "2", "of", "2", "x"]
    assert second[3][2] == pytest.approx(280, abs=0.2)
    assert [link["uri"] for link in made.pdf[0].get_links()] == ["https://a.example/Bank"]
    assert [text for text, *_ in first] == ["Bank", "1", "of", "2", "Bank", "Bank"]


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ("<p>x</p><p style='padding: 5%'>y</p>", "a padding"),
        ("<p>x</p><pr-barcode value='x' alt='x' style='flex: 1'></pr-barcode>", "a figure takes no share"),
        ("<p>x</p><div style='position: relative'>y</div>", "position: relative"),
    ],
)
def test_what_such_a_row_cannot_have_is_told(compiled: Callable[..., Any], items: str, says: str) -> None:
    """Each is an error with its place and what to do."""
    found = compiled(f"<div class=r>{items}</div>", ".r { display: flex }").diagnostics
    assert [says in item.message and bool(item.hint) for item in found] == [True]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            Item, st.integers(0, 300), st.none() | st.integers(0, 20), st.none() | st.integers(0, 20),
            st.sampled_from([0.0, 0.3, 1.0, 2.5]), st.sampled_from([0.0, 1.0, 3.0]), st.integers(0, 60),
            st.none() | st.integers(60, 200),
        ),
        min_size=1, max_size=6,
    ),
    st.integers(0, 1000),
    st.integers(0, 15),
    st.sampled_from(["start", "end", "center", "between", "around", "evenly"]),
)  # fmt: skip
def test_items_share_a_row(items: list[Item], width: int, gap: int, justify: str) -> None:
    """No item breaks its limits, none overlaps the next, and a row is left only where none can shrink further."""
    found = places(items, width, gap, justify)
    for item, (_, own) in zip(items, found, strict=True):
        assert item.least <= own
        assert item.most is None or own <= max(item.most, item.least)
    ends = [x + (item.left or 0) + own + (item.right or 0) for item, (x, own) in zip(items, found, strict=True)]
    assert found[0][0] >= 0
    assert all(end + gap <= x for end, (x, _) in zip(ends, found[1:], strict=False))
    if ends[-1] > width + len(items):
        assert all(
            own == item.least or not item.shrink or not item.basis or own in {item.most, item.basis}
            for item, (_, own) in zip(items, found, strict=True)
        )


def test_widest_words_are_measured_where_a_row_shrinks() -> None:
    """The setter's measures are those of lines, so that what fits stays on one."""
    program = LoadedProgram.load(compile_body("<p>{{ a }}</p>", CSS)["en-GB"])
    setter: Typesetter = program.layout.setter
    paragraph: Any = program.program.body.children[0]
    pieces = [(paragraph.style, "Bank of Ireland")]
    width = setter.widest_line(paragraph, pieces)
    assert len(setter.lines(pieces, paragraph.style, width, lambda _: None)) == 1
    assert len(setter.lines(pieces, paragraph.style, width - 1000, lambda _: None)) == 2
