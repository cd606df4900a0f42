"""Whether an asset may be used: its approval, its checks and its rights, when and where the document uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from pressrun_server.assets.entry import Trouble
from pressrun_server.assets.territory import covers, midnight
from pressrun_server.errors import Reason
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.template import Requirement
from pressrun_sources.model import Approval

__all__ = ["ANY", "Occasion", "refusal"]

ANY = "any"
"""`Requirement.approval`: whatever the source says."""
_ADVICE = "choose another asset, or extend its rights"


class Occasion(msgspec.Struct, frozen=True, gc=False):
    """When and where a document uses an asset."""

    as_of: datetime
    """The moment that the document speaks of."""
    territory: str = ""
    """Where it is used: a country or a group of countries; empty: unknown."""
    channel: str = "print"
    """The output channel."""


def refusal(require: Requirement, asset: AssetDescriptor, occasion: Occasion) -> Trouble | None:
    """Why the asset may not be used, or None where it may."""
    if require.approval != ANY and asset.approval != Approval.APPROVED:
        return Trouble(
            Reason.ASSET_NOT_APPROVED,
            f"its approval is {asset.approval!r}, the template requires 'approved'; have it approved at its source, "
            "or choose another asset",
            brief="not approved",
        )
    if require.tags and (missing := [tag for tag in require.tags if tag not in asset.tags]):
        return Trouble(
            Reason.ASSET_NOT_APPROVED,
            f"it lacks the compliance tag {missing[0]!r} that the template requires (it has "
            f"{_listed(asset.tags)}); have it checked and tagged at its source, or choose another asset",
            brief=f"not tagged {missing[0]}",
        )
    if not require.rights:
        return None
    return _expired(asset, occasion) or _elsewhere(require, asset, occasion)


def _expired(asset: AssetDescriptor, occasion: Occasion) -> Trouble | None:
    """Why the window does not cover the moment."""
    begins, ends, as_of = asset.rights_from, asset.rights_until, occasion.as_of
    if begins is not None:
        if asset.day_from:
            begins = midnight(begins.date(), occasion.territory, end=False)
        if as_of < begins:
            return Trouble(
                Reason.ASSET_RIGHTS,
                f"its rights begin {begins.isoformat()}, the document is as of {as_of.isoformat()}; {_ADVICE}",
                brief=f"rights begin {begins.astimezone(UTC).date()}",
            )
    if ends is not None:
        last = ends
        if asset.day_until:
            ends = midnight(ends.date(), occasion.territory, end=True)
        if as_of >= ends:
            return Trouble(
                Reason.ASSET_RIGHTS,
                f"its rights ended {ends.isoformat()}, the document is as of {as_of.isoformat()}; {_ADVICE}",
                # What ends with a day is named by that day, as its source has it.
                brief=f"rights ended {_day_before(last) if asset.day_until else last.astimezone(UTC).date()}",
            )
    return None


def _elsewhere(require: Requirement, asset: AssetDescriptor, occasion: Occasion) -> Trouble | None:
    """Why the rights do not cover the place, the channel or the licence."""
    if asset.territories and require.territory and not covers(asset.territories, occasion.territory):
        where = (
            f"the document is for {occasion.territory}"
            if occasion.territory
            else "the document names no territory: give attributes.jurisdiction or a locale with a country"
        )
        return Trouble(
            Reason.ASSET_RIGHTS,
            f"its rights are for {_listed(asset.territories)}, {where}; {_ADVICE}",
            brief=f"not for {occasion.territory or 'an unknown territory'}",
        )
    if asset.channels and require.channel and occasion.channel not in asset.channels:
        return Trouble(
            Reason.ASSET_RIGHTS,
            f"its rights are for the output channels {_listed(asset.channels)}, the document is for "
            f"{occasion.channel}; {_ADVICE}",
            brief=f"not for {occasion.channel}",
        )
    if require.licences and not any(licence in require.licences for licence in asset.licences):
        return Trouble(
            Reason.ASSET_RIGHTS,
            f"its licence is {_listed(asset.licences)}, the template allows {_listed(require.licences)}; "
            "choose another asset, or have its licence stated at its source",
            brief=f"licence {_listed(asset.licences)}",
        )
    return None


def _day_before(midnight_after: datetime) -> str:
    return str((midnight_after - timedelta(days=1)).date())


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "not stated"
