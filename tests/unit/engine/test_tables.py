from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pymupdf
import pytest
from tests.unit.engine.conftest import AS_OF, ENGINE
from tests.unit.engine.test_structure import check, elements, tree

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.layout.elements import Part
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.composition_rows import RecordRows
from pressrun_server.template.selection import Selector

Compose = Callable[..., Any]
Compile = Callable[..., Any]

PAGE = "@page { size: 80mm 60mm; margin: 6mm } body { font-size: 8pt } td, th { padding: 0 }"
SUMS = (
    "<table><thead><tr><th>No</th><th>Amount</th></tr>"
    "<tr pr-on='continued'><td>brought forward</td><td>{{ paid.before | amount }}</td></tr></thead>"
    "<tr pr-for='row in rows' pr-sum='paid = row.amount'><td>{{ row.no }}</td><td>{{ row.amount }}</td></tr>"
    "<tfoot><tr pr-on='continued'><td>carried forward</td><td>{{ paid.running | amount }}</td></tr>"
    "<tr pr-on='last'><td>total</td><td>{{ paid.running | amount }}</td></tr></tfoot></table>"
)


def rows(count: int, amount: str = "1.10") -> dict[str, Any]:
    """A record of that many rows."""
    return {"rows": [{"no": f"n{n}", "amount": amount} for n in range(count)]}


def test_a_balance_is_carried_forward(composed: Compose) -> None:
    """The foot of a page says what its head says that follows; the last one says the total."""
    made = composed(SUMS, PAGE, rows(30))
    texts = [made.text(page) for page in range(made.summary.pages)]
    assert len(texts) == 3
    assert "forward" not in texts[0].split("n0")[0]
    for before, after in itertools.pairwise(texts):
        [carried] = re.findall(r"carried forward ([\d.,]+)", before)
        assert f"brought forward {carried}" in after
    assert texts[-1].endswith("total 33.00")
    assert "total" not in "".join(texts[:-1])


def test_what_is_carried_is_no_content(composed: Compose) -> None:
    """In the structure there is one header, each row once and the total: what pages carry is for the eye alone."""
    pdf = check(composed(SUMS, PAGE, rows(30)).data)
    assert [str(item.S) for item in elements(pdf.Root.StructTreeRoot)].count("/TR") == 32
    lines = tree(pdf).splitlines()
    assert lines[:5] == ["Table", "  THead", "    TR", "      TH", "      TH"]
    assert lines[-4:] == ["  TFoot", "    TR", "      TD", "      TD"]


def test_sums_are_exact_or_an_error(composed: Compose) -> None:
    """A sum of more digits than Python's decimals keep by themselves is exact; what is no number is refused by place."""
    large = "9" * 27 + ".25"
    text = composed(SUMS, PAGE, rows(4, large)).text().replace(",", "").replace(" ", "")
    assert text.endswith("total" + str(4 * int("9" * 27) + 1) + ".00")
    record = {"rows": [{"no": "b", "amount": "x"}]}
    with pytest.raises(PressrunError) as caught:
        composed(SUMS, PAGE, record)
    assert caught.value.reason is Reason.INVALID_RECORD
    assert "t.html:2" in caught.value.violations[0].field


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pr-on='last'", "pr-on='end'", "pr-on='end' is not valid here"),
        ("<tr pr-on='last'>", "<tr pr-on='first'>", "pr-on='first' is not valid here"),
        ("<tr pr-for", "<tr pr-on='first' pr-for", "pr-on is for the rows of headers and footers"),
        ("pr-sum='paid = row.amount'", "pr-sum='row.amount'", "not a name and its value"),
        ("<tr pr-on='last'>", "<tr pr-on='last' pr-sum='x = 1'>", "pr-sum is for the rows of a table's body"),
        ("paid.before", "paid.earlier", "unknown field 'earlier'"),
        ("{{ row.amount }}", "{{ paid.page }}", "unknown field 'page'"),
    ],
)
def test_wrong_sums_are_found_at_publish(compiled: Compile, old: str, new: str, message: str) -> None:
    """A sum or a part that a table doesn't have is told with its place."""
    assert old in SUMS
    found = [item for item in compiled(SUMS.replace(old, new, 1), PAGE).diagnostics if message in item.message]
    assert found
    assert found[0].line == 2


def test_a_footer_whose_sum_needs_more_room_is_told_of(composed: Compose) -> None:
    """Room for a footer is kept before its sum is known; a sum that needs more lines is a warning."""
    css = PAGE + "table { width: 30mm } td { overflow-wrap: anywhere }"
    narrow = SUMS.replace("<table>", "<table><colgroup><col style='width:20mm'><col style='width:10mm'></colgroup>")
    made = composed(narrow, css, rows(3, "1000000000.00"))
    assert any("footer is" in warning.message for warning in made.summary.warnings)


def test_a_loop_in_rows_knows_its_turn(composed: Compose) -> None:
    """Rows may ask for `loop`, also within filters, in a program that was stored and loaded."""
    body = "<table><tr pr-for='row in rows'><td>{{ loop.index }}/{{ loop.length | number }}</td></tr></table>"
    assert composed(body, PAGE, rows(3)).text() == "1/3 2/3 3/3"


def test_rows_of_one_table_are_none_of_another(composed: Compose) -> None:
    """A table in a cell has columns and sums of its own."""
    body = (
        "<table><tr pr-for='g in groups' pr-sum='all = g.own'><td>{{ g.own }}"
        "<table><tr pr-for='x in g.items' pr-sum='part = x'><td>{{ x }}</td><td>:</td><td>{{ all.running }}</td></tr>"
        "<tfoot><tr><td colspan='3'>part {{ part.running }}</td></tr></tfoot></table></td></tr>"
        "<tfoot><tr><td>all {{ all.running }}</td></tr></tfoot></table>"
    )
    record = {"groups": [{"own": 1, "items": [10, 20]}, {"own": 2, "items": [30]}]}
    text = composed(body, PAGE, record).text()
    assert text == "1 10 : 1 20 : 1 part 30 2 30 : 3 part 30 all 3"


TOTALS = (
    "<table><thead><tr><th>No</th><th>{{ paid.total | amount }}</th></tr></thead>"
    "<tbody pr-for='group in groups'><tr pr-for='row in group' pr-if='row.shown' pr-with='net = row.amount * 2'"
    " pr-sum='paid = net'><td>{{ row.no }}</td><td>{{ paid.running }} of {{ paid.total }}</td></tr></tbody>"
    "<tfoot><tr><td>page {{ paid.page }}</td><td>{{ paid.total }}</td></tr></tfoot></table>"
)


def test_totals_are_known_before_their_rows(composed: Compose) -> None:
    """Header, rows and footer of each page show what all rows come to, those only that are shown, exactly."""
    groups = [[{"no": f"n{i}{j}", "amount": f"{i}.{j:02}", "shown": j % 3 > 0} for j in range(12)] for i in range(5)]
    total = sum(2 * (100 * i + j) for i in range(5) for j in range(12) if j % 3) / 100
    made = composed(TOTALS, PAGE, {"groups": groups})
    assert made.summary.pages > 1
    shown = f"{total:.2f}"
    pages = [made.text(page) for page in range(made.summary.pages)]
    for text in pages:
        assert text.startswith(f"No {total:,.2f}")
        assert text.endswith(shown)
        assert set(re.findall(r"of ([\d.]+)", text)) == {shown}
    assert f"{shown} of {shown}" in pages[-1]


def test_a_table_that_looks_ahead_says_so(compiled: Compile) -> None:
    """At publish, with its place; and a total that would decide itself is refused."""
    [found] = compiled(TOTALS, PAGE).diagnostics
    assert (found.severity, found.code, found.line) == ("warning", "look-ahead", 2)
    wrong = [TOTALS.replace(old, new) for old, new in (
        ("row.shown", "paid.total > 1"), ("in group'", "in [paid.total]'"), ("row.amount * 2", "paid.total")
    )]  # fmt: skip
    for body in wrong:
        assert any("decides which rows" in item.message for item in compiled(body, PAGE).diagnostics)


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (TOTALS, ("groups",)),
        (SUMS, ()),
        (SUMS + "<p>{{ rows | sum('amount') }}</p>", ("rows",)),
        ("<p pr-for='rows in groups'>{{ rows | length }}</p>", ()),
        ("<p pr-with='own = a'>{{ own.list | length }}{{ a.list | last }}</p>", ("a.list",)),
    ],
)
def test_lists_that_are_needed_as_a_whole_cannot_arrive(compiled: Compile, body: str, whole: tuple[str, ...]) -> None:
    """What a template looks ahead over is refused for RenderRows before a page is made."""
    lists = {name: {"type": "array"} for name in ("rows", "groups")}
    properties = {**lists, "a": {"type": "object", "properties": {"list": {"type": "array"}}}}
    info = compiled(body, PAGE, schema={"type": "object", "properties": properties}).info
    assert info.whole == whole
    for field in ("rows", "groups", "a.list"):
        if field in whole:
            with pytest.raises(PressrunError, match="looks ahead") as caught:
                Selector(info).rows(field)
            assert caught.value.reason is Reason.INVALID_REQUEST
        else:
            Selector(info).rows(field)


@pytest.mark.parametrize("asked", ["page", "running"])
def test_a_header_knows_nothing_of_its_pages_rows(compiled: Compile, asked: str) -> None:
    """They are placed below it, so a sum of them in the header is an error of the template."""
    found = compiled(SUMS.replace("paid.before", f"paid.{asked}"), PAGE).diagnostics
    assert [item.message for item in found] == [f"unknown field {asked!r}"]


def test_cells_are_chosen_and_have_names(composed: Compose) -> None:
    """pr-if, pr-elif and pr-else choose among cells of one place, pr-with names values in one; sums count once."""
    body = (
        "<table><tr pr-for='row in rows' pr-sum='all = row.amount'><td>{{ row.no }}</td>"
        "<td class='a' pr-if=\"row.no == 'n0'\">zero</td><th pr-elif=\"row.no == 'n1'\">one</th><td pr-else>many</td>"
        "<td pr-if='row.amount > 1' pr-with='more = row.amount + 1'>{{ more }}</td><td pr-else>little</td>"
        "<td pr-with='half = row.amount / 2'>{{ half }} {{ all.running }}</td></tr></table>"
    )
    record = {"rows": [{"no": f"n{n}", "amount": n} for n in range(4)]}
    made = composed(body, PAGE + " .a { background: #ff0 }", record)
    assert made.text() == "n0 zero little 0 0 n1 one little 0.5 1 n2 many 3 1 3 n3 many 4 1.5 6"
    pdf = check(made.data)
    assert grid(pdf) == [[1] * 4] * 4
    assert [str(item.S) for item in elements(pdf.Root.StructTreeRoot)].count("/TH") == 1


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("<td pr-if='x'>a</td><td>b</td>", "no cell for the column that pr-if='x' leaves out"),
        ("<td pr-for='row in rows' pr-if='x'>a</td>", "a repeated cell cannot be chosen"),
        ("<td pr-if='x'>a</td><td pr-else colspan=2>b</td>", "same columns"),
        ("<td pr-for='row in rows'>a</td>", "the table may have any number of columns: rows has no maxItems"),
        ("<td pr-if='x'>a</td><td pr-else>b</td>" * 5, "over 16 ways"),
        ("<td pr-if='x' rowspan=2>a</td><td pr-else>b</td>", "same columns and rows"),
    ],
)
def test_cells_that_cannot_be_chosen_are_told(compiled: Compile, cells: str, says: str) -> None:
    """Columns stand still: what would move them is an error of the template."""
    found = compiled(f"<table><tr>{cells}</tr><tr><td>c</td></tr></table>", PAGE).diagnostics
    assert any(says in item.message for item in found)


def test_names_and_conditions_of_rows_and_bodies(composed: Compose) -> None:
    """pr-for, pr-if and pr-with go together on rows and on bodies, and a row with names adds to sums."""
    body = (
        "<table><tbody pr-for='row in rows' pr-with='twice = row.amount * 2' pr-if='row.no != skip'>"
        "<tr pr-with='more = twice + 1' pr-sum='all = more'><td>{{ row.no }} {{ more }} {{ all.running }}</td></tr>"
        "</tbody><tfoot><tr><td>{{ all.running }}</td></tr></tfoot></table>"
    )
    record = {"skip": "n1", "rows": [{"no": f"n{n}", "amount": n} for n in range(4)]}
    assert composed(body, PAGE, record).text() == "n0 1 1 n2 5 6 n3 7 13 13"


GROUPS = (
    "<table><thead><tr><th rowspan='2'>Name</th><th colspan='2'>Both</th></tr><tr><th>No</th><th>Text</th></tr></thead>"
    "<tbody pr-for='g in groups'><tr><td rowspan='0'>{{ g.name }}</td><td colspan='2'>first</td></tr>"
    "<tr pr-for='row in g.rows'><td>{{ row.no }}</td><td>{{ row.text }}</td></tr></tbody></table>"
)


def grid(pdf: Any) -> list[list[int]]:
    """The cells of the first table's rows as a grid: how many cells cover each column of each row; must be 1."""
    [table] = [item for item in elements(pdf.Root.StructTreeRoot) if item.S == "/Table"]
    covered: dict[tuple[int, int], int] = {}
    for index, row in enumerate(item for item in elements(table) if item.S == "/TR"):
        column = 0
        for cell in row.get("/K", []):
            across, down = (int(cell.get("/A", {}).get(name, 1)) for name in ("/ColSpan", "/RowSpan"))
            while (index, column) in covered:
                column += 1
            for y in range(index, index + down):
                for x in range(column, column + across):
                    covered[y, x] = covered.get((y, x), 0) + 1
    width, height = (max(place[axis] for place in covered) + 1 for axis in (1, 0))
    return [[covered.get((y, x), 0) for x in range(width)] for y in range(height)]


@pytest.mark.parametrize(("count", "words"), [(0, 1), (2, 1), (2, 40), (3, 400), (60, 1), (60, 400)])
def test_joined_rows_are_regular_in_the_structure(composed: Compose, count: int, words: int) -> None:
    """However pages part the rows that a cell joins, each row has all columns, and all text is there once, in order."""
    record = {
        "groups": [
            {
                "name": f"start{n} " + "word " * words + f"stop{n}",
                "rows": [{"no": f"r{n}-{m}", "text": "t"} for m in range(count)],
            }
            for n in range(3)
        ]
    }
    made = composed(GROUPS, PAGE, record)
    pdf = check(made.data)
    assert {covered for row in grid(pdf) for covered in row} == {1}
    assert len(grid(pdf)[0]) == 3
    text = " ".join(made.text(page) for page in range(made.summary.pages))
    assert text.count("word") == 3 * words
    assert re.findall(r"r\d+-\d+", text.replace(" -", "-")) == [f"r{n}-{m}" for n in range(3) for m in range(count)]
    for n in range(3):
        assert text.count(f"start{n} ") == text.count(f"stop{n}") == 1


CHOSEN = (
    "<table><thead><tr><th>A</th><th>B</th><th>C</th></tr></thead><tbody pr-for='g in groups'>"
    "<tr pr-if='g.big'><td rowspan='3'><b>{{ g.name }}</b></td><td colspan='2'>big {{ g.name }}</td></tr>"
    "<tr pr-elif='g.two'><td rowspan='3'>{{ g.name }}</td><td>two</td><td>{{ g.name }}</td></tr>"
    "<tr pr-else><td rowspan='3'>{{ g.name }}</td><td>one</td><td>{{ g.name }}</td></tr>"
    "<tr><td pr-if='g.big' rowspan='2'>tall</td><td pr-else rowspan='2'>low {{ text }}</td><td>x{{ loop.index }}</td></tr>"
    "<tr pr-if='g.two'><td>y{{ loop.index }}</td></tr><tr pr-else><td>z{{ loop.index }}</td></tr></tbody></table>"
)


@pytest.mark.parametrize("words", [1, 90])
def test_rows_and_cells_that_are_chosen_among_alike_ones_may_be_joined(composed: Compose, words: int) -> None:
    """Where each choice has the same rowspans in the same columns, it is no matter which one a record makes."""
    groups = [{"name": f"n{n}", "big": n % 3 == 1, "two": n % 3 == 2} for n in range(9)]
    made = composed(CHOSEN, PAGE, {"groups": groups, "text": "word " * words})
    pdf = check(made.data)
    assert {covered for row in grid(pdf) for covered in row} == {1}
    assert len(grid(pdf)[0]) == 3
    text = " ".join(made.text(page) for page in range(made.summary.pages))
    assert re.findall(r"\b[xyz]\d", text) == [
        f"{letter}{n}" for n in range(1, 10) for letter in ("x", "y" if n % 3 == 0 else "z")
    ]
    assert text.count("word") == 6 * words
    assert [text.count(said) for said in ("big n", "two n", "one n", "tall")] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<tr pr-for='r in rows'><td rowspan='2'>x</td></tr>", "a cell with rowspan cannot begin in"),
        (
            "<tr><td rowspan='3'>x</td><td>y</td></tr><tr pr-if='a'><td>y</td></tr>",
            "a cell with rowspan cannot begin in",
        ),
        (
            "<tr pr-if='a'><td rowspan='2'>x</td></tr><tr pr-else><td>y</td></tr><tr><td>z</td></tr>",
            "a cell with rowspan cannot begin in",
        ),
        (
            "<tr><td rowspan='3'>x</td><td>y</td></tr><tr pr-if='a'><td>y</td></tr><tr pr-elif='b'><td>y</td></tr>",
            "a cell with rowspan cannot begin in",
        ),
        ("<tr><td rowspan='x'>x</td></tr>", "rowspan is not valid"),
        ("<tr><td rowspan='1001'>x</td></tr>", "rowspan is not valid"),
    ],
)
def test_wrong_spans_are_found_at_publish(compiled: Compile, body: str, message: str) -> None:
    """Which columns a row has must not depend on a record."""
    assert any(message in item.message for item in compiled(f"<table>{body}</table>", PAGE).diagnostics)


def test_rows_are_kept_whole_unless_they_may_be_parted(composed: Compose) -> None:
    """A row goes to the next page as a whole; with `break-inside: auto` it begins where there is room."""
    body = "<p>one</p><table><tr><td>{{ text }}</td></tr></table>"
    css = PAGE + "p { height: 35mm; margin: 0 }"
    record = {"text": "word " * 60}
    whole, parted = (composed(body, css + more, record) for more in ("", "tr { break-inside: auto }"))
    assert [whole.text(page).count("word") for page in range(2)] == [0, 60]
    first, second = (parted.text(page).count("word") for page in range(2))
    assert first > 0
    assert first + second == 60
    check(parted.data)


AUTO = PAGE + "table { table-layout: auto } td { overflow-wrap: break-word }"


def test_automatic_columns_are_told_of_where_they_look_ahead(compiled: Compile) -> None:
    """A table with rows of a record says at publish that it looks ahead; one whose rows are fixed has nothing to say."""
    assert not compiled("<table><tr><td>x</td></tr></table>", AUTO).diagnostics
    template = compiled(SUMS.replace("paid.before", "paid.total"), AUTO)
    [found] = template.diagnostics
    assert (found.severity, found.code) == ("warning", "look-ahead")
    assert "totals that are shown before all rows are and columns as wide as their contents" in found.message
    assert template.info.whole == ("rows",)


def test_automatic_columns_do_not_take_rows_that_arrive(compiled: Compile) -> None:
    """Also where nobody could tell from the template: a list under another name is refused when the table is reached."""
    body = "<div pr-with='mine = rows'><table><tr pr-for='row in mine'><td>{{ row.no }}</td></tr></table></div>"
    template = compiled(body, AUTO)
    assert template.info.whole == ()
    rows_in = RecordRows()
    rows_in.feed(b'[{"no": 1}]', last=True)
    program = LoadedProgram.load(template.programs["en-GB"])
    composition = Composition(
        program, b'{"rows": []}', assets={}, attributes={}, as_of=AS_OF, engine=ENGINE, rows=rows_in, rows_field="rows"
    )
    with pytest.raises(PressrunError, match="arrive in a stream") as caught:
        list(composition)
    assert caught.value.reason is Reason.INVALID_REQUEST


def test_captions_stand_wherever_tables_do(composed: Compose) -> None:
    """In cells, columns, flexible rows and lists, with totals shown above, and chosen by a record."""
    table = "<table class=a><caption pr-if='shown'>Of {{ name }}</caption><caption pr-else>none</caption><tr><td>{{ name }}</td></tr></table>"
    ahead = (
        "<table><caption>Sum</caption><thead><tr><th>{{ s.total }}</th></tr></thead>"
        "<tr pr-for='n in ns' pr-sum='s = n'><td>{{ n }}</td></tr></table>"
    )
    body = (
        f"<table class=a><tr><td>{table}</td></tr></table><table><tr><td>{table}</td></tr></table><div class=c>{table}{table}</div>"
        f"<div class=r><div>{table}</div><p>beside {{{{ name }}}}</p></div><ul><li>{table}</li></ul>{ahead}"
    )
    css = ".a { table-layout: auto } .c { columns: 2 } .r { display: flex } p { margin: 0 }"
    for shown, caption in ((True, "Of Zoë Zoë"), (False, "none Zoë")):
        text = composed(body, css, {"shown": shown, "name": "Zoë", "ns": [1, 2]}).text()
        assert text.count(caption) == 6
        assert "Sum 3 1 2" in text


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("<p style='padding: 5%'>x</p>", "a padding"),
        ("<div style='position: relative'><p>x</p></div>", "position: relative"),
        ("<pr-barcode value='x' alt='x' style='width: 50%'></pr-barcode>", "a figure whose width is in percent"),
        ("<pr-chart items='r in rows' value='r' label='r' alt='x'></pr-chart>", "a chart without a width"),
    ],
)
def test_what_cannot_stand_in_automatic_columns_is_told(compiled: Compile, cell: str, what: str) -> None:
    """Each is an error with its place, and what to do."""
    [found] = compiled(f"<table><tr><td>{cell}</td></tr></table>", AUTO).diagnostics
    assert what in found.message
    assert "table-layout: fixed" in found.hint
    assert (found.line, found.column) == (2, 16)


def test_words_that_automatic_columns_have_no_room_for(composed: Compose) -> None:
    """The table stays on its page: all columns give way, words are broken, and a warning says how much is lacking."""
    body = "<table><tr pr-for='row in rows'><td>{{ row.no }}</td><td>{{ row.no }}</td></tr></table>"
    made = composed(body, AUTO, {"rows": [{"no": "Donaudampfschifffahrtsgesellschaftskapitaen"}]})
    assert max(word[2] for word in made.pdf[0].get_text("words")) <= (80 - 6) * 72 / 25.4 + 0.01
    [warning] = made.summary.warnings
    assert re.search(r"need [\d.]+ pt more than there is", warning.message)


def test_decimal_signs_in_automatic_columns(composed: Compose) -> None:
    """A column has room for what stands before the signs of some rows and behind those of others."""
    body = "<table><tr pr-for='row in rows'><td>{{ row.no }}</td><td class='n'>{{ row.amount }}</td><td>|</td></tr></table>"
    css = AUTO + " .n { text-align: '.000' }"
    amounts = ["1.125", "1234567.5", "22", "333.25"]
    page = composed(body, css, {"rows": [{"no": "n", "amount": amount} for amount in amounts]}).pdf[0]
    ends = [round(page.search_for(amount)[0].x1 - page.search_for("." + amount.partition(".")[2])[0].x0, 1)
            for amount in amounts if "." in amount]  # fmt: skip
    signs = {round(page.search_for("." + amount.partition(".")[2])[0].x0, 1) for amount in amounts if "." in amount}
    assert len(signs) == 1
    assert len(ends) == 3
    [whole] = page.search_for("1234567.5")
    bars = {round(box.x0, 1) for box in page.search_for("|")}
    assert len(bars) == 1
    assert max(page.search_for("1.125")[0].x1, whole.x1) <= bars.pop()


def test_figures_in_automatic_columns(composed: Compose) -> None:
    """Codes and drawings with sizes of their own make their columns as wide as they are; text has the rest."""
    body = (
        "<table style='width: 100%'><tr><td><pr-barcode value='x' alt='x' style='width: 20mm'></pr-barcode></td>"
        "<td>{{ text }}</td><td><svg width='40' height='10' viewBox='0 0 40 10' aria-label='bar'>"
        "<rect width='40' height='10' fill='#f00'/></svg></td></tr></table>"
    )
    made = composed(body, AUTO, {"text": "word " * 20})
    words = [word for word in made.pdf[0].get_text("words") if word[4] == "word"]
    assert len(words) == 20
    left, right = (6 + 20) * 72 / 25.4, (80 - 6) * 72 / 25.4 - 30
    assert min(word[0] for word in words) == pytest.approx(left, abs=0.01)
    assert max(word[2] for word in words) <= right + 0.01
    check(made.data)


def test_spans_and_scopes_are_in_the_structure(composed: Compose) -> None:
    """A cell says how many rows and columns it spans, and a header cell what it is the header of."""
    record = {"groups": [{"name": "g", "rows": [{"no": 1, "text": "t"}]}]}
    pdf = check(composed(GROUPS, PAGE, record).data)
    cells = [item for item in elements(pdf.Root.StructTreeRoot) if item.S in {"/TH", "/TD"}]
    found = [
        tuple(str(cell.get("/A", {}).get(name, "")) for name in ("/Scope", "/ColSpan", "/RowSpan")) for cell in cells
    ]
    assert found == [
        ("/Column", "", "2"), ("/Column", "2", ""), ("/Column", "", ""), ("/Column", "", ""),
        ("", "", "2"), ("", "2", ""), ("", "", ""), ("", "", ""),
    ]  # fmt: skip


def test_links_in_parted_rows(composed: Compose) -> None:
    """A row that is parted keeps its links, each where its text is, and each has its element."""
    body = (
        "<table><tr style='break-inside: auto'><td><p pr-for='n in rows'>line {{ n }} of text and"
        " <a href='https://a.example/{{ n }}'>a link that is long enough to go over to the next line {{ n }}</a>"
        " end</p></td></tr></table>"
    )
    css = "@page { size: 70mm 60mm; margin: 8mm } p { margin: 0; font-size: 10pt; line-height: 13pt }"
    made = composed(body, css, {"rows": list(range(12))})
    assert made.summary.pages > 2
    shown: dict[str, str] = {}
    for page in made.pdf:
        for link in page.get_links():
            number = link["uri"].rpartition("/")[2]
            shown[number] = f"{shown.get(number, '')} {' '.join(page.get_textbox(link['from']).split())}"
    text = "a link that is long enough to go over to the next line"
    assert {number: " ".join(said.split()) for number, said in shown.items()} == {
        f"{number}": f"{text} {number}" for number in range(12)
    }
    check(made.data)


BORDERED = PAGE + "td, th { border: 0.5pt solid #999; padding: 1mm } p { margin: 0 }"
NESTED = "<table><thead><tr><th>Inner</th></tr></thead><tr pr-for='row in rows'><td>{{ row.no }}x</td></tr></table>"


@pytest.mark.parametrize(
    "body",
    [
        f"<table><tr><td>{NESTED}</td><td>beside</td></tr></table>",
        f"<p>before</p><table><tr style='break-inside: auto'><td>{NESTED}</td><td>beside</td></tr></table>",
        "<table><tr><td><ul><li pr-for='row in rows'>{{ row.no }}x</li></ul></td><td>beside</td></tr></table>",
        "<table><tr><td>" + "".join(f"<p>{{{{ rows[{n}].no }}}}x</p>" for n in range(40)) + "</td></tr></table>",
        f"<div style='display: flex'><div style='flex: 1'>{NESTED}</div><div style='flex: 2'>beside</div></div>",
        f"<table><tr><td rowspan='2'>{NESTED}</td><td>one</td></tr><tr><td>two</td></tr></table>",
    ],
)
def test_what_is_in_a_cell_goes_on_on_the_next_page(composed: Compose, body: str) -> None:
    """Rows and items in a cell that is higher than a page are there once each, and all is within the margins."""
    made = composed(body, BORDERED, rows(40))
    words = [word for page in range(made.summary.pages) for word in made.text(page).split() if word.endswith("x")]
    assert words == [f"n{number}x" for number in range(40)]
    for page in made.pdf:
        top, bottom = (mm * 72 / 25.4 for mm in (6, 54))
        assert all(word[1] > top - 2 and word[3] < bottom + 2 for word in page.get_text("words"))
        drawn = [drawing["rect"] for drawing in page.get_drawings()]
        assert all(rect.y0 > top - 0.1 and rect.y1 < bottom + 0.1 for rect in drawn)
    check(made.data)


def test_what_a_header_repeats_is_whole_on_each_page(composed: Compose) -> None:
    """A table and a chart in a header, of whose rows some are for some pages only, are on all pages."""
    chart = "<pr-chart type='bar' items='row in few' value='row.n' label='{{ row.l }}' alt='c' style='height: 9mm'></pr-chart>"
    inner = "<table><tr pr-for='row in few'><td>{{ row.l }}</td></tr></table>"
    body = (
        f"<table><thead><tr><th>{inner}</th><th>{chart}</th></tr><tr pr-on='continued'><th colspan='2'>more</th></tr>"
        "</thead><tr pr-for='row in rows'><td>{{ row.no }}</td><td>{{ row.amount }}</td></tr></table>"
    )
    made = composed(body, BORDERED, rows(20) | {"few": [{"n": 3, "l": "left"}, {"n": 5, "l": "right"}]})
    texts = [made.text(page) for page in range(made.summary.pages)]
    assert len(texts) > 2
    assert [(text.count("left"), text.count("right"), "more" in text) for text in texts] == [
        (2, 2, page > 0) for page in range(len(texts))
    ]


def test_pages_of_rows_are_the_same_once_their_code_is_made(compiled: Compile) -> None:
    """A table without a header fills its pages alike in the first document of a program and in later ones."""
    template = compiled(
        "<table><tr pr-for='row in rows'><td>{{ row.no }}</td><td>{{ row.amount }}</td></tr></table>", PAGE
    )
    program = LoadedProgram.load(template.programs["en-GB"])
    record = json.dumps(rows(80)).encode()
    made = [
        b"".join(Composition(program, record, assets={}, attributes={}, as_of=AS_OF, engine=ENGINE)) for _ in range(4)
    ]
    assert len(set(made)) == 1
    for page in pymupdf.open(stream=made[-1], filetype="pdf"):
        assert max(word[3] for word in page.get_text("words")) < 54 * 72 / 25.4 + 1


def test_empty_cells_have_their_edges_in_automatic_columns(composed: Compose) -> None:
    """Borders and paddings of a cell without text count, in the first document of a program and in later ones."""
    body = "<table><tr pr-for='row in rows'><td>{{ row.no }}</td><td></td></tr></table>"
    made = composed(body, AUTO + "td { border: 2pt solid red; padding: 3pt }", rows(1))
    edges = sorted(drawing["rect"].x1 for drawing in made.pdf[0].get_drawings())
    text = max(word[2] for word in made.pdf[0].get_text("words"))
    assert edges[-1] - text == pytest.approx(3 + 2 + 2 + 6 + 2, abs=0.5)


def test_a_picture_beside_the_first_line_of_a_row_is_in_the_margins(composed: Compose) -> None:
    """A row that may be parted goes to the next page where its first picture has no room, and nothing is before that."""
    picture = (
        "<svg width='20mm' height='24mm' viewBox='0 0 10 10' role='img' aria-label='picture'>"
        "<rect x='0' y='0' width='10' height='10' fill='#8ac'/></svg>"
    )
    body = (
        "<p pr-for='n in before'>{{ n }}</p><table style='margin-top: 0'><tr style='break-inside: auto'>"
        f"<td>{picture}</td><td><p pr-for='row in rows'>{{{{ row.no }}}}</p></td></tr></table>"
    )
    pages = []
    for before in (0, 3, 6, 8):
        made = composed(body, BORDERED, rows(20) | {"before": list(range(before))})
        blue = (
            (page.number, item["rect"].y1)
            for page in made.pdf
            for item in page.get_drawings()
            if item["fill"] and item["fill"][2] == pytest.approx(0.8, abs=0.01)
        )
        [(page, bottom)] = blue
        assert bottom < 54 * 72 / 25.4, f"below the margin behind {before} lines"
        pages.append(page)
        check(made.data)
    assert pages == [0, 0, 0, 1]


def test_a_soft_hyphen_in_a_table_of_a_cell(composed: Compose) -> None:
    """What a template says itself in a line of an inner table may be of several fonts' parts or hyphens."""
    inner = "<table><tr><td>Un&shy;broken</td><td>(Ω)</td></tr></table>"
    made = composed(f"<table><tr><td><p>{{{{ name }}}}</p>{inner}</td></tr></table>", "", {"name": "n"})
    assert made.text() == "n Unbroken (Ω)"


@pytest.mark.parametrize(
    "body",
    [
        f"<table><tr><td>{NESTED}</td><td>beside</td></tr></table>",
        f"<table><tr><td rowspan='2'>{NESTED}</td><td>one</td></tr><tr><td>two</td></tr></table>",
        f"<div style='display: flex'><div style='flex: 1'>{NESTED}</div><div style='flex: 2'><ul>"
        "<li pr-for='row in rows'>{{ row.no }}</li></ul></div></div>",
    ],
)
def test_a_page_of_a_long_row_costs_what_is_on_it(
    compiled: Compile, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """Of what is further down in a row nothing is looked at, however many pages it goes over."""
    looked = 0
    take = Part.take

    def counted(part: Any, piece: Any) -> bool:
        nonlocal looked
        looked += 1
        return take(part, piece)

    monkeypatch.setattr(Part, "take", counted)
    program = LoadedProgram.load(compiled(body, BORDERED).programs["en-GB"])
    costs = []
    for count in (200, 800):
        looked = 0
        made = Composition(
            program, json.dumps(rows(count)).encode(), assets={}, attributes={}, as_of=AS_OF, engine=ENGINE
        )
        assert sum(map(len, made)) > 0
        costs.append(looked)
    assert 100 < costs[0] < costs[1] < 5 * costs[0]
