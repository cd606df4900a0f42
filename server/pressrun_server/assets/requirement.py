"""Whether an asset may be used: its approval, and its rights at the moment that the document speaks of."""

from __future__ import annotations

from datetime import datetime

from pressrun_server.assets.entry import Trouble
from pressrun_server.errors import Reason
from pressrun_server.model.template import Requirement
from pressrun_sources.model import Approval

__all__ = ["ANY", "refusal"]

ANY = "any"
"""`Requirement.approval`: whatever the source says."""


def refusal(
    require: Requirement,
    *,
    approval: str,
    rights_from: datetime | None,
    rights_until: datetime | None,
    as_of: datetime,
) -> Trouble | None:
    """Why the asset may not be used, or None where it may."""
    if require.approval != ANY and approval != Approval.APPROVED:
        return Trouble(
            Reason.ASSET_NOT_APPROVED,
            f"its approval is {approval!r}, the template requires 'approved'; have it approved at its source, "
            "or choose another asset",
        )
    if not require.rights:
        return None
    if rights_from is not None and as_of < rights_from:
        return Trouble(
            Reason.ASSET_RIGHTS,
            f"its rights begin {rights_from.isoformat()}, the document is as of {as_of.isoformat()}; "
            "choose another asset, or extend its rights",
        )
    if rights_until is not None and as_of >= rights_until:
        return Trouble(
            Reason.ASSET_RIGHTS,
            f"its rights ended {rights_until.isoformat()}, the document is as of {as_of.isoformat()}; "
            "choose another asset, or extend its rights",
        )
    return None
