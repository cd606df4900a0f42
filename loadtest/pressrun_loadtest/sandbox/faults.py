"""The trouble a stand-in can be told to make, and the box that says which trouble meets which request."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from pressrun_loadtest.sandbox.fields import BadInputError, Fields

__all__ = [
    "Corrupt",
    "Drip",
    "FailWith",
    "Fault",
    "FaultBox",
    "FaultRule",
    "Hang",
    "Latency",
    "Redirect",
    "Reset",
    "Truncate",
    "WrongContentType",
    "parse_rule",
]


_ALL = 100
"""Percent."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Wait before answering: `ms`, plus or minus up to `jitter_ms`."""

    kind: ClassVar[str] = "latency"

    ms: int
    jitter_ms: int = 0


@dataclass(frozen=True, slots=True)
class FailWith:
    """Answer with a status, in the system's own error form, instead of doing what was asked."""

    kind: ClassVar[str] = "status"

    status: int
    retry_after: int | None = None
    """Seconds for a `Retry-After` header; None sends none."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Take the request and never answer."""

    kind: ClassVar[str] = "hang"


@dataclass(frozen=True, slots=True)
class Truncate:
    """Announce the whole body, send the first bytes of it, close the connection."""

    kind: ClassVar[str] = "truncate"

    keep_bytes: int


@dataclass(frozen=True, slots=True)
class WrongContentType:
    """Send the right bytes under another content type."""

    kind: ClassVar[str] = "content-type"

    value: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the caller elsewhere."""

    kind: ClassVar[str] = "redirect"

    location: str
    status: int = 302


@dataclass(frozen=True, slots=True)
class Drip:
    """Send the body a few bytes at a time."""

    kind: ClassVar[str] = "drip"

    chunk_bytes: int
    pause_ms: int


@dataclass(frozen=True, slots=True)
class Reset:
    """Take the request and break the connection without an answer."""

    kind: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class Corrupt:
    """Send other bytes than the head speaks of: of the same length, under the right digests."""

    kind: ClassVar[str] = "corrupt"


Fault = Latency | FailWith | Hang | Truncate | WrongContentType | Redirect | Drip | Reset | Corrupt

_PARSERS: dict[str, Callable[[Fields], Fault]] = {
    Latency.kind: lambda f: Latency(f.integer("ms"), f.optional_integer("jitter_ms") or 0),
    FailWith.kind: lambda f: FailWith(_status(f.integer("status"), 400), f.optional_integer("retry_after")),
    Hang.kind: lambda _: Hang(),
    Truncate.kind: lambda f: Truncate(f.integer("keep_bytes")),
    WrongContentType.kind: lambda f: WrongContentType(f.text("value")),
    Redirect.kind: lambda f: Redirect(f.text("location"), _status(f.optional_integer("status") or 302, 300)),
    Reset.kind: lambda _: Reset(),
    Corrupt.kind: lambda _: Corrupt(),
    Drip.kind: lambda f: Drip(f.integer("chunk_bytes", minimum=1), f.integer("pause_ms")),
}


def _status(status: int, lowest: int) -> int:
    highest = 399 if lowest < 400 else 599  # noqa: PLR2004 - the classes of HTTP statuses
    if not lowest <= status <= highest:
        raise BadInputError(f"body.status: expected a status from {lowest} to {highest}, got {status}")
    return status


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault and the requests it meets."""

    fault: Fault
    path: str = "*"
    """Shell pattern over the request's path; `*` also crosses slashes."""
    method: str | None = None
    """One method, or None for all."""
    times: int | None = 1
    """How many requests it meets before it is used up; None means until it is taken away."""
    chance: float = 1.0
    """How probably it meets a request, from 0 to 1."""


def parse_rule(fields: Fields) -> FaultRule:
    """The rule that an admin body describes.

    Raises:
        BadInputError: the body is not understood; the text names the field and what would be valid.
    """
    kind = fields.choice("kind", _PARSERS)
    fault = _PARSERS[kind](fields)
    path = fields.optional_text("path") or "*"
    method = fields.optional_text("method")
    # Latency is weather, the others are accidents: it stays until taken away unless a number is given.
    default = None if kind == "latency" else 1
    percent = fields.optional_integer("percent", minimum=1)
    if percent is not None and percent > _ALL:
        raise BadInputError(f"body.percent: expected a whole number from 1 to {_ALL}, got {percent}")
    # What happens by chance is weather too.
    default = default if percent is None else None
    times = None if fields.optional_boolean("always") else fields.optional_integer("times", minimum=1) or default
    fields.finish()
    return FaultRule(fault, path, method.upper() if method else None, times, (percent or _ALL) / _ALL)


class FaultBox:
    """The faults of one app. One request meets at most one latency and one other fault, oldest rule first."""

    def __init__(self) -> None:
        # Seeded: two runs of the same test meet the same trouble.
        self._dice = random.Random(20260101)  # noqa: S311 - simulated weather, no secret
        self._rules: dict[int, tuple[FaultRule, int | None]] = {}
        self._ids = itertools.count(1)

    def add(self, rule: FaultRule) -> int:
        """Put a rule in; the id takes it away again."""
        number = next(self._ids)
        self._rules[number] = (rule, rule.times)
        return number

    def remove(self, number: int) -> bool:
        """Take a rule away; False when it is not there (any more)."""
        return self._rules.pop(number, None) is not None

    def clear(self) -> None:
        """Take all rules away."""
        self._rules.clear()

    def take(self, method: str, path: str) -> tuple[Latency | None, Fault | None]:
        """The faults that meet this request; their rules are used up by one."""
        latency: Latency | None = None
        other: Fault | None = None
        for number, (rule, left) in list(self._rules.items()):
            if rule.method not in (None, method) or not fnmatchcase(path, rule.path):
                continue
            if rule.chance < 1 and self._dice.random() >= rule.chance:
                continue
            if isinstance(rule.fault, Latency):
                if latency is not None:
                    continue
                latency = rule.fault
            elif other is not None:
                continue
            else:
                other = rule.fault
            self._use(number, rule, left)
        return latency, other

    def report(self) -> list[dict[str, object]]:
        """The rules that are not used up, as JSON values."""
        return [
            {
                "id": number,
                "kind": rule.fault.kind,
                **asdict(rule.fault),
                "path": rule.path,
                "method": rule.method,
                "left": left,
                "percent": round(rule.chance * _ALL),
            }
            for number, (rule, left) in self._rules.items()
        ]

    def _use(self, number: int, rule: FaultRule, left: int | None) -> None:
        if left is None:
            return
        if left == 1:
            del self._rules[number]
        else:
            self._rules[number] = (rule, left - 1)
