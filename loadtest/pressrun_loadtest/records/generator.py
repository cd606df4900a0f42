"""Makes statement records: customers, accounts and transactions whose amounts add up to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pressrun_loadtest.records.accounts import BIC, iban
from pressrun_loadtest.records.activity import Entry, entry, income
from pressrun_loadtest.records.chance import Chance
from pressrun_loadtest.records.money import decimal_text, spread
from pressrun_loadtest.records.people import Person, company, person
from pressrun_loadtest.records.words import language

__all__ = ["MOST_ROWS", "SMALL_ROWS", "generate", "generate_small"]

SMALL_ROWS = 30
"""Transactions of SMALL, the two-page statement of the benches."""

MOST_ROWS = 100_000
"""The most transactions a record may be asked to have; the template's schema has the same limit."""


@dataclass(frozen=True, slots=True)
class _Market:
    locale: str
    code: str
    country: str
    currency: str


_MARKETS = (
    (4, _Market("en-GB", "en", "GB", "GBP")),
    (3, _Market("de-DE", "de", "DE", "EUR")),
    (3, _Market("fr-FR", "fr", "FR", "EUR")),
)
_SEGMENTS = ((5, "everyday"), (2, "premier"), (2, "student"), (1, "business"))
_ROWS = (
    (10, (5, 14)), (22, (15, 24)), (34, (25, 34)), (18, (35, 49)), (10, (50, 79)), (4, (80, 129)), (2, (130, 200)),
)  # fmt: skip
_CUSHION = {"everyday": 260_000, "premier": 1_900_000, "student": 64_000, "business": 3_800_000}
_MONTH, _DAYS, _STATEMENT = "2026-09", 30, 9
_MONTHS = (*(f"2025-{number:02d}" for number in (10, 11, 12)), *(f"2026-{number:02d}" for number in range(1, 10)))
"""The twelve months up to the statement's."""
_PAYDAYS = (25, 28)
_ROWS_PER_INCOME = 60
_INDEX_DIGITS = 6
_LEAST_YEARS, _MOST_YEARS, _MOST_STUDENT_YEARS = 2, 24, 5


def generate(seed: int, count: int, rows: int | None = None) -> Iterator[dict[str, Any]]:
    """Stream items, each with a record of its own.

    Args:
        seed: 0 or more; the same seed gives the same items, however many are asked for.
        count: how many.
        rows: transactions of each record; None gives 5 to 200, most often about 30.

    Yields:
        `{"request_id", "locale", "record", "attributes"}`.

    Raises:
        ValueError: an argument is out of its range.
    """
    _check(seed, count, rows)
    return (_item(seed, index, rows, always_message=False) for index in range(count))


def generate_small(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Stream items of SMALL: exactly 30 transactions and a personal paragraph, which the template sets on two pages.

    Raises:
        ValueError: an argument is out of its range.
    """
    _check(seed, count, SMALL_ROWS)
    return (_item(seed, index, SMALL_ROWS, always_message=True) for index in range(count))


def _check(seed: int, count: int, rows: int | None) -> None:
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}; give e.g. seed=1")
    if not 0 <= count <= 10**_INDEX_DIGITS:
        raise ValueError(f"count must be 0 to {10**_INDEX_DIGITS:,}, not {count:,}; account numbers repeat beyond it")
    if rows is not None and not 1 <= rows <= MOST_ROWS:
        raise ValueError(f"rows must be 1 to {MOST_ROWS:,}, not {rows:,}; or None for 5 to 200")


def _item(seed: int, index: int, rows: int | None, *, always_message: bool) -> dict[str, Any]:
    chance = Chance(seed, index)
    market = chance.weighted(_MARKETS)
    segment = chance.weighted(_SEGMENTS)
    someone = _customer(chance, market, segment)
    product = language(market.code)["products"][segment]
    record: dict[str, Any] = {
        "customer": {
            "number": f"{chance.digits(4)}-{index:0{_INDEX_DIGITS}d}",
            "name": someone.name,
            "address": list(someone.address),
            "segment": segment,
        },
        "account": {
            "iban": iban(chance, market.country, index),
            "bic": BIC[market.country],
            "product": product,
            "currency": market.currency,
        },
    }
    years = chance.between(0, _MOST_STUDENT_YEARS if segment == "student" else _MOST_YEARS)
    if always_message or not chance.one_in(8):
        record["message"] = _message(market.code, segment, product, years)
    lowest, highest = chance.weighted(_ROWS)
    count = chance.between(lowest, highest) if rows is None else rows
    record |= _bookings(chance, market.code, segment, count, years)
    record["history"] = _history(chance, segment, record["statement"]["closing_balance"])
    return {
        "request_id": f"statement-{seed}-{index:0{_INDEX_DIGITS}d}",
        "locale": market.locale,
        "record": record,
        "attributes": {"segment": segment, "region": someone.region},
    }


def _customer(chance: Chance, market: _Market, segment: str) -> Person:
    if segment == "business":
        return company(chance, market.country, market.code)
    return person(chance, market.country)


def _message(code: str, segment: str, product: str, years: int) -> str:
    words = language(code)["message"]
    since = words["years"].format(years) if years >= _LEAST_YEARS else ""
    return words["opening"].format(years=since, product=product) + words["segments"][segment]


def _history(chance: Chance, segment: str, closing: str) -> list[dict[str, str]]:
    """The balance at the end of each of twelve months; the last is that of the statement."""
    earlier = [decimal_text(spread(chance, 4_000, _CUSHION[segment])) for _ in _MONTHS[1:]]
    return [
        {"month": f"{month}-01", "balance": balance}
        for month, balance in zip(_MONTHS, (*earlier, closing), strict=True)
    ]


def _bookings(chance: Chance, code: str, segment: str, count: int, years: int) -> dict[str, Any]:
    """The statement's figures and its transactions."""
    dated: list[tuple[int, Entry]] = []
    used: set[str] = set()
    for number in range(count):
        if number % _ROWS_PER_INCOME == 0:
            dated.append((chance.between(*_PAYDAYS), income(chance, code, segment)))
        else:
            dated.append((chance.between(1, _DAYS), entry(chance, code, segment, used)))
    dated.sort(key=lambda pair: pair[0])
    change = lowest = 0
    for _, booking in dated:
        change += booking.cents
        lowest = min(lowest, change)
    # The opening balance carries the month; one account in twenty goes a little into its overdraft.
    opening = spread(chance, 4_000, _CUSHION[segment]) - lowest
    if chance.one_in(20):
        opening = -lowest - spread(chance, 1_000, 30_000)
    balance = opening
    transactions = []
    for day, booking in dated:
        balance += booking.cents
        transactions.append(
            {
                "date": f"{_MONTH}-{day:02d}",
                "text": booking.text,
                "reference": booking.reference,
                "amount": decimal_text(booking.cents),
                "balance": decimal_text(balance),
            }
        )
    return {
        "statement": {
            "number": years * 12 + _STATEMENT,
            "from": f"{_MONTH}-01",
            "to": f"{_MONTH}-{_DAYS}",
            "opening_balance": decimal_text(opening),
            "closing_balance": decimal_text(balance),
            "total_in": decimal_text(sum(booking.cents for _, booking in dated if booking.cents > 0)),
            "total_out": decimal_text(-sum(booking.cents for _, booking in dated if booking.cents < 0)),
        },
        "transactions": transactions,
    }
