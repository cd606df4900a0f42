from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, Node, Pick

from pressrun_server.assets.territory import covers, midnight
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.template import Requirement
from pressrun_sources.describing import moment
from pressrun_sources.model import Approval

IN_FRANCE = Pick(territory="FR")


def warm(node: Node, pick: Pick = IN_FRANCE, as_of: datetime = AS_OF, channel: str = "print") -> bool:
    """Whether it may be used, decided without asking anybody."""
    return node.resolver.resolve_warm([pick], as_of=as_of, channel=channel) is not None


async def refused(node: Node, pick: Pick = IN_FRANCE, as_of: datetime = AS_OF, channel: str = "print") -> PressrunError:
    """Why it may not be used."""
    try:
        if node.resolver.resolve_warm([pick], as_of=as_of, channel=channel) is None:
            await node.resolver.resolve([pick], as_of=as_of, channel=channel)
    except PressrunError as error:
        return error
    pytest.fail("it was used")


REFUSALS = {
    "expired": (
        {"rights_until": AS_OF - timedelta(days=1)},
        Reason.ASSET_RIGHTS,
        "its rights ended 2026-10-31T12:00:00+00:00",
    ),
    "not begun": ({"rights_from": AS_OF + timedelta(days=1)}, Reason.ASSET_RIGHTS, "its rights begin 2026-11-02"),
    "withdrawn": ({"deleted": True}, Reason.ASSET_NOT_FOUND, "its source has withdrawn it"),
    "retired": ({"approval": Approval.RETIRED}, Reason.ASSET_NOT_APPROVED, "its approval is 'retired'"),
    "unapproved": ({"approval": Approval.PENDING}, Reason.ASSET_NOT_APPROVED, "its approval is 'pending'"),
    "wrong territory": ({"territories": ("DE", "AT")}, Reason.ASSET_RIGHTS, "for DE, AT, the document is for FR"),
    "wrong channel": (
        {"attributes": (("channel", "e-mail"), ("channel", "web"))},
        Reason.ASSET_RIGHTS,
        "for the output channels email, web, the document is for print",
    ),
    "wrong licence": (
        {"attributes": (("licence", "editorial"),)},
        Reason.ASSET_RIGHTS,
        "its licence is editorial, the template allows royalty-free",
    ),
    "no licence": ({}, Reason.ASSET_RIGHTS, "its licence is not stated, the template allows royalty-free"),
    "unchecked": (
        {"attributes": (("compliance", "brand"),)},
        Reason.ASSET_NOT_APPROVED,
        "it lacks the compliance tag 'gdpr' that the template requires (it has brand)",
    ),
}
DEMANDS = {
    "wrong licence": Requirement(licences=("royalty-free",)),
    "no licence": Requirement(licences=("royalty-free",)),
    "unchecked": Requirement(tags=("brand", "gdpr")),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_refused_cold(node: Node, case: str) -> None:
    """What may not be used is refused with the reason, and its bytes are not even fetched."""
    changes, reason, text = REFUSALS[case]
    node.source.put("brand/logo.png", LOGO_BYTES, **changes)
    error = await refused(node, Pick(territory="FR", require=DEMANDS.get(case, Requirement())))
    assert error.reason is reason
    assert text in error.message
    assert f"slot 'logo': asset {LOGO}" in error.message
    assert node.source.opened == 0


@pytest.mark.parametrize("case", REFUSALS)
async def test_refused_although_its_bytes_are_here(node: Node, case: str) -> None:
    """The same holds for an asset that was used before: once its source has said so, nobody gets it."""
    changes, reason, _ = REFUSALS[case]
    await node.resolver.resolve([IN_FRANCE], as_of=AS_OF, channel="print")
    assert warm(node)
    node.source.put("brand/logo.png", LOGO_BYTES, **changes)
    node.clock.pass_by(301)
    demanding = Pick(territory="FR", require=DEMANDS.get(case, Requirement()))
    assert (await refused(node, demanding)).reason is reason
    assert node.source.opened == 1


async def test_judged_for_each_document(node: Node) -> None:
    """One warm asset is given to some documents and refused to others, by place, channel and moment, asking nobody."""
    node.source.put(
        "brand/logo.png", LOGO_BYTES, territories=("EU",), attributes=(("channel", "print"), ("channel", "web"))
    )
    await node.resolver.resolve([IN_FRANCE], as_of=AS_OF, channel="print")
    assert warm(node, channel="web")
    assert (await refused(node, channel="email")).reason is Reason.ASSET_RIGHTS
    assert (await refused(node, Pick(territory="CH"))).reason is Reason.ASSET_RIGHTS
    nowhere = await refused(node, Pick())
    assert "give attributes.jurisdiction or a locale with a country" in nowhere.message
    lax = Requirement(territory=False, channel=False)
    assert warm(node, Pick(require=lax), channel="email")
    assert node.source.described == 1


@pytest.mark.parametrize(
    ("territory", "ends"),
    [
        ("FR", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("FI", datetime(2026, 10, 31, 22, tzinfo=UTC)),
        ("JP", datetime(2026, 10, 31, 15, tzinfo=UTC)),
        ("US", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
async def test_rights_end_at_midnight_of_the_territory(node: Node, territory: str, ends: datetime) -> None:
    """Rights that end on a day end with it where the document is used: France and Finland, an hour apart."""
    node.source.put("brand/logo.png", LOGO_BYTES, rights_until=moment("2026-10-31", end=True))
    pick = Pick(territory=territory)
    before = ends - timedelta(seconds=1)
    await node.resolver.resolve([pick], as_of=before, channel="print")
    assert warm(node, pick, as_of=before)
    error = await refused(node, pick, as_of=ends)
    assert f"its rights ended {ends.isoformat()}" in error.message


async def test_a_moment_is_the_same_everywhere(node: Node) -> None:
    """Rights that end at a time with a zone end at that moment in every territory."""
    ends = moment("2026-10-31T12:00:00+02:00", end=True)
    node.source.put("brand/logo.png", LOGO_BYTES, rights_until=ends)
    for territory in ("JP", "US", "FR"):
        pick = Pick(territory=territory)
        await node.resolver.resolve([pick], as_of=ends - timedelta(seconds=1), channel="print")
        assert (await refused(node, pick, as_of=ends)).reason is Reason.ASSET_RIGHTS


@pytest.mark.parametrize(
    ("stated", "territory", "holds"),
    [
        (("DE",), "DE", True),
        (("de",), "DE", True),
        (("EU",), "DE", True),
        (("EU",), "CH", False),
        (("EMEA",), "CH", True),
        (("EMEA",), "EU", True),
        (("DACH",), "EU", False),
        (("UK",), "GB", True),
        (("Middle East",), "AE", True),
        (("419",), "MX", True),
        (("worldwide",), "", True),
        (("worldwide",), "our-south", True),
        (("DE",), "", False),
        (("our-south",), "Our South", True),
        (("our-south",), "DE", False),
    ],
)
def test_territories_cover_each_other(stated: tuple[str, ...], territory: str, *, holds: bool) -> None:
    """Countries are covered by their groups, groups by wider ones; a name of somebody's own covers itself."""
    assert covers(stated, territory) is holds


def test_several_zones_are_judged_strictly() -> None:
    """Where a territory has several zones, a day begins when it has in all of them, and ends when it does in one."""
    day = date(2026, 7, 1)
    begins, ends = midnight(day, "US", end=False), midnight(day, "US", end=True)
    assert (begins, ends) == (datetime(2026, 7, 1, 10, tzinfo=UTC), datetime(2026, 7, 1, 4, tzinfo=UTC))
    assert midnight(date.max, "US", end=True) >= datetime(9999, 12, 31, tzinfo=UTC)
