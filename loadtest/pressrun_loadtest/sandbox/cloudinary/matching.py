"""Whether an asset meets a search expression: the values that fields have, and how operators compare them.

Documented: `:` matches words, `=` matches exactly, relative dates and sizes. Inferred: letter case does not matter
to `:`, a size of `1m` is 1,048,576, and `1d` means the moment one day ago.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

from pressrun_loadtest.sandbox.clock import parse_time
from pressrun_loadtest.sandbox.cloudinary.query import And, Bound, Expression, Not, Or, Range, Term
from pressrun_loadtest.sandbox.cloudinary.store import Asset

__all__ = ["FieldValue", "field_values", "matches"]

FieldValue = str | int | float | datetime

_SIMPLE: dict[str, Callable[[Asset], FieldValue]] = {
    "asset_id": lambda a: a.asset_id,
    "public_id": lambda a: a.public_id,
    "display_name": lambda a: a.display_name,
    "filename": lambda a: a.public_id.rpartition("/")[2],
    "folder": lambda a: a.public_id.rpartition("/")[0],
    "asset_folder": lambda a: a.asset_folder,
    "resource_type": lambda a: a.resource_type,
    "type": lambda a: a.type,
    "format": lambda a: a.format,
    "bytes": lambda a: len(a.data),
    "width": lambda a: a.picture.width,
    "height": lambda a: a.picture.height,
    "aspect_ratio": lambda a: a.picture.width / a.picture.height,
    "created_at": lambda a: a.created,
    "uploaded_at": lambda a: a.uploaded,
    "last_updated": lambda a: a.updated,
    "moderation_status": lambda a: a.moderation_status or "",
    "status": lambda _: "active",
}

_COMPARISONS: dict[str, Callable[[int], bool]] = {
    ":": lambda order: order == 0,
    "=": lambda order: order == 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
}

_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_AGES = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "m": timedelta(days=30)}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(k|m|g)?b?", re.IGNORECASE)
_AGE = re.compile(r"(\d+)([hdwm])")
_WORD = re.compile(r"\w+")


def field_values(asset: Asset, field: str) -> tuple[FieldValue, ...]:
    """The values of a field; none for a field that is unknown or not set."""
    if field in _SIMPLE:
        value = _SIMPLE[field](asset)
        return () if value == "" else (value,)
    kind, _, name = field.partition(".")
    if field == "tags":
        return asset.tags
    if kind == "context" and name in asset.context:
        return (asset.context[name],)
    if kind == "metadata" and name in asset.metadata:
        stored = asset.metadata[name]
        return stored if isinstance(stored, tuple) else (stored,)
    return ()


def matches(asset: Asset, expression: Expression, now: datetime) -> bool:
    """Whether the asset meets the expression at this moment."""
    match expression:
        case And(parts):
            return all(matches(asset, part, now) for part in parts)
        case Or(parts):
            return any(matches(asset, part, now) for part in parts)
        case Not(inner):
            return not matches(asset, inner, now)
        case Range(field, low, high):
            return any(_within(value, low, high, now) for value in field_values(asset, field))
        case Term():
            return any(_compare(value, expression, now) for value in _term_values(asset, expression))
    assert_never(expression)


def _term_values(asset: Asset, term: Term) -> tuple[FieldValue, ...]:
    if term.field is not None:
        return field_values(asset, term.field)
    return (asset.public_id, asset.display_name, *asset.tags, *asset.context.values())


def _compare(value: FieldValue, term: Term, now: datetime) -> bool:
    if isinstance(value, str) and term.operator in (":", "="):
        return _same_text(value, term)
    order = _order(value, term.value, now)
    return order is not None and _COMPARISONS[term.operator](order)


def _same_text(value: str, term: Term) -> bool:
    if term.prefix:
        prefix = term.value.casefold()
        return any(text.startswith(prefix) for text in (value.casefold(), *_WORD.findall(value.casefold())))
    if term.operator == "=":
        return value == term.value
    words, wanted = _WORD.findall(value.casefold()), _WORD.findall(term.value.casefold())
    return bool(wanted) and any(words[i : i + len(wanted)] == wanted for i in range(len(words)))


def _within(value: FieldValue, low: Bound, high: Bound, now: datetime) -> bool:
    for bound, direction in ((low, 1), (high, -1)):
        if not bound.value:
            continue
        order = _order(value, bound.value, now)
        if order is None or order * direction < 0 or (order == 0 and not bound.inclusive):
            return False
    return True


def _order(value: FieldValue, text: str, now: datetime) -> int | None:
    """Below, equal or above zero, reading `text` as the same kind of thing as `value`; None when it is not."""
    if isinstance(value, str):
        return int(value > text) - int(value < text)
    if isinstance(value, datetime):
        moment = _moment(text, now)
        return None if moment is None else int(value > moment) - int(value < moment)
    size = _SIZE.fullmatch(text)
    if size is None:
        return None
    number = float(size[1]) * _SIZES[(size[2] or "").lower()]
    return int(value > number) - int(value < number)


def _moment(text: str, now: datetime) -> datetime | None:
    age = _AGE.fullmatch(text)
    if age:
        return now - int(age[1]) * _AGES[age[2]]
    try:
        return parse_time(text)
    except ValueError:
        return None
