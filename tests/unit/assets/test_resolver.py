from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, Node, Pick
from tests.unit.prepare.pictures import jpeg, png, rgb, rgba

from pressrun_server.assets.config import AssetConfig
from pressrun_server.cas.config import DiskConfig, StoreConfig
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.store import open_store
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_server.prepare.tasks import IMAGE
from pressrun_sources.errors import (
    DeniedError,
    RateLimitedError,
    TooLargeError,
    UnavailableError,
)
from pressrun_sources.model import Approval, Rendition

Resolved = tuple[list[AssetUse], list[RenderWarning]]
OTHER_BYTES = png(rgba())


async def resolve(node: Node, *picks: Pick) -> Resolved:
    """Resolve as a document of today does: at once if warm."""
    warm = node.resolver.resolve_warm(picks, as_of=AS_OF, channel="print")
    return warm if warm is not None else await node.resolver.resolve(picks, as_of=AS_OF, channel="print")


def warm(node: Node, *picks: Pick) -> Resolved | None:
    """Resolve without waiting."""
    return node.resolver.resolve_warm(picks, as_of=AS_OF, channel="print")


async def failure(node: Node, *picks: Pick) -> PressrunError:
    """Why it cannot be resolved."""
    with pytest.raises(PressrunError) as caught:
        await resolve(node, *picks)
    return caught.value


class TestColdAndWarm:
    """The way of an asset into the node."""

    async def test_cold(self, node: Node) -> None:
        """The first use asks the source, fetches, prepares, and describes what came from the bytes themselves."""
        assert warm(node, Pick()) is None
        (use,), warnings = await resolve(node, Pick())
        assert warnings == []
        assert (use.slot, use.found_in) == ("logo", "source")
        descriptor = use.descriptor
        assert (descriptor.ref, descriptor.rendition, descriptor.version) == (LOGO, "original", "1")
        assert descriptor.digest == Digest.of(LOGO_BYTES)
        assert (descriptor.media_type, descriptor.width, descriptor.height) == ("image/png", 96, 64)
        assert (descriptor.color_space, descriptor.approval) == ("srgb", "approved")
        assert descriptor.fetched_at == AS_OF
        assert descriptor.fresh_until == AS_OF + timedelta(seconds=300)
        assert await node.store.get(descriptor.digest) == LOGO_BYTES
        prepared = await node.store.get(use.prepared)
        assert prepared is not None
        assert IMAGE.decode(prepared).width == 96

    async def test_warm(self, node: Node) -> None:
        """The second use is answered without a wait, from memory, with equal digests, and nobody is asked."""
        (cold,), _ = await resolve(node, Pick())
        found = warm(node, Pick())
        assert found is not None
        ((use,), warnings) = found
        assert warnings == []
        assert use.found_in == "memory"
        assert (use.descriptor, use.prepared) == (cold.descriptor, cold.prepared)
        assert (node.source.described, node.source.opened, node.preparers.calls) == (1, 1, 1)

    async def test_warm_resolve_does_not_yield(self, node: Node) -> None:
        """`resolve` of one warm slot ends on the caller's own turn of the event loop."""
        await resolve(node, Pick())
        turns: list[int] = []
        asyncio.get_running_loop().call_soon(turns.append, 1)
        await node.resolver.resolve([Pick()], as_of=AS_OF, channel="print")
        # `asyncio.timeout` may schedule, but nothing else may have run before the answer was there.
        assert turns == []

    async def test_warm_costs_microseconds(self, node: Node) -> None:
        """Two warm slots cost tens of microseconds; the bound is loose, for busy machines."""
        node.source.put("banner.png", OTHER_BYTES)
        picks = (Pick(), Pick("library:banner.png", "banner"))
        await resolve(node, *picks)
        best = 1.0
        for _ in range(20):
            start = time.perf_counter()
            for _ in range(100):
                node.resolver.resolve_warm(picks, as_of=AS_OF, channel="print")
            best = min(best, (time.perf_counter() - start) / 100)
        assert best < 150e-6

    async def test_slots_keep_their_order(self, node: Node) -> None:
        """Uses come in the order of the selections, whichever arrives first."""
        for number in range(6):
            node.source.put(f"n{number}.png", png(rgb(20 + number, 20)))
        picks = [Pick(f"library:n{number}.png", f"slot{number}") for number in range(6)]
        uses, _ = await resolve(node, *picks)
        assert [use.slot for use in uses] == [pick.slot for pick in picks]
        assert [use.descriptor.width for use in uses] == [20 + number for number in range(6)]

    async def test_no_slots(self, node: Node) -> None:
        """A document without assets needs nothing."""
        assert warm(node) == ([], [])
        assert await node.resolver.resolve([], as_of=AS_OF, channel="print") == ([], [])

    async def test_renditions_are_entries_of_their_own(self, node: Node) -> None:
        """The source is asked for the rendition that the template wants, and the key tells renditions apart."""
        small = RenditionSpec(width=10, format="png")
        (one, two), _ = await resolve(node, Pick(), Pick(slot="small", rendition=small))
        assert [one.descriptor.rendition, two.descriptor.rendition] == ["original", "w=10,f=png"]
        assert node.source.renditions == [Rendition(), Rendition(width=10, format="png")]
        assert [found.rendition for found in await node.resolver.describe(LOGO)] == ["original", "w=10,f=png"]

    async def test_equal_bytes_are_prepared_once(self, node: Node) -> None:
        """Two assets that are the same file share one prepared blob."""
        node.source.put("copy.png", LOGO_BYTES)
        (one, two), _ = await resolve(node, Pick(), Pick("library:copy.png", "copy"))
        assert one.prepared == two.prepared
        assert node.preparers.calls == 1

    async def test_many_documents_ask_once(self, node: Node) -> None:
        """Two hundred documents that start cold together make one request of each kind."""
        found = await asyncio.gather(*(resolve(node, Pick()) for _ in range(200)))
        assert len({use.prepared for uses, _ in found for use in uses}) == 1
        assert (node.source.described, node.source.opened, node.preparers.calls) == (1, 1, 1)
        assert node.resolver.stats().joined == 199
        assert node.resolver.stats().in_flight == 0

    async def test_a_cancelled_document_does_not_disturb_another(self, node: Node) -> None:
        """The document that started the fetch is cancelled; the one that joined gets the asset."""
        node.source.gate = asyncio.Event()
        first, second = (asyncio.create_task(resolve(node, Pick())) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        node.source.gate.set()
        uses, _ = await second
        assert uses[0].descriptor.version == "1"
        assert node.source.described == 1

    async def test_when_all_leave_the_fetch_ends(self, node: Node) -> None:
        """Nothing goes on for documents that are gone."""
        node.source.gate = asyncio.Event()
        task = asyncio.create_task(resolve(node, Pick()))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.01)
        assert node.resolver.stats().in_flight == 0

    async def test_a_blob_that_was_evicted_is_fetched_again(self, node: Node) -> None:
        """A fresh entry whose blobs are gone from every tier brings the bytes back."""
        (use,), _ = await resolve(node, Pick())
        await node.store.delete(use.prepared)
        await node.store.delete(use.descriptor.digest)
        assert warm(node, Pick()) is None
        (again,), _ = await resolve(node, Pick())
        assert (again.found_in, again.prepared) == ("source", use.prepared)

    async def test_a_lost_prepared_blob_is_made_of_the_original(self, node: Node) -> None:
        """If only the prepared blob is gone, the source is not asked: the bytes are still here."""
        (use,), _ = await resolve(node, Pick())
        await node.store.delete(use.prepared)
        (again,), _ = await resolve(node, Pick())
        assert (again.found_in, again.prepared) == ("memory", use.prepared)
        assert (node.source.described, node.source.opened, node.preparers.calls) == (1, 1, 2)


class TestRequirements:
    """Approval and rights."""

    @pytest.mark.parametrize("approval", [one for one in Approval if one is not Approval.APPROVED])
    async def test_not_approved(self, node: Node, approval: Approval) -> None:
        """What is not approved is refused, with its approval and what to do; its bytes are not even fetched."""
        node.source.put("brand/logo.png", LOGO_BYTES, approval=approval)
        error = await failure(node, Pick())
        assert error.reason is Reason.ASSET_NOT_APPROVED
        assert "slot 'logo'" in error.message
        assert LOGO in error.message
        assert repr(str(approval)) in error.message
        assert error.metadata == {"slot": "logo", "ref": LOGO}
        assert node.source.opened == 0

    async def test_any_approval(self, node: Node) -> None:
        """A template that does not ask for approval gets what is there, and a strict one beside it does not."""
        node.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.PENDING)
        lax, strict = Pick(require=Requirement(approval="any")), Pick()
        outcomes = await asyncio.gather(resolve(node, strict), resolve(node, lax), return_exceptions=True)
        assert isinstance(outcomes[0], PressrunError)
        assert not isinstance(outcomes[1], BaseException)
        assert (await failure(node, strict)).reason is Reason.ASSET_NOT_APPROVED
        assert warm(node, lax) is not None

    @pytest.mark.parametrize(
        ("begins", "ends", "usable"),
        [(0, None, True), (1, None, False), (None, 0, False), (None, 1, True), (-5, 5, True), (-5, -1, False)],
    )
    async def test_rights_at_as_of(self, node: Node, begins: int | None, ends: int | None, usable: bool) -> None:  # noqa: FBT001
        """Rights cover the moment the document speaks of: from the first one on, up to the last, which is outside."""
        moments = [None if days is None else AS_OF + timedelta(days=days) for days in (begins, ends)]
        node.source.put("brand/logo.png", LOGO_BYTES, rights_from=moments[0], rights_until=moments[1])
        if usable:
            await resolve(node, Pick())
        else:
            error = await failure(node, Pick())
            assert error.reason is Reason.ASSET_RIGHTS
            assert AS_OF.isoformat() in error.message
            await resolve(node, Pick(require=Requirement(rights=False)))

    async def test_rights_are_judged_at_every_use(self, node: Node) -> None:
        """A warm asset is refused to a document that speaks of a later moment, without asking anybody."""
        node.source.put("brand/logo.png", LOGO_BYTES, rights_until=AS_OF + timedelta(days=1))
        await resolve(node, Pick())
        with pytest.raises(PressrunError) as caught:
            node.resolver.resolve_warm([Pick()], as_of=AS_OF + timedelta(days=1), channel="print")
        assert caught.value.reason is Reason.ASSET_RIGHTS
        assert warm(node, Pick()) is not None
        assert node.source.described == 1

    async def test_a_withdrawn_approval_counts_at_the_next_answer(self, node: Node) -> None:
        """Bytes that are here do not help an asset whose approval is gone when its source is asked again."""
        await resolve(node, Pick())
        node.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.RETIRED)
        assert warm(node, Pick()) is not None
        node.clock.pass_by(301)
        assert (await failure(node, Pick())).reason is Reason.ASSET_NOT_APPROVED

    async def test_a_new_approval_counts_soon(self, node: Node) -> None:
        """An unapproved asset is asked for again after seconds, not minutes; its bytes are fetched then."""
        node.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.PENDING)
        await failure(node, Pick())
        node.source.put("brand/logo.png", LOGO_BYTES)
        assert (await failure(node, Pick())).reason is Reason.ASSET_NOT_APPROVED
        node.clock.pass_by(11)
        assert (await resolve(node, Pick()))[0][0].found_in == "source"


class TestFreshness:
    """How long an answer is believed."""

    async def test_an_unchanged_asset_is_revalidated_without_its_bytes(self, node: Node) -> None:
        """When the answer is old the source is asked what is new, and nothing is fetched if nothing is."""
        (first,), _ = await resolve(node, Pick())
        node.clock.pass_by(301)
        assert warm(node, Pick()) is None
        (second,), _ = await resolve(node, Pick())
        assert (node.source.described, node.source.opened) == (2, 1)
        assert second.found_in == "memory"
        assert second.descriptor.fresh_until == first.descriptor.fresh_until + timedelta(seconds=301)
        assert replace_times(second) == replace_times(first)
        assert warm(node, Pick()) is not None

    @pytest.mark.parametrize("change", [{"version": "2"}, {"asset_id": "other"}, {"etag": "new"}])
    async def test_a_changed_asset_is_fetched(self, node: Node, change: dict[str, str]) -> None:
        """Another version, id or entity tag brings the new bytes."""
        node.source.put("brand/logo.png", LOGO_BYTES, etag="old")
        await resolve(node, Pick())
        node.source.put("brand/logo.png", OTHER_BYTES, **{"etag": "old", **change})
        assert (await resolve(node, Pick()))[0][0].descriptor.digest == Digest.of(LOGO_BYTES), "still fresh"
        node.clock.pass_by(301)
        (use,), _ = await resolve(node, Pick())
        assert use.descriptor.digest == Digest.of(OTHER_BYTES)
        assert use.found_in == "source"

    async def test_refreshes_ahead(self, node: Node) -> None:
        """In the last fifth of its freshness a use starts one revalidation beside it, and nobody waits."""
        await resolve(node, Pick())
        node.clock.pass_by(200)
        warm(node, Pick())
        await asyncio.sleep(0.01)
        assert node.source.described == 1
        node.clock.pass_by(50)
        for _ in range(5):
            assert warm(node, Pick()) is not None
        await asyncio.sleep(0.01)
        assert node.source.described == 2
        node.clock.pass_by(60)
        assert warm(node, Pick()) is not None, "it would be stale by now"
        assert node.resolver.stats().refreshed == 1

    async def test_a_withdrawal_is_seen_by_the_refresh(self, node: Node) -> None:
        """A refresh that finds the asset gone takes it out of use at once."""
        await resolve(node, Pick())
        del node.source.assets["brand/logo.png"]
        node.clock.pass_by(250)
        assert warm(node, Pick()) is not None
        await asyncio.sleep(0.01)
        with pytest.raises(PressrunError):
            warm(node, Pick())

    async def test_a_failing_refresh_does_not_hammer(self, node: Node) -> None:
        """While the source is down a refresh is tried at its pace, and the fresh answer stays in use."""
        await resolve(node, Pick())
        node.source.failure = UnavailableError("library", None, "down")
        node.clock.pass_by(250)
        for _ in range(20):
            assert warm(node, Pick()) is not None
            await asyncio.sleep(0.001)
        assert node.source.described == 2

    async def test_freshness_is_jittered(self) -> None:
        """Answers of one moment do not all get old at one moment."""
        chances = iter([0.0, 0.5, 1.0])
        node = Node()
        node.resolver._lookup._bringing._chance = lambda: next(chances)
        for number in range(3):
            node.source.put(f"{number}.png", LOGO_BYTES)
        uses, _ = await resolve(node, *(Pick(f"library:{number}.png", str(number)) for number in range(3)))
        lives = sorted((use.descriptor.fresh_until - AS_OF).total_seconds() for use in uses)
        assert lives == [240, 270, 300]

    async def test_stale_if_the_source_is_down(self, node: Node) -> None:
        """For a while an old answer is used with a warning, the source left alone between tries; then it is an error."""
        await resolve(node, Pick())
        node.source.failure = UnavailableError("library", None, "library is down")
        node.clock.pass_by(301)
        for _ in range(3):
            uses, warnings = await resolve(node, Pick())
            assert uses[0].descriptor.digest == Digest.of(LOGO_BYTES)
            assert [warning.code for warning in warnings] == ["ASSET_STALE"]
        assert node.source.described == 2
        node.clock.pass_by(2)
        await resolve(node, Pick())
        assert node.source.described == 3
        node.clock.pass_by(298)
        assert (await failure(node, Pick())).reason is Reason.ASSET_UNAVAILABLE
        node.source.failure = None
        node.clock.pass_by(2)
        uses, warnings = await resolve(node, Pick())
        assert (uses[0].found_in, warnings) == ("memory", [])
        assert node.source.opened == 1

    async def test_stale_never_past_rights(self, node: Node) -> None:
        """A source that is down does not lengthen anybody's rights."""
        node.source.put("brand/logo.png", LOGO_BYTES, rights_until=AS_OF + timedelta(seconds=400))
        await resolve(node, Pick())
        node.source.failure = UnavailableError("library", None, "library is down")
        node.clock.pass_by(410)
        with pytest.raises(PressrunError) as caught:
            await node.resolver.resolve([Pick()], as_of=node.clock.now(), channel="print")
        assert caught.value.reason is Reason.ASSET_RIGHTS

    async def test_stale_use_can_be_switched_off(self) -> None:
        """With no leniency an old answer is not used at all."""
        node = Node(AssetConfig(stale_if_error_seconds=0))
        await resolve(node, Pick())
        node.source.failure = UnavailableError("library", None, "library is down")
        node.clock.pass_by(301)
        assert (await failure(node, Pick())).reason is Reason.ASSET_UNAVAILABLE


def replace_times(use: AssetUse) -> object:
    """A descriptor without its times."""
    fields = {name: getattr(use.descriptor, name) for name in use.descriptor.__struct_fields__}
    del fields["fetched_at"], fields["fresh_until"]
    return fields


class TestFailures:
    """What cannot be had."""

    async def test_not_found(self, node: Node) -> None:
        """A missing asset names slot, ref and what to do, and is asked for once in ten seconds."""
        pick = Pick("library:nope.png", "banner")
        for _ in range(3):
            error = await failure(node, pick)
            assert error.reason is Reason.ASSET_NOT_FOUND
            assert error.message.startswith("slot 'banner': asset library:nope.png: ")
            assert "check the ref" in error.message
        assert node.source.described == 1
        with pytest.raises(PressrunError):
            warm(node, pick)
        node.source.put("nope.png", LOGO_BYTES)
        node.clock.pass_by(11)
        assert (await resolve(node, pick))[0] != []

    async def test_withdrawn(self, node: Node) -> None:
        """An asset that its source marks as deleted is not there."""
        node.source.put("brand/logo.png", LOGO_BYTES, deleted=True)
        error = await failure(node, Pick())
        assert error.reason is Reason.ASSET_NOT_FOUND
        assert "withdrawn" in error.message

    async def test_unavailable(self, node: Node) -> None:
        """A source in trouble is retryable, left alone for a second, and asked again then."""
        node.source.failure = UnavailableError("library", None, "library is down", "connection refused by 10.1.2.3")
        for _ in range(5):
            error = await failure(node, Pick())
            assert error.reason is Reason.ASSET_UNAVAILABLE
            assert error.retry_after is not None
            assert "10.1.2.3" not in error.message
            assert "10.1.2.3" in error.detail
        assert node.source.described == 1
        node.source.failure = None
        node.clock.pass_by(1.1)
        await resolve(node, Pick())

    async def test_a_rate_limit_is_kept(self, node: Node) -> None:
        """A source that asks for five seconds gets them."""
        node.source.failure = RateLimitedError("library", None, "slow down", retry_after=5.0)
        assert (await failure(node, Pick())).retry_after == 5.0
        node.clock.pass_by(4.5)
        await failure(node, Pick())
        assert node.source.described == 1
        node.clock.pass_by(1)
        await failure(node, Pick())
        assert node.source.described == 2

    async def test_denied_and_too_large(self, node: Node) -> None:
        """What the source refuses on opening has its reason, and its connection is given back."""
        node.source.failure_on_open = TooLargeError("library", None, "it has 1 GB; the most is 64 MB")
        assert (await failure(node, Pick())).reason is Reason.ASSET_TOO_LARGE
        node.clock.pass_by(11)
        node.source.failure_on_open = DeniedError("library", None, "library does not let this service have it")
        error = await failure(node, Pick())
        assert error.reason is Reason.ASSET_UNAVAILABLE
        assert error.retry_after is None
        assert node.source.open_now == 0

    @pytest.mark.parametrize(
        ("ref", "words"),
        [("logo.png", "the source is missing"), ("nix:logo.png", "configured are library"), ("library:%zz", "percent")],
    )
    async def test_refs_that_cannot_be(self, node: Node, ref: str, words: str) -> None:
        """A ref that is none, or of an unknown source, says what is wrong and what would be valid."""
        error = await failure(node, Pick(ref))
        assert error.reason is Reason.ASSET_INVALID
        assert words in error.message

    async def test_a_rendition_that_cannot_be(self, node: Node) -> None:
        """A rendition out of range is named."""
        error = await failure(node, Pick(rendition=RenditionSpec(quality=400)))
        assert error.reason is Reason.ASSET_INVALID
        assert "rendition.quality" in error.message

    @pytest.mark.parametrize(
        ("data", "reason", "words"),
        [
            (b"<!doctype html><h1>Login</h1>", Reason.ASSET_INVALID, "the file is HTML, not an image"),
            (LOGO_BYTES[:40], Reason.ASSET_INVALID, ""),
            (b"", Reason.ASSET_INVALID, "empty"),
            (bytes(2_000_000), Reason.ASSET_TOO_LARGE, "more than 1000000 bytes"),
        ],
    )
    async def test_bytes_that_are_no_image(self, data: bytes, reason: Reason, words: str) -> None:
        """Bytes are judged by what they are; too many are not read to the end."""
        node = Node(AssetConfig(max_bytes=1_000_000))
        node.source.put("brand/logo.png", data)
        node.preparers.failure = PressrunError(Reason.ASSET_INVALID, "damaged")
        error = await failure(node, Pick())
        assert error.reason is reason
        assert words in error.message
        assert error.metadata == {"slot": "logo", "ref": LOGO}
        await failure(node, Pick())
        assert node.source.opened == 1, "it is left alone for a while"
        assert node.source.open_now == 0

    async def test_a_preparer_that_was_taken_over(self, node: Node) -> None:
        """What a preparer answers is checked before it is stored."""
        for answer in (b"\xc1", b"", IMAGE_OUT_OF_RANGE):
            node.preparers.answer = answer
            assert (await failure(node, Pick())).reason is Reason.ASSET_INVALID
            node.clock.pass_by(11)
        node.preparers.answer = None
        await resolve(node, Pick())

    async def test_a_busy_node_is_retryable(self, node: Node) -> None:
        """No room among the preparers is no fault of the asset."""
        node.preparers.failure = PressrunError(Reason.QUEUE_FULL, "1000 tasks wait", retry_after=1.0)
        error = await failure(node, Pick())
        assert (error.reason, error.retry_after) == (Reason.ASSET_UNAVAILABLE, 1.0)

    async def test_the_first_slot_in_order_is_named(self, node: Node) -> None:
        """Of several failures the first slot's is told, whichever fails first; others are brought all the same."""
        node.source.gate = asyncio.Event()
        task = asyncio.create_task(failure(node, Pick(), Pick("library:no.png", "a"), Pick("bad", "b")))
        await asyncio.sleep(0.01)
        node.source.gate.set()
        error = await task
        assert error.metadata["slot"] == "a"
        assert warm(node, Pick()) is not None

    async def test_a_source_that_never_answers(self) -> None:
        """After the time limit the document fails with a retryable error, and the fetch is given up."""
        node = Node(AssetConfig(resolve_seconds=0.05))
        node.source.gate = asyncio.Event()
        start = time.perf_counter()
        error = await failure(node, Pick())
        assert time.perf_counter() - start < 1
        assert error.reason is Reason.ASSET_UNAVAILABLE
        assert error.retry_after is not None
        assert "within 0.05 s" in error.message
        await asyncio.sleep(0.01)
        assert node.resolver.stats().in_flight == 0

    async def test_one_fetch_has_a_limit_of_its_own(self) -> None:
        """However many documents wait one after another, a fetch that hangs ends."""
        node = Node(AssetConfig(fetch_seconds=0.05))
        node.source.gate = asyncio.Event()
        error = await failure(node, Pick())
        assert error.reason is Reason.ASSET_UNAVAILABLE

    async def test_a_defect_is_not_hidden(self, node: Node) -> None:
        """An exception that no source may raise comes through as it is, and is not remembered."""
        node.source.failure = ZeroDivisionError("a bug")
        with pytest.raises(ZeroDivisionError):
            await resolve(node, Pick())
        node.source.failure = None
        await resolve(node, Pick())


IMAGE_OUT_OF_RANGE = (
    b"\x86\xa4type\xa5image\xa5width\x01\xa6height\x01\xa5dpi_x\xcb@R\x00\x00\x00\x00\x00\x00"
    b"\xa5dpi_y\xcb@R\x00\x00\x00\x00\x00\x00\xa7objects\x91\x82\xa5parts\x91\x05\xa6stream\xc4\x01x"
)
"""A prepared image whose object refers to a sixth one that it does not have."""


class TestOtherwise:
    """What stands in."""

    async def test_omit(self, node: Node) -> None:
        """The slot is left out with a warning that says why, cold and warm."""
        pick = Pick("library:nope.png", "banner", otherwise="omit")
        for _ in range(2):
            uses, warnings = await resolve(node, Pick(), pick)
            assert [use.slot for use in uses] == ["logo"]
            assert [(warning.code, warning.place) for warning in warnings] == [("ASSET_OMITTED", "slots.banner")]
            assert "library:nope.png" in warnings[0].message
            assert "(print)" in warnings[0].message
        assert warm(node, Pick(), pick) is not None

    async def test_fallback(self, node: Node) -> None:
        """The fallback is used with a warning, cold and warm, in the slot's rendition and under its requirement."""
        node.source.put("fallback.png", OTHER_BYTES)
        rendition = RenditionSpec(width=50)
        pick = Pick("library:nope.png", "banner", rendition, otherwise="library:fallback.png")
        for _ in range(2):
            (use,), warnings = await resolve(node, pick)
            assert use.slot == "banner"
            assert use.descriptor.ref == "library:fallback.png"
            assert use.descriptor.rendition == "w=50"
            assert [warning.code for warning in warnings] == ["ASSET_FALLBACK"]
            assert "library:nope.png" in warnings[0].message
            assert "library:fallback.png" in warnings[0].message
        assert warm(node, pick) is not None

    async def test_a_fallback_that_fails_too(self, node: Node) -> None:
        """Both reasons are told, under the fallback's."""
        node.source.put("fallback.png", OTHER_BYTES, approval=Approval.REJECTED)
        error = await failure(node, Pick("library:nope.png", otherwise="library:fallback.png"))
        assert error.reason is Reason.ASSET_NOT_APPROVED
        assert "library:fallback.png" in error.message
        assert "library:nope.png" in error.message
        assert "has no asset" in error.message

    async def test_a_fallback_gets_its_share_of_the_time(self) -> None:
        """A source that hangs does not use up the time of the fallback."""
        node = Node(AssetConfig(resolve_seconds=0.2))
        node.source.put("slow.png", OTHER_BYTES)
        await resolve(node, Pick())
        node.source.gate = asyncio.Event()
        start = time.perf_counter()
        (use,), _ = await resolve(node, Pick("library:slow.png", otherwise=LOGO))
        assert use.descriptor.ref == LOGO
        assert 0.1 < time.perf_counter() - start < 0.2

    async def test_rights_and_approval_lead_to_the_fallback_too(self, node: Node) -> None:
        """Whatever keeps the first choice out, the fallback stands in."""
        node.source.put("old.png", OTHER_BYTES, rights_until=AS_OF)
        (use,), warnings = await resolve(node, Pick("library:old.png", otherwise=LOGO))
        assert use.descriptor.ref == LOGO
        assert "its rights ended" in warnings[0].message


class TestDescribe:
    """What the node knows."""

    async def test_describe(self, node: Node) -> None:
        """Renditions that are here are described, in any spelling of the ref, without asking the source."""
        await resolve(node, Pick())
        (found,) = await node.resolver.describe("library:brand%2Flogo.png")
        assert found.ref == LOGO
        assert node.source.described == 1

    async def test_nothing_known(self, node: Node) -> None:
        """An asset that was never resolved, or is not there, is not known; a text that is no ref is refused."""
        await failure(node, Pick("library:nope.png"))
        for ref in ("library:nope.png", LOGO):
            with pytest.raises(PressrunError) as caught:
                await node.resolver.describe(ref)
            assert caught.value.reason is Reason.ASSET_NOT_FOUND
        with pytest.raises(PressrunError) as caught:
            await node.resolver.describe("no ref")
        assert caught.value.reason is Reason.INVALID_REQUEST


class TestRestart:
    """What outlives a process."""

    async def make(self, path: Path) -> Node:
        """A node with a disk."""
        store = await open_store(StoreConfig(10_000_000, DiskConfig(path / "cas")))
        node = Node(AssetConfig(ledger_path=path / "ledger"), store=store)
        await node.resolver.start()
        return node

    async def again(self, node: Node, path: Path) -> None:
        """Restart it: memory is gone, the disk is not."""
        await node.resolver.close()
        await node.store.close()
        node.store = await open_store(StoreConfig(10_000_000, DiskConfig(path / "cas")))
        node.restart()
        await node.resolver.start()

    async def test_a_restarted_node_is_warm(self, tmp_path: Path) -> None:
        """While the answer is fresh a restarted node asks nobody and prepares nothing."""
        node = await self.make(tmp_path)
        (before,), _ = await resolve(node, Pick())
        await self.again(node, tmp_path)
        node.source.failure = UnavailableError("library", None, "down")
        (after,), _ = await resolve(node, Pick())
        assert after.found_in == "disk"
        assert (after.descriptor, after.prepared) == (before.descriptor, before.prepared)
        assert (node.source.described, node.preparers.calls) == (1, 1)
        assert warm(node, Pick()) is not None

    async def test_later_it_revalidates(self, tmp_path: Path) -> None:
        """When the answer is old the source is asked, but the bytes need not come again."""
        node = await self.make(tmp_path)
        await resolve(node, Pick())
        await self.again(node, tmp_path)
        node.clock.pass_by(1000)
        (use,), _ = await resolve(node, Pick())
        assert (use.found_in, node.source.described, node.source.opened) == ("disk", 2, 1)

    async def test_a_withdrawal_outlives_a_restart(self, tmp_path: Path) -> None:
        """What its source withdrew does not come back from the disk."""
        node = await self.make(tmp_path)
        await resolve(node, Pick())
        node.clock.pass_by(250)
        del node.source.assets["brand/logo.png"]
        warm(node, Pick())
        for _ in range(50):
            await asyncio.sleep(0.005)
            if not list((tmp_path / "ledger" / "assets").glob("*.json")):
                break
        await self.again(node, tmp_path)
        assert (await failure(node, Pick())).reason is Reason.ASSET_NOT_FOUND

    async def test_other_libraries_prepare_anew(self, tmp_path: Path) -> None:
        """After an upgrade of what prepares, results of the old version are made again, from the bytes on disk."""
        node = await self.make(tmp_path)
        await resolve(node, Pick())
        await self.again(node, tmp_path)
        node.resolver._preparation.name = "image=2"
        node.resolver._preparation._known.clear()
        (use,), _ = await resolve(node, Pick())
        assert (use.found_in, node.source.opened, node.preparers.calls) == ("disk", 1, 2)

    async def test_damaged_blobs_are_fetched_again(self, tmp_path: Path) -> None:
        """Blobs that were damaged on the disk while the node was down cost a fetch, nothing else."""
        node = await self.make(tmp_path)
        (before,), _ = await resolve(node, Pick())
        await self.again(node, tmp_path)
        for path in (tmp_path / "cas" / "blobs").rglob("*-*"):
            path.write_bytes(bytes(path.stat().st_size))
        (after,), _ = await resolve(node, Pick())
        assert (after.found_in, after.prepared) == ("source", before.prepared)


def test_the_front_loads_no_decoder() -> None:
    """Importing the resolver loads neither Pillow nor PyMuPDF."""
    heavy = ("PIL", "pymupdf", "grpc")
    code = f"import sys, pressrun_server.assets.resolver; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_entries_are_bounded() -> None:
    """A hundred assets through a resolver of ten leave ten, and all were had."""
    node = Node(AssetConfig(max_entries=10), store=MemoryTier(100_000_000))
    for number in range(100):
        node.source.put(f"{number}.jpg", jpeg(rgb(16, 16 + number)))
        await resolve(node, Pick(f"library:{number}.jpg"))
    assert node.resolver.stats().entries == 10
    assert node.resolver.stats().evictions == 90
