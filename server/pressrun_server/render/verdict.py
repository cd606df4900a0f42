"""A template's verdict on what is wrong with a document: nothing, a warning, or no document."""

from __future__ import annotations

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.policy import Policy

__all__ = ["judged", "refusal"]


def judged(warning: RenderWarning, kind: str, policy: Policy) -> tuple[RenderWarning, ...]:
    """The warning, where the policy leaves it.

    Args:
        warning: what there is to say.
        kind: one of `model.policy.KINDS`.
        policy: the template's.

    Raises:
        PressrunError: DOCUMENT_REFUSED, the policy does not let it pass.
    """
    verdict = policy.verdict(kind)
    if verdict == "fail":
        raise refusal(warning, kind)
    return (warning,) if verdict == "warn" else ()


def refusal(warning: RenderWarning, kind: str) -> PressrunError:
    """The error of a document that a policy does not let pass."""
    return PressrunError(
        Reason.DOCUMENT_REFUSED,
        f"{warning.message} (the template says {kind}: fail)",
        metadata={"warning": warning.code, "place": warning.place},
    )
