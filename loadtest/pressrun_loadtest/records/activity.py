"""What happens on an account: kinds of transactions with their texts by language and amounts by segment."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun_loadtest.records.chance import Chance
from pressrun_loadtest.records.money import spread
from pressrun_loadtest.records.words import language

__all__ = ["Entry", "entry", "income"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction before it has a date."""

    text: str
    reference: str
    cents: int


@dataclass(frozen=True, slots=True)
class _Kind:
    texts: str
    """Key of the texts."""
    prefix: str
    """Of the reference."""
    low: int
    high: int
    sign: int = -1


_PRIVATE = (
    (30, _Kind("groceries", "CP", 320, 9_800)),
    (14, _Kind("eating", "CP", 280, 7_400)),
    (12, _Kind("transport", "CP", 190, 8_900)),
    (12, _Kind("shopping", "CP", 890, 24_500)),
    (8, _Kind("subscription", "DD", 399, 3_990)),
    (6, _Kind("utilities", "DD", 1_900, 16_500)),
    (6, _Kind("transfer_out", "TR", 1_000, 45_000)),
    (5, _Kind("cash", "CM", 2_000, 20_000)),
    (3, _Kind("insurance", "DD", 1_450, 11_900)),
    (3, _Kind("refund", "RF", 590, 12_000, 1)),
    (3, _Kind("transfer_in", "TR", 1_000, 30_000, 1)),
)
_BUSINESS = (
    (24, _Kind("supplier", "TR", 4_500, 690_000)),
    (22, _Kind("invoice", "IN", 12_000, 1_240_000, 1)),
    (14, _Kind("software", "DD", 900, 24_900)),
    (12, _Kind("transport", "CP", 390, 42_000)),
    (10, _Kind("payroll", "PY", 165_000, 420_000)),
    (8, _Kind("utilities", "DD", 8_900, 98_000)),
    (6, _Kind("eating", "CP", 1_200, 32_000)),
    (4, _Kind("tax", "DD", 35_000, 880_000)),
)
_INCOME = {
    "everyday": _Kind("salary", "SA", 175_000, 390_000, 1),
    "premier": _Kind("salary", "SA", 520_000, 1_480_000, 1),
    "student": _Kind("grant", "SA", 45_000, 112_000, 1),
    "business": _Kind("invoice", "IN", 380_000, 2_400_000, 1),
}
_SHARE = {"everyday": 100, "premier": 240, "student": 45, "business": 100}
"""How large amounts are, in percent of an everyday account's."""


def entry(chance: Chance, code: str, segment: str, used: set[str]) -> Entry:
    """Any transaction but the income; nothing that is paid once a month (in `used`) comes twice."""
    kinds = _BUSINESS if segment == "business" else _PRIVATE
    kind = chance.weighted(kinds)
    found = _entry(chance, code, kind, _SHARE[segment])
    if kind.prefix == "DD":
        if found.text in used:
            return _entry(chance, code, kinds[0][1], _SHARE[segment])
        used.add(found.text)
    return found


def income(chance: Chance, code: str, segment: str) -> Entry:
    """What the customer lives on."""
    return _entry(chance, code, _INCOME[segment], 100)


def _entry(chance: Chance, code: str, kind: _Kind, share: int) -> Entry:
    text = chance.filled(chance.pick(language(code)["transactions"][kind.texts]))
    cents = max(spread(chance, kind.low, kind.high) * share // 100, 50)
    return Entry(text, f"{kind.prefix} {chance.digits(4)}-{chance.digits(4)}", kind.sign * cents)
