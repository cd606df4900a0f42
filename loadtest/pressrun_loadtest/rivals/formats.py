"""Amounts and dates by locale, made once from Babel's data and then plain string work, as a hurried expert has it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["Formats"]

_MINUS = "\N{MINUS SIGN}"
_MONTH = 5
_SPACES = str.maketrans({"\N{NARROW NO-BREAK SPACE}": "\N{NO-BREAK SPACE}"})


@dataclass(frozen=True, slots=True)
class Formats:
    """One locale's; decimal texts and ISO dates in, texts to show out."""

    group: str
    point: str
    before: dict[str, str]
    """What stands before an amount of a currency."""
    after: dict[str, str]
    months: tuple[str, ...]
    """In full."""
    short_months: tuple[str, ...]
    day: str
    """Between the day and the month of a long date."""
    short: str
    """A short date's form, of d, m, y and yy."""

    @classmethod
    def of(cls, locale: str) -> Formats:
        """The formats of en-GB, de-DE or fr-FR.

        FiraGO has no narrow no-break space; a no-break space stands for it, as most engines have no substitutes.
        """
        babel: Any = import_module("babel.core")
        data = babel.Locale.parse(locale, sep="-")
        numbers = data.number_symbols["latn"]
        before, after = {}, {}
        for code in ("GBP", "EUR"):
            pattern = data.currency_formats["standard"]
            symbol = data.currency_symbols[code]
            before[code] = pattern.prefix[0].replace("\xa4", symbol)
            after[code] = pattern.suffix[0].replace("\xa4", symbol).translate(_SPACES)
        months = data.months["format"]["wide"]
        names = data.months["stand-alone"]["abbreviated"]
        short = data.date_formats["short"].pattern
        for long, ours in (("dd", "{d}"), ("MM", "{m}")):
            short = short.replace(long, ours)
        short = short.replace("yy", "{yy}") if "yy" in short and "y" * 4 not in short else short.replace("y", "{y}")
        return cls(
            group=numbers["group"].translate(_SPACES),
            point=numbers["decimal"],
            before=before,
            after=after,
            months=tuple(months[number] for number in range(1, 13)),
            short_months=tuple(names[number] for number in range(1, 13)),
            day=". " if data.date_formats["long"].pattern.startswith("d.") else " ",
            short=short,
        )

    def digits(self, text: str) -> str:
        """A decimal text's digits with separators, without its sign."""
        whole, _, cents = text.lstrip("-").partition(".")
        grouped = f"{int(whole):,}"
        if self.group != ",":
            grouped = grouped.replace(",", self.group)
        return f"{grouped}{self.point}{cents}" if cents else grouped

    def amount(self, text: str) -> str:
        """An amount without its currency."""
        return f"{_MINUS if text[0] == '-' else ''}{self.digits(text)}"

    def money(self, text: str, currency: str) -> str:
        """An amount with its currency's symbol."""
        sign = _MINUS if text[0] == "-" else ""
        return f"{sign}{self.before[currency]}{self.digits(text)}{self.after[currency]}"

    def long_date(self, iso: str) -> str:
        """Such as 30 September 2026."""
        return f"{int(iso[8:])}{self.day}{self.months[int(iso[_MONTH:7]) - 1]} {iso[:4]}"

    def short_date(self, iso: str) -> str:
        """Such as 30/09/2026."""
        return self.short.format(d=iso[8:], m=iso[_MONTH:7], y=iso[:4], yy=iso[2:4])

    def month(self, iso: str) -> str:
        """Such as Sept."""
        return self.short_months[int(iso[_MONTH:7]) - 1]
