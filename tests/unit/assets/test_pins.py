from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, Node, Pick
from tests.unit.prepare.pictures import jpeg, png, rgb, rgba

from pressrun_server.assets.config import AssetConfig
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.spec import AssetPin, Pins
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_sources.errors import UnavailableError
from pressrun_sources.model import Approval

OTHER_BYTES = png(rgba())


def pins_of(*uses: AssetUse) -> Pins:
    """What a document that used these would be pinned by."""
    assets = tuple(
        AssetPin(
            use.slot,
            use.descriptor.ref,
            use.descriptor.asset_id,
            use.descriptor.version,
            use.descriptor.rendition,
            use.descriptor.digest.sha256,
            use.descriptor.digest.size,
        )
        for use in uses
    )
    return Pins("t", "e", assets, "en-GB", AS_OF)


async def use(node: Node, *picks: Pick, pins: Pins | None = None) -> list[AssetUse]:
    """Resolve, warm first."""
    found = node.resolver.resolve_warm(picks, as_of=AS_OF, channel="print", pins=pins)
    if found is None:
        found = await node.resolver.resolve(picks, as_of=AS_OF, channel="print", pins=pins)
    return found[0]


async def refusal(node: Node, *picks: Pick, pins: Pins) -> PressrunError:
    """Why the pins cannot be kept."""
    with pytest.raises(PressrunError) as caught:
        await use(node, *picks, pins=pins)
    return caught.value


async def test_the_same_again(node: Node) -> None:
    """While nothing changed, pins give the same asset, without a wait."""
    (first,) = await use(node, Pick())
    found = node.resolver.resolve_warm([Pick()], as_of=AS_OF, channel="print", pins=pins_of(first))
    assert found is not None
    assert found[0][0].prepared == first.prepared


async def test_an_earlier_version_that_is_still_here(node: Node) -> None:
    """After a new version came, pins give the old bytes under their old version, and others get the new ones."""
    (first,) = await use(node, Pick())
    node.source.put("brand/logo.png", OTHER_BYTES, version="2")
    node.clock.pass_by(301)
    (second,) = await use(node, Pick())
    assert second.prepared != first.prepared
    (pinned,) = await use(node, Pick(), pins=pins_of(first))
    assert pinned.prepared == first.prepared
    assert (pinned.descriptor.digest, pinned.descriptor.version) == (first.descriptor.digest, "1")
    assert pinned.descriptor.width == first.descriptor.width


async def test_a_node_that_holds_an_older_version_asks(node: Node) -> None:
    """Pins that name a version newer than the fresh answer here make the node ask its source at once."""
    await use(node, Pick())
    other = Node(source=node.source)
    node.source.put("brand/logo.png", OTHER_BYTES, version="2")
    (newer,) = await use(other, Pick())
    (pinned,) = await use(node, Pick(), pins=pins_of(newer))
    assert pinned.descriptor == newer.descriptor
    assert pinned.found_in == "source"


async def test_bytes_that_are_gone(node: Node) -> None:
    """Pinned bytes that neither the node nor the source has are an error that says so."""
    (first,) = await use(node, Pick())
    cold = Node(source=node.source)
    cold.source.put("brand/logo.png", OTHER_BYTES, version="2")
    error = await refusal(cold, Pick(), pins=pins_of(first))
    assert error.reason is Reason.PINS_MISMATCH
    assert first.descriptor.digest.sha256 in error.message
    assert "now has the version '2'" in error.message
    assert "without pins" in error.message


async def test_approval_counts_for_pins_too(node: Node) -> None:
    """An asset that may not be used today is not used because an earlier document used it."""
    (first,) = await use(node, Pick())
    node.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.RETIRED)
    node.clock.pass_by(301)
    error = await refusal(node, Pick(otherwise="omit"), pins=pins_of(first))
    assert error.reason is Reason.ASSET_NOT_APPROVED


async def test_the_template_chooses_another_asset(node: Node) -> None:
    """Pins of another record's choice are refused."""
    (first,) = await use(node, Pick())
    error = await refusal(node, Pick("library:other.png"), pins=pins_of(first))
    assert error.reason is Reason.PINS_MISMATCH
    assert LOGO in error.message
    assert "library:other.png" in error.message


async def test_another_rendition(node: Node) -> None:
    """Pins of another rendition are refused."""
    (first,) = await use(node, Pick())
    pins = pins_of(first)
    wrong = Pins("t", "e", (AssetPin("logo", LOGO, "", "", "w=5", "0" * 64, 1),), "en-GB", AS_OF)
    assert (await refusal(node, Pick(), pins=wrong)).reason is Reason.PINS_MISMATCH
    assert await use(node, Pick(), pins=pins)


async def test_a_pinned_fallback_stays(node: Node) -> None:
    """A document that took the fallback takes it again, although the first choice can be had by now."""
    pick = Pick("library:late.png", otherwise=LOGO)
    (first,) = await use(node, pick)
    assert first.descriptor.ref == LOGO
    node.source.put("late.png", OTHER_BYTES)
    node.clock.pass_by(11)
    (now,) = await use(node, pick)
    assert now.descriptor.ref == "library:late.png"
    (again,) = await use(node, pick, pins=pins_of(first))
    assert again.prepared == first.prepared


async def test_a_slot_that_was_left_out_stays_out(node: Node) -> None:
    """Where the pins name no asset, the slot is left out again if it may be, and is an error if it may not."""
    node.source.put("late.png", OTHER_BYTES)
    assert await use(node, Pick("library:late.png", otherwise="omit"), pins=pins_of()) == []
    error = await refusal(node, Pick(), pins=pins_of())
    assert error.reason is Reason.PINS_MISMATCH
    assert "slot 'logo'" in error.message


async def test_other_spellings_of_a_ref(node: Node) -> None:
    """Pins carry the canonical ref; a template that writes it otherwise means the same asset."""
    pick = Pick("library:brand%2Flogo.png")
    (first,) = await use(node, pick)
    assert first.descriptor.ref == LOGO
    (again,) = await use(node, pick, pins=pins_of(first))
    assert again.prepared == first.prepared


async def test_a_source_that_is_down(node: Node) -> None:
    """Pins are kept while the source is down, as far as its last answer goes; a cold node cannot keep them."""
    (first,) = await use(node, Pick())
    node.source.failure = UnavailableError("library", None, "down")
    assert await use(node, Pick(), pins=pins_of(first))
    cold = Node(source=node.source)
    cold.source.failure = node.source.failure
    error = await refusal(cold, Pick(), pins=pins_of(first))
    assert error.reason is Reason.ASSET_UNAVAILABLE


async def test_pins_outlive_a_restart(tmp_path: Path) -> None:
    """An earlier version is found by its digest after a restart too: its result is on record."""
    node = Node(AssetConfig(ledger_path=tmp_path))
    await node.resolver.start()
    (first,) = await use(node, Pick())
    node.source.put("brand/logo.png", OTHER_BYTES, version="2")
    node.restart()
    node.clock.pass_by(301)
    (pinned,) = await use(node, Pick(), pins=pins_of(first))
    assert pinned.prepared == first.prepared
    assert node.preparers.calls == 2


@pytest.mark.parametrize("restarted", [False, True])
async def test_bytes_of_another_asset_are_not_lent_its_name(tmp_path: Path, *, restarted: bool) -> None:
    """Pins that give an approved asset's ref and the digest of other stored bytes get an error, not those bytes."""
    node = Node(AssetConfig(ledger_path=tmp_path))
    await node.resolver.start()
    node.source.put("draft.png", OTHER_BYTES)
    logo, draft = await use(node, Pick(), Pick("library:draft.png", slot="draft"))
    about = draft.descriptor.digest
    if restarted:
        node.restart()
    forged = AssetPin(
        "logo", logo.descriptor.ref, logo.descriptor.asset_id, "1", logo.descriptor.rendition, about.sha256, about.size
    )
    error = await refusal(node, Pick(), pins=Pins("t", "e", (forged,), "", None))
    assert error.reason is Reason.PINS_MISMATCH
    assert f"the bytes {about.sha256} are not here as those of the asset {LOGO}" in error.message


async def test_bytes_of_another_rendition_are_not_lent_its_name(node: Node) -> None:
    """A small rendition's bytes do not stand in for the large one that the template asks for."""
    node.source.put("brand/logo.png", OTHER_BYTES)
    (small,) = await use(node, Pick(rendition=RenditionSpec(width=10)))
    node.source.put("brand/logo.png", LOGO_BYTES)
    node.clock.pass_by(301)
    (large,) = await use(node, Pick())
    about = small.descriptor.digest
    forged = AssetPin("logo", LOGO, "", "1", large.descriptor.rendition, about.sha256, about.size)
    error = await refusal(node, Pick(), pins=Pins("t", "e", (forged,), "", None))
    assert error.reason is Reason.PINS_MISMATCH


async def test_what_pins_say_beside_the_digest_is_not_believed(node: Node) -> None:
    """An earlier version goes by the id and the version that its source gave it."""
    (first,) = await use(node, Pick())
    node.source.put("brand/logo.png", OTHER_BYTES, version="2")
    node.clock.pass_by(301)
    await use(node, Pick())
    digest = first.descriptor.digest
    claimed = AssetPin("logo", LOGO, "another id", "99", first.descriptor.rendition, digest.sha256, digest.size)
    (again,) = await use(node, Pick(), pins=Pins("t", "e", (claimed,), "", None))
    assert (again.descriptor.asset_id, again.descriptor.version) == (first.descriptor.asset_id, "1")


async def test_a_draft_does_not_become_approved_by_its_successor(node: Node) -> None:
    """Bytes that were never approved are not used because a later version of their asset is."""
    lenient = Pick(require=Requirement(approval="any"))
    node.source.put("brand/logo.png", OTHER_BYTES, approval=Approval.PENDING)
    (draft,) = await use(node, lenient)
    node.source.put("brand/logo.png", LOGO_BYTES, version="2")
    node.clock.pass_by(301)
    await use(node, Pick())
    error = await refusal(node, Pick(), pins=pins_of(draft))
    assert error.reason is Reason.ASSET_NOT_APPROVED
    (again,) = await use(node, lenient, pins=pins_of(draft))
    assert (again.descriptor.version, again.descriptor.approval) == ("1", "pending")


async def test_an_earlier_version_keeps_its_form(node: Node) -> None:
    """A PNG that became a JPEG is a PNG still where it is pinned."""
    (first,) = await use(node, Pick())
    node.source.put("brand/logo.png", jpeg(rgb()), version="2")
    node.clock.pass_by(301)
    (second,) = await use(node, Pick())
    assert second.descriptor.media_type == "image/jpeg"
    (pinned,) = await use(node, Pick(), pins=pins_of(first))
    assert pinned.descriptor.media_type == "image/png"
