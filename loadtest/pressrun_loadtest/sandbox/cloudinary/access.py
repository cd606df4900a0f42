"""Access control windows: when an asset may be delivered without a token."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pressrun_loadtest.sandbox.clock import iso_seconds
from pressrun_loadtest.sandbox.fields import BadInputError, Fields

__all__ = ["AccessRule", "open_to_all", "read_rules", "rules_from_json"]


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One entry of `access_control`."""

    access_type: str
    """`anonymous`, or `token`: opens only to holders of a token, which this stand-in never issues."""
    start: datetime | None = None
    end: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """The entry as the API shows it."""
        body = {"access_type": self.access_type}
        if self.start is not None:
            body["start"] = iso_seconds(self.start)
        if self.end is not None:
            body["end"] = iso_seconds(self.end)
        return body

    def opens(self, now: datetime) -> bool:
        """Whether this entry lets everybody in now."""
        started = self.start is None or self.start <= now
        ended = self.end is not None and self.end < now
        return self.access_type == "anonymous" and started and not ended


def open_to_all(rules: tuple[AccessRule, ...], now: datetime) -> bool:
    """Without rules an asset is open; with rules at least one must open it."""
    return not rules or any(rule.opens(now) for rule in rules)


def read_rules(items: Iterable[Fields]) -> tuple[AccessRule, ...]:
    """Rules from a list of mappings.

    Raises:
        BadInputError: an entry is not understood.
    """
    rules = []
    for item in items:
        rules.append(
            AccessRule(
                item.choice("access_type", ("anonymous", "token")),
                item.optional_time("start"),
                item.optional_time("end"),
            )
        )
        item.optional_text("key")
        item.finish()
    return tuple(rules)


def rules_from_json(value: object) -> tuple[AccessRule, ...]:
    """Rules from the `access_control` parameter: JSON text, or the list itself.

    Raises:
        BadInputError: it is not understood.
    """
    try:
        listed = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise BadInputError(f"access_control: not JSON ({error})") from error
    return read_rules(Fields({"access_control": listed}, "update").items("access_control"))
