from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from pressrun_sources.candidates import best, meets, ranked
from pressrun_sources.errors import NotFoundError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef

NOW = datetime(2026, 11, 1, tzinfo=UTC)
QUERY = AssetQuery("library", (("segment", "premier"),))


def found(number: int, approval: Approval = Approval.APPROVED, until: datetime | None = None) -> AssetDescription:
    """What a source says of an asset."""
    return AssetDescription(
        ref=AssetRef("library", f"a{number}"), asset_id="1", version="1", etag=None, media_type=None, size=None,
        width=None, height=None, approval=approval, rights_from=None, rights_until=until, territories=(), locale=None,
        deleted=False, name="a", attributes=(("segment", "premier"), ("segment", "student")),
    )  # fmt: skip


class Search:
    """A search that notes how far it was read, and that it was closed."""

    def __init__(self, *hits: AssetDescription) -> None:
        self.hits = hits
        self.read = 0
        self.closed = False

    async def run(self) -> AsyncGenerator[AssetDescription, None]:
        """The hits."""
        try:
            for hit in self.hits:
                self.read += 1
                yield hit
        finally:
            self.closed = True


async def test_best_reads_no_further() -> None:
    """The first usable candidate is taken; what stands behind it is not described, and the search is closed."""
    search = Search(found(1, Approval.PENDING), found(2, until=NOW), found(3), found(4))
    assert (await best(search.run(), QUERY, NOW)).id == "a3"
    assert (search.read, search.closed) == (3, True)
    search = Search(found(1, Approval.PENDING))
    with pytest.raises(NotFoundError, match="no approved asset with segment=premier") as caught:
        await best(search.run(), QUERY, NOW)
    assert caught.value.detail == "1 candidates, none of them usable"


async def test_ranked_keeps_a_place() -> None:
    """Of many candidates the first are given, and the first usable one among them, wherever it stands."""
    drafts = [found(number, Approval.PENDING) for number in range(50)]
    search = Search(*drafts, found(50), found(51))
    assert [ref.id for ref in await ranked(search.run(), QUERY, NOW, 4)] == ["a0", "a1", "a2", "a50"]
    assert (search.read, search.closed) == (51, True)
    search = Search(found(0), *drafts[1:])
    assert [ref.id for ref in await ranked(search.run(), QUERY, NOW, 4)] == ["a0", "a1", "a2", "a3"]
    assert search.read == 4
    assert len(await ranked(Search(found(0, until=NOW - timedelta(days=1))).run(), QUERY, NOW)) == 1
    with pytest.raises(NotFoundError):
        await ranked(Search().run(), QUERY, NOW)


def test_meets() -> None:
    """A criterion that a description tells of must have one of its values; of others nothing is known."""
    assert meets(found(1), {"segment": "student", "region": "EMEA"})
    assert not meets(found(1), {"segment": "business"})
