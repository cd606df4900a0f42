"""Tables whose columns a record decides: as many as a list has items, and without those that it leaves out."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from tests.golden.outline import tagged
from tests.unit.engine.conftest import Composed

from pressrun_server.errors import PressrunError

Compose = Callable[..., Composed]
Compile = Callable[..., Any]
CSS = (
    "@page { size: 300pt 200pt; margin: 20pt } body { font: 8pt/10pt FiraGO } p { margin: 0 } .r { text-align: right }"
)
MONTH = {"type": "object", "additionalProperties": False, "properties": {"name": {"type": "string"}}}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "months": {"type": "array", "minItems": 1, "maxItems": 4, "items": MONTH},
        "many": {"type": "array", "maxItems": 40, "items": MONTH},
        "vat": {"type": "boolean"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "text": {"type": "string"},
                    "amounts": {"type": "array", "items": {"type": "string"}},
                    "open": {"type": "boolean"},
                },
            },
        },
    },
}
TABLE = (
    "<table><colgroup><col style='width: 60pt'><col pr-for='m in months'><col pr-if='vat' style='width: 30pt'></colgroup>"
    "<thead><tr><th rowspan=2>Text</th><th colspan='{{ months | length }}'>Months</th><th rowspan=2 pr-if='vat'>VAT</th></tr>"
    "<tr><th pr-for='m in months'>{{ m.name }}</th></tr></thead>"
    "<tr pr-for='row in rows'><td>{{ loop.index }} {{ row.text }}</td><td class=r pr-for='a in row.amounts'>{{ a | amount }}"
    "{{ '!' if loop.last else '' }}</td><td pr-if='vat'>19</td></tr>"
    "<tfoot><tr><td pr-if='vat' colspan='2'>both</td><td pr-else>alone</td><td pr-for='m in months'>{{ loop.index }}/"
    "{{ loop.length }}</td></tr></tfoot></table><p>end</p>"
)
SPANNED = TABLE.replace(
    "<td pr-if='vat' colspan='2'>both</td><td pr-else>alone</td><td pr-for='m in months'>{{ loop.index }}/{{ loop.length }}</td>",
    "<td colspan='1'>sum</td><td pr-for='m in months'>{{ loop.index }}/{{ loop.length }}</td><td pr-if='vat'></td>",
)


def record(count: int, *, vat: bool = False, amounts: int | None = None) -> dict[str, Any]:
    """Rows with so many amounts, under so many months."""
    own = count if amounts is None else amounts
    rows = [{"text": text, "amounts": [f"{n}.25" for n in range(own)], "open": True} for text in "ab"]
    return {"months": [{"name": f"M{n}"} for n in range(count)], "vat": vat, "rows": rows, "many": []}


def rows_of(document: Composed) -> list[list[str]]:
    """The texts of a table's cells by row, as its tags have them."""
    found: list[list[str]] = []

    def below(node: Any) -> None:
        kind, inner = node
        if kind == "TR":
            found.append([str(text) for _, text in inner])
        elif not isinstance(inner, str):
            for each in inner:
                below(each)

    for node in tagged(pikepdf.open(io.BytesIO(document.data))):
        below(node)
    return found


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("vat", [False, True])
def test_a_record_says_which_columns_there_are(composed: Compose, count: int, *, vat: bool) -> None:
    """Headers over them, cells of rows, of footers, and columns of a width of their own."""
    made = composed(SPANNED, CSS, record(count, vat=vat), schema=SCHEMA)
    amounts = [f"{n}.25" for n in range(count - 1)] + [f"{count - 1}.25!"]
    assert rows_of(made) == [
        ["Text", "Months", *["VAT"] * vat],
        [f"M{n}" for n in range(count)],
        *[[f"{n}{text}", *amounts, *["19"] * vat] for n, text in ((1, "a"), (2, "b"))],
        ["sum", *[f"{n + 1}/{count}" for n in range(count)], *[""] * vat],
    ]
    lines = sorted(
        {round(word[0]) for word in made.pdf[0].get_text("words") if word[4].startswith("M") and word[4] != "Months"}
    )
    width = (260 - 60 - 30 * vat) / count
    assert lines == [pytest.approx(80 + width * n, abs=1) for n in range(count)]


def test_a_cell_over_a_column_that_may_be_left_out(composed: Compose) -> None:
    """Its colspan is chosen with the column."""
    for vat, said in ((True, "both"), (False, "alone")):
        assert said in composed(TABLE, CSS, record(2, vat=vat), schema=SCHEMA).text()


def test_a_row_with_more_or_fewer_items_than_columns_is_an_error_of_the_record(composed: Compose) -> None:
    """Nothing of it is left out without a word."""
    for own in (1, 3):
        with pytest.raises(PressrunError, match=r"row\.amounts of 2 items, as many as the table has columns"):
            composed(TABLE, CSS, record(2, amounts=own), schema=SCHEMA)


def test_tables_with_directives_of_their_own(composed: Compose) -> None:
    """They are chosen, repeated and named as other elements are."""
    inner = "<tr><td pr-for='m in months'>{{ m.name }}{{ row.text }}</td></tr>"
    body = f"<table pr-for='row in rows' pr-if='row.open'>{inner}</table><p pr-if='vat'>vat</p><table pr-else><tr><td pr-for='m in months'>else</td></tr></table><p>end</p>"
    assert composed(body, CSS, record(2), schema=SCHEMA).text() == "M0a M1a M0b M1b else else end"


@pytest.mark.parametrize(
    ("table", "place", "message", "hint"),
    [
        ("<tr><td pr-for='r in rows'>x</td></tr>", "t.html:2:16", "any number of columns: rows has no maxItems", "maxItems up to 16"),
        ("<tr><td pr-for='r in many'>x</td></tr>", "t.html:2:16", "many has up to 40 items", "maxItems up to 16"),
        ("<tr pr-for='r in rows'><td pr-for='a in r.amounts'>x</td></tr>", "t.html:2:35", "each list comes of a row", "header"),
        ("<tr><td pr-for='m in monthz'>x</td></tr>", "t.html:2:16", "monthz", "'months'"),
        ("<tr><td pr-for='months'>x</td></tr>", "t.html:2:16", "not a loop", "item in items"),
        ("<tr><td pr-for='m in months'>{{ m.nmae }}</td></tr>", "t.html:2:37", "nmae", "'name'"),
        ("<tr><td pr-for='m in months'>x</td></tr><tr><td pr-for='m in many'>x</td></tr>", "t.html:2:56", "come of one list", "one list"),
        ("<tr><td>x</td><td pr-if='vat'>x</td></tr><tr><td>x</td></tr>", "t.html:2:49", "no cell for the column", "pr-else"),
        ("<tr pr-for='r in rows'><td pr-if='r.open'>x</td><td>y</td></tr>", "t.html:2:31", "same columns", "the same for all rows"),
    ],
)  # fmt: skip
def test_tables_of_which_nobody_knows_the_columns(
    compiled: Compile, table: str, place: str, message: str, hint: str
) -> None:
    """It is told with what would say it."""
    found = compiled(f"<table>{table}</table>", CSS, schema=SCHEMA).diagnostics
    matching = [item for item in found if message in item.message]
    assert matching, [f"{item} | {item.hint}" for item in found]
    assert (str(matching[0]).startswith(place), hint in matching[0].hint) == (True, True), (
        matching[0],
        matching[0].hint,
    )
