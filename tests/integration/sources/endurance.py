"""What every system's connector promises while the system gives trouble, or its content changes during a job.

The second half of the suite, for connectors that speak to a system; see `conformance` for the first.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.sources.conformance import LIMITS, ORIGINAL, Harness, load

from pressrun_loadtest.sandbox.faults import Drip, FailWith, Fault
from pressrun_server.assets.describing import described
from pressrun_server.assets.requirement import Occasion, refusal
from pressrun_server.model.template import Requirement
from pressrun_sources.describing import DAY
from pressrun_sources.errors import (
    NotFoundError,
    RateLimitedError,
    SourceError,
    TimedOutError,
    UnauthenticatedError,
)
from pressrun_sources.model import Approval, AssetQuery, AssetRef
from pressrun_sources.protocol import Changing

__all__ = ["IDS", "Endurance", "SystemHarness"]

IDS = 10_000
LAST_DAY = "2030-12-31"


class SystemHarness(Harness):
    """A system whose state and weather can be changed."""

    pauses: list[float]
    """Seconds of each pause that a source made."""
    pages: int
    """Requests that a search over `IDS` hits takes."""
    many: AssetQuery
    """Finds what `fill` put there."""

    @abstractmethod
    def trouble(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next requests about assets, other than log-ins."""

    @abstractmethod
    def trouble_content(self, fault: Fault, times: int | None = 1) -> None:
        """Make trouble for the next downloads."""

    @abstractmethod
    def calm(self) -> None:
        """End all trouble."""

    @abstractmethod
    def replace(self, data: bytes) -> None:
        """Give `present` other bytes, which are approved too."""

    @abstractmethod
    def withdraw(self) -> None:
        """Take the approval of `present` away."""

    def note_change(self) -> None:
        """Change something about `present` that the system tells of when it is asked what has changed."""
        self.withdraw()

    @abstractmethod
    def expire(self, day: str) -> None:
        """Let the last day on which `present` may be used be this one."""

    @abstractmethod
    def fill(self) -> AssetRef:
        """Put `IDS` approved assets there; the one that must be selected."""

    @abstractmethod
    def searches(self) -> int:
        """How many requests for pages of a search came so far."""

    @abstractmethod
    def foreign(self) -> tuple[AssetRef, AssetQuery, str]:
        """An asset whose id (or where ids are UUIDs, its metadata) is not ASCII, what finds it, and its name."""


class Endurance:
    """The behaviours."""

    async def test_rate_limited_and_recovered(self, harness: SystemHarness) -> None:
        """A rate limit is told with its pause, and waited out for exactly as long where there are attempts left."""
        harness.trouble(FailWith(429, retry_after=7), 2)
        source = harness.make()
        with pytest.raises(RateLimitedError) as caught:
            await source.describe(harness.present)
        assert caught.value.retry_after == 7
        assert caught.value.transient
        patient = harness.make(replace(LIMITS, retries=1, timeout=30.0))
        assert (await patient.describe(harness.present)).ref == harness.present
        assert max(harness.pauses) >= 6.9

    async def test_unauthorised(self, harness: SystemHarness) -> None:
        """Refused credentials are this service's fault, do not pass by themselves, and are forgotten when mended."""
        source = harness.make(replace(LIMITS, retries=2))
        harness.trouble(FailWith(401), None)
        with pytest.raises(UnauthenticatedError) as caught:
            await source.describe(harness.present)
        assert not caught.value.transient
        assert not [secret for secret in harness.secrets if secret in str(caught.value) + caught.value.detail]
        harness.calm()
        assert (await source.describe(harness.present)).ref == harness.present

    async def test_passing_failures(self, harness: SystemHarness) -> None:
        """A 500 and a 503 are tried again, and the answer is the right one."""
        for status in (500, 503):
            harness.trouble(FailWith(status), 1)
            found = await harness.make(replace(LIMITS, retries=1)).describe(harness.present)
            assert found.ref == harness.present

    async def test_slow(self, harness: SystemHarness) -> None:
        """Bytes that come slowly come whole; those that take longer than allowed end in an error."""
        source = harness.make()
        description = await source.describe(harness.present)
        step = max(1, len(harness.content) // 10)
        harness.trouble_content(Drip(step, 20))
        assert await load(source, description) == harness.content
        harness.trouble_content(Drip(step, 100))
        with pytest.raises(TimedOutError):
            await load(harness.make(replace(LIMITS, timeout=0.4)), description)

    async def test_truncated_and_whole_again(self, harness: SystemHarness) -> None:
        """After a body that broke the next one is whole."""
        source = harness.make()
        description = await source.describe(harness.present)
        harness.break_content()
        with pytest.raises(SourceError):
            await load(source, description)
        assert await load(source, description) == harness.content

    async def test_replaced_during_a_job(self, harness: SystemHarness, picture: Callable[[], bytes]) -> None:
        """Bytes are those of the described version or an error that passes; a new description leads to the new ones."""
        source = harness.make()
        before, other = await source.describe(harness.present), picture()
        harness.replace(other)
        try:
            assert await load(source, before) == harness.content
        except SourceError as error:
            assert error.transient
        after = await source.describe(harness.present)
        assert after.version != before.version
        assert await load(source, after) == other

    async def test_withdrawn_during_a_job(self, harness: SystemHarness) -> None:
        """What was withdrawn is described as not approved, and no query gives it any more."""
        source = harness.make()
        assert await source.select(harness.hit) == harness.present
        harness.withdraw()
        assert (await source.describe(harness.present)).approval is not Approval.APPROVED
        with pytest.raises(NotFoundError):
            await source.select(harness.hit)

    async def test_tells_what_changed(self, harness: SystemHarness) -> None:
        """Where a source can be asked what has changed, it names what did since then, with another mark each time."""
        source = harness.make()
        if not isinstance(source, Changing):
            return
        assert source.polled
        await source.describe(harness.present)
        later = datetime.now(UTC) + timedelta(days=1)
        assert list(await source.changes(later)) == []
        begun = datetime.now(UTC) - timedelta(seconds=1)
        harness.note_change()
        first = dict(await source.changes(begun))
        assert harness.present in first
        harness.trouble(FailWith(503), None)
        with pytest.raises(SourceError):
            await source.changes(begun)
        harness.calm()
        await asyncio.sleep(1.1)  # the coarsest system tells whole seconds
        harness.note_change()
        assert dict(await source.changes(begun))[harness.present] != first[harness.present]

    async def test_rights_end_at_midnight(self, harness: SystemHarness) -> None:
        """A last day ends at midnight of the territory: earlier in Japan than in France."""
        harness.expire(LAST_DAY)
        found = await harness.make().describe(harness.present)
        assert found.rights_until == datetime(2031, 1, 1, tzinfo=UTC)
        assert found.rights_until.tzinfo is DAY
        everywhere = replace(found, territories=(), attributes=())
        descriptor = described(found.ref, everywhere, ORIGINAL, now=datetime(2030, 12, 1, tzinfo=UTC), seconds=60)
        for territory, offset in (("JP", 9), ("FR", 1), ("IS", 0)):
            midnight = datetime(2031, 1, 1, tzinfo=UTC) - timedelta(hours=offset)
            last = Occasion(midnight - timedelta(seconds=1), territory)
            assert refusal(Requirement(), descriptor, last) is None
            refused = refusal(Requirement(), descriptor, Occasion(midnight, territory))
            assert refused is not None
            assert refused.brief == f"rights ended {LAST_DAY}"

    @pytest.mark.timeout(180)  # 10,000 assets are put into a stand-in and read back, on a machine that may be busy
    async def test_pages_to_the_end(self, harness: SystemHarness) -> None:
        """Of ten thousand hits every page is read, and the right one is found."""
        wanted = harness.fill()
        source = harness.make(replace(LIMITS, timeout=60.0))
        before = harness.searches()
        assert await source.select(harness.many) == wanted
        assert harness.searches() - before == harness.pages

    async def test_unicode(self, harness: SystemHarness) -> None:
        """Ids, names and criteria in any script are found, described and loaded."""
        ref, query, name = harness.foreign()
        source = harness.make()
        assert await source.select(query) == ref
        found = await source.describe(ref)
        assert (found.ref, found.name) == (ref, name)
        assert await load(source, found) == harness.content
        assert AssetRef.parse(str(ref)) == ref
