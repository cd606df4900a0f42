"""Text in lines: where they end, how words are parted, what white space stays, and that all of it reads as written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uniseg.linebreak import line_break

from pressrun_server.fonts.repertoire import shards
from pressrun_server.layout import linebreak
from pressrun_server.layout.linebreak import opportunities
from pressrun_server.model.template import CompiledTemplate

Compose = Callable[..., Any]
Compile = Callable[..., CompiledTemplate]

_FIELD = {"type": "object", "properties": {"x": {"type": "string"}}}
_PAGE = "@page { size: 400pt 400pt; margin: 20pt } p { margin: 0 }"
_SHY = "\u00ad"
_REPERTOIRE = "".join(character for shard in shards().values() for character in shard)


def _lines(document: Any) -> list[str]:
    """The lines of the first page as they extract, each without the white space around it."""
    found: dict[int, str] = {}
    for block in document.pdf[0].get_text("dict", flags=0)["blocks"]:
        for line in block["lines"]:
            for span in line["spans"]:
                base = round(span["origin"][1])
                found[base] = found.get(base, "") + span["text"]
    return [text.strip() for _, text in sorted(found.items())]


def _reach(document: Any) -> list[tuple[float, float]]:
    """Left and right edge of each line's ink on the first page, from the top."""
    spans: dict[int, list[tuple[float, float]]] = {}
    for x0, y0, x1, *_ in document.pdf[0].get_text("words"):
        spans.setdefault(round(y0), []).append((x0, x1))
    return [(min(a for a, _ in line), max(b for _, b in line)) for _, line in sorted(spans.items())]


def _cases() -> list[str]:
    path = Path(__file__).with_name("line_break_test.txt")
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("case", _cases())
def test_lines_end_where_unicode_says(case: str) -> None:
    """Each case of the standard's test file that has our scripts' classes alone gives its breaks."""
    text, wanted = "", list[int]()
    for part in case.split():
        if part == "÷":
            wanted.append(len(text))
        elif part != "×":  # noqa: RUF001 - the file's own sign
            text += chr(int(part, 16))
    assert opportunities(text) == [offset for offset in wanted if 0 < offset < len(text)]


def test_the_repertoire_has_the_standards_classes() -> None:
    """Every character that we have a glyph for is in the class that Unicode's data gives it."""
    ours = {"QI": "QU", "QF": "QU", "HH": "BA"}
    letters = {"AI": "AL", "XX": "AL"}
    for character in _REPERTOIRE:
        name, wanted = linebreak._class(character), line_break(character).name
        assert ours.get(name, name) == letters.get(wanted, wanted), f"U+{ord(character):04X}"


@given(st.text(st.sampled_from(" -–—/().,!?«»“”'\"%€$ab12é\u00a0\u00ad\u0301…"), max_size=12))  # noqa: RUF001
def test_the_short_way_gives_what_the_rules_give(text: str) -> None:
    """Looking only at words that can part gives the breaks that all rules over the whole text give."""
    assert opportunities(text) == linebreak._exact(text)


@pytest.mark.parametrize("body", ["<p class=n>a{shy}b</p>", "<p class=n>{{ x }}</p>"])
def test_a_soft_hyphen_shows_only_where_a_word_is_parted(composed: Compose, body: str) -> None:
    """Fixed or of a record: no hyphen inside a line; at its end one that extracts as U+00AD and looks like one."""
    word = f"Donau{_SHY}dampf{_SHY}schiff"
    css = f"{_PAGE} .n {{ font-size: 10pt; width: 68pt }}"
    text = body.replace("a{shy}b", word)
    document = composed(text, css, {"x": word}, schema=_FIELD)
    assert _lines(document) == [f"Donaudampf{_SHY}", "schiff"]
    wide = composed(text, _PAGE, {"x": word}, schema=_FIELD)
    assert _lines(wide) == ["Donaudampfschiff"]
    none = composed(text, f"{css} .n {{ hyphens: none }}", {"x": word}, schema=_FIELD)
    assert _SHY not in "".join(_lines(none))


def test_words_are_parted_by_the_rules_of_their_language(composed: Compose) -> None:
    """`hyphens: auto` takes the language of the element, else the locale's; the parts join to the word again."""
    body = "<p lang=de-DE>Versicherungsgesellschaft</p><p lang=fr>Versicherungsgesellschaft</p><p class=m>{{ x }}</p>"
    css = f"{_PAGE} p {{ width: 70pt; font-size: 10pt; hyphens: auto }} .m {{ hyphens: manual }}"
    lines = _lines(composed(body, css, {"x": "short words"}, schema=_FIELD))
    assert lines[0] == f"Versicherungs{_SHY}" or lines[0].endswith(_SHY)
    assert "".join(lines).replace(_SHY, "") == "Versicherungsgesellschaft" * 2 + "short words"
    assert lines[:2] != lines[2:4]


@pytest.mark.parametrize("said", ["en", "{{ locale }}"])
def test_words_are_parted_by_the_rules_of_the_locale_whatever_the_root_says(said: str, composed: Compose) -> None:
    """One file serves all locales: `<html lang="en">` doesn't part German words by English rules."""
    css = f"{_PAGE} p {{ width: 40pt; font-size: 10pt; hyphens: auto }}"
    two = ["en-GB", "de-DE"]

    def lines(locale: str, opening: str) -> list[str]:
        body = f"{opening}Versicherungsgesellschaft</p>"
        return _lines(composed(body, css, locale=locale, locales=two, lang=said))

    assert lines("de-DE", "<p>") == lines("de-DE", "<p lang=de-DE>") != lines("de-DE", "<p lang=en-GB>")
    assert lines("en-GB", "<p>") == lines("en-GB", "<p lang=en-GB>")


def test_a_language_without_rules_is_told(compiled: Compile) -> None:
    """A warning names the language and what happens instead."""
    found = compiled("<p lang=eo-XX>a</p><p lang=tlh>b</p>", "p { hyphens: auto }").diagnostics
    assert [item.message for item in found] == ["there are no rules to hyphenate 'tlh'"]


def test_justified_lines_end_at_the_edge_and_read_as_written(composed: Compose) -> None:
    """All lines but the last reach both edges; spaces extract once each, also between styles."""
    text = "It is a truth <b>universally</b> acknowledged, that a {{ x }} man in possession of a good fortune"
    css = f"{_PAGE} p {{ text-align: justify; width: 150pt; font-size: 10pt }}"
    document = composed(f"<p>{text}</p>", css, {"x": "single"}, schema=_FIELD)
    reach = _reach(document)
    assert all(abs(left - 20) < 0.6 for left, _ in reach)
    assert all(abs(right - 170) < 0.6 for _, right in reach[:-1])
    assert reach[-1][1] < 165
    assert document.text() == text.replace("<b>", "").replace("</b>", "").replace("{{ x }}", "single")


def test_the_last_line_has_its_own_alignment(composed: Compose) -> None:
    """`text-align-last` holds for the last line and for lines before a forced break."""
    css = f"{_PAGE} p {{ text-align: left; text-align-last: right; width: 100pt; font-size: 10pt }}"
    reach = _reach(composed("<p>one two three four five six seven eight<br>nine</p>", css))
    assert abs(reach[0][0] - 20) < 0.6
    assert all(abs(right - 120) < 0.6 for _, right in reach[-2:])


def test_white_space_stays_as_asked(composed: Compose) -> None:
    """`pre-line` keeps line ends, `pre-wrap` and `pre` spaces too; for the template's text and a record's."""
    record = {"x": "one\n  two  three"}
    for keyword, wanted in {
        "pre-line": ["a b", "c one", "two three"],
        "pre": ["a  b", "c one", "two  three"],
        "normal": ["a b c one two three"],
    }.items():
        document = composed(
            "<p>a  b\n  c {{ x }}</p>", f"{_PAGE} p {{ white-space: {keyword} }}", record, schema=_FIELD
        )
        assert _lines(document) == wanted, keyword
    indented = composed("<p>a\n    b</p>", f"{_PAGE} p {{ white-space: pre-wrap; font-family: Fira Mono }}")
    assert [round(left) for left, _ in _reach(indented)] == [20, round(20 + 4 * 12 * 0.6)]


def test_a_record_makes_lines_in_a_cell(composed: Compose) -> None:
    """Line ends stay in a cell whose rows are made many at a time."""
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": {"type": "string"}}}}
    body = "<table><tr pr-for='r in rows'><td>{{ r }}</td></tr></table>"
    record = {"rows": ["a\nb", "c"]}
    assert _lines(composed(body, f"{_PAGE} td {{ white-space: pre-line }}", record, schema=schema)) == ["a", "b", "c"]


def test_words_stand_apart_as_told(composed: Compose) -> None:
    """`word-spacing` widens each space, in what is measured and in what is shown."""
    body = "<p class=w>a b {{ x }}</p><p>a b {{ x }}</p>"
    reach = _reach(composed(body, f"{_PAGE} .w {{ word-spacing: 15pt }}", {"x": "c"}, schema=_FIELD))
    assert reach[0][1] - reach[1][1] == pytest.approx(30, abs=0.1)


def test_a_word_wider_than_its_line_stands_out_only_where_told(composed: Compose) -> None:
    """By default it is broken; with `overflow-wrap: normal` it is whole, and the manifest says by how much it is wide."""
    css = f"{_PAGE} p {{ width: 50pt; font-size: 10pt }}"
    body = "<p>Unbreakableword</p>"
    assert len(_lines(composed(body, css))) > 1
    whole = composed(body, f"{css} p {{ overflow-wrap: normal }}")
    assert _lines(whole) == ["Unbreakableword"]
    assert [warning.code for warning in whole.summary.warnings] == ["OVERFLOW"]


def test_white_space_inside_a_line_is_refused(compiled: Compile) -> None:
    """What would be ignored is a diagnostic."""
    found = compiled("<p>a <span style='white-space: nowrap'>b c</span></p>").diagnostics
    assert [item.message for item in found] == ["white-space is not supported inside a line"]


def test_lines_under_and_through_text(composed: Callable[..., Any]) -> None:
    """They are as wide as their text, in cells, lists and footnotes, too, also of what a record brings."""
    body = (
        "<p>a <u>under {{ x }}</u> <s>through</s></p><ul><li><ins>item</ins></li></ul>"
        "<table><tr><td><del>{{ x }}</del></td></tr></table><p>b<span style='float: footnote'>of <u>b</u></span></p>"
    )
    css = "@page { size: 300pt 300pt; margin: 20pt } u, s, ins, del { text-decoration-color: red }"
    made = composed(body, css, {"x": "value"})
    page = made.pdf[0]
    lines = [drawing["rect"] for drawing in page.get_drawings() if drawing["fill"] == (1.0, 0.0, 0.0)]
    shown = {"under value": 0, "through": 1, "item": 0, "value": 1, "b": 0}
    assert len(lines) == 5
    for text, through in shown.items():
        places = page.search_for(text)
        ratios = [
            (line.y0 - place.y0) / place.height
            for line in lines
            for place in places
            if abs(line.x0 - place.x0) < 0.5 and abs(line.x1 - place.x1) < 0.5 and place.y0 < line.y0 < place.y1
        ]
        assert ratios, (text, places, lines)
        assert all((ratio < 0.72) == bool(through) for ratio in ratios), (text, ratios)


def test_lines_of_text_that_is_out_of_the_flow(composed: Callable[..., Any]) -> None:
    """A box at a fixed place has none of what it stands in, and no line changes where text is."""
    css = "@page { size: 300pt 100pt; margin: 20pt } .u { text-decoration: underline red } .f { position: absolute; top: 60pt }"
    page = composed("<div class='u'><p>text</p><div class='f'>fixed</div></div>", css).pdf[0]
    assert len([drawing for drawing in page.get_drawings() if drawing["fill"] == (1.0, 0.0, 0.0)]) == 1


def test_a_background_inside_a_line(composed: Callable[..., Any]) -> None:
    """It is painted behind the text and all that is in it, on each of its lines, below lines under it."""
    css = "@page { size: 200pt 200pt; margin: 20pt } mark { background-color: red } u { text-decoration-color: blue }"
    made = composed("<p>one <mark>two <b>{{ x }}</b> <u>four</u></mark> five</p>", css, {"x": "three " * 12})
    drawn = [(drawing["fill"], drawing["rect"]) for drawing in made.pdf[0].get_drawings()]
    behind = [rect for fill, rect in drawn if fill == (1.0, 0.0, 0.0)]
    for word in ("two", "three", "four"):
        for place in made.pdf[0].search_for(word):
            middle = (place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2
            assert any(rect.x0 < middle[0] < rect.x1 and rect.y0 < middle[1] < rect.y1 for rect in behind), word
    assert not any(rect.contains(made.pdf[0].search_for("five")[0]) for rect in behind)
    fills = [fill for fill, _ in drawn]
    assert fills.index((0.0, 0.0, 1.0)) > len(behind) - 1


def test_preformatted_text_and_shorthands(composed: Callable[..., Any]) -> None:
    """`<pre>` keeps lines and spaces; `font` and `list-style` say several things at once."""
    css = "p { font: bold 9pt/14pt 'Fira Mono' } ul { list-style: none }"
    made = composed("<pre>a  b\n  c</pre><p>x</p><ul><li>item</li></ul>", css)
    spans = [
        span for block in made.pdf[0].get_text("dict")["blocks"] for line in block["lines"] for span in line["spans"]
    ]
    assert [span["text"] for span in spans] == ["a  b", "  c", "x", "item"]
    assert spans[2]["size"] == pytest.approx(9)
    assert "Mono" in spans[0]["font"]


@pytest.mark.parametrize(
    ("css", "message"),
    [("font: bold", "font: 'bold'"), ("font: 9pt Nosuch", "font:"), ("list-style: inside", "list-style:")],
)
def test_shorthands_that_are_not_valid(compiled: Callable[..., CompiledTemplate], css: str, message: str) -> None:
    """They are told with what is valid."""
    assert any(message in item.message for item in compiled(f'<p style="{css}">x</p>').diagnostics)


def test_boxes_inside_a_line_are_told(compiled: Callable[..., CompiledTemplate]) -> None:
    """What a line does not show of a style is a warning, and not silence."""
    found = compiled("<p><span style='padding: 0 2mm'>x</span></p>")
    assert ["padding-left has no effect inside a line" in item.message for item in found.diagnostics] == [True]
    assert found.info is not None
