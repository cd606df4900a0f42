"""What a template says about the fallbacks of its assets."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun_server.model.document import RenderWarning
from pressrun_server.model.policy import Policy
from pressrun_server.render.verdict import refusal

__all__ = ["judged"]

_CODE = "ASSET_FALLBACK"


def judged(warnings: Sequence[RenderWarning], policy: Policy) -> Sequence[RenderWarning]:
    """The warnings of a document's assets that the policy leaves.

    Raises:
        PressrunError: DOCUMENT_REFUSED, a fallback is used and the template does not let that pass.
    """
    if not warnings or policy.asset_fallback == "warn":
        return warnings
    found = next((warning for warning in warnings if warning.code == _CODE), None)
    if found is not None and policy.asset_fallback == "fail":
        raise refusal(found, "asset-fallback")
    return [warning for warning in warnings if warning.code != _CODE]
