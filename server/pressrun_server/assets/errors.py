"""Translates what sources, preparers and images say into the trouble of an asset, once."""

from __future__ import annotations

from pressrun_server.assets.entry import Trouble
from pressrun_server.errors import REFUSALS, PressrunError, Reason
from pressrun_sources.errors import (
    DeniedError,
    InvalidReferenceError,
    InvalidResponseError,
    MisconfiguredError,
    NotFoundError,
    SourceError,
    TooLargeError,
    UnauthenticatedError,
)

__all__ = ["deleted", "invalid_ref", "of_preparation", "of_source", "overdue", "pins_mismatch"]

_RETRY = 1.0
_REASONS: dict[type[SourceError], tuple[Reason, str]] = {
    NotFoundError: (Reason.ASSET_NOT_FOUND, "check the ref, or ask its owner"),
    InvalidReferenceError: (Reason.ASSET_INVALID, "correct the ref or the rendition in the template"),
    TooLargeError: (Reason.ASSET_TOO_LARGE, "ask for a smaller rendition"),
    DeniedError: (Reason.ASSET_UNAVAILABLE, "ask the operator to let this service have it"),
    UnauthenticatedError: (Reason.ASSET_UNAVAILABLE, "ask the operator to check the source's credentials"),
    MisconfiguredError: (Reason.ASSET_UNAVAILABLE, "ask the operator to check the source's settings"),
    InvalidResponseError: (Reason.ASSET_UNAVAILABLE, "try again; if it stays so, tell the operator"),
}
_LATER = (Reason.ASSET_UNAVAILABLE, "try again later")


def of_source(error: SourceError) -> Trouble:
    """What a source said; a retry is offered where the same call may succeed."""
    reason, advice = next((found for kind, found in _REASONS.items() if isinstance(error, kind)), _LATER)
    retry_after = (error.retry_after or _RETRY) if error.transient or error.retry_after else None
    text = error.message.rstrip(".")
    # Sources end many messages with what to do; it is not said twice.
    return Trouble(reason, text if advice in text else f"{text}; {advice}", retry_after, error.detail)


_KEPT = frozenset({Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE})


def of_preparation(error: PressrunError) -> Trouble:
    """What came of preparing an image: its own faults keep their reason, the machinery's get an asset's."""
    if error.reason in _KEPT:
        return Trouble(error.reason, error.message, error.retry_after, error.detail)
    if error.reason in REFUSALS:
        return Trouble(Reason.ASSET_UNAVAILABLE, error.message, error.retry_after or _RETRY, error.detail)
    if error.reason is Reason.LIMIT_EXCEEDED:
        return Trouble(Reason.ASSET_TOO_LARGE, f"preparing it failed: {error.message}", None, error.detail)
    return Trouble(Reason.ASSET_INVALID, f"preparing it failed: {error.message}", None, error.detail)


def invalid_ref(error: ValueError) -> Trouble:
    """A ref or a rendition that cannot be one."""
    return Trouble(Reason.ASSET_INVALID, f"{error}; correct it in the template")


def deleted() -> Trouble:
    """The source knows the asset, but withdrew it."""
    return Trouble(Reason.ASSET_NOT_FOUND, "its source has withdrawn it; choose another asset, or ask its owner")


def overdue(seconds: float) -> Trouble:
    """The time limit is over."""
    return Trouble(Reason.ASSET_UNAVAILABLE, f"it was not here within {round(seconds, 2):g} s; try again later", _RETRY)


def pins_mismatch(slot: str, text: str) -> PressrunError:
    """A pin that cannot be kept."""
    return PressrunError(
        Reason.PINS_MISMATCH,
        f"slot {slot!r}: {text}; to take what is valid today, send the request without pins",
        metadata={"slot": slot, "pin": "asset"},
    )
