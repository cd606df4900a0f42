"""How the slots of a document came by what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "LocalisationGap",
    "RefusedCandidate",
    "SlotDecision",
    "SlotOutcome",
]


class SlotOutcome(StrEnum):
    """What came of a slot.

    Example:
        >>> SlotOutcome("chosen") is SlotOutcome.CHOSEN
        True
    """

    CHOSEN = "chosen"
    """An asset that its rule offers is in it."""
    FALLBACK = "fallback"
    """The fallback that `otherwise` names is in it."""
    OMITTED = "omitted"
    """It is left out."""
    PINNED = "pinned"
    """The request's pins said what goes into it."""
    FAILED = "failed"
    """Nothing may be used, so the document fails; in explanations only."""


@dataclass(frozen=True, slots=True)
class RefusedCandidate:
    """A candidate for a slot that could not be used.

    Example:
        >>> RefusedCandidate("library:a.png", "ASSET_RIGHTS", "rights ended 2026-10-31", "…").brief
        'rights ended 2026-10-31'
    """

    ref: str
    """The asset ref; of a query that gave no candidate, the query as the template has it."""
    reason: str
    """The reason, as in errors."""
    brief: str
    """In a few words."""
    text: str
    """What is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class SlotDecision:
    """How a slot came by what is in it; nothing in it comes from the record.

    Example:
        >>> SlotDecision("logo", 1, "", SlotOutcome.CHOSEN, ref="library:logo.png").rule
        1
    """

    slot: str
    """The slot of the template."""
    rule: int
    """The rule that held, from 1; 0 where none did."""
    condition: str
    """Its `when`, as the template has it."""
    outcome: SlotOutcome
    """What came of it."""
    ref: str = ""
    """The asset that is in it."""
    version: str = ""
    """The source's version of it."""
    locale: str = ""
    """The locale of the variant that was taken, or `default`."""
    refused: tuple[RefusedCandidate, ...] = ()
    """The candidates that were tried before, in order."""
    text: str = ""
    """All of it in one sentence."""


@dataclass(frozen=True, slots=True)
class LocalisationGap:
    """Something that is not there in the locale that was asked for.

    Example:
        >>> LocalisationGap("terms", "fr-CA", "fr").used
        'fr'
    """

    slot: str
    """The slot; empty for the document's own strings and formats."""
    wanted: str
    """The locale that was asked for."""
    used: str
    """What stands in for it."""
