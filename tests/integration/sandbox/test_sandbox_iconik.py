from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from yarl import URL

from pressrun_loadtest.gallery.flows import SEED
from pressrun_loadtest.sandbox import Sandbox, load_seed

BOATS = "0b0f2d3e-9d11-41f0-8a01-000000000101"
FILM = "0b0f2d3e-9d11-41f0-8a01-000000000102"
COLLECTION = "1c0f2d3e-9d11-41f0-8a01-000000000009"


@pytest.fixture
async def media() -> AsyncIterator[Sandbox]:
    """The stand-ins with the gallery's library."""
    async with Sandbox(seed=load_seed(SEED)) as running:
        yield running


@pytest.fixture
def iconik(media: Sandbox, call: Callable[..., Any]) -> Any:
    """Asks iconik with a good token."""
    settings = media.settings.iconik
    headers = {"App-ID": settings.app_id, "Auth-Token": settings.auth_token}
    return call(f"{settings.base_url}/API", **headers)


@pytest.mark.fact("iconik.proxies")
async def test_proxies(iconik: Any, call: Callable[..., Any]) -> None:
    """A picture has a smaller picture as its proxy, a film a film; both open by their URLs, without a token."""
    for identifier, name, kind in ((BOATS, "proxy.png", "image/png"), (FILM, "proxy.mp4", "video/mp4")):
        version = (await iconik("GET", f"/assets/v1/assets/{identifier}/")).json["versions"][-1]["id"]
        listed = (await iconik("GET", f"/files/v1/assets/{identifier}/versions/{version}/proxies/")).json["objects"]
        assert [proxy["name"] for proxy in listed] == [name]
        opened = await call("")("GET", listed[0]["url"])
        assert (opened.status, opened.headers["Content-Type"]) == (200, kind)
        again = await iconik("GET", f"/files/v1/assets/{identifier}/proxies/{listed[0]['id']}/download_url/")
        signed = again.json["url"]
        assert URL(signed).name == URL(listed[0]["url"]).name  # the film is public, its list says the link for good
        assert (await call("")("GET", signed)).status == 200
        assert (await call("")("GET", signed.replace("signature=", "signature=0"))).status == 403
        # Nor are proxies keyframes.
        frames = (await iconik("GET", f"/files/v1/assets/{identifier}/versions/{version}/keyframes/")).json["objects"]
        assert "PROXY" not in {frame["type"] for frame in frames}


@pytest.mark.fact("iconik.collections", "iconik.paging")
async def test_collection(iconik: Any) -> None:
    """A collection lists what it holds, page by page; what is in none is not there."""
    found = (await iconik("GET", f"/assets/v1/collections/{COLLECTION}/contents/?per_page=1")).json
    assert [item["id"] for item in found["objects"]] == [BOATS]
    assert (found["total"], found["pages"], found["next_url"]) == (1, 1, None)
    assert found["first_url"].startswith("/API/assets/v1/collections/")
    assert (await iconik("GET", f"/assets/v1/collections/{BOATS}/contents/")).status == 404


@pytest.mark.parametrize(
    ("terms", "number"),
    [
        ([{"name": "metadata.Language", "value": "en"}], 2),
        ([{"name": "metadata.Language", "value_in": ["fr", "de"]}], 1),
        ([{"name": "metadata.Language", "missing": True}], 1),
        ([{"name": "metadata.Language", "exists": True}, {"name": "media_type", "value": "video"}], 1),
        ([{"name": "date_modified", "range": {"min": "2026-01-07"}}], 1),
        ([{"name": "in_collections", "value": COLLECTION}], 1),
    ],
)
@pytest.mark.fact("iconik.search-terms")
async def test_terms(iconik: Any, terms: list[dict[str, object]], number: int) -> None:
    """Each form of a term finds what it says."""
    body = {"doc_types": ["assets"], "query": "", "filter": {"operator": "AND", "terms": terms}}
    assert (await iconik("POST", "/search/v1/search/", json=body)).json["total"] == number


@pytest.mark.fact("iconik.metadata-apart", "iconik.error-body")
async def test_metadata_that_was_never_written(media: Sandbox, iconik: Any) -> None:
    """Metadata values that nobody wrote are not there, and the error is a list of texts."""
    asset = media.iconik.store.assets[BOATS]
    view = media.settings.iconik.view_id
    assert (await iconik("GET", f"/metadata/v1/assets/{BOATS}/views/{view}/")).status == 200
    asset.metadata.clear()
    answer = await iconik("GET", f"/metadata/v1/assets/{BOATS}/views/{view}/")
    assert (answer.status, answer.json) == (404, {"errors": ["No metadata values for this object and view"]})
