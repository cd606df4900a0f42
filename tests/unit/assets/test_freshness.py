"""For how long an answer of a source is believed, and what is asked of it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, Node, Pick

from pressrun_server.assets.config import AssetConfig
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.template import RenditionSpec
from pressrun_sources.errors import (
    InvalidResponseError,
    RateLimitedError,
    SourceError,
    TimedOutError,
    UnavailableError,
)
from pressrun_sources.model import Approval, AssetDescription, Rendition

NAME = "brand/logo.png"
Resolved = tuple[list[AssetUse], list[RenderWarning]]


async def resolve(node: Node) -> Resolved:
    """Resolve as a document of this moment does."""
    now = node.clock.now()
    warm = node.resolver.resolve_warm((Pick(),), as_of=now, channel="print")
    return warm if warm is not None else await node.resolver.resolve((Pick(),), as_of=now, channel="print")


@pytest.mark.parametrize(
    ("stated", "passed", "asked"),
    [(60, 59, 1), (60, 61, 2), (3600, 299, 1), (3600, 301, 2), (-5, 0.5, 1), (-5, 1.5, 2)],
)
async def test_the_sources_word_shortens(node: Node, stated: float, passed: float, asked: int) -> None:
    """What a system says of its freshness shortens ours, down to a second, and never lengthens it.

    An asset that did not change is described again and its bytes are not fetched.
    """
    node.source.put(NAME, LOGO_BYTES, fresh_until=AS_OF + timedelta(seconds=stated))
    await resolve(node)
    # A use in the last fifth would start a revalidation beside it; the loop is not given a turn for that before the count.
    node.clock.pass_by(passed)
    _, warnings = await resolve(node)
    assert (node.source.described, node.source.opened) == (asked, 1)
    assert not warnings


async def test_the_sources_word_ends_leniency(node: Node) -> None:
    """A stale asset whose source cannot be asked is used only for as long as the source allows that itself."""
    node.source.put(NAME, LOGO_BYTES, stale_until=AS_OF + timedelta(seconds=310))
    await resolve(node)
    node.source.failure = UnavailableError("library", None, "it is down")
    node.clock.pass_by(305)
    _, warnings = await resolve(node)
    assert [warning.code for warning in warnings] == ["ASSET_STALE"]
    node.clock.pass_by(10)
    with pytest.raises(PressrunError) as caught:
        await resolve(node)
    assert caught.value.reason is Reason.ASSET_UNAVAILABLE


@settings(deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.floats(0.1, 400)),
            st.tuples(st.just("source"), st.sampled_from(["up", "down"])),
            st.tuples(st.just("approval"), st.sampled_from(list(Approval))),
            st.tuples(st.just("rights"), st.one_of(st.none(), st.floats(1, 900))),
            st.tuples(st.just("stated"), st.one_of(st.none(), st.floats(-10, 900))),
        ),
        max_size=30,
    ),
    fresh=st.floats(5, 300),
    lenient=st.floats(0, 300),
)
async def test_never_stale_past_its_bounds(steps: list[tuple[str, object]], fresh: float, lenient: float) -> None:
    """What is used was said within the two limits and was approved then, and its rights hold now.

    Whatever source and clock do, and however fresh the entry is.
    """
    node = Node(config=AssetConfig(fresh_seconds=fresh, stale_if_error_seconds=lenient))
    await node.resolver.start()
    facts: dict[str, object] = {"approval": Approval.APPROVED, "rights_until": None, "fresh_until": None}
    told, told_at = dict(facts), AS_OF
    try:
        for kind, value in steps:
            now = node.clock.now()
            if kind == "pass":
                node.clock.pass_by(float(value))  # type: ignore[arg-type]
            elif kind == "source":
                node.source.failure = UnavailableError("library", None, "down") if value == "down" else None
            elif kind == "approval":
                facts["approval"] = value
            else:
                moment = None if value is None else now + timedelta(seconds=float(value))  # type: ignore[arg-type]
                facts["rights_until" if kind == "rights" else "fresh_until"] = moment
            node.source.put(NAME, LOGO_BYTES, **facts)
            now, before = node.clock.now(), node.source.described
            try:
                uses, _ = await resolve(node)
            except PressrunError:
                uses = []
            if node.source.described > before and node.source.failure is None:
                told, told_at = dict(facts), now
            if uses:
                assert told["approval"] is Approval.APPROVED
                assert told["rights_until"] is None or now < told["rights_until"]  # type: ignore[operator]
                assert now <= told_at + timedelta(seconds=fresh + lenient)
    finally:
        await node.resolver.close()


SMALL, LARGE = (Pick(rendition=RenditionSpec(width=width)) for width in (300, 900))


async def both(node: Node) -> Resolved:
    """Resolve two renditions of one asset, as a document that shows both does."""
    return await node.resolver.resolve((SMALL, LARGE), as_of=node.clock.now(), channel="print")


async def test_renditions_share_a_question(node: Node) -> None:
    """What a source says of an asset counts for all its renditions: it is asked once, at first and later."""
    await both(node)
    assert (node.source.described, node.source.opened) == (1, 2)
    node.clock.pass_by(250)  # in the last fifth, in which a use starts a revalidation beside the document
    assert node.resolver.resolve_warm((SMALL,), as_of=node.clock.now(), channel="print") is not None
    for _ in range(50):
        await asyncio.sleep(0)
    assert (node.source.described, node.source.opened) == (2, 2)
    node.clock.pass_by(200)
    uses, warnings = await both(node)
    assert [use.descriptor.fetched_at for use in uses] == [AS_OF + timedelta(seconds=250)] * 2
    assert not warnings
    assert (node.source.described, node.source.opened) == (2, 2)


@pytest.mark.parametrize("change", [{"version": "2"}, {"rights_until": AS_OF + timedelta(days=1)}])
async def test_another_answer_renews_nothing(node: Node, change: dict[str, object]) -> None:
    """Where a source says something else than before, its word for one rendition lets no other one live on."""
    await both(node)
    node.clock.pass_by(250)
    node.source.put(NAME, LOGO_BYTES, **change)  # type: ignore[arg-type]
    node.resolver.resolve_warm((SMALL,), as_of=node.clock.now(), channel="print")
    for _ in range(50):
        await asyncio.sleep(0)
    assert node.resolver.resolve_warm((LARGE,), as_of=node.clock.now(), channel="print") is None
    (use,), _ = await node.resolver.resolve((LARGE,), as_of=node.clock.now(), channel="print")
    assert use.descriptor.version == node.source.assets[NAME][0].version
    assert use.descriptor.rights_until == node.source.assets[NAME][0].rights_until


async def test_questions_of_before_a_change_are_not_joined(node: Node) -> None:
    """A rendition that is wanted after a change asks by itself, while the question of another one is under way."""
    node.source.gate = asyncio.Event()
    now = node.clock.now()
    first = asyncio.create_task(node.resolver.resolve((SMALL,), as_of=now, channel="print"))
    for _ in range(50):
        await asyncio.sleep(0)
    node.clock.pass_by(1)
    await node.resolver.changed(LOGO)
    second = asyncio.create_task(node.resolver.resolve((LARGE,), as_of=now, channel="print"))
    for _ in range(50):
        await asyncio.sleep(0)
    node.source.gate.set()
    await first
    await second
    assert node.source.described == 2


async def test_who_joins_a_question_has_asked_when_it_was(node: Node) -> None:
    """An answer to a question that another rendition had asked before is as old as that question."""
    node.source.gate = asyncio.Event()
    now = node.clock.now()
    first = asyncio.create_task(node.resolver.resolve((SMALL,), as_of=now, channel="print"))
    while not node.source.described:
        await asyncio.sleep(0)
    node.clock.pass_by(20)
    second = asyncio.create_task(node.resolver.resolve((LARGE,), as_of=now, channel="print"))
    for _ in range(50):
        await asyncio.sleep(0)
    node.source.gate.set()
    fetched = [(await task)[0][0].descriptor.fetched_at for task in (first, second)]
    assert fetched == [AS_OF, AS_OF]
    assert node.source.described == 1


class Breaking:
    """Lets the bytes of a source break off so often, with what it meets then."""

    def __init__(
        self, node: Node, times: int, error: Exception, *, replaced: bool = False, at_once: bool = False
    ) -> None:
        self.node = node
        self.left = times
        self.error = error
        self.replaced = replaced
        self.at_once = at_once
        self.original = node.source.open
        node.source.open = self.open  # type: ignore[method-assign]

    @asynccontextmanager
    async def open(self, description: AssetDescription, rendition: Rendition) -> AsyncGenerator[Any, None]:
        """Some bytes, and then the error."""
        async with self.original(description, rendition) as body:
            if not self.left:
                yield body
                return
            self.left -= 1
            if self.replaced:
                self.node.source.put(NAME, LOGO_BYTES, version="2")
            error, at_once = self.error, self.at_once

            class Broken:
                async def chunks(self) -> AsyncGenerator[bytes, None]:
                    async for chunk in body.chunks():
                        if not at_once:
                            yield chunk[:10]
                        raise error

            yield Broken()


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("times", [1, 2])
async def test_bytes_that_break_off(node: Node, times: int, at_once: bool) -> None:  # noqa: FBT001 - parametrized
    """A download that breaks is made once more, described anew; what breaks again fails, to be tried again later."""
    Breaking(node, times, UnavailableError("library", None, "it broke off"), at_once=at_once)
    if times == 1:
        (use,), warnings = await resolve(node)
        assert use.descriptor.digest.size == len(LOGO_BYTES)
        assert not warnings
    else:
        with pytest.raises(PressrunError) as caught:
            await resolve(node)
        assert caught.value.reason is Reason.ASSET_UNAVAILABLE
        assert caught.value.retry_after
    assert (node.source.described, node.source.opened) == (2, 2)


@pytest.mark.parametrize(
    "error",
    [
        RateLimitedError("library", None, "fewer requests, please", "", 30.0),
        TimedOutError("library", None, "it took too long"),
        UnavailableError("library", None, "it is being mended", "", 5.0),
    ],
    ids=lambda error: error.kind,
)
@pytest.mark.parametrize("at_once", [False, True])
async def test_who_asks_for_time_gets_it(node: Node, error: SourceError, at_once: bool) -> None:  # noqa: FBT001 - as above
    """A download that ends since the system wants to be left alone, or had no time left, is not made once more."""
    Breaking(node, 1, error, at_once=at_once)
    with pytest.raises(PressrunError):
        await resolve(node)
    assert (node.source.described, node.source.opened) == (1, 1)


async def test_replaced_while_it_came(node: Node) -> None:
    """A document gets the new version where the bytes were replaced between description and download."""
    error = InvalidResponseError("library", None, "it was replaced", "version 2 is there", transient=True)
    Breaking(node, 1, error, replaced=True)
    (use,), _ = await resolve(node)
    assert use.descriptor.version == "2"


async def test_a_source_that_gives_nothing_is_not_pressed(node: Node) -> None:
    """Before the first byte the transport has tried it again already; nobody asks once more."""
    node.source.failure_on_open = UnavailableError("library", None, "it is down")
    with pytest.raises(PressrunError):
        await resolve(node)
    assert (node.source.described, node.source.opened) == (1, 1)
