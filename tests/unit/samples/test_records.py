from __future__ import annotations

import hashlib
import itertools
import json
import re
import statistics
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from pressrun_loadtest.records import SMALL_ROWS, encode, generate, generate_small, write_ndjson
from pressrun_loadtest.samples import records_path, statement_path

FIRST_50_OF_SEED_1 = "a8ea9faa2705fe9c0b58837a407208219c9f04d21ef33e4b3ae9bae2685513d8"


@pytest.fixture(scope="module")
def items() -> list[dict[str, Any]]:
    """The demo's records."""
    return list(generate(1, 1000))


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft202012Validator:
    """The record's schema in the template."""
    description = yaml.safe_load((statement_path() / "template.yaml").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(description["schema"])


def digest(items: Iterable[dict[str, Any]]) -> str:
    """SHA-256 of the items as NDJSON."""
    return hashlib.sha256(b"".join(encode(item) for item in items)).hexdigest()


def test_the_first_records_of_a_seed_are_these_bytes() -> None:
    """The same seed gives the same bytes on every machine and Python, so that published figures can be repeated."""
    assert digest(generate(1, 50)) == FIRST_50_OF_SEED_1


def test_a_record_does_not_depend_on_how_many_are_asked_for(items: list[dict[str, Any]]) -> None:
    """The first records of a short run are those of a long one."""
    assert list(generate(1, 7)) == items[:7]


def test_another_seed_gives_other_records() -> None:
    """No record of one seed appears under another."""
    one, two = ({json.dumps(item["record"]) for item in generate(seed, 100)} for seed in (1, 2))
    assert len(one) == len(two) == 100
    assert not one & two


def test_amounts_add_up_to_the_cent(items: list[dict[str, Any]]) -> None:
    """Opening balance and transactions give every running balance, the totals and the closing balance exactly."""
    for item in items:
        figures, rows = item["record"]["statement"], item["record"]["transactions"]
        amounts = [Decimal(row["amount"]) for row in rows]
        running = itertools.accumulate(amounts, initial=Decimal(figures["opening_balance"]))
        assert [Decimal(row["balance"]) for row in rows] == list(running)[1:]
        assert figures["closing_balance"] == rows[-1]["balance"]
        assert Decimal(figures["total_in"]) == sum(amount for amount in amounts if amount > 0)
        assert -Decimal(figures["total_out"]) == sum(amount for amount in amounts if amount < 0)


def test_money_and_dates_are_text_in_order(items: list[dict[str, Any]]) -> None:
    """Money is a decimal string, never zero in a transaction; bookings stand in order within the period."""
    for item in items:
        figures, rows = item["record"]["statement"], item["record"]["transactions"]
        assert all(re.fullmatch(r"-?\d+\.\d\d", row["amount"]) and Decimal(row["amount"]) for row in rows)
        dates = [row["date"] for row in rows]
        assert dates == sorted(dates)
        assert figures["from"] <= dates[0] <= dates[-1] <= figures["to"]


def test_every_record_keeps_the_schema_of_the_template(
    items: list[dict[str, Any]], schema: jsonschema_rs.Draft202012Validator
) -> None:
    """Whatever the generator makes, the template takes."""
    for item in itertools.chain(items, generate_small(5, 50), generate(9, 1, rows=5000)):
        assert [str(error) for error in schema.iter_errors(item["record"])] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", -12.3), ("amount", "-12.3"), ("amount", "12,30"), ("date", "2026-13-01"), ("note", "unknown")],
)
def test_the_schema_refuses_what_is_not_a_record(
    items: list[dict[str, Any]], schema: jsonschema_rs.Draft202012Validator, field: str, value: Any
) -> None:
    """A number for money, a wrong date or an unknown field does not pass."""
    record = json.loads(json.dumps(items[0]["record"]))
    assert schema.is_valid(record)
    record["transactions"][0][field] = value
    assert not schema.is_valid(record)


def test_all_scripts_locales_and_segments_occur(items: list[dict[str, Any]]) -> None:
    """The run has Latin, extended Latin, Greek and Cyrillic, three locales and four segments, in customers' data."""
    customers = "".join(
        item["record"]["customer"]["name"] + "".join(item["record"]["customer"]["address"]) for item in items
    )
    assert set("éßłΩЖ") <= set(customers)
    kinds = {(item["locale"], item["record"]["customer"]["segment"]) for item in items}
    assert kinds == set(itertools.product(("en-GB", "de-DE", "fr-FR"), ("everyday", "premier", "student", "business")))
    assert {(item["locale"][:2], item["record"]["account"]["currency"]) for item in items} == {
        ("en", "GBP"), ("de", "EUR"), ("fr", "EUR"),
    }  # fmt: skip


def test_the_number_of_transactions_leans_to_thirty(items: list[dict[str, Any]]) -> None:
    """Records have 5 to 200 transactions, with both ends in reach and the median about 30."""
    counts = [len(item["record"]["transactions"]) for item in items]
    assert 5 <= min(counts) < 10
    assert 150 < max(counts) <= 200
    assert 27 <= statistics.median(counts) <= 33


def test_small_has_thirty_rows_and_a_paragraph() -> None:
    """SMALL is always 30 transactions and a paragraph of about 80 words; no two are the same."""
    items = list(generate_small(3, 300))
    assert {len(item["record"]["transactions"]) for item in items} == {SMALL_ROWS}
    assert all(70 <= len(item["record"]["message"].split()) <= 100 for item in items)
    assert len({json.dumps(item["record"]) for item in items}) == 300


def test_account_numbers_are_valid_and_unique(items: list[dict[str, Any]]) -> None:
    """IBANs pass the check of ISO 13616 and have their country's length; customers' numbers are their own."""
    ibans = [item["record"]["account"]["iban"].replace(" ", "") for item in items]
    for iban in ibans:
        assert int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1
        assert len(iban) == {"GB": 22, "DE": 22, "FR": 27}[iban[:2]]
    numbers = {item["record"]["customer"]["number"] for item in items}
    assert len(set(ibans)) == len(numbers) == len({item["request_id"] for item in items}) == len(items)


def test_attributes_say_segment_and_region(items: list[dict[str, Any]]) -> None:
    """Attributes stand beside the record and agree with it."""
    for item in items:
        assert set(item) == {"request_id", "locale", "record", "attributes"}
        assert item["attributes"]["segment"] == item["record"]["customer"]["segment"]
        assert item["attributes"]["region"][:2] == item["locale"][-2:]


def test_some_records_have_no_message(items: list[dict[str, Any]]) -> None:
    """The paragraph is absent now and then, so that the template's condition is exercised."""
    absent = sum("message" not in item["record"] for item in items)
    assert 60 < absent < 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((-1, 1), "seed must be 0 or more"), ((1, -1), "count must be"), ((1, 1, 0), "rows must be 1 to 100,000")],
)
def test_arguments_out_of_range_are_refused(arguments: tuple[int, ...], message: str) -> None:
    """A wrong argument is refused at the call, with what would be valid."""
    with pytest.raises(ValueError, match=message):
        generate(*arguments)


def test_ndjson_is_one_object_a_line(tmp_path: Path) -> None:
    """The file has a line for each item, in UTF-8, and reads back as it was."""
    path = tmp_path / "deep" / "records.ndjson"
    assert write_ndjson(path, generate(2, 30)) == 30
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == list(generate(2, 30))
    assert b"\\u" not in path.read_bytes()


def test_the_shipped_records_are_the_generators(items: list[dict[str, Any]]) -> None:
    """The shipped file holds the first 20 of seed 1 and stays small."""
    data = records_path().read_bytes()
    assert data == b"".join(encode(item) for item in items[:20])
    assert len(data) < 200_000
