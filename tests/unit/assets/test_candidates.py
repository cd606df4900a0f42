from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.unit.assets.fakes import AS_OF, LOGO_BYTES, FakeSource, Node, Pick

from pressrun_server.assets.entry import Trouble
from pressrun_server.assets.settling import Ask, Find
from pressrun_server.assets.settling import settle as settle_slot
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.choice import Choice, Query
from pressrun_server.model.decision import Outcome, Settlement
from pressrun_server.model.spec import AssetPin, Pins
from pressrun_sources.errors import NotFoundError, UnavailableError
from pressrun_sources.model import Approval, AssetQuery, AssetRef

SPRING = Query("library", (("campaign", "secret-value"),), "library where campaign={{ campaign }}")


class RankingSource(FakeSource):
    """Answers queries with a scripted list."""

    def __init__(self) -> None:
        super().__init__()
        self.ranked: dict[str | None, list[str]] = {}
        self.queries: list[AssetQuery] = []

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """What is scripted for the locale."""
        self.queries.append(query)
        if self.failure is not None:
            raise self.failure
        found = self.ranked.get(query.locale)
        if not found:
            raise NotFoundError(self.name, None, f"nothing with {query}")
        return [AssetRef(self.name, identifier) for identifier in found]


@pytest.fixture
def ranking() -> RankingSource:
    """A source with three campaign pictures."""
    source = RankingSource()
    source.ranked[None] = ["one.png", "two.png", "three.png"]
    for identifier in source.ranked[None]:
        source.put(identifier, LOGO_BYTES)
    return source


@pytest.fixture
def bench(ranking: RankingSource) -> Node:
    """A node with that source."""
    return Node(source=ranking)


async def settle(node: Node, pick: Pick, pins: Pins | None = None) -> tuple[list[str], Settlement | None]:
    """The refs that were used, and how it came to that."""
    journal: dict[str, Settlement] = {}
    found = node.resolver.resolve_warm([pick], as_of=AS_OF, channel="print", pins=pins, journal=journal)
    if found is None:
        found = await node.resolver.resolve([pick], as_of=AS_OF, channel="print", pins=pins, journal=journal)
    return [use.descriptor.ref for use in found[0]], journal.get(pick.slot)


QUERIED = Pick(ref="", choices=(Choice(query=SPRING),))


async def test_the_best_candidate(bench: Node, ranking: RankingSource) -> None:
    """A query's first candidate is used; later documents get it without a wait and without asking."""
    assert await settle(bench, QUERIED) == (["library:one.png"], None)
    warm = bench.resolver.resolve_warm([QUERIED], as_of=AS_OF, channel="print")
    assert warm is not None
    assert warm[0][0].found_in == "memory"
    assert ranking.queries == [AssetQuery("library", (("campaign", "secret-value"),))]
    bench.clock.pass_by(301)
    await settle(bench, QUERIED)
    assert len(ranking.queries) == 2


@pytest.mark.parametrize("warmed", [False, True])
async def test_the_next_best_candidate(bench: Node, *, warmed: bool) -> None:
    """Candidates are judged one after the other; refused ones are told with their reasons, cold and warm alike."""
    bench.source.put("one.png", LOGO_BYTES, approval=Approval.PENDING)
    bench.source.put("two.png", LOGO_BYTES, rights_until=AS_OF - timedelta(days=1))
    if warmed:
        await settle(bench, QUERIED)
        assert bench.resolver.resolve_warm([QUERIED], as_of=AS_OF, channel="print") is not None
    refs, settlement = await settle(bench, QUERIED)
    assert refs == ["library:three.png"]
    assert settlement is not None
    assert settlement.outcome is Outcome.CHOSEN
    assert [(one.ref, one.brief) for one in settlement.refused] == [
        ("library:one.png", "not approved"),
        ("library:two.png", "rights ended 2026-10-31"),
    ]


async def test_no_candidate(bench: Node, ranking: RankingSource) -> None:
    """A query that finds nothing ends as the slot says; the record's values are not told."""
    ranking.ranked.clear()
    with pytest.raises(PressrunError) as caught:
        await settle(bench, QUERIED)
    assert caught.value.reason is Reason.ASSET_NOT_FOUND
    assert "library where campaign={{ campaign }}" in caught.value.message
    assert "secret" not in repr(caught.value.message) + caught.value.detail
    refs, settlement = await settle(bench, Pick(ref="", choices=QUERIED.choices, otherwise="omit"))
    assert refs == []
    assert settlement is not None
    assert settlement.outcome is Outcome.OMITTED
    assert len(ranking.queries) == 1
    ranking.ranked[None] = ["one.png"]
    bench.clock.pass_by(11)
    assert (await settle(bench, QUERIED))[0] == ["library:one.png"]


async def test_all_candidates_refused(bench: Node) -> None:
    """Where no candidate may be used the fallback is, and all refusals are told; where it may not either, it fails."""
    for identifier in ("one.png", "two.png", "three.png"):
        bench.source.put(identifier, LOGO_BYTES, approval=Approval.REJECTED)
    pick = Pick(ref="", choices=QUERIED.choices, otherwise="library:brand/logo.png")
    refs, settlement = await settle(bench, pick)
    assert refs == ["library:brand/logo.png"]
    assert settlement is not None
    assert (settlement.outcome, len(settlement.refused)) == (Outcome.FALLBACK, 3)
    bench.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.PENDING)
    bench.clock.pass_by(301)
    journal: dict[str, Settlement] = {}
    with pytest.raises(PressrunError):
        await bench.resolver.resolve([pick], as_of=AS_OF, channel="print", journal=journal)
    assert journal["logo"].outcome is Outcome.FAILED
    assert len(journal["logo"].refused) == 4


async def test_a_source_in_trouble(bench: Node, ranking: RankingSource) -> None:
    """A source that cannot be asked is asked again a second later, and says so as something to try again."""
    ranking.failure = UnavailableError("library", None, "no answer to campaign=secret-value")
    with pytest.raises(PressrunError) as caught:
        await settle(bench, QUERIED)
    assert caught.value.reason is Reason.ASSET_UNAVAILABLE
    assert caught.value.retry_after
    assert "secret" not in caught.value.message + caught.value.detail
    ranking.failure = None
    bench.clock.pass_by(1.1)
    assert (await settle(bench, QUERIED))[0] == ["library:one.png"]


async def test_variants_by_locale(bench: Node) -> None:
    """Variants are tried along the locale's chain; the one that was taken is told."""
    pick = Pick(
        ref="",
        choices=(
            Choice("library:fr-ca.png", locale="fr-CA"),
            Choice("library:one.png", locale="fr"),
            Choice("library:two.png", locale="default"),
        ),
    )
    refs, settlement = await settle(bench, pick)
    assert refs == ["library:one.png"]
    assert settlement is not None
    assert settlement.locale == "fr"
    assert [one.brief for one in settlement.refused] == ["not found"]


async def test_pins_of_a_query(bench: Node, ranking: RankingSource) -> None:
    """A pin says what a query found then, without asking again; it is judged all the same."""
    ranking.ranked[None] = ["three.png"]
    pick = QUERIED
    found = await bench.resolver.resolve([pick], as_of=AS_OF, channel="print")
    use = found[0][0].descriptor
    pin = AssetPin("logo", use.ref, use.asset_id, use.version, use.rendition, use.digest.sha256, use.digest.size)
    pins = Pins("t", "e", (pin,), "", None)
    ranking.ranked[None] = ["one.png"]
    bench.clock.pass_by(301)
    refs, settlement = await settle(bench, pick, pins)
    assert refs == ["library:three.png"]
    assert settlement == Settlement(Outcome.PINNED)
    assert len(ranking.queries) == 1
    bench.source.put("three.png", LOGO_BYTES, approval=Approval.RETIRED)
    bench.clock.pass_by(301)
    with pytest.raises(PressrunError) as caught:
        await settle(bench, pick, pins)
    assert caught.value.reason is Reason.ASSET_NOT_APPROVED


async def test_missed_news_may_be_of_a_query(bench: Node, ranking: RankingSource) -> None:
    """What a query found before a moment whose news may have been missed is asked for again."""
    ranking.ranked[None] = ["three.png"]
    assert (await settle(bench, QUERIED))[0] == ["library:three.png"]
    ranking.ranked[None] = ["one.png"]
    bench.clock.pass_by(1)
    bench.resolver._belief.doubt(bench.clock.now())
    bench.clock.pass_by(1)
    assert (await settle(bench, QUERIED))[0] == ["library:one.png"]
    assert len(ranking.queries) == 2


async def test_a_source_that_gives_one(node: Node) -> None:
    """A source without a ranking gives the one asset that it selects."""

    async def select(query: AssetQuery) -> AssetRef:  # noqa: ARG001 - scripted
        return AssetRef("library", "brand/logo.png")

    node.source.select = select  # type: ignore[method-assign]
    assert (await settle(node, QUERIED))[0] == ["library:brand/logo.png"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_trouble_that_passes_is_told(order: tuple[int, int]) -> None:
    """Where one candidate may not be used and another cannot be asked for, the document may be tried again."""
    answers = (
        Trouble(Reason.ASSET_NOT_APPROVED, "its approval is 'retired'"),
        Trouble(Reason.ASSET_UNAVAILABLE, "its source is away", 1.0),
    )
    settling = settle_slot(QUERIED, "print", [])
    assert isinstance(next(settling), Ask)
    assert isinstance(settling.send(("library:one.png", "library:two.png")), Find)
    settling.send(answers[order[0]])
    with pytest.raises(PressrunError, match="its source is away") as caught:
        settling.send(answers[order[1]])
    assert caught.value.reason is Reason.ASSET_UNAVAILABLE
    assert caught.value.retry_after == 1.0
