"""The filters of the template language, localised from a program's own locale data.

Babel is asked once, at compile time (`locales`); here its patterns are applied by plain string work, because a
statement formats hundreds of amounts and Babel takes tens of microseconds for each. Property tests hold both to the
same text.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, Inexact, InvalidOperation
from typing import Any

from pressrun_server.model.expression import Expression
from pressrun_server.model.locale import LocaleData, NumberPattern
from pressrun_server.model.sums import EXACT, ROUNDING
from pressrun_server.template.arriving import ArrivingRows

__all__ = ["FILTERS", "LISTS", "PREPARED", "TEXTS", "Filter", "Formatter", "Undefined", "as_text"]

_DATE_STYLES = ("short", "medium", "long", "full", "month", "month-year")
_DATE_FIELD = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+")
_MINUS = "\u2212"
_MOST_DIGITS = 60
_CURRENCY = 3
_CENTS = 2
_WIDE = 4
_MOST_SHOWN = 60
_ZEROS = frozenset("0.,\u00a0\u202f' \u2019")
_THOUSANDTH = Decimal("0.001")
_LARGEST = Decimal(10) ** 25
_GROUP = 3
_TWO_GROUPS = 6
_ISO_DATE = 10
# Where a date's parts stand in its ISO 8601 text, and a form that needs no more than these.
_SLICES = {"dd": slice(8, 10), "MM": slice(5, 7), "y": slice(0, 4), "yyyy": slice(0, 4), "yy": slice(2, 4)}
_PLAIN_DATE = re.compile(r"(dd|MM|yyyy|yy|y)([-./])(dd|MM|yyyy|yy|y)\2(dd|MM|yyyy|yy|y)")


@dataclass(frozen=True, slots=True)
class Undefined:
    """What a field that is not there evaluates to: false, equal to nothing, an error where it is shown."""

    path: str

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash(self.path)

    def __iter__(self) -> Any:
        return iter(())


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter's arguments: how many, and what constant ones may be."""

    arguments: tuple[int, int]
    check: Callable[[tuple[Expression, ...]], str] = lambda _arguments: ""


def _date_style(arguments: tuple[Expression, ...]) -> str:
    if arguments and (arguments[0][0] != "const" or arguments[0][1] not in _DATE_STYLES):
        return f"valid styles: {', '.join(_DATE_STYLES)}"
    return ""


def _constant(arguments: tuple[Expression, ...]) -> str:
    if arguments and (arguments[0][0] != "const" or not isinstance(arguments[0][1], str)):
        return "the field must be written as a text, e.g. 'amount'"
    return ""


FILTERS: dict[str, Filter] = {
    "money": Filter((0, 1)),
    "amount": Filter((0, 0)),
    "number": Filter((0, 1)),
    "percent": Filter((0, 1)),
    "date": Filter((0, 1), _date_style),
    "upper": Filter((0, 0)),
    "lower": Filter((0, 0)),
    "default": Filter((1, 1)),
    "mask": Filter((0, 1)),
    "length": Filter((0, 0)),
    "plural": Filter((1, 1)),
    "join": Filter((0, 1)),
    "sum": Filter((0, 1), _constant),
    "sort": Filter((0, 1), _constant),
    "reverse": Filter((0, 0)),
    "groupby": Filter((1, 1), _constant),
    "first": Filter((0, 0)),
    "last": Filter((0, 0)),
    "capitalize": Filter((0, 0)),
    "trim": Filter((0, 0)),
    "abs": Filter((0, 0)),
}


TEXTS = frozenset(
    {"money", "amount", "number", "percent", "date", "upper", "lower", "mask", "join", "capitalize", "trim", "plural"}
)
"""Filters that give a text, whatever they are given."""

LISTS = frozenset({"join", "sum", "sort", "reverse", "groupby"})
"""Filters that look at all items of a list."""

PREPARED = {"date"}
"""Filters whose arguments are constants that `Formatter.filter` takes in."""


def as_text(value: Any, formatter: Formatter) -> str:
    """A value as text, without a filter: plain, not localised, never surprising."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        if not value.is_finite() or (value and abs(value.adjusted()) > _MOST_SHOWN):
            raise ValueError("the number is not one that can be written out")
        return format(value, "f")
    if isinstance(value, list | dict):
        raise ValueError("a list or an object cannot be shown as text; name one of its fields")
    if isinstance(value, dt.date):
        return formatter.date(value)
    return str(value)


class Formatter:
    """Filters in one locale."""

    def __init__(self, data: LocaleData) -> None:
        self.data = data
        self._dates = {style: self._date_form(pattern) for style, pattern in data.dates.items()}
        self._comma, self._point = data.group, data.decimal
        self._currencies: dict[str, tuple[int, tuple[str, str], tuple[str, str]]] = {}
        self._english = (data.group, data.decimal) == (",", ".")
        # Python groups by three; other groupings and a minimum of digits before the first group take the slow way.
        self.plain_groups = data.primary_group == data.secondary_group == 3 and data.minimum_grouping == 1  # noqa: PLR2004

    def filter(self, name: str, constants: list[Expression]) -> Callable[..., Any]:
        """The function of a filter; `constants` are its arguments as written, for what can be prepared."""
        if name == "plural":  # of a template's own strings it was folded into its forms; a slot's rule knows none
            return _no_forms
        if name == "date":
            return self._dater(constants[0][1] if constants else "medium")
        function: Callable[..., Any] = getattr(self, name if name != "abs" else "absolute")
        return function

    def digits(self, value: Decimal, places: int) -> str:
        """A value with separators, rounded half to even; a hyphen stands before a negative one."""
        if self.plain_groups:
            text = format(value, f",.{places}f")
            if self._english:
                return text
            return text.replace(",", "\0").replace(".", self._point).replace("\0", self._comma)
        sign = "-" if value.is_signed() else ""
        text = format(abs(value), f".{places}f")
        whole, _, fraction = text.partition(".")
        if self.data.primary_group and len(whole) >= self.data.primary_group + self.data.minimum_grouping:
            groups = [whole[-self.data.primary_group :]]
            rest = whole[: -self.data.primary_group]
            while rest:
                groups.insert(0, rest[-self.data.secondary_group :])
                rest = rest[: -self.data.secondary_group]
            whole = self.data.group.join(groups)
        return f"{sign}{whole}{self.data.decimal}{fraction}" if fraction else sign + whole

    def _signed(self, value: Any, places: int) -> tuple[bool, str]:
        """Whether a value is below zero as it is shown, and its digits: what rounds to zero has no sign."""
        number = self._decimal(value)
        body = self.digits(number, places)
        if body[0] != "-":
            return False, body
        body = body[1:]
        return not _ZEROS.issuperset(body), body

    def _decimal(self, value: Any) -> Decimal:
        kind = value.__class__
        if kind is not str and kind is not Decimal and kind is not int:
            if isinstance(value, Undefined):
                raise ValueError(f"{value.path} is not there; make it required in the schema, or test it with pr-if")
            raise ValueError(f"a number is needed, not {_kind(value)}")
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError("a number is needed, and this text is not one") from None
        if not number.is_finite() or not -_MOST_DIGITS < number.adjusted() < _MOST_DIGITS:
            if number.is_finite() and number == 0:
                return Decimal(0)
            raise ValueError(f"the number has more than {_MOST_DIGITS} digits")
        return number

    @staticmethod
    def _affix(body: str, pattern: NumberPattern, *, negative: bool) -> str:
        # CLDR's patterns carry the locale's own minus; U+2212 where they say hyphen-minus, as typography wants it.
        if negative:
            return f"{pattern.negative_prefix}{body}{pattern.negative_suffix}".replace("-", _MINUS)
        return f"{pattern.prefix}{body}{pattern.suffix}"

    def money(self, value: Any, currency: Any = None) -> str:
        """An amount with its currency's symbol and digits."""
        if currency is None:
            raise ValueError("money needs its currency; write | money(account.currency)")
        if (
            not isinstance(currency, str)
            or len(currency) != _CURRENCY
            or not currency.isascii()
            or not currency.isupper()
        ):
            raise ValueError("the currency must be an ISO 4217 code, e.g. EUR")
        places, positive, negative = self._currencies.get(currency) or self._currency(currency)
        body = self._plain_amount(value) if places == _CENTS else None
        if body is None:
            below, body = self._signed(value, places)
        else:
            below, body = body[0] == _MINUS, body.removeprefix(_MINUS)
        before, behind = negative if below else positive
        return f"{before}{body}{behind}"

    def _currency(self, currency: str) -> tuple[int, tuple[str, str], tuple[str, str]]:
        """Digits of a currency, and what stands around those of an amount, and of one below zero."""
        symbol = self.data.currency_symbols.get(currency, currency)
        around: list[tuple[str, str]] = []
        for negative in (False, True):
            text = self._affix("0", self.data.currency, negative=negative)
            # A symbol that ends in a letter needs a space before the digits (UTS 35, currency spacing).
            spaced = symbol[-1].isalpha() and text[text.index("¤") + 1 :][:1].isdecimal()
            before, _, behind = text.partition("0")
            shown = f"{symbol}\u00a0" if spaced else symbol
            around.append((before.replace("¤", shown), behind.replace("¤", shown)))
        made = self.data.currency_digits.get(currency, 2), around[0], around[1]
        if currency in self.data.currency_symbols:  # a record may say any three letters
            self._currencies[currency] = made
        return made

    def _plain_amount(self, value: Any) -> str | None:
        """The common amount, `-1234.50`, which is shown as it is written but for separators; None for any other.

        Statements are made of them, and they need no arithmetic.
        """
        if type(value) is not str or not self.plain_groups:
            return None
        whole, cents = value[:-3], value[-2:]
        minus = ""
        if whole[:1] == "-":
            whole, minus = whole[1:], _MINUS if value != "-0.00" else ""
        if whole.isdigit() and cents.isdigit() and value[-3] == "." and value.isascii():
            if len(whole) <= _GROUP:
                if whole >= "1" or whole == "0":
                    return f"{minus}{whole}{self._point}{cents}"
            elif whole >= "1" and len(whole) <= _TWO_GROUPS:
                return f"{minus}{whole[:-3]}{self._comma}{whole[-3:]}{self._point}{cents}"
        return None

    def amount(self, value: Any) -> str:
        """An amount with two decimals and no symbol."""
        plain = self._plain_amount(value)
        if plain is not None:
            return plain
        if type(value) is str and self.plain_groups:
            try:
                number = Decimal(value)
                small = -_LARGEST < number < _LARGEST
            except InvalidOperation:
                pass  # no number, or not a number: said below
            else:
                if small:
                    body = self.digits(number, 2)
                    if body[0] != "-":
                        return body
                    return _MINUS + body[1:] if not _ZEROS.issuperset(body[1:]) else body[1:]
        negative, body = self._signed(value, 2)
        return f"{_MINUS}{body}" if negative else body

    def number(self, value: Any, places: Any = None) -> str:
        """A number, with up to three decimals or as many as asked for."""
        if places is None:
            exact, places = self._decimal(value), 0
            if exact != exact.to_integral_value():
                rounded = exact.quantize(_THOUSANDTH, rounding=ROUND_HALF_EVEN, context=ROUNDING).normalize(ROUNDING)
                exponent = rounded.as_tuple().exponent
                places = max(0, -exponent) if isinstance(exponent, int) else 0
        negative, body = self._signed(value, self._places(places))
        return self._affix(body, self.data.number, negative=negative)

    def percent(self, value: Any, places: Any = 0) -> str:
        """A ratio as percentage: 0.25 gives 25 %."""
        negative, body = self._signed(ROUNDING.multiply(self._decimal(value), 100), self._places(places))
        return self._affix(body, self.data.percent, negative=negative)

    def _places(self, places: Any) -> int:
        if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= 10:  # noqa: PLR2004
            raise ValueError("decimals must be a whole number from 0 to 10")
        return places

    def date(self, value: Any, style: str = "medium") -> str:
        """A date (ISO 8601 text) in the locale's style."""
        if isinstance(value, Undefined):
            raise ValueError(f"{value.path} is not there; make it required in the schema, or test it with pr-if")
        day = value
        if isinstance(value, str):
            try:
                day = dt.date.fromisoformat(value[:10]) if len(value) > 10 else dt.date.fromisoformat(value)  # noqa: PLR2004
            except ValueError:
                raise ValueError("a date is needed in the form 2026-09-30") from None
        elif isinstance(value, dt.datetime):
            day = value.date()
        elif not isinstance(value, dt.date):
            raise ValueError(f"a date is needed in the form 2026-09-30, not {_kind(value)}")
        form, names = self._dates[style]
        if names:
            return form.format(day.day, day.month, day.year, day.year % 100, *[name(day) for name in names])
        return form.format(day.day, day.month, day.year, day.year % 100)

    def plain_date(self, style: str) -> str | None:
        """A style that needs no more than the parts of an ISO date, as slices of it: `{@[8:10]}.{@[5:7]}.{@[0:4]}`."""
        plain = _PLAIN_DATE.fullmatch(self.data.dates[style])
        if plain is None:
            return None
        first, separator, second, third = plain.groups()
        parts = [_SLICES[part] for part in (first, second, third)]
        return separator.join(f"{{@[{part.start}:{part.stop}]}}" for part in parts)

    def _dater(self, style: str) -> Callable[[Any], str]:
        """The date filter in one style; 30.09.2026 and its like are cut out of the text that is given."""
        plain = _PLAIN_DATE.fullmatch(self.data.dates[style])
        if plain is None:
            return self._named_dater(style)
        first, separator, second, third = plain.groups()
        join, cut = separator.join, operator.itemgetter(_SLICES[first], _SLICES[second], _SLICES[third])

        def dated(value: Any) -> str:
            if type(value) is str and len(value) == _ISO_DATE and value[4] == value[7] == "-" and value[0] != "0":
                try:
                    dt.date.fromisoformat(value)
                except ValueError:
                    pass  # said below
                else:
                    return join(cut(value))
            return self.date(value, style)

        return dated

    def _named_dater(self, style: str) -> Callable[[Any], str]:
        """The same in a style with names; the common one, 30 September 2026, has the month's alone."""
        written = [match.group() for match in _DATE_FIELD.finditer(self.data.dates[style])]
        months = [self.data.months[text] for text in written if text in self.data.months]
        form, names = self._dates[style]
        if not len(months) == len(names) == 1:
            return lambda value: self.date(value, style)
        write, month = form.format, months[0]

        def dated(value: Any) -> str:
            if type(value) is str and len(value) == _ISO_DATE:
                try:
                    day = dt.date.fromisoformat(value)
                except ValueError:
                    pass  # said below
                else:
                    return write(day.day, day.month, day.year, day.year % 100, month[day.month - 1])
            return self.date(value, style)

        return dated

    def _date_form(self, pattern: str) -> tuple[str, list[Callable[[dt.date], str]]]:
        """A CLDR date pattern as a format string over day, month, year, short year and the names it shows."""
        form = ""
        names: list[Callable[[dt.date], str]] = []
        for match in _DATE_FIELD.finditer(pattern):
            text = match.group()
            if match.group(1) is not None:
                form += (match.group(1).replace("''", "'") or "'").replace("{", "{{").replace("}", "}}")
            elif match.group(2) is None:
                form += text.replace("{", "{{").replace("}", "}}")
            elif text[0] == "y":
                form += "{3:02d}" if text == "yy" else "{2}"
            elif text[0] == "d":
                form += f"{{0:0{len(text)}d}}"
            elif text[0] in "ML" and text not in self.data.months:
                form += f"{{1:0{len(text)}d}}"
            else:
                form += f"{{{len(names) + 4}}}"
                names.append(self._name(text))
        return form, names

    def _name(self, text: str) -> Callable[[dt.date], str]:
        if text in self.data.months:
            months = self.data.months[text]
            return lambda day: months[day.month - 1]
        if text[0] in "Ec":
            days = self.data.days[text[0] * (_WIDE if len(text) == _WIDE else 3)]
            return lambda day: days[day.weekday()]
        raise ValueError(f"the date field {text!r} is not supported")

    def upper(self, value: Any) -> str:
        """Text in capitals."""
        return self._text(value).upper()

    def lower(self, value: Any) -> str:
        """Text in small letters."""
        return self._text(value).lower()

    def _text(self, value: Any) -> str:
        if isinstance(value, Undefined):
            raise ValueError(f"{value.path} is not there; make it required in the schema, or use | default('')")
        return as_text(value, self)

    def default(self, value: Any, otherwise: Any) -> Any:
        """The other value where this one is not there or null."""
        return otherwise if value is None or isinstance(value, Undefined) else value

    def mask(self, value: Any, shown: Any = 4) -> str:
        """All but the last characters as dots."""
        text = self._text(value)
        keep = self._places(shown)
        return "•" * max(0, len(text) - keep) + (text[-keep:] if keep else "")

    def plural(self, forms: Mapping[str, str], count: Any) -> str:
        """The form of a text for a count, by CLDR's rules of the locale; `{n}` in it is the count as a number."""
        number = self._decimal(count)
        form = forms.get(self._plural_rule(number), forms["other"])
        return form.replace("{n}", self.number(number))

    @functools.cached_property
    def _plural_rule(self) -> Callable[[Decimal], str]:
        from babel.plural import PluralRule  # noqa: PLC0415 - few templates count

        return PluralRule(self.data.plurals)

    def join(self, value: Any, separator: Any = ", ") -> str:
        """The items of a list as one text, with something between them."""
        return self._text(separator).join([as_text(item, self) for item in self._list(value)])

    def sum(self, value: Any, field: Any = None) -> Decimal:
        """The sum of a list of numbers, or of a field of its items; exact."""
        items = self._list(value)
        if field is not None:
            items = [_field(item, field) for item in items]
        total = Decimal(0)
        try:
            for item in items:
                total = EXACT.add(total, self._decimal(item))
        except Inexact:
            raise ValueError("the sum can't be exact: a number in it is too large or too fine") from None
        return total

    def sort(self, value: Any, field: Any = None) -> list[Any]:
        """A list in order: numbers by size, texts by their characters; or by a field of its items."""

        def key(item: Any) -> tuple[int, Any]:
            found = item if field is None else _field(item, field)
            if isinstance(found, bool) or found is None or isinstance(found, list | dict):
                raise ValueError(f"only texts and numbers have an order, not {_kind(found)}")
            return (1, found) if isinstance(found, str) else (0, found)

        return sorted(self._list(value), key=key)

    def reverse(self, value: Any) -> list[Any]:
        """A list from its last item to its first."""
        return self._list(value)[::-1]

    def groupby(self, value: Any, field: Any) -> list[Any]:
        """Groups of the items that are alike in a field, each `{key, rows}`, in the order of their first ones."""
        groups: dict[tuple[Any, Any], dict[str, Any]] = {}
        for item in self._list(value):
            key = _field(item, field)
            if isinstance(key, list | dict):
                raise ValueError(f"only texts, numbers, true, false and null make groups, not {_kind(key)}")
            # True is 1 to Python, and no such thing to whoever wrote the record.
            group = groups.setdefault((isinstance(key, bool), key), {"key": key, "rows": []})
            group["rows"].append(item)
        return list(groups.values())

    def first(self, value: Any) -> Any:
        """The first item of a list; nothing that is there where it is empty."""
        items = self._list(value)
        return items[0] if items else Undefined("the first item of an empty list")

    def last(self, value: Any) -> Any:
        """The last item of a list; nothing that is there where it is empty."""
        items = self._list(value)
        return items[-1] if items else Undefined("the last item of an empty list")

    @staticmethod
    def _list(value: Any) -> list[Any]:
        if isinstance(value, Undefined):
            raise ValueError(f"{value.path} is not there; make it required in the schema, or test it with pr-if")
        if isinstance(value, ArrivingRows):
            raise ValueError("the rows arrive in a stream, so they are not there as a whole; use RenderDocument")
        if not isinstance(value, list):
            raise ValueError(f"a list is needed, not {_kind(value)}")
        return value

    def capitalize(self, value: Any) -> str:
        """Text with its first letter as a capital."""
        text = self._text(value)
        return text[:1].upper() + text[1:]

    def trim(self, value: Any) -> str:
        """Text without white space around it."""
        return self._text(value).strip()

    def length(self, value: Any) -> int:
        """How many items a list, or characters a text, has."""
        if isinstance(value, str | list | dict):
            return len(value)
        if isinstance(value, ArrivingRows):
            raise ValueError("the rows arrive in a stream, so their number is not known; put it into the record")
        raise ValueError(f"only a list, an object or a text has a length, not {_kind(value)}")

    def decimal(self, value: Any) -> Decimal:
        """A number, or a text that is one; for our own use, no filter of the language."""
        return self._decimal(value)

    def absolute(self, value: Any) -> Decimal:
        """A number without its sign."""
        return self._decimal(value).copy_abs()


def _no_forms(*_values: Any) -> str:
    raise ValueError("plural needs a string with plural forms: t.NAME | plural(count)")


def _field(item: Any, field: str) -> Any:
    """A field of an item; with dots, one of an object in it."""
    if isinstance(item, dict) and field in item:
        return item[field]
    found = item
    for name in field.split("."):
        if not isinstance(found, dict) or name not in found:
            raise ValueError(f"an item of the list has no field {field!r}")
        found = found[name]
    return found


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", list: "a list", dict: "an object", str: "a text", int: "a number"}
    return names.get(type(value), "this value")
