"""What systems will be told of the use of their assets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pressrun_sources.feedback import (
    Archiving,
    Package,
    Standing,
    StandingReport,
    TakesStanding,
    TakesUsage,
    Usage,
)
from pressrun_sources.model import AssetRef

REF = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-000000000101")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
USAGE = Usage("run-7/hero", REF, REF.id, "v3", 1200, NOW, NOW + timedelta(hours=2), channel="print", region="DE")
STANDING = StandingReport("run-7/retired", REF, REF.id, "v3", Standing.RETIRED, NOW)


async def _no_chunks() -> AsyncIterator[bytes]:
    yield b"x"


PACKAGE = Package("run-7", "letters.pdf", "application/pdf", 1, "0" * 64, b"{}", (REF,), _no_chunks)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: replace(USAGE, key=""), "key"),
        (lambda: replace(USAGE, count=0), "usage.count"),
        (lambda: replace(USAGE, last_used=NOW - timedelta(seconds=1)), "usage.last_used"),
        (lambda: replace(USAGE, first_used=NOW.replace(tzinfo=None)), "has no zone"),
        (lambda: replace(STANDING, replaced_by=REF), "standing_report.replaced_by"),
        (lambda: replace(STANDING, at=NOW.replace(tzinfo=None)), "has no zone"),
        (lambda: replace(PACKAGE, size=0), "package.size"),
        (lambda: replace(PACKAGE, sha256="A" * 64), "package.sha256"),
    ],
)
def test_what_is_no_report(make: Callable[[], Any], named: str) -> None:
    """A report that could be counted twice, or says nothing, is refused with the field's name."""
    with pytest.raises(ValueError, match=named):
        make()


def test_a_source_has_what_its_system_can_take() -> None:
    """Who delivers reports asks a source what it takes."""

    class Counting:
        async def report_usage(self, reports: Sequence[Usage]) -> None:
            """Nothing."""

    source = Counting()
    assert isinstance(source, TakesUsage)
    assert not isinstance(source, TakesStanding | Archiving)
    assert replace(STANDING, standing=Standing.SUPERSEDED, replaced_by=REF).replaced_by == REF
