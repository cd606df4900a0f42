from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError, UnavailableError
from pressrun_sources.model import Approval, AssetQuery, AssetRef, Rendition
from pressrun_sources.pushed.folder import FolderPeers
from pressrun_sources.pushed.shelf import Shelf
from pressrun_sources.pushed.source import PushedSource
from pressrun_sources.pushed.version import Version
from pressrun_sources.transport.timing import Timing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TERMS = AssetRef("pushed", "terms/card")


class Wall:
    """The time that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now.timestamp()


@pytest.fixture
def wall() -> Wall:
    """June, noon."""
    return Wall()


@pytest.fixture
def source(tmp_path: Path, wall: Wall) -> PushedSource:
    """An empty source."""
    return PushedSource(Shelf(tmp_path), replace(Timing(), wall=wall))


def version(data: bytes, **changes: object) -> Version:
    """An approved version of some bytes."""
    made = Version(
        0,
        hashlib.sha256(data).hexdigest(),
        len(data),
        "text/plain",
        Approval.APPROVED,
        None,
        None,
        (),
        None,
        "",
        (),
        NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def put(source: PushedSource, data: bytes, identifier: str = "terms/card", **changes: object) -> tuple[int, bool]:
    """Push; the number, and whether it is new."""
    kept, created = await source.put(identifier, version(data, **changes), data)
    return kept.number, created


async def text(source: PushedSource, ref: AssetRef = TERMS) -> bytes:
    """The bytes that a document gets."""
    description = await source.describe(ref)
    async with source.open(description, Rendition()) as body:
        return b"".join([chunk async for chunk in body.chunks()])


async def test_versions(source: PushedSource, tmp_path: Path, wall: Wall) -> None:
    """Each push is a version; the newest is used; the same again changes nothing; all of it outlives a restart."""
    assert await put(source, b"one") == (1, True)
    assert await put(source, b"two") == (2, True)
    assert await put(source, b"two") == (2, False)
    for found in (source, PushedSource(Shelf(tmp_path), replace(Timing(), wall=wall))):
        assert await found.start() == []
        assert await text(found) == b"two"
        assert await text(found, AssetRef.parse("pushed:terms/card?version=1")) == b"one"
        described = await found.describe(TERMS)
        assert (described.version, described.asset_id, described.approval) == ("2", "terms/card@2", Approval.APPROVED)


async def test_approval(source: PushedSource) -> None:
    """What waits for approval leaves the approved one in use; approving needs no bytes; retiring withdraws all."""
    await put(source, b"one")
    await put(source, b"two", approval=Approval.PENDING)
    assert await text(source) == b"one"
    kept, created = await source.put("terms/card", version(b""), None)
    assert (kept.number, created, kept.size) == (3, True, 3)
    assert await text(source) == b"two"
    await source.put("terms/card", version(b"", approval=Approval.RETIRED), None)
    assert (await source.describe(TERMS)).approval is Approval.RETIRED
    await put(source, b"three", approval=Approval.PENDING)
    assert (await source.describe(TERMS)).approval is Approval.PENDING
    with pytest.raises(NotFoundError, match="push its bytes first"):
        await source.put("other", version(b""), None)


async def test_effect(source: PushedSource, wall: Wall) -> None:
    """A version that begins later ends the one before it at that moment, and is used from it on."""
    begins = NOW + timedelta(days=30)
    await put(source, b"old", effective_until=NOW + timedelta(days=90))
    await put(source, b"new", effective_from=begins)
    assert await text(source) == b"old"
    assert (await source.describe(TERMS)).rights_until == begins
    wall.now = begins
    assert await text(source) == b"new"
    assert (await source.describe(TERMS)).rights_until is None
    await put(source, b"far", "terms/far", effective_from=begins + timedelta(days=1))
    assert (await source.describe(AssetRef("pushed", "terms/far"))).rights_from == begins + timedelta(days=1)


async def test_queries(source: PushedSource) -> None:
    """Content is found by its metadata and language, the last pushed first; the selected one may be used."""
    spring = (("campaign", "spring"),)
    await put(source, b"a", "a", attributes=spring, locale="fr")
    await put(source, b"b", "b", attributes=spring, locale="fr", pushed_at=NOW + timedelta(hours=1))
    await put(source, b"c", "c", attributes=spring, pushed_at=NOW + timedelta(hours=2), approval=Approval.PENDING)
    query = AssetQuery("pushed", spring)
    assert [ref.id for ref in await source.rank(query)] == ["c", "b", "a"]
    assert (await source.select(query)).id == "b"
    assert [ref.id for ref in await source.rank(AssetQuery("pushed", spring, "fr"))] == ["b", "a"]
    with pytest.raises(NotFoundError):
        await source.rank(AssetQuery("pushed", spring, "de"))


async def test_what_others_pushed_is_learned_whichever_way_it_comes(tmp_path: Path) -> None:
    """By a question of it, by a query, and when a source begins; told once, and not of what was pushed here."""
    shelf = Shelf(tmp_path)
    here, there = (PushedSource(shelf, peers=FolderPeers(shelf)) for _ in range(2))
    await here.start()
    await there.start()
    await put(there, b"one", "a")
    await put(there, b"one", "b", attributes=(("kind", "terms"),))
    await put(here, b"two", "c")
    await here.describe(AssetRef("pushed", "a"))
    await here.select(AssetQuery("pushed", (("kind", "terms"),)))
    assert [here.learned(name) for name in "aabbc"] == [True, False, True, False, False]
    later = PushedSource(shelf, peers=FolderPeers(shelf))
    await later.start()
    await put(there, b"three", "a")
    assert await put(later, b"three", "a") == (2, False)
    assert later.learned("a")


async def test_damage(source: PushedSource, tmp_path: Path) -> None:
    """Damaged bytes are refused; a damaged record is set aside and told, and leaves the rest in use."""
    await put(source, b"one")
    await put(source, b"two", "other")
    (path,) = [path for path in (tmp_path / "bytes").rglob("*") if path.is_file() and path.read_bytes() == b"one"]
    path.write_bytes(b"changed")
    with pytest.raises(InvalidResponseError, match="push the content again"):
        await text(source)
    (record,) = [path for path in (tmp_path / "records").iterdir() if "terms/card" in path.read_text()]
    record.write_text("{")
    fresh = PushedSource(Shelf(tmp_path))
    (fault,) = await fresh.start()
    assert "damaged" in fault
    assert record.with_suffix(".damaged").read_text() == "{"
    assert await text(fresh, AssetRef("pushed", "other")) == b"two"


async def test_refusals(source: PushedSource) -> None:
    """Unknown ids, versions and qualifiers are refused by name; so is everything after the end."""
    await put(source, b"one")
    for ref, kind in (
        ("pushed:nothing", NotFoundError),
        ("pushed:terms/card?version=9", NotFoundError),
        ("pushed:terms/card?size=9", InvalidReferenceError),
    ):
        with pytest.raises(kind):
            await source.describe(AssetRef.parse(ref))
    await source.check()
    await source.close()
    with pytest.raises(UnavailableError):
        await source.describe(TERMS)
