from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest

from pressrun_server.errors import PressrunError
from pressrun_server.template.markers import marker

Compose = Callable[..., Any]

STRINGS = {
    "en-GB": {"items": {"one": "{n} item", "other": "{n} items"}},
    "pl-PL": {"items": {"one": "{n} pozycja", "few": "{n} pozycje", "many": "{n} pozycji", "other": "{n} pozycji"}},
}
RECORD = {
    "n": 3, "who": {"name": "Zoë", "city": "Köln"}, "tags": ["x", "y"],
    "big": "9" * 40 + ".01", "rows": [{"a": "2.50", "k": "b"}, {"a": "10", "k": "a"}, {"a": "-0.01", "k": "c"}],
}  # fmt: skip


@pytest.mark.parametrize(("n", "text"), [(1, "one end"), (2, "two end"), (3, "three end"), (4, "many end")])
def test_the_first_branch_that_holds_is_shown(composed: Compose, n: int, text: str) -> None:
    """pr-if, pr-elif and pr-else choose one of several blocks, pieces of a line and rows alike."""
    branches = "<{0} pr-if='n == 1'>one</{0}><{0} pr-elif='n == 2'>two</{0}><{0} pr-elif='n == 3'>three</{0}><{0} pr-else>many</{0}>"
    assert composed(branches.format("p") + "<p>end</p>", "", {"n": n}).text() == text
    assert composed(f"<p>{branches.format('b')} end</p>", "", {"n": n}).text() == text
    rows = (
        branches.format("tr").replace("'>", "'><td>").replace("pr-else>", "pr-else><td>").replace("</tr>", "</td></tr>")
    )
    assert composed(f"<table>{rows}</table><p>end</p>", "", {"n": n}).text() == text


def test_names_for_values(composed: Compose) -> None:
    """pr-with names values for what is in the element; a name is known to those behind it, and not outside."""
    body = "<div pr-with=\"total = rows | sum('a'); double = total * 2\"><p>{{ total | amount }} {{ double | amount }}</p></div>"
    assert composed(body, "", RECORD).text() == "12.49 24.98"


def test_fragments(composed: Compose) -> None:
    """A fragment is put in wherever it is included, with the names that it is given, also in loops and conditions."""
    body = (
        "<pr-fragment name='line'><p>{{ item.k }}: {{ item.a | amount }}</p></pr-fragment>"
        "<div pr-for='row in rows'><pr-include fragment='line' item='row'></pr-include></div>"
        "<pr-include fragment='line' pr-if='n == 1' item='rows[0]'></pr-include><p>end</p>"
    )
    assert composed(body, "", RECORD).text() == "b: 2.50 a: 10.00 c: 0.01 end".replace("0.01", "\u22120.01")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("tags | join(' + ')", "x + y"), ("(rows | sort('k') | first).k", "a"), ("tags | last | capitalize", "Y"),
        ("rows | sum('a')", "12.49"), ("[3, 1, 2] | sort | join('')", "123"), ("'  a b ' | trim", "a b"),
        ("tags | length", "2"), ("tags | reverse | join", "y, x"), ("(rows | groupby('k') | last).rows | sum('a')", "-0.01"),
        ("big + 0.01", "9" * 40 + ".02"), ("-big", "-" + "9" * 40 + ".01"), ("[big, big] | sum", "1" + "9" * 39 + "8.02"),
        ("-big | abs", "9" * 40 + ".01"), ("big * 10 - big * 9", "9" * 40 + ".01"), ("big / 1", "9" * 40 + ".010000000000"),
        ("1 / 3", "0." + "3" * 28), ("7 // 2 + 7 % 4", "6"), ("big % 10", "9.01"),
    ],
)  # fmt: skip
def test_filters_of_lists(composed: Compose, expression: str, text: str) -> None:
    """Lists can be joined, summed, sorted and grouped, and their ends taken; amounts stay exact however long they are."""
    assert composed(f"<p>{{{{ {expression} }}}}</p>", "", RECORD).text() == text


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("who | join", "list is needed"),
        ("tags | sum", "number"),
        ("rows | sum('z')", "no field 'z'"),
        ("[who] | sort", "order"),
    ],
)
def test_lists_that_do_not_fit(composed: Compose, expression: str, says: str) -> None:
    """A value of another kind is an error of the record at the expression's place."""
    with pytest.raises(PressrunError, match=says) as caught:
        composed(f"<p>{{{{ {expression} }}}}</p>", "", RECORD)
    assert "t.html:2:4" in str(caught.value)


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1 pozycja"), (3, "3 pozycje"), (5, "5 pozycji"), (22, "22 pozycje"), (1234, "1 234 pozycje")]
)
def test_plurals(composed: Compose, n: int, text: str) -> None:
    """A string's form follows CLDR's rules of the locale, and the count is written as its numbers are."""
    made = composed(
        "<p>{{ t.items | plural(n) }}</p>", "", {"n": n}, strings=STRINGS, locales=["en-GB", "pl-PL"], locale="pl-PL"
    )
    assert made.text().replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("<p pr-else>x</p>", "directive", "pr-else has no pr-if"),
        ("<p>x</p><p pr-elif='n'>x</p>", "directive", "pr-elif has no pr-if"),
        ("<div pr-with='a'></div>", "expression", "pr-with"),
        ("<div pr-with='loop = 1'></div>", "expression", "reserved"),
        ("<pr-include fragment='x'></pr-include>", "fragment", "no fragment 'x'"),
        ("<pr-fragment name='a'><pr-include fragment='a'></pr-include></pr-fragment><pr-include fragment='a'></pr-include>", "fragment", "includes itself"),
        ("<pr-fragment name='a'>1</pr-fragment><pr-fragment name='a'>2</pr-fragment>", "fragment", "two fragments"),
        ("<p>{{ t.items }}</p>", "expression", "plural forms"),
        ("<p>{{ 'x' | plural(1) }}</p>", "expression", "plural"),
        ("<p>{{ n | sum(n) }}</p>", "expression", "sum"),
        ("<li>x</li>", "structure", "outside a list"),
        ("<ul><p>x</p></ul>", "structure", "<li>"),
        ("<ol start='x'><li>x</li></ol>", "attribute", "start"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_publish(compiled: Callable[..., Any], body: str, code: str, says: str) -> None:
    """What cannot work is a diagnostic with its line, and a hint."""
    template = compiled(body, strings=STRINGS, locales=["en-GB", "pl-PL"])
    assert template.info is None
    assert any(item.code == code and says in f"{item.message} {item.hint}" for item in template.diagnostics), [
        f"{item} {item.hint}" for item in template.diagnostics
    ]
    assert all(item.line for item in template.diagnostics)


def test_a_missing_plural_form_is_said_at_publish(compiled: Callable[..., Any]) -> None:
    """A locale whose language has more forms than its string is named with those that it lacks."""
    strings = {**STRINGS, "pl-PL": {"items": {"one": "{n} pozycja", "other": "{n} pozycji"}}}
    template = compiled("<p>{{ t.items | plural(1) }}</p>", strings=strings, locales=["en-GB", "pl-PL"])
    [found] = {item.message for item in template.diagnostics}
    assert "few, many" in found


def test_lists(composed: Compose) -> None:
    """Items have their markers on the line of their first words, count through loops, and are lists to the structure."""
    body = (
        "<ul><li>one line</li><li><p>para</p></li></ul>"
        "<ol start='3'><li pr-for='row in rows'>{{ row.k }}</li><li>last<ul><li>nested</li></ul></li><li></li></ol>"
    )
    made = composed(body, "", RECORD)
    assert made.text() == "• one line • para 3. b 4. a 5. c 6. last • nested 7."
    lines: dict[float, list[str]] = {}
    for word in made.pdf[0].get_text("words"):
        lines.setdefault(round(word[3], 1), []).append(word[4])
    assert list(lines.values()) == [
        ["•", "one", "line"],
        ["•", "para"],
        ["3.", "b"],
        ["4.", "a"],
        ["5.", "c"],
        ["6.", "last"],
        ["•", "nested"],
        ["7."],
    ]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        item = pdf.Root.StructTreeRoot.K[0].K[0].K[0]
        assert [str(kid.S) for kid in item.K] == ["/Lbl", "/LBody"]


def test_a_marker_goes_with_its_first_line(composed: Compose) -> None:
    """An item that does not fit takes its marker to the next page."""
    body = "<div class='fill'></div><ul><li>words that need two lines at least, on such a small page</li></ul>"
    made = composed(body, "@page { size: 60mm 60mm; margin: 5mm } .fill { height: 44mm }")
    assert made.text(0) == ""
    assert made.text(1).startswith("• words")


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        ("decimal", 12, "12."), ("lower-alpha", 1, "a."), ("lower-alpha", 27, "aa."), ("upper-alpha", 702, "ZZ."),
        ("lower-roman", 1994, "mcmxciv."), ("upper-roman", 4000, "4000."), ("lower-alpha", 0, "0."), ("disc", 3, "•"),
        ("none", 3, ""),
    ],
)  # fmt: skip
def test_markers(kind: str, number: int, text: str) -> None:
    """Markers are what CSS's counter styles say."""
    assert marker(kind, number) == text


def test_capitals_of_words(composed: Compose) -> None:
    """text-transform: capitalize takes the first letter of each word, and no letter behind an apostrophe."""
    assert (
        composed("<p style='text-transform: capitalize'>l'eau d\u2019été {{ x }}</p>", "", {"x": "ça va"}).text()
        == "L'eau D\u2019été Ça Va"
    )


def test_raised_and_lowered_text(composed: Compose) -> None:
    """Superscripts stand above the line's baseline and subscripts below it, smaller, and the next text is level again."""
    body = "<p>a<sup>b</sup>c<sub>d</sub>e<sup>{{ x }}<sub>k</sub></sup>m</p><table><tr><td>n<sup>o</sup></td></tr></table>"
    made = composed(body, "p, td { font-size: 20pt }", {"x": "π"})
    spans = [
        span for block in made.pdf[0].get_text("dict")["blocks"] for line in block["lines"] for span in line["spans"]
    ]
    places = {
        span["text"].strip(): (round(span["origin"][1]), round(span["size"])) for span in spans if span["text"].strip()
    }
    base = places["a"][0]
    assert places["c"][0] == places["e"][0] == places["m"][0] == base
    assert places["b"][0] < base < places["d"][0]
    assert places["b"][1] == places["d"][1] == 14
    assert places["π"][0] < places["k"][0] < base
    assert places["o"][0] < places["n"][0]


def test_groups(composed: Compose) -> None:
    """Items that are alike in a field, in the order of the first ones; true is not 1, and a field may be one in an object."""
    record = {
        "rows": [{"k": {"of": k}, "a": a} for k, a in [("b", 1), ("a", 2), ("b", 4), (1, 8), (True, 16), (None, 32)]]
    }
    body = (
        "<p pr-for=\"group in rows | groupby('k.of')\">{{ loop.index }} {{ group.key }}: {{ group.rows | sum('a') }}"
        "{{ '.' if loop.last else ',' }}</p>"
    )
    assert composed(body, "", record).text() == "1 b: 5, 2 a: 2, 3 1: 8, 4 true: 16, 5 : 32."


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("rows | groupby('kk')", "unknown field 'kk'"),
        ("rows | sum('kk')", "unknown field 'kk'"),
        ("rows | sort('k.x')", "the value before .x is string; it has no fields"),
        ("(rows | groupby('k') | first).rwos", "unknown field 'rwos'"),
        ("((rows | groupby('k') | first).rows | first).b", "unknown field 'b'"),
    ],
)
def test_fields_of_lists_are_checked_at_publish(compiled: Compose, expression: str, says: str) -> None:
    """What a list is grouped, sorted or summed by is held to the schema, and so is what comes of it."""
    row = {"type": "object", "properties": {"a": {}, "k": {"type": "string"}}, "additionalProperties": False}
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}}
    found = compiled(f"<p>{{{{ ({expression}) | default('') }}}}</p>", "", schema=schema).diagnostics
    assert [item.message for item in found] == [says]


@pytest.mark.parametrize("expression", ["n / 3 | percent", "-(n | number)", "1 + (n | money('EUR'))"])
def test_texts_are_not_computed_with(compiled: Compose, expression: str) -> None:
    """A filter that binds closer than it was meant to is found at publish, with how to write it."""
    [found] = compiled(f"<p>{{{{ {expression} }}}}</p>").diagnostics
    assert "gives a text" in found.message
    assert "(a / b) | " in found.hint


def test_what_is_no_number_is_told_as_that(composed: Compose) -> None:
    """A text of a record that is no number is an error of the record which says so, and never shows it."""
    with pytest.raises(PressrunError, match="no number is computed with") as caught:
        composed("<p>{{ who.name * 2 }}</p>", "", RECORD)
    assert "Zo" not in str(caught.value)


def test_parts_of_a_line_repeat(composed: Compose) -> None:
    """pr-for, pr-if and pr-with go together within a line, with separators, styles and white space as written."""
    body = (
        "<p>To <b pr-for='row in rows' pr-with='k = row.k | upper' pr-if='row.a != skip'>{{ loop.index }}{{ k }}"
        "{{ '' if loop.last else ', ' }}</b> and <i pr-for='tag in tags'> {{ tag }} </i>end</p>"
    )
    assert composed(body, "", {**RECORD, "skip": "10"}).text() == "To 1B, 3C and x y end"
    assert composed(body, "", {**RECORD, "rows": [], "tags": []}).text() == "To and end"


def test_a_link_that_repeats_in_a_line_has_one_target(composed: Compose, compiled: Compose) -> None:
    """It leads to the same place each time; where it would lead elsewhere each time, the template is refused."""
    body = "<p><span pr-for='tag in tags'><a href='{}'>{{{{ tag }}}}</a> </span></p>"
    pdf = composed(body.format("https://a.example/"), "", RECORD).pdf
    assert [link["uri"] for link in pdf[0].get_links()] == ["https://a.example/"] * 2
    [found] = compiled(body.format("https://a.example/{{ tag }}")).diagnostics
    assert "same place each time" in found.message


def test_the_work_of_filters_is_bounded(composed: Compose) -> None:
    """A list that is looked through again and again before a page is full is a limit, as loops in each other are."""
    body = "<p><i pr-for='row in rows'>{{ '' if (rows | reverse) }}</i></p>"
    with pytest.raises(PressrunError, match="repeat more than") as caught:
        composed(body, "", {"rows": [1] * 2500})
    assert caught.value.reason == "LIMIT_EXCEEDED"
