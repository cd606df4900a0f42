"""The statement as finished texts: what an engine has to set, and what must be found in its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import msgspec

from pressrun_loadtest.rivals.formats import Formats
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Chart", "Clerk", "Order", "Row", "Statement"]

_STEPS = (1, 2, 2.5, 5, 10, 20)
_MOST_STEPS = 5


class Order(NamedTuple):
    """One document to make."""

    locale: str
    record: bytes
    """JSON, as it comes from the network."""
    attributes: Mapping[str, str]


class Row(NamedTuple):
    """A transaction, as it is shown."""

    date: str
    text: str
    reference: str
    amount: str
    balance: str
    credit: bool


class Chart(NamedTuple):
    """A bar chart; heights are shares of the axis, 0 at its foot and 1 at its head."""

    ticks: tuple[tuple[str, float], ...]
    bars: tuple[tuple[str, float], ...]
    zero: float


@dataclass(frozen=True, slots=True)
class Statement:
    """All texts of one document."""

    locale: str
    segment: str
    words: Mapping[str, str]
    name: str
    address: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    title: str
    """With the statement's number."""
    account: str
    """With the IBAN, for the continuation's header."""
    period: str
    greeting: str
    message: str
    figures: tuple[tuple[str, str], ...]
    currency: str
    forward: tuple[str, str, str]
    """Date, text and balance brought forward."""
    rows: tuple[Row, ...]
    closing: tuple[str, str, str]
    count: str
    chart: Chart
    link: str
    """What the QR code says."""
    code: tuple[tuple[int, int, int], ...]
    """The QR code's dark runs: row, first module, modules."""
    modules: int
    """The QR code's size."""


class Clerk:
    """Reads records into statements; loaded once for all locales."""

    def __init__(self, stock: Stock) -> None:
        self._words = stock.words
        self._formats = {locale: Formats.of(locale) for locale in stock.words}
        self._barcodes: Any = import_module("zxingcpp")  # its types are incomplete
        self._decode = msgspec.json.Decoder().decode

    def read(self, order: Order) -> Statement:
        """The statement of an order."""
        record: dict[str, Any] = self._decode(order.record)
        words, formats = self._words[order.locale], self._formats[order.locale]
        customer, account, statement = record["customer"], record["account"], record["statement"]
        amount, short = formats.amount, formats.short_date
        currency = account["currency"]
        days = {f"{statement['from'][:8]}{day:02d}": short(f"{statement['from'][:8]}{day:02d}") for day in range(1, 32)}
        rows = tuple(
            Row(
                days[row["date"]],
                row["text"],
                row["reference"],
                amount(row["amount"]) if row["amount"][0] == "-" else f"+{amount(row['amount'])}",
                amount(row["balance"]),
                row["amount"][0] != "-",
            )
            for row in record["transactions"]
        )
        issued = formats.long_date(statement["to"])
        money = {
            key: formats.money(statement[key], currency)
            for key in ("opening_balance", "total_in", "total_out", "closing_balance")
        }
        link = f"https://meridianbank.example/s/{customer['number']}/{statement['number']}"
        modules, code = self._code(link)
        return Statement(
            locale=order.locale,
            segment=customer["segment"],
            words=words,
            name=customer["name"],
            address=tuple(customer["address"]),
            facts=(
                (words["account"], account["product"]),
                (words["iban"], account["iban"]),
                (words["bic"], account["bic"]),
                (words["customer_number"], customer["number"]),
                (words["statement_number"], str(statement["number"])),
                (words["issued"], issued),
            ),
            title=f"{words['title']} {statement['number']}",
            account=f"{words['iban']} {account['iban']}",
            period=f"{formats.long_date(statement['from'])} {words['to']} {issued}",
            greeting=f"{words['salutation']} {customer['name']},",
            message=record.get("message", ""),
            figures=(
                (words["opening"], money["opening_balance"]),
                (words["money_in"], money["total_in"]),
                (words["money_out"], money["total_out"]),
                (words["closing"], money["closing_balance"]),
            ),
            currency=f"{words['amounts_in']} {currency}",
            forward=(short(statement["from"]), words["brought_forward"], amount(statement["opening_balance"])),
            rows=rows,
            closing=(short(statement["to"]), words["closing_line"], amount(statement["closing_balance"])),
            count=f"{len(rows)} {words['count']}",
            chart=_chart(record["history"], formats),
            link=link,
            code=code,
            modules=modules,
        )

    def _code(self, link: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
        barcodes = self._barcodes
        barcode = barcodes.create_barcode(link, barcodes.BarcodeFormat.QRCode, ec_level="M")
        view = memoryview(barcodes.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False))
        assert view.shape is not None
        size = view.shape[0]
        pixels = view.tobytes()
        runs = []
        for line in range(size):
            row = pixels[line * size : (line + 1) * size]
            start = row.find(0)
            while start >= 0:
                end = row.find(255, start)
                end = size if end < 0 else end
                runs.append((line, start, end - start))
                start = row.find(0, end)
        return size, tuple(runs)


def _chart(history: list[dict[str, str]], formats: Formats) -> Chart:
    """Bars on an axis of round steps that takes in all values and zero."""
    values = [float(month["balance"]) for month in history]
    low, high = min(0.0, *values), max(0.0, *values)
    raw = (high - low) / _MOST_STEPS or 0.2
    power: float = 10.0 ** (len(str(int(raw))) - 1)
    step, first, last = next(
        (step, first, last)
        for step in (factor * power for factor in _STEPS)
        if (last := -int(-high // step)) - (first := int(low // step)) <= _MOST_STEPS
    )
    span = (last - first) * step
    ticks = tuple(
        (formats.amount(f"{step * number:.0f}"), (number - first) / (last - first)) for number in range(first, last + 1)
    )
    bars = tuple(
        (formats.month(month["month"]), (value - first * step) / span)
        for month, value in zip(history, values, strict=True)
    )
    return Chart(ticks, bars, -first / (last - first))
