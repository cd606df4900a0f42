"""A source that counts calls is asked about many assets at once, and what it says then is no less true."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.assets.fakes import AS_OF, LOGO_BYTES, FakeSource, Node, Pick

from pressrun_server.assets.cluster import Cluster
from pressrun_server.errors import PressrunError
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.template import RenditionSpec
from pressrun_sources.errors import DeniedError, InvalidResponseError, NotFoundError, SourceError, UnavailableError
from pressrun_sources.model import Approval, AssetDescription, AssetRef

NUMBER = 12
NAMES = [f"assets/{number}.png" for number in range(NUMBER)]
PICKS = [Pick(ref=f"library:{name}", slot=f"s{number}") for number, name in enumerate(NAMES)]


class ListingSource(FakeSource):
    """A source whose list has many assets; it counts, and can be made to fail, or not to name or tell of some."""

    def __init__(self) -> None:
        super().__init__()
        self.most_reviewed = 5
        self.reviews: list[list[str]] = []
        self.hidden: set[str] = set()
        """Those that it does not name."""
        self.untold: set[str] = set()
        """Those of which it tells too little."""
        self.before: dict[str, AssetDescription] = {}
        """What it tells of assets, where that is not the truth."""
        self.failing: Exception | None = None

    async def review(self, known: Mapping[AssetRef, str]) -> Mapping[AssetRef, AssetDescription | None]:
        """What is held of them."""
        self.reviews.append([ref.id for ref in known])
        await asyncio.sleep(0)
        if self.failing is not None:
            raise self.failing
        found: dict[AssetRef, AssetDescription | None] = {}
        for ref, asset_id in known.items():
            if ref.id in self.hidden or ref.id not in self.assets:
                found[ref] = None
            elif ref.id not in self.untold:
                description = self.before.get(ref.id, self.assets[ref.id][0])
                assert description.asset_id == asset_id
                found[ref] = description
        return found


async def made() -> tuple[Node, ListingSource]:
    """A resolver, and its source with some assets."""
    source = ListingSource()
    node = Node(source=source)
    for name in NAMES:
        source.put(name, LOGO_BYTES)
    await node.resolver.start()
    return node, source


def use(node: Node, *picks: Pick) -> list[AssetUse] | None:
    """Use assets as a document does that waits for nothing."""
    found = node.resolver.resolve_warm(picks, as_of=node.clock.now(), channel="print")
    return None if found is None else found[0]


async def settle() -> None:
    """Let what runs beside documents come to its end."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_many_at_once() -> None:
    """When one asset is to be asked for again, those that are half way there are asked about with it."""
    node, source = await made()
    await node.resolver.resolve(PICKS, as_of=AS_OF, channel="print")
    assert source.described == NUMBER
    for _ in range(4):
        node.clock.pass_by(250)
        # One after the other, as documents come.
        for pick in PICKS:
            assert use(node, pick) is not None
            await settle()
    assert source.described == NUMBER
    assert source.opened == NUMBER
    assert [len(names) for names in source.reviews] == [5, 5, 2] * 4
    await node.resolver.close()


async def test_calls_of_an_hour() -> None:
    """A thousand assets in constant use take a tenth of the calls that are allowed, where each by itself took six times too many."""
    source = ListingSource()
    source.most_reviewed = 100
    node = Node(source=source)
    picks = [Pick(ref=f"library:{number}.png", slot=f"s{number}") for number in range(1000)]
    for number in range(len(picks)):
        source.put(f"{number}.png", LOGO_BYTES)
    await node.resolver.start()
    chance = random.Random(7)
    for pick in picks:
        await node.resolver.resolve((pick,), as_of=node.clock.now(), channel="print")
        node.clock.pass_by(0.1)
    described = source.described
    for _ in range(180):
        for pick in chance.sample(picks, 600):
            assert use(node, pick) is not None
        await settle()
        node.clock.pass_by(20)
    assert source.described - described < 20
    assert len(source.reviews) < 200
    await node.resolver.close()


async def test_all_renditions_live_on() -> None:
    """What a list says of an asset counts for all its renditions."""
    node, source = await made()
    picks = [replace(pick, rendition=RenditionSpec(width=width)) for pick in PICKS[:2] for width in (300, 900)]
    await node.resolver.resolve(picks, as_of=AS_OF, channel="print")
    node.clock.pass_by(250)
    assert use(node, picks[0]) is not None
    await settle()
    node.clock.pass_by(250)
    assert use(node, *picks) is not None
    assert (source.described, len(source.reviews)) == (2, 1)
    await node.resolver.close()


@dataclass
class Others:
    """The other fronts of a node; remembers what they were told."""

    told: list[str] = field(default_factory=list)

    async def changed(self, names: Sequence[str]) -> None:
        """Remember."""
        self.told += names


def narrowed(source: ListingSource, name: str, **fields: object) -> None:
    """Let a source say something else of an asset."""
    source.assets[name] = (dataclasses.replace(source.assets[name][0], **fields), LOGO_BYTES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"approval": Approval.RETIRED},
        {"deleted": True},
        {"rights_until": AS_OF + timedelta(seconds=260)},
        {"territories": ("FR",)},
    ],
    ids=str,
)
async def test_what_a_list_takes_away_is_gone_at_once(fields: dict[str, object]) -> None:
    """A withdrawal, or a narrowing, that a list tells counts at once, in all variants, and the others are told of it."""
    node, source = await made()
    node.cluster = Cluster(kin=(others := Others()))
    node.restart()
    german = replace(PICKS[0], ref=f"{PICKS[0].ref}?locale=de")
    await node.resolver.resolve([*PICKS[:3], german], as_of=AS_OF, channel="print")
    narrowed(source, NAMES[0], **fields)
    node.clock.pass_by(250)
    assert use(node, PICKS[1]) is not None  # of an asset of which nothing has changed
    await settle()
    assert use(node, *PICKS[1:3]) is not None
    assert use(node, PICKS[0]) is None
    assert use(node, german) is None
    assert others.told == [PICKS[0].ref]
    await node.resolver.close()


@pytest.mark.parametrize("gone", [True, False])
async def test_what_a_list_does_not_name_is_described_at_once(gone: bool) -> None:  # noqa: FBT001 - parametrized
    """An asset that a list does not name may be gone: its own record says so, and not first when somebody needs it."""
    node, source = await made()
    await node.resolver.resolve(PICKS[:3], as_of=AS_OF, channel="print")
    source.hidden.add(NAMES[0])
    if gone:
        del source.assets[NAMES[0]]
    node.clock.pass_by(250)
    assert use(node, PICKS[1]) is not None
    await settle()
    assert (source.described, len(source.reviews)) == (4, 1)
    if gone:
        assert use(node, PICKS[0]) is None
    else:
        node.clock.pass_by(299)  # it was asked for, and lives on
        assert use(node, PICKS[0]) is not None
    await node.resolver.close()


async def test_a_new_version_in_a_list() -> None:
    """Another version that a list tells of is fetched at the next use."""
    node, source = await made()
    await node.resolver.resolve(PICKS[:3], as_of=AS_OF, channel="print")
    source.put(NAMES[0], LOGO_BYTES, version="2")
    node.clock.pass_by(250)
    assert use(node, PICKS[1]) is not None
    await settle()
    (found,), _ = await node.resolver.resolve(PICKS[:1], as_of=node.clock.now(), channel="print")
    assert found.descriptor.version == "2"
    assert source.described == 4
    await node.resolver.close()


async def test_a_list_that_contradicts_the_record() -> None:
    """A list that calls an asset withdrawn whose own record doesn't is not asked about it for an hour."""
    node, source = await made()
    await node.resolver.resolve(PICKS[:3], as_of=AS_OF, channel="print")
    source.before[NAMES[0]] = dataclasses.replace(source.assets[NAMES[0]][0], approval=Approval.PENDING)
    for _ in range(10):
        node.clock.pass_by(250)
        for pick in PICKS[:3]:
            await node.resolver.resolve((pick,), as_of=node.clock.now(), channel="print")
            await settle()
    assert sum(NAMES[0] in names for names in source.reviews) == 1
    assert source.described == 3 + 10
    await node.resolver.close()


async def test_what_is_asked_for_by_itself_holds_up_no_others() -> None:
    """Assets of which the list tells too little are left out of further questions."""
    node, source = await made()
    await node.resolver.resolve(PICKS, as_of=AS_OF, channel="print")
    source.untold.update(NAMES[:4])
    node.clock.pass_by(250)
    for pick in PICKS:
        assert use(node, pick) is not None  # all at once: more are due than a question holds
    await settle()
    asked = [name for names in source.reviews for name in names]
    assert sorted(asked) == sorted(NAMES)
    assert source.described == NUMBER + 4
    await node.resolver.close()


async def test_lists_alone() -> None:
    """However often lists say that nothing has changed, each asset is described by itself now and then."""
    node, source = await made()
    await node.resolver.resolve(PICKS[:5], as_of=AS_OF, channel="print")
    described = []
    for _ in range(24 * 3600 // 250):
        node.clock.pass_by(250)
        for pick in PICKS[:5]:
            assert use(node, pick) is not None
            await settle()
        described.append(source.described)
    assert described[3 * 3600 // 250 - 2] == 5  # three hours pass before the first
    assert described[6 * 3600 // 250] >= 10  # and six until the last
    assert 25 <= described[-1] <= 5 * 9
    await node.resolver.close()


@pytest.mark.parametrize(
    ("error", "quiet"),
    [
        (UnavailableError("library", None, "it is down"), 30),
        (UnavailableError("library", None, "it is down", "", 90.0), 90),
        (InvalidResponseError("library", None, "that is no JSON"), 300),
        (DeniedError("library", None, "no lists for you", "GET /by_asset_ids answered 403"), 3600),
        (NotFoundError("library", None, "there is no such list", "GET /by_asset_ids answered 404"), 3600),
    ],
    ids=["down", "asks for time", "a hiccup", "refused", "unknown"],
)
async def test_a_list_that_fails(error: SourceError, quiet: float, caplog: pytest.LogCaptureFixture) -> None:
    """Where the list cannot be had, assets are asked for by themselves, and the list is left alone for a while."""
    node, source = await made()
    source.failing = error
    asked_at = []
    while (now := (node.clock.now() - AS_OF).total_seconds()) < 4200:
        for pick in PICKS[:6]:
            # Not all at once, so that something is due all the time.
            await node.resolver.resolve((pick,), as_of=node.clock.now(), channel="print")
            node.clock.pass_by(10)
            await settle()
        if len(source.reviews) > len(asked_at):
            asked_at.append(now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
    assert gaps
    assert min(gaps) >= quiet - 60
    assert len(source.reviews) <= 1 + 4200 / quiet
    refused = [record for record in caplog.records if record.name.endswith("reviewing")]
    assert len(refused) == (len(asked_at) if error.detail else 0)
    assert all(error.detail in record.getMessage() for record in refused)
    await node.resolver.close()


async def test_a_list_that_says_too_little() -> None:
    """A list that has the same to say of nothing is not asked for a while; each asset is asked for by itself."""
    node, source = await made()
    await node.resolver.resolve(PICKS[:3], as_of=AS_OF, channel="print")
    source.untold.update(NAMES)
    node.clock.pass_by(250)
    for pick in PICKS[:3]:
        assert use(node, pick) is not None
        await settle()
    assert (source.described, len(source.reviews)) == (6, 1)
    await node.resolver.close()


async def test_a_change_during_the_question() -> None:
    """An asset of which somebody tells a change while the list is asked for is not renewed by it."""
    node, source = await made()
    await node.resolver.resolve(PICKS[:3], as_of=AS_OF, channel="print")
    node.clock.pass_by(250)
    asked = asyncio.Event()
    original = source.review

    async def review(known: Mapping[AssetRef, str]) -> Mapping[AssetRef, AssetDescription | None]:
        found = await original(known)
        node.clock.pass_by(1)
        await node.resolver.changed(PICKS[1].ref)
        asked.set()
        return found

    source.review = review  # type: ignore[method-assign]
    assert use(node, PICKS[0]) is not None
    await asked.wait()
    await settle()
    assert use(node, PICKS[2]) is not None
    assert use(node, PICKS[1]) is None
    await node.resolver.close()


@settings(deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.floats(1, 320)),
            st.tuples(st.just("use"), st.integers(0, 5)),
            st.tuples(st.just("approval"), st.tuples(st.integers(0, 5), st.sampled_from(list(Approval)))),
            st.tuples(st.just("version"), st.integers(0, 5)),
            st.tuples(st.just("rights"), st.tuples(st.integers(0, 5), st.floats(1, 900))),
            st.tuples(st.just("hide"), st.integers(0, 5)),
            st.tuples(st.just("leave"), st.integers(0, 5)),
            st.tuples(st.just("told"), st.integers(0, 5)),
        ),
        max_size=40,
    )
)
async def test_never_older_than_an_answer(steps: list[tuple[str, object]]) -> None:
    """Whatever happens at the source, what is used was true at most `fresh_seconds` ago, and since it was told."""
    node, source = await made()
    truth: list[list[tuple[float, AssetDescription]]] = [[(0.0, source.assets[name][0])] for name in NAMES[:6]]
    told_at = [0.0] * 6
    fresh = node.config.fresh_seconds

    def now() -> float:
        return (node.clock.now() - AS_OF).total_seconds()

    def changes(number: int, **fields: object) -> None:
        about = replace(source.assets[NAMES[number]][0], **fields)  # type: ignore[arg-type]
        source.assets[NAMES[number]] = (about, LOGO_BYTES)
        truth[number].append((now(), about))

    try:
        for kind, value in steps:
            if kind == "pass":
                node.clock.pass_by(float(value))  # type: ignore[arg-type]
            elif kind == "approval":
                changes(value[0], approval=value[1])  # type: ignore[index]
            elif kind == "rights":
                changes(value[0], rights_until=node.clock.now() + timedelta(seconds=value[1]))  # type: ignore[index]
            elif kind == "version":
                changes(int(value), version=str(len(truth[int(value)])))  # type: ignore[call-overload]
            elif kind == "hide":
                source.hidden ^= {NAMES[int(value)]}  # type: ignore[call-overload]
            elif kind == "leave":
                source.untold ^= {NAMES[int(value)]}  # type: ignore[call-overload]
            elif kind == "told":
                number = int(value)  # type: ignore[call-overload]
                told_at[number] = now()
                await node.resolver.changed(PICKS[number].ref)
                node.clock.pass_by(0.001)
            else:
                number = int(value)  # type: ignore[call-overload]
                try:
                    uses, _ = await node.resolver.resolve((PICKS[number],), as_of=node.clock.now(), channel="print")
                except PressrunError:
                    continue
                finally:
                    await settle()
                since = max(now() - fresh - 0.001, told_at[number])
                history = truth[number]
                possible = [
                    about
                    for (at, about), (until, _) in zip(history, [*history[1:], (float("inf"), None)], strict=True)
                    if until >= since and at <= now()
                ]
                assert uses[0].descriptor.version in {about.version for about in possible}
                assert Approval.APPROVED in {about.approval for about in possible}
                assert any(about.rights_until is None or about.rights_until > node.clock.now() for about in possible)
    finally:
        await node.resolver.close()
