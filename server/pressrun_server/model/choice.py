"""What a slot's rule offers beside a plain asset ref: variants by locale, and what a query finds."""

from __future__ import annotations

import msgspec

__all__ = ["Choice", "Query"]


class Query(msgspec.Struct, frozen=True):
    """A choice by metadata, with the record's values in it."""

    source: str
    criteria: tuple[tuple[str, str], ...]
    """Name and value, all of which must hold."""
    text: str
    """As the template has it, for messages: nothing of the record is in it."""
    locale: str | None = None
    """Only assets in this language."""


class Choice(msgspec.Struct, frozen=True):
    """One thing to try for a slot."""

    ref: str = ""
    """The asset ref; empty where a query gives candidates."""
    query: Query | None = None
    locale: str = ""
    """The locale of the variant, `default` for the one without; empty where the rule has no variants."""
