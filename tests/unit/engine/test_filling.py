"""Messages for the white space that is left at the end of a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CSS = "@page { size: 100mm 60mm; margin: 10mm } p { margin: 0; font-size: 10pt; line-height: 12pt }"
FILL = (
    "<pr-fill><div><p>long</p><p pr-for='n in more'>{{ n }}</p></div><p pr-if='vip'>for you</p>"
    "<p pr-else>for all, see <a href='https://a.example/'>here</a></p></pr-fill>"
)
RECORD = {"rows": [1], "more": list(range(5)), "vip": True}


@pytest.mark.parametrize(
    ("rows", "more", "vip", "shown"),
    [
        (1, 5, True, "long 0 1 2 3 4"),
        (1, 9, True, "for you"),
        (8, 5, False, "for all, see here"),
        (9, 5, True, ""),
        (10, 2, True, "long 0 1"),
    ],
)
def test_the_first_candidate_that_fits(
    composed: Callable[..., Any],
    rows: int,
    more: int,
    vip: bool,  # noqa: FBT001 - a case
    shown: str,
) -> None:
    """By what the record leaves on the last page; branches are candidates, and links in them are links."""
    record = {"rows": list(range(rows)), "more": list(range(more)), "vip": vip}
    made = composed("<p pr-for='n in rows'>row {{ n }}</p>" + FILL, CSS, record)
    lines = [*(f"row {n}" for n in range(rows)), shown]
    assert " ".join(made.text(page) for page in range(made.summary.pages)).strip() == " ".join(lines).strip()
    assert bool([link for page in made.pdf for link in page.get_links()]) == ("here" in shown)


@given(st.integers(0, 40), st.integers(0, 12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_message_never_adds_a_page(composed: Callable[..., Any], rows: int, more: int) -> None:
    """Whatever fits or not, there are as many pages as without messages."""
    record = {"rows": list(range(rows)), "more": list(range(more)), "vip": True}
    body = "<p pr-for='n in rows'>row {{ n }}</p>"
    assert composed(body + FILL, CSS, record).summary.pages == composed(body, CSS, record).summary.pages


def test_it_is_content_in_the_structure(composed: Callable[..., Any], tmp_path: Any) -> None:
    """The message that is shown is tagged as it stands; the others are not there."""
    made = composed("<h1>Head</h1><pr-fill><h2>A</h2><h2>B</h2></pr-fill>", CSS)
    path = tmp_path / "f.pdf"
    path.write_bytes(made.data)
    with pikepdf.open(path) as pdf:
        assert [str(kid.S) for kid in pdf.Root.StructTreeRoot.K[0].K] == ["/H1", "/H2"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<pr-fill><p>a</p></pr-fill><p>b</p>", "t.html:2:1: error: <pr-fill> does not end the flow"),
        ("<table><tr><td><pr-fill><p>a</p></pr-fill></td></tr></table>", "does not end the flow"),
        ("<div><pr-fill><p>a</p></pr-fill></div><div></div>", "does not end the flow"),
        ("<p pr-for='n in rows'><pr-fill><i>a</i></pr-fill></p>", "does not end the flow"),
        ("<pr-fill>text</pr-fill>", "text stands directly in <pr-fill>"),
        ("<pr-fill><b>text</b></pr-fill>", "<b> cannot be a candidate"),
        ("<pr-fill><p pr-for='n in rows'>x</p></pr-fill>", "<p> cannot be a candidate"),
        ("<pr-fill fill='x'><p>a</p></pr-fill>", "the attribute fill is not supported"),
    ],
)
def test_what_is_wrong_is_said_at_publish(compiled: Callable[..., Any], body: str, says: str) -> None:
    """With its place and what to do."""
    found = compiled(body, CSS)
    assert found.info is None
    assert any(says in str(item) for item in found.diagnostics), [str(item) for item in found.diagnostics]


def test_fillings_in_a_row_and_in_branches(composed: Callable[..., Any]) -> None:
    """Several may end the flow, each takes of what is left; so may one in the last of nested boxes, or in a branch."""
    body = (
        "<div><p>a</p><section pr-if='vip'><p>b</p><pr-fill><p>c</p></pr-fill></section></div>"
        "<pr-fill><p pr-for='n in more'>x</p></pr-fill>"
    )
    body = body.replace("<p pr-for='n in more'>x</p>", "<div><p pr-for='n in more'>x</p></div><p>d</p>")
    assert composed(body, CSS, {"vip": True, "more": list(range(30))}).text() == "a b c d"
