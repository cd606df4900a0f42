"""What is believed no longer: after a change, after news was missed, and when a lease has ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, Node, Pick
from tests.unit.prepare.pictures import png, rgba

from pressrun_server.assets.belief import Belief
from pressrun_server.assets.config import AssetConfig
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.choice import Query
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.spec import AssetPin, Pins
from pressrun_server.model.template import RenditionSpec
from pressrun_sources.errors import UnavailableError
from pressrun_sources.model import Approval, AssetQuery, AssetRef

NAME = "brand/logo.png"
REGULATED = {"attributes": (("regulated", "Y"),)}
ALL = frozenset({"library"})


async def resolve(node: Node, pick: Pick | None = None) -> tuple[list[AssetUse], list[RenderWarning]]:
    """Resolve as a document of this moment does."""
    now, picks = node.clock.now(), (pick or Pick(),)
    warm = node.resolver.resolve_warm(picks, as_of=now, channel="print")
    return warm if warm is not None else await node.resolver.resolve(picks, as_of=now, channel="print")


async def version(node: Node, pick: Pick | None = None) -> str:
    """The version that a document gets."""
    return (await resolve(node, pick))[0][0].descriptor.version


class TestChanges:
    """An asset of which somebody said that it changed."""

    async def test_all_variants_and_renditions_are_forgotten(self, node: Node) -> None:
        """News of an asset is news of its renditions and of its refs with qualifiers, and of no other asset."""
        node.source.put("other.png", LOGO_BYTES)
        picks = (
            Pick(),
            Pick(rendition=RenditionSpec(width=10)),
            Pick(f"{LOGO}?type=authenticated"),
            Pick(f"{LOGO}?locale=de", rendition=RenditionSpec(width=20)),
        )
        for pick in (*picks, Pick("library:other.png")):
            assert await version(node, pick) == "1"
        node.source.put(NAME, LOGO_BYTES, version="2")
        node.source.put("other.png", LOGO_BYTES, version="2")
        node.clock.pass_by(1)
        assert node.resolver.held(LOGO) == 4
        assert await node.resolver.changed(f"{LOGO}?type=upload")
        node.clock.pass_by(1)
        assert [await version(node, pick) for pick in picks] == ["2"] * 4
        assert await version(node, Pick("library:other.png")) == "1"
        await node.resolver.changed("library:")
        node.clock.pass_by(1)
        assert await version(node, Pick("library:other.png")) == "2"

    @pytest.mark.parametrize("word", ["revoked", "deleted", "gone"])
    async def test_what_is_said_of_one_rendition_counts_for_all(self, node: Node, tmp_path: Path, word: str) -> None:
        """A document that finds out that an asset was withdrawn keeps the next from its other renditions, fresh or not."""
        node.restart(tmp_path)
        await node.resolver.start()
        small = Pick(rendition=RenditionSpec(width=10))
        await version(node, small)
        node.clock.pass_by(200)
        await version(node)
        if word == "gone":
            del node.source.assets[NAME]
        elif word == "deleted":
            node.source.put(NAME, LOGO_BYTES, deleted=True)
        else:
            node.source.put(NAME, LOGO_BYTES, approval=Approval.REJECTED)
        node.clock.pass_by(1)
        with pytest.raises(PressrunError):
            await resolve(node, Pick(rendition=RenditionSpec(width=20)))
        for pick in (Pick(), small):
            with pytest.raises(PressrunError):
                await resolve(node, pick)
        node.restart(tmp_path)
        await node.resolver.start()
        with pytest.raises(PressrunError):
            await resolve(node)

    @pytest.mark.parametrize("word", ["revoked", "gone"])
    async def test_a_withdrawal_counts_for_all_variants(self, node: Node, word: str) -> None:
        """A node that finds out that an asset was withdrawn uses none of its variants on, warm as they are."""
        german = Pick(f"{LOGO}?locale=de")
        assert await version(node) == await version(node, german) == "1"
        if word == "gone":
            del node.source.assets[NAME]
        else:
            node.source.put(NAME, LOGO_BYTES, approval=Approval.REJECTED)
        node.clock.pass_by(1)
        with pytest.raises(PressrunError):
            await resolve(node, Pick(rendition=RenditionSpec(width=20)))
        with pytest.raises(PressrunError):
            await resolve(node, german)

    async def test_a_failure_of_before_a_change_hides_no_answer_of_after_it(self, node: Node) -> None:
        """Who asked before a change is told that the asset is not there; those who come after it get it."""
        held = node.source.assets.pop(NAME)
        node.source.gate = asyncio.Event()
        early = asyncio.create_task(version(node))
        while not node.source.described:
            await asyncio.sleep(0)
        slow, node.source.gate = node.source.gate, None
        node.clock.pass_by(1)
        await node.resolver.changed(LOGO)
        node.clock.pass_by(1)
        node.source.assets[NAME] = held
        assert await version(node) == "1"
        del node.source.assets[NAME]
        slow.set()
        with pytest.raises(PressrunError):
            await early
        node.source.assets[NAME] = held
        assert node.resolver.resolve_warm((Pick(),), as_of=AS_OF, channel="print") is not None

    async def test_a_document_of_before_a_change_can_be_made_again(self, node: Node) -> None:
        """What a document got while a change was told is that asset's all the same, for who pins it."""
        node.source.gate = asyncio.Event()
        early = asyncio.create_task(resolve(node))
        while not node.source.described:
            await asyncio.sleep(0)
        node.clock.pass_by(1)
        await node.resolver.changed(LOGO)
        node.source.gate.set()
        (used,), _ = await early
        node.source.put(NAME, png(rgba()), version="2")
        node.clock.pass_by(1)
        assert await version(node) == "2"
        about = used.descriptor
        pin = AssetPin("logo", LOGO, about.asset_id, "1", about.rendition, about.digest.sha256, about.digest.size)
        pins = Pins("t", "e", (pin,), "", None)
        found = await node.resolver.resolve((Pick(),), as_of=AS_OF, channel="print", pins=pins)
        assert found[0][0].descriptor.version == "1"

    async def test_renditions_of_which_the_same_is_said_are_kept(self, node: Node) -> None:
        """An answer that says nothing new makes nobody ask again."""
        await version(node)
        node.clock.pass_by(1)
        await version(node, Pick(rendition=RenditionSpec(width=20)))
        await version(node)
        assert node.source.described == 2

    async def test_what_is_on_disk_is_forgotten_too(self, node: Node, tmp_path: Path) -> None:
        """A change counts for variants that only the disk knew, also after a restart."""
        node.restart(tmp_path)
        await node.resolver.start()
        await version(node, Pick(f"{LOGO}?locale=de"))
        node.restart(tmp_path)
        await node.resolver.start()
        node.clock.pass_by(1)
        await node.resolver.changed(LOGO)
        node.source.put(NAME, LOGO_BYTES, version="2")
        node.restart(tmp_path)
        await node.resolver.start()
        assert await version(node, Pick(f"{LOGO}?locale=de")) == "2"

    async def test_what_was_asked_before_is_good_for_nobody_after(self, node: Node) -> None:
        """A document that comes after a change does not join a question of before, whose answer is not kept."""
        node.source.gate = asyncio.Event()
        early = asyncio.create_task(version(node))
        while not node.source.described:
            await asyncio.sleep(0)
        node.clock.pass_by(1)
        await node.resolver.changed(LOGO)
        node.clock.pass_by(1)
        late = asyncio.create_task(version(node))
        while node.source.described < 2:
            await asyncio.sleep(0)
        node.source.gate.set()
        await asyncio.gather(early, late)
        assert node.source.described == 2
        assert node.resolver.resolve_warm((Pick(),), as_of=AS_OF, channel="print") is not None

    async def test_a_source_in_trouble_does_not_bring_it_back(self, node: Node) -> None:
        """Of an asset that changed nothing is used leniently: what changed may be that it was withdrawn."""
        await resolve(node)
        node.clock.pass_by(1)
        await node.resolver.changed(LOGO)
        node.source.failure = UnavailableError("library", None, "it is down")
        with pytest.raises(PressrunError) as caught:
            await resolve(node)
        assert caught.value.reason is Reason.ASSET_UNAVAILABLE

    async def test_queries_are_asked_again(self, node: Node) -> None:
        """A change of any asset of a source may change what a query finds, also one that is just being asked."""
        asked: list[AssetQuery] = []
        gate = asyncio.Event()

        async def select(query: AssetQuery) -> AssetRef:
            asked.append(query)
            await gate.wait()
            return AssetRef("library", NAME)

        node.source.select = select  # type: ignore[method-assign]
        querying, query = node.resolver._querying, Query("library", (("segment", "x"),), None, "x")
        early = asyncio.create_task(querying.ready(query, seconds=10))
        await asyncio.sleep(0.01)
        await node.resolver.changed("library:something-else")
        late = asyncio.create_task(querying.ready(query, seconds=10))
        await asyncio.sleep(0.01)
        gate.set()
        assert await early == await late == (LOGO,)
        assert len(asked) == 2
        assert querying.glance(query, node.clock.now()) == (LOGO,)


class TestMissedNews:
    """Nobody knows what was told meanwhile."""

    async def test_everything_held_is_asked_for_again(self, node: Node) -> None:
        """After a doubt an asset is described again before its use, once, and its bytes are not fetched."""
        await resolve(node)
        node.clock.pass_by(1)
        node.resolver._belief.doubt(node.clock.now())
        node.clock.pass_by(1)
        await resolve(node)
        await resolve(node)
        assert (node.source.described, node.source.opened) == (2, 1)

    async def test_a_source_in_trouble_is_waited_for(self, node: Node) -> None:
        """In doubt an asset whose source is down is used with a warning, one that is regulated is refused."""
        node.source.put("rules.png", LOGO_BYTES, **REGULATED)
        rules = Pick("library:rules.png")
        await resolve(node)
        await resolve(node, rules)
        node.clock.pass_by(1)
        node.resolver._belief.doubt(node.clock.now())
        node.source.failure = UnavailableError("library", None, "it is down")
        for _ in range(3):
            _, warnings = await resolve(node)
            assert [warning.code for warning in warnings] == ["ASSET_STALE"]
        assert node.source.described == 3, "it is left alone for a while"
        with pytest.raises(PressrunError) as caught:
            await resolve(node, rules)
        assert caught.value.reason is Reason.ASSET_UNAVAILABLE
        node.source.failure = None
        node.clock.pass_by(2)
        assert not (await resolve(node))[1]
        assert not (await resolve(node, rules))[1]


class TestLeases:
    """Regulated assets."""

    @pytest.fixture(autouse=True)
    def regulated(self, node: Node) -> None:
        """The logo is one."""
        node.source.put(NAME, LOGO_BYTES, **REGULATED)

    async def test_the_source_renews(self, node: Node) -> None:
        """Without a feed it is asked for again when its lease of 60 s has ended; in the last fifth beside a document."""
        await resolve(node)
        node.clock.pass_by(47)
        await resolve(node)
        await asyncio.sleep(0)
        assert node.source.described == 1
        node.clock.pass_by(2)
        assert node.resolver.resolve_warm((Pick(),), as_of=AS_OF, channel="print") is not None
        while node.source.described == 1:
            await asyncio.sleep(0)
        while node.resolver._lookup._refreshing:
            await asyncio.sleep(0)
        node.clock.pass_by(61)
        assert node.resolver.resolve_warm((Pick(),), as_of=AS_OF, channel="print") is None
        await resolve(node)
        assert (node.source.described, node.source.opened) == (3, 1)

    async def test_the_feed_renews(self, node: Node) -> None:
        """While the feed is heard, an asset whose source's changes travel there is used until it is no longer fresh."""
        await resolve(node)
        for _ in range(4):
            node.clock.pass_by(50)
            node.resolver._belief.hear(node.clock.now(), ALL)
            await resolve(node)
        assert node.source.described == 1
        node.clock.pass_by(61)
        node.resolver._belief.hear(node.clock.now(), frozenset({"cloudinary"}))
        await resolve(node)
        assert node.source.described == 2, "news of other sources says nothing of this one"

    async def test_a_lease_that_nobody_renews_ends(self, node: Node) -> None:
        """With feed and source away it is refused when the lease ends, however lenient the node is otherwise."""
        await resolve(node)
        node.resolver._belief.hear(node.clock.now(), ALL)
        node.source.failure = UnavailableError("library", None, "it is down")
        node.clock.pass_by(59)
        assert await version(node) == "1"
        node.clock.pass_by(2)
        with pytest.raises(PressrunError) as caught:
            await resolve(node)
        assert caught.value.reason is Reason.ASSET_UNAVAILABLE
        assert not (await resolve(node, Pick(otherwise="omit")))[0]

    async def test_leniency_within_the_lease(self, node: Node) -> None:
        """While the feed is heard, a stale asset whose source is down is used, because nothing changed; not after."""
        await resolve(node)
        node.source.failure = UnavailableError("library", None, "it is down")
        node.clock.pass_by(305)
        node.resolver._belief.hear(node.clock.now(), ALL)
        _, warnings = await resolve(node)
        assert [warning.code for warning in warnings] == ["ASSET_STALE"]
        node.clock.pass_by(61)
        with pytest.raises(PressrunError):
            await resolve(node)

    @pytest.mark.parametrize(
        ("value", "regulated"), [("Y", True), ("yes", True), ("FINRA", True), ("N", False), ("No", False)]
    )
    async def test_what_is_regulated(self, node: Node, value: str, regulated: bool) -> None:  # noqa: FBT001
        """Whatever its source writes but a no means that an asset is regulated."""
        node.source.put(NAME, LOGO_BYTES, attributes=(("Regulated", value),))
        assert (await resolve(node))[0][0].descriptor.regulated is regulated


@settings(deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.floats(0.1, 100)),
            st.tuples(st.just("source"), st.sampled_from(["up", "down"])),
            st.tuples(st.just("approval"), st.sampled_from(list(Approval))),
            st.tuples(st.just("told"), st.booleans()),
            st.tuples(st.just("heard"), st.none()),
            st.tuples(st.just("missed"), st.none()),
        ),
        max_size=30,
    )
)
async def test_a_withdrawn_asset_is_never_used_past_its_lease(steps: list[tuple[str, object]]) -> None:
    """A regulated asset is used only if it is approved, or was at most a lease ago and nobody could tell since.

    Whatever source, feed and clock do: a change is either told, or nothing is heard from then on until it is missed.
    """
    node = Node(config=AssetConfig(lease_seconds=30))
    await node.resolver.start()
    approval, good_until, silent = Approval.APPROVED, None, False
    node.source.put(NAME, LOGO_BYTES, approval=approval, **REGULATED)
    try:
        for kind, value in steps:
            now = node.clock.now()
            if kind == "pass":
                node.clock.pass_by(float(value))  # type: ignore[arg-type]
            elif kind == "source":
                node.source.failure = UnavailableError("library", None, "down") if value == "down" else None
            elif kind == "approval":
                good_until = now if approval is Approval.APPROVED and value is not approval else good_until
                approval = value  # type: ignore[assignment]
                node.source.put(NAME, LOGO_BYTES, approval=approval, **REGULATED)
                silent = True
            elif kind == "told":
                await node.resolver.changed(LOGO)
                silent = False
            elif kind == "heard" and not silent:
                node.resolver._belief.hear(now, ALL)
            elif kind == "missed":
                node.resolver._belief.doubt(now)
                silent = False
            node.clock.pass_by(0.001)
            try:
                uses, _ = await resolve(node)
            except PressrunError:
                continue
            if uses and approval is not Approval.APPROVED:
                assert silent, "it was told, or known that something was missed"
                assert good_until is not None
                assert node.clock.now() <= good_until + timedelta(seconds=30.1)
    finally:
        await node.resolver.close()


async def test_what_is_too_much_to_remember_is_doubted(node: Node) -> None:
    """Of more changes than are remembered the oldest put all of before into doubt, and are not just forgotten."""
    belief = Belief(lease_seconds=60, max_changes=3)
    await resolve(node)
    (asset,) = await node.resolver.describe(LOGO)
    belief.changed(LOGO, AS_OF + timedelta(seconds=1))
    for number in range(5):
        belief.changed(f"library:{number}", AS_OF + timedelta(seconds=2 + number))
    assert not belief.was_changed(asset)
    assert belief.is_old(asset, AS_OF)
    assert belief.horizon == AS_OF + timedelta(seconds=3)


async def test_what_is_missing(node: Node) -> None:
    """An asset is missing if its source would have to be asked, or its blob is gone; nobody is asked."""
    await resolve(node)
    asked = node.source.described
    refs = [LOGO, "library:never", f"{LOGO}?locale=de"]
    assert await node.resolver.missing(refs, RenditionSpec()) == refs[1:]
    assert await node.resolver.missing([LOGO], RenditionSpec(width=10)) == [LOGO]
    (use,) = (await resolve(node))[0]
    assert await node.resolver.missing_blobs([use.prepared]) == []
    await node.store.delete(use.prepared)
    assert await node.resolver.missing([LOGO], RenditionSpec()) == [LOGO]
    assert await node.resolver.missing_blobs([use.prepared]) == [use.prepared]
    assert node.source.described == asked
