"""Renditions that a page links to where their system shows them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, FakeSource, Node, Pick
from tests.unit.prepare.pictures import png, rgba

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.spec import AssetPin, Pins
from pressrun_server.model.template import RenditionSpec
from pressrun_sources.hosted import Hosted
from pressrun_sources.model import Approval, AssetDescription, Rendition

LINKED = RenditionSpec(width=20, screen=True, hosted=True)
HELD = RenditionSpec(width=20, screen=True)


class ShowingSource(FakeSource):
    """Shows what it holds to everybody."""

    def __init__(self) -> None:
        super().__init__()
        self.shows = True
        self.shown: list[Rendition] = []

    async def hosted(self, description: AssetDescription, rendition: Rendition) -> Hosted | None:
        """An address that names the version."""
        self.shown.append(rendition)
        if not self.shows:
            return None
        url = f"https://cdn.example/v{description.version}/{rendition.key()}/{description.ref.id}"
        return Hosted(url, "image/png", 20, 10, AS_OF + timedelta(days=9), "https://cdn.example/film.mp4", "video/mp4")


@pytest.fixture
def source() -> ShowingSource:
    """A source with a logo."""
    source = ShowingSource()
    source.put("brand/logo.png", LOGO_BYTES)
    return source


async def use(node: Node, rendition: RenditionSpec, pins: Pins | None = None) -> tuple[AssetUse, list[RenderWarning]]:
    """Resolve the logo."""
    picks = [Pick(rendition=rendition)]
    found = node.resolver.resolve_warm(picks, as_of=AS_OF, channel="web", pins=pins)
    uses, warnings = found or await node.resolver.resolve(picks, as_of=AS_OF, channel="web", pins=pins)
    return uses[0], warnings


def pinned(found: AssetUse, url: str | None = None) -> Pins:
    """What a document that used it would be pinned by."""
    about = found.descriptor
    assert about.hosted is not None
    given = AssetPin(
        "logo", LOGO, about.asset_id, about.version, about.rendition, about.digest.sha256, about.digest.size,
        about.hosted.url if url is None else url, about.hosted.video,
    )  # fmt: skip
    return Pins("t", "e", (given,), "en-GB", AS_OF)


async def test_the_address_of_the_rendition(source: ShowingSource) -> None:
    """A rendition that is linked to has its address; one that is held has none, and is the same picture."""
    node = Node(source=source)
    held, _ = await use(node, HELD)
    linked, warnings = await use(node, LINKED)
    assert held.descriptor.hosted is None
    assert linked.descriptor.hosted is not None
    assert linked.descriptor.hosted.url == "https://cdn.example/v1/w=20/brand/logo.png"
    assert linked.descriptor.hosted.video_type == "video/mp4"
    assert held.prepared == linked.prepared
    assert (warnings, source.shown) == ([], [Rendition(width=20)])
    assert node.resolver.resolve_warm([Pick(rendition=LINKED)], as_of=AS_OF, channel="web") is not None
    assert len(source.shown) == 1


async def test_a_new_version_has_a_new_address(source: ShowingSource) -> None:
    """What is asked for again is linked to where it is then."""
    node = Node(source=source)
    await use(node, LINKED)
    source.put("brand/logo.png", png(rgba()), version="2")
    node.clock.pass_by(301)
    again, _ = await use(node, LINKED)
    assert again.descriptor.hosted is not None
    assert "/v2/" in again.descriptor.hosted.url


@pytest.mark.parametrize("shows", [True, False])
async def test_nobody_shows_it(source: ShowingSource, shows: bool) -> None:  # noqa: FBT001 - pytest's
    """Where the system shows it to nobody, or is none that shows anything, the document holds it and says so."""
    if shows:
        source.shows = False
    plain = FakeSource()
    plain.put("brand/logo.png", LOGO_BYTES)
    node = Node(source=source if shows else plain)
    found, warnings = await use(node, LINKED)
    assert found.descriptor.hosted is None
    assert [(warning.code, warning.place) for warning in warnings] == [("ASSET_NOT_HOSTED", "slots.logo")]


async def test_what_may_not_be_used_is_not_published(source: ShowingSource) -> None:
    """The system is not asked to show what the document may not use."""
    node = Node(source=source)
    source.put("brand/logo.png", LOGO_BYTES, approval=Approval.PENDING)
    with pytest.raises(PressrunError):
        await use(node, LINKED)
    assert source.shown == []


async def test_pins_link_where_they_did(source: ShowingSource) -> None:
    """Pins give the former version with its former address; an address of somebody's own is refused."""
    node = Node(source=source)
    first, _ = await use(node, LINKED)
    again, _ = await use(node, LINKED, pinned(first))
    assert again.descriptor == first.descriptor
    with pytest.raises(PressrunError) as caught:
        await use(node, LINKED, pinned(first, "https://evil.example/logo.png"))
    assert caught.value.reason is Reason.PINS_MISMATCH
    assert "https://cdn.example/v1/" in caught.value.message
    source.put("brand/logo.png", png(rgba()), version="2")
    node.clock.pass_by(301)
    await use(node, LINKED)
    former, _ = await use(node, LINKED, pinned(first))
    assert former.descriptor.hosted == first.descriptor.hosted
    assert former.prepared == first.prepared


async def test_narrower_widths_for_screens(source: ShowingSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture for browsers has addresses of half and a quarter of its width; one for documents of PDF has none."""

    async def shown(_description: AssetDescription, rendition: Rendition) -> Hosted:
        return Hosted(f"https://cdn.example/w{rendition.width}h{rendition.height}", None, rendition.width, None, None)

    monkeypatch.setattr(source, "hosted", shown)
    spec = RenditionSpec(width=1400, height=800, screen=True, hosted=True)
    found = {
        name: (await use(Node(source=source), one))[0].descriptor.hosted
        for name, one in {
            "wide": spec, "narrow": msgspec.structs.replace(spec, width=700, height=None),
            "pdf": msgspec.structs.replace(spec, screen=False),
        }.items()
    }  # fmt: skip
    smaller = {name: link.narrower for name, link in found.items() if link is not None}
    assert smaller == {
        "wide": (("https://cdn.example/w700h400", 700), ("https://cdn.example/w350h200", 350)),
        "narrow": (("https://cdn.example/w350hNone", 350),),
        "pdf": (),
    }
