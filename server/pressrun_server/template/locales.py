"""Takes out of CLDR (through Babel) what a program needs of its locale; compile time only."""

from __future__ import annotations

import functools
import re
from typing import Any

from pressrun_server.model.locale import LocaleData, NumberPattern

__all__ = ["UnknownLocaleError", "fallbacks", "is_tag", "locale_data"]

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z")
_CURRENCIES = [
    "AED",
    "AUD",
    "BGN",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CZK",
    "DKK",
    "EGP",
    "EUR",
    "GBP",
    "HKD",
    "HRK",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "ISK",
    "JPY",
    "KES",
    "KRW",
    "KWD",
    "MAD",
    "MXN",
    "MYR",
    "NGN",
    "NOK",
    "NZD",
    "PEN",
    "PHP",
    "PKR",
    "PLN",
    "QAR",
    "RON",
    "RSD",
    "RUB",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TND",
    "TRY",
    "TWD",
    "UAH",
    "USD",
    "VND",
    "ZAR",
]


class UnknownLocaleError(ValueError):
    """CLDR has no such locale, or it needs what this engine does not have yet."""


def is_tag(text: str) -> bool:
    """Whether a text has the form of a locale: language, script, country."""
    return _TAG.match(text) is not None


def fallbacks(tag: str) -> list[str]:
    """The tag and its ever shorter forms: fr-CA, fr."""
    parts = tag.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


@functools.lru_cache(maxsize=64)
def locale_data(tag: str) -> LocaleData:
    """The formats of a locale.

    Raises:
        UnknownLocaleError: the tag has another form, CLDR does not know it, or its digits are not European.
    """
    from babel import Locale, UnknownLocaleError as BabelError  # noqa: I001, PLC0415 - heavy; only preparers need it
    from babel.numbers import get_currency_precision  # noqa: PLC0415

    if not _TAG.match(tag):
        raise UnknownLocaleError(f"not a locale: {tag[:40]!r}; valid: e.g. en-GB, de, zh-Hant-TW")
    try:
        locale = Locale.parse(tag, sep="-")
    except (BabelError, ValueError):
        raise UnknownLocaleError(f"CLDR does not know the locale {tag!r}") from None
    if locale.default_numbering_system != "latn":
        raise UnknownLocaleError(f"the locale {tag!r} writes other digits than 0 to 9, which is not supported yet")
    symbols = locale.number_symbols["latn"]
    decimal = locale.decimal_formats[None]
    primary, secondary = decimal.grouping
    return LocaleData(
        tag=tag,
        decimal=symbols["decimal"],
        group=symbols["group"],
        primary_group=primary,
        secondary_group=secondary,
        minimum_grouping=_minimum_grouping(locale),
        number=_pattern(decimal, symbols),
        percent=_pattern(locale.percent_formats[None], symbols),
        currency=_pattern(locale.currency_formats["standard"], symbols),
        currency_symbols={code: str(locale.currency_symbols.get(code, code)) for code in _CURRENCIES},
        currency_digits={code: get_currency_precision(code) for code in _CURRENCIES},
        dates={style: str(locale.date_formats[style].pattern) for style in ("short", "medium", "long", "full")}
        | {"month": "LLL", "month-year": str(locale.datetime_skeletons["yMMM"].pattern)},
        months={
            field: tuple(str(locale.months[context][width][month]) for month in range(1, 13))
            for field, context, width in (
                ("MMM", "format", "abbreviated"),
                ("MMMM", "format", "wide"),
                ("LLL", "stand-alone", "abbreviated"),
                ("LLLL", "stand-alone", "wide"),
            )
        },
        plurals={category: str(rule) for category, rule in locale.plural_form.rules.items()},
        days={
            field: tuple(str(locale.days[context][width][day]) for day in range(7))
            for field, context, width in (
                ("EEE", "format", "abbreviated"),
                ("EEEE", "format", "wide"),
                ("ccc", "stand-alone", "abbreviated"),
                ("cccc", "stand-alone", "wide"),
            )
        },
    )


def _minimum_grouping(locale: Any) -> int:
    from babel.numbers import format_decimal  # noqa: PLC0415

    # Babel keeps the number to itself; what it writes shows it.
    plain = format_decimal(1234, locale=locale)
    return 1 if len(plain) > 4 else 2  # noqa: PLR2004


def _pattern(pattern: Any, symbols: Any) -> NumberPattern:
    (prefix, negative_prefix), (suffix, negative_suffix) = pattern.prefix, pattern.suffix

    def localised(text: str) -> str:
        text = text.replace("-", symbols["minusSign"]).replace("+", symbols["plusSign"])
        return text.replace("%", symbols["percentSign"]).replace("'", "")

    return NumberPattern(localised(prefix), localised(suffix), localised(negative_prefix), localised(negative_suffix))
