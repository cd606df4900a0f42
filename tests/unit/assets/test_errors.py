from __future__ import annotations

import pytest

from pressrun_server.assets.errors import of_preparation, of_source
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.errors import (
    PreparerClosedError,
    PreparerCrashedError,
    PreparerMemoryError,
    PreparerTimeoutError,
)
from pressrun_sources import errors as source_errors
from pressrun_sources.errors import SourceError


def kinds() -> list[type[SourceError]]:
    """Every error that a source can raise."""
    return [
        kind
        for kind in vars(source_errors).values()
        if isinstance(kind, type) and issubclass(kind, SourceError) and kind is not SourceError
    ]


@pytest.mark.parametrize("kind", kinds())
def test_every_source_error_has_a_reason(kind: type[SourceError]) -> None:
    """Each kind becomes an asset's reason; what may pass offers a retry; the operator's detail stays apart."""
    trouble = of_source(kind("core-dam", None, "it went wrong", "token endpoint said 500"))
    assert trouble.reason.startswith("ASSET_")
    assert trouble.text.startswith("it went wrong; ")
    assert "token" not in trouble.text
    assert trouble.detail == "token endpoint said 500"
    assert (trouble.retry_after is not None) == kind.usually_transient
    if trouble.retry_after is not None:
        assert trouble.reason is Reason.ASSET_UNAVAILABLE


def test_a_sources_own_waiting_time_is_passed_on() -> None:
    """Retry-After of a rate limit reaches the caller."""
    assert (
        of_source(source_errors.RateLimitedError("cloudinary", None, "slow down", retry_after=7.5)).retry_after == 7.5
    )


@pytest.mark.parametrize(
    ("error", "reason", "again"),
    [
        (PressrunError(Reason.ASSET_INVALID, "the file is HTML"), Reason.ASSET_INVALID, False),
        (PressrunError(Reason.ASSET_TOO_LARGE, "too many pixels"), Reason.ASSET_TOO_LARGE, False),
        (PreparerCrashedError("image", "signal 11"), Reason.ASSET_INVALID, False),
        (PreparerTimeoutError("image", "30 s"), Reason.ASSET_TOO_LARGE, False),
        (PreparerMemoryError("image", 1), Reason.ASSET_TOO_LARGE, False),
        (PreparerClosedError(), Reason.ASSET_UNAVAILABLE, True),
        (PressrunError(Reason.QUEUE_FULL, "many wait", retry_after=2), Reason.ASSET_UNAVAILABLE, True),
    ],
)
def test_what_comes_of_preparing(error: PressrunError, reason: Reason, again: bool) -> None:  # noqa: FBT001
    """The image's own faults keep their reason, the machinery's become an asset's; only passing ones offer a retry."""
    trouble = of_preparation(error)
    assert trouble.reason is reason
    assert error.message in trouble.text
    assert (trouble.retry_after is not None) == again
