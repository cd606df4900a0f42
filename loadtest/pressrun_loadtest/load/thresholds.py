"""Conditions under which a test has failed: `p99>50ms`, `errors>0.1%`, `rate<900`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from pressrun_loadtest.load.report import Report

__all__ = ["Threshold", "parse_threshold"]

_FORM = re.compile(
    r"\s*([a-z_0-9.]+)\s*(<=|>=|<|>)\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(us|µs|ms|s|%|MiB|/s)?\s*", re.IGNORECASE
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_FACTORS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "%": 0.01, "MiB": 1.0, "/s": 1.0, None: 1.0}
_UNITS = {"µs": "us", "μs": "us", "mib": "MiB"}
"""Other ways to write them, in small letters."""
_RANK = re.compile(r"(ttfb_|failed_)?(p(?:50|75|90|95|99|99\.9|99\.99)|mean|max)")
_VALUES: dict[str, tuple[Callable[[Report], float], tuple[str | None, ...]]] = {
    "rate": (lambda r: r.rate, ("/s", None)),
    "errors": (lambda r: r.error_share, ("%", None)),
    "unsent": (lambda r: float(r.not_sent), (None,)),
    "faults": (lambda r: float(len(r.faults)), (None,)),
    "stalls": (lambda r: float(r.stalls), (None,)),
    "cpu": (lambda r: r.node_cpu_ms, ("us", "ms", "s")),
    "memory": (lambda r: r.resident[1], ("MiB",)),
    "slope": (lambda r: r.memory_slope, ("MiB",)),
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition.

    Example:
        >>> parse_threshold("p99 > 50ms").limit
        50.0
    """

    text: str
    name: str
    sign: str
    limit: float
    """In milliseconds, shares, MiB, or documents."""

    def value(self, report: Report) -> float:
        """What the report has for it."""
        if match := _RANK.fullmatch(self.name):
            of = {"ttfb_": report.first_byte, "failed_": report.failure}.get(match[1], report.latency)
            # Nothing finished: no latency is good enough; nothing failed: none was too late.
            if not of.count:
                return 0.0 if of is report.failure else float("inf")
            return {"mean": of.mean, "max": of.most}.get(match[2], of.percentiles.get(match[2], 0.0))
        return _VALUES[self.name][0](report)

    def holds(self, report: Report) -> bool:
        """Whether the condition is met, so the test has failed."""
        return _COMPARE[self.sign](self.value(report), self.limit)


def parse_threshold(text: str) -> Threshold:
    """Read a condition; capitals mean what small letters do.

    Raises:
        ValueError: it is none; the message says what is valid.
    """
    match = _FORM.fullmatch(text)
    names = (
        "p50, p75, p90, p95, p99, p99.9, p99.99, mean, max (with ttfb_ before it: of the first byte, with failed_: "
        "until a document failed), "
        f"{', '.join(_VALUES)}"
    )
    if match is None:
        raise ValueError(
            f"{text!r} is no condition; write NAME>VALUE or NAME<VALUE, e.g. 'p99>50ms'; names are {names}"
        )
    name, sign, number, unit = match.groups()
    name, unit = name.lower(), unit and _UNITS.get(unit.lower(), unit.lower())
    units = ("us", "ms", "s") if _RANK.fullmatch(name) else _VALUES[name][1] if name in _VALUES else None
    if units is None:
        raise ValueError(f"{text!r}: there is no {name!r}; names are {names}")
    if unit not in units:
        raise ValueError(f"{text!r}: the unit of {name} is one of {', '.join(str(each or 'none') for each in units)}")
    return Threshold(text, name, sign, float(number) * _FACTORS[unit])
