from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.engine.test_structure import check, elements, tree

from pressrun_server.errors import PressrunError, Reason

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
