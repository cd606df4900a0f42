"""Texts of one value of all items of a loop: what is common to them is looked at for the whole column in a few calls.

Each function takes the common case only and raises where a value is anything else; closures make the loop then, so that
what comes out, errors included, is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from pressrun_server.template.filters import Formatter

__all__ = ["Texts", "amounts", "dates", "decimals", "escaping", "plain", "signing"]

Texts: TypeAlias = "Callable[[Sequence[Any]], list[str]]"
"""Values of a column, to their texts."""

_AMOUNTS: Final = re.compile(r"(?:-?(?:0|[1-9][0-9]{0,5})\.[0-9]{2}\n)*")
_MINUS: Final = "\u2212"
_ODD: Final = re.compile("[\u00a0\u202f]")
"""Spaces that stay as they are; Python takes none but the common one for printable."""
_UNGROUPED: Final = frozenset({"", _MINUS})
"""What stands before the last three digits of an amount that is below a thousand."""


def plain(values: Sequence[Any]) -> list[str]:
    """Texts, and whole numbers, that are shown as they are.

    Raises:
        TypeError: one is neither.
        ValueError: one has white space or controls that text can't hold as they are.
    """
    try:
        whole = "".join(values)
    except TypeError:
        values = [str(value) if value.__class__ is int else value for value in values]
        whole = "".join(values)
    if "  " in whole or not (whole.isprintable() or _ODD.sub("", whole).isprintable()):
        raise ValueError
    return list(values)


def amounts(formatter: Formatter) -> Texts | None:
    """Amounts written as `-1234.50`, as `Formatter.amount` shows them; None where the locale groups in another way."""
    point, comma = formatter.data.decimal, formatter.data.group
    if not formatter.plain_groups or len(point) != 1:
        return None
    other = point != "."

    def shown(values: Sequence[Any]) -> list[str]:
        if not values:
            return []
        whole = "\n".join(values)
        if _AMOUNTS.fullmatch(f"{whole}\n") is None or "-0.00" in whole:
            raise ValueError
        if other:
            whole = whole.replace(".", point)
        texts = whole.replace("-", _MINUS).split("\n")
        if len(texts) != len(values):
            raise ValueError
        return [text if text[-7:-6] in _UNGROUPED else f"{text[:-6]}{comma}{text[-6:]}" for text in texts]

    return shown


def dates(formatter: Formatter, style: str) -> Texts:
    """Dates in one style: rows of a document share few of them. Nothing of a record is kept for others.

    Raises:
        TypeError: one is no text.
        ValueError: one is no date.
    """
    shown = formatter.filter("date", [("const", style)])

    def texts(values: Sequence[Any]) -> list[str]:
        "".join(values)  # none but texts: moments that are equal may be of several days
        known = {value: shown(value) for value in set(values)}
        return [known[value] for value in values]

    return texts


def decimals(values: Sequence[Any]) -> list[Decimal]:
    """Amounts written as `-1234.50`, as numbers.

    Raises:
        TypeError: one is no text.
        ValueError: one is written in another way.
    """
    whole = "\n".join(values)
    if _AMOUNTS.fullmatch(f"{whole}\n") is None or whole.count("\n") != len(values) - 1:
        raise ValueError
    return list(map(Decimal, values))


def escaping(marked: Callable[[str], str]) -> Texts:
    """Escapes texts that hold no controls.

    Args:
        marked: escapes a text, each character by itself, and leaves ends of lines as they are.
    """

    def texts(values: Sequence[str]) -> list[str]:
        whole = "\n".join(values)
        found = marked(whole)
        if found == whole:
            return list(values)
        parts = found.split("\n")
        if len(parts) != len(values):
            raise ValueError
        return parts

    return texts


def signing(formatter: Formatter, sign: Callable[[str], str]) -> Texts:
    """Gives the signs of amounts as they can stand in the text."""
    signs = [(mark, sign(mark)) for mark in (_MINUS, formatter.data.decimal, formatter.data.group)]
    changed = [(mark, other) for mark, other in dict(signs).items() if mark != other]

    def texts(values: Sequence[str]) -> list[str]:
        if not changed or not values:
            return list(values)
        whole = "\n".join(values)
        for mark, other in changed:
            whole = whole.replace(mark, other)
        return whole.split("\n")

    return texts
