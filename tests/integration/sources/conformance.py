"""What every source promises, whatever system stands behind it.

A connector joins by a `Harness` and a subclass of `Conformance` with a fixture `harness`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from pressrun_sources.describing import in_force
from pressrun_sources.errors import (
    DeniedError,
    InvalidReferenceError,
    NotFoundError,
    SourceError,
    TimedOutError,
    TooLargeError,
    UnavailableError,
)
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.protocol import MOST_RANKED, AssetBody, Ranking, Source
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.hosts import AllowList

LOOPBACK = AllowList(networks=(ip_network("127.0.0.0/8"),))
LIMITS = TransportConfig(timeout=5.0, read_timeout=5.0, retries=0, allowed=LOOPBACK)
ORIGINAL = Rendition()


class Harness(ABC):
    """A system with known content, and the trouble it can be made to give."""

    present: AssetRef
    """Approved, within its rights."""
    content: bytes
    """The bytes of its original."""
    media_type: str
    absent: AssetRef
    senseless: AssetRef
    """Cannot be a ref of this source."""
    unapproved: AssetRef
    expired: AssetRef
    hit: AssetQuery
    """Finds `present` and nothing else."""
    miss: AssetQuery
    secrets: tuple[str, ...]

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str, int]] = []

    @abstractmethod
    def make(self, limits: TransportConfig = LIMITS) -> Source:
        """A source with these limits; the harness closes it."""

    @abstractmethod
    def remove(self) -> None:
        """Take `present` away."""

    @abstractmethod
    def deny_content(self) -> None:
        """Refuse the bytes of `present` from now on."""

    @abstractmethod
    def hang(self) -> None:
        """Never answer again."""

    @abstractmethod
    def break_content(self) -> None:
        """Give bytes of `present` that are not the whole of it, once."""

    def observe(self, source: str, outcome: str, seconds: float, size: int) -> None:
        """The observer of every source made."""
        assert seconds >= 0
        self.outcomes.append((source, outcome, size))


async def read(body: AssetBody) -> bytes:
    """All bytes of a body."""
    return b"".join([chunk async for chunk in body.chunks()])


async def load(source: Source, description: AssetDescription, rendition: Rendition = ORIGINAL) -> bytes:
    """All bytes of a rendition."""
    async with source.open(description, rendition) as body:
        return await read(body)


class Conformance:
    """The behaviours."""

    async def test_describes(self, harness: Harness) -> None:
        """A description names version, type and size, is approved and within its rights."""
        source = harness.make()
        found = await source.describe(harness.present)
        assert found.ref == harness.present
        assert found.asset_id
        assert found.version
        assert found.media_type == harness.media_type
        assert found.size == len(harness.content)
        assert found.approval is Approval.APPROVED
        assert not found.deleted
        assert await source.describe(harness.present) == found

    async def test_opens(self, harness: Harness) -> None:
        """The original comes whole, with its type and size."""
        source = harness.make()
        description = await source.describe(harness.present)
        async with source.open(description, ORIGINAL) as body:
            assert body.media_type == harness.media_type
            assert body.size == len(harness.content)
            assert await read(body) == harness.content

    async def test_absent(self, harness: Harness) -> None:
        """An asset that is not there is not found, and the message names it."""
        with pytest.raises(NotFoundError) as caught:
            await harness.make().describe(harness.absent)
        assert caught.value.ref == harness.absent
        assert harness.absent.id in str(caught.value)
        assert not caught.value.transient

    async def test_senseless(self, harness: Harness) -> None:
        """A ref that cannot be one of this source is refused without asking the system."""
        with pytest.raises(InvalidReferenceError) as caught:
            await harness.make().describe(harness.senseless)
        assert caught.value.ref == harness.senseless
        assert harness.outcomes in ([], [(harness.present.source, "invalid_reference", 0)])

    async def test_gone(self, harness: Harness) -> None:
        """Bytes of an asset that went away after it was described are not found."""
        source = harness.make()
        description = await source.describe(harness.present)
        harness.remove()
        with pytest.raises(NotFoundError):
            await load(source, description)

    async def test_judgement_is_the_callers(self, harness: Harness) -> None:
        """Unapproved and expired assets are described as what they are, not refused."""
        source = harness.make()
        unapproved, expired = await source.describe(harness.unapproved), await source.describe(harness.expired)
        assert unapproved.approval is Approval.PENDING
        assert expired.rights_until is not None
        assert expired.rights_until.tzinfo is not None
        assert expired.rights_until.year < 2026

    async def test_selects(self, harness: Harness) -> None:
        """A query finds the one approved asset that meets it, and always the same."""
        source = harness.make()
        assert await source.select(harness.hit) == harness.present
        assert await source.select(harness.hit) == harness.present

    async def test_ranks(self, harness: Harness) -> None:
        """Where a source gives several candidates, all are its own, and the one that it would select is among them."""
        source = harness.make()
        if not isinstance(source, Ranking):
            return
        ranked = await source.rank(harness.hit)
        assert harness.present in ranked
        assert len(set(ranked)) == len(ranked) <= MOST_RANKED
        usable = [
            ref
            for ref in ranked
            if (found := await source.describe(ref)).approval is Approval.APPROVED
            and in_force(found, datetime.now(UTC))
        ]
        assert usable[0] == harness.present
        with pytest.raises(NotFoundError):
            await source.rank(harness.miss)

    async def test_selects_nothing(self, harness: Harness) -> None:
        """A query that nothing meets is not found, and the message repeats its criteria."""
        with pytest.raises(NotFoundError) as caught:
            await harness.make().select(harness.miss)
        assert str(harness.miss) in str(caught.value)

    async def test_read_once(self, harness: Harness) -> None:
        """The chunks of a body cannot be read twice."""
        source = harness.make()
        async with source.open(await source.describe(harness.present), ORIGINAL) as body:
            await read(body)
            with pytest.raises(RuntimeError, match="once"):
                await read(body)

    async def test_leaving_early(self, harness: Harness) -> None:
        """A body that is left unread gives its place back."""
        source = harness.make(replace(LIMITS, max_concurrency=1, timeout=2.0))
        description = await source.describe(harness.present)
        for _ in range(3):
            async with source.open(description, ORIGINAL) as body, aclosing(body.chunks()) as chunks:  # type: ignore[type-var]
                assert await anext(chunks)
        assert await load(source, description) == harness.content
        assert [outcome for _, outcome, _ in harness.outcomes].count("cancelled") in (0, 3)

    async def test_errors_of_the_reader_pass(self, harness: Harness) -> None:
        """What goes wrong in the reader's own code is not taken for a failure of the source."""
        source = harness.make()
        description = await source.describe(harness.present)
        with pytest.raises(ValueError, match="mine"):
            async with source.open(description, ORIGINAL):
                raise ValueError("mine")

    async def test_too_large(self, harness: Harness) -> None:
        """An asset over the limit is refused, whatever it announced."""
        description = await harness.make().describe(harness.present)
        with pytest.raises(TooLargeError) as caught:
            await load(harness.make(replace(LIMITS, max_bytes=len(harness.content) - 1)), description)
        assert str(len(harness.content) - 1) in str(caught.value)
        assert caught.value.ref == harness.present

    async def test_denied(self, harness: Harness) -> None:
        """Bytes that the system does not give away are denied."""
        source = harness.make()
        description = await source.describe(harness.present)
        harness.deny_content()
        with pytest.raises(DeniedError) as caught:
            await load(source, description)
        assert not caught.value.transient

    async def test_times_out(self, harness: Harness) -> None:
        """A system that never answers costs no more than the time limit."""
        source = harness.make(replace(LIMITS, timeout=0.1))
        description = await harness.make().describe(harness.present)
        harness.hang()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(TimedOutError) as caught:
            await source.describe(harness.present)
        with pytest.raises(TimedOutError):
            await load(source, description)
        assert loop.time() - begun < 1.5
        assert caught.value.transient

    async def test_cancelled(self, harness: Harness) -> None:
        """A call that is cancelled gives its place back."""
        source = harness.make(replace(LIMITS, max_concurrency=1, timeout=0.15))
        # Any log-in is shared, and so is not cancelled with the call; it is over after this one.
        await source.describe(harness.present)
        harness.hang()
        task = asyncio.create_task(source.describe(harness.present))
        await asyncio.sleep(0.03)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(TimedOutError):
            await source.describe(harness.present)
        assert tuple(outcome for _, outcome, _ in harness.outcomes[-2:]) == ("cancelled", "timed_out")

    async def test_never_half(self, harness: Harness) -> None:
        """A body that is not the whole asset ends in an error, never quietly."""
        source = harness.make()
        description = await source.describe(harness.present)
        harness.break_content()
        with pytest.raises(SourceError) as caught:
            await load(source, description)
        assert caught.value.transient

    async def test_many_at_once(self, harness: Harness) -> None:
        """More calls than may run at once wait for each other."""
        source = harness.make(replace(LIMITS, max_concurrency=2))
        found = await asyncio.gather(*(source.describe(harness.present) for _ in range(10)))
        assert len(set(found)) == 1

    async def test_observed(self, harness: Harness) -> None:
        """Each request is reported with its outcome and bytes."""
        source = harness.make()
        description = await source.describe(harness.present)
        with pytest.raises(NotFoundError):
            await source.describe(harness.absent)
        before = len(harness.outcomes)
        await load(source, description)
        assert (harness.present.source, "ok", len(harness.content)) in harness.outcomes[before:]
        assert {name for name, _, _ in harness.outcomes} == {harness.present.source}
        assert all(outcome in ("ok", "not_found") for _, outcome, _ in harness.outcomes)

    async def test_checks(self, harness: Harness) -> None:
        """A check passes when the system is there."""
        await harness.make().check()

    async def test_closes(self, harness: Harness) -> None:
        """Closing twice is harmless, and afterwards every call is refused."""
        source = harness.make()
        description = await source.describe(harness.present)
        await source.close()
        await source.close()
        for call in (source.describe(harness.present), source.select(harness.hit), source.check()):
            with pytest.raises(UnavailableError) as caught:
                await call
            assert not caught.value.transient
        with pytest.raises(UnavailableError):
            await load(source, description)

    async def test_no_secrets(self, harness: Harness) -> None:
        """No error and no repr tells a secret."""
        source = harness.make(replace(LIMITS, timeout=0.3))
        description = await source.describe(harness.present)
        texts = [repr(source), repr(description)]
        harness.deny_content()
        for call in (load(source, description), source.describe(harness.absent)):
            with pytest.raises(SourceError) as caught:
                await call
            texts += [str(caught.value), repr(caught.value), caught.value.detail]
        assert not [secret for secret in harness.secrets for text in texts if secret in text]
