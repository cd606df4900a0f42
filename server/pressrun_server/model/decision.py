"""How each slot of a document came by what is in it: the rule, the asset, the candidates that were refused."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec

__all__ = ["Decision", "LocalisationGap", "Outcome", "Refused", "Settlement"]


class Outcome(StrEnum):
    """What came of a slot."""

    CHOSEN = "chosen"
    FALLBACK = "fallback"
    """What `otherwise` names is in it."""
    OMITTED = "omitted"
    PINNED = "pinned"
    """The request's pins said what goes into it."""
    FAILED = "failed"
    """It fails the document."""


class Refused(msgspec.Struct, frozen=True):
    """A candidate that could not be used."""

    ref: str
    """The asset ref; for a query that gave no candidate, the query as the template has it."""
    reason: str
    """A value of `errors.Reason`."""
    brief: str
    """In a few words, e.g. `not approved`, `rights ended 2026-10-31`."""
    text: str
    """What is wrong and what to do."""


class Settlement(msgspec.Struct, frozen=True):
    """What settling a slot found beside the asset; without one, the first choice was taken."""

    outcome: Outcome
    refused: tuple[Refused, ...] = ()
    locale: str = ""
    """The locale of the variant that was taken, where the rule has variants."""


class LocalisationGap(msgspec.Struct, frozen=True):
    """Something that is not there in the locale that was asked for."""

    slot: str
    """The slot; empty for the document's own strings and formats."""
    wanted: str
    used: str
    """What stands in for it: a locale, or `default`."""


class Decision(msgspec.Struct, frozen=True):
    """How one slot was decided."""

    slot: str
    rule: int
    """The rule that held, from 1; 0 where none did."""
    condition: str
    """Its `when`, as the template has it; empty where it has none."""
    outcome: Outcome
    ref: str = ""
    version: str = ""
    locale: str = ""
    refused: tuple[Refused, ...] = ()

    @property
    def text(self) -> str:
        """The whole in one sentence, with nothing of the record in it."""
        if not self.rule:
            matched = "no rule holds"
        elif self.condition:
            matched = f"rule {self.rule} matched {self.condition}"
        else:
            matched = f"rule {self.rule} holds always"
        version = f" version {self.version}" if self.version else ""
        variant = f" ({self.locale})" if self.locale else ""
        parts = [f"slot {self.slot}: {matched}"]
        match self.outcome:
            case Outcome.CHOSEN:
                parts.append(f"{self.ref}{version}{variant} chosen")
            case Outcome.FALLBACK:
                parts.append(f"its fallback {self.ref}{version} is used")
            case Outcome.PINNED:
                parts.append(f"{self.ref}{version} pinned by the request")
            case Outcome.OMITTED:
                parts.append("the slot is left out")
            case Outcome.FAILED:
                parts.append("nothing may be used, so the document fails")
        if self.refused:
            counts = Counter(one.brief for one in self.refused)
            briefs = ", ".join(f"{count} {brief}" for brief, count in counts.items())
            number = len(self.refused)
            parts.append(f"{number} candidate{'s' if number > 1 else ''} refused: {briefs}")
        return "; ".join(parts)
