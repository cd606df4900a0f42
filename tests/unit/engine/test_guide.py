"""The authors' guide: its examples are what they say, its reference is the code's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pressrun_server.authoring.guide import GUIDE, examples, made
from pressrun_server.template.description import read_description
from pressrun_server.template.diagnostics import Diagnostics

SCHEMA = {"type": "object", "additionalProperties": True, "properties": {"months": {"maxItems": 12}}}
TEXT = GUIDE.read_text(encoding="utf-8")
EXAMPLES = list(examples(TEXT))


def test_the_reference_is_what_the_code_says() -> None:
    """`make guide` writes it."""
    assert made(TEXT) == TEXT


@pytest.mark.parametrize(
    ("number", "shows"),
    [
        (0, "Thank you for your trust. 1. 1 High Street 2. Leeds LS1 4AP Newest: Salary, €2,500.50"),
        (1, "Rent: 1, \u2212800.00 1 \u2212800.00 Salary: 1, 2,500.50 1 2,500.50 To 1 High Street, Leeds LS1 4AP"),
        (2, "Number 4711 Segment Premier"),
        (3, "Summary Account (4711) Due: 1 Nov 2026"),
        (4, "This line is here because there was room for it. 1. Readers find them beside the pages."),
        (5, "Balance 1,700.50"),
        (6, "Aug Sep Turnover 120.00 340.00"),
        (7, "Premier https://a.example/4711"),
        (8, "From 2 entries: Rent Salary"),
        (9, "Aug Sep"),
    ],
)
def test_examples_are_composed_as_they_stand(composed: Callable[..., Any], number: int, shows: str) -> None:
    """Without a diagnostic, with the record that the guide shows."""
    css, body, record = EXAMPLES[number]
    made_of = composed(body, css, json.loads(record), schema=SCHEMA)
    assert shows in " ".join(made_of.text(page) for page in range(made_of.summary.pages))
    assert made_of.summary.warnings == ()


def test_no_example_is_left_out() -> None:
    """Each has its line above."""
    assert len(EXAMPLES) == 10


def test_the_description_is_one() -> None:
    """The template.yaml of the guide is read without an error but for the files that it names."""
    text = TEXT.split("```yaml\n", 1)[1].split("```", 1)[0]
    diagnostics = Diagnostics()
    found = read_description(
        {"template.yaml": text.encode(), "letter.html": b"", "samples/jane.json": b"{}"}, diagnostics
    )
    assert found is not None
    assert diagnostics.all() == ()
