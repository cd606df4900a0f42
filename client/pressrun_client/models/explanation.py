"""Which assets a document would get, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pressrun_client.models.decision import LocalisationGap, SlotDecision
from pressrun_client.models.template import TemplateRef

__all__ = ["ExplainedRule", "ExplainedSlot", "Explanation", "RuleResult"]


class RuleResult(StrEnum):
    """What became of a rule.

    Example:
        >>> RuleResult("matched") is RuleResult.MATCHED
        True
    """

    MATCHED = "matched"
    """It holds, and is the first that does."""
    NOT_MATCHED = "not-matched"
    """It does not hold."""
    NOT_REACHED = "not-reached"
    """A rule before it holds."""


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """A rule of a slot.

    Example:
        >>> ExplainedRule(1, "vip", RuleResult.NOT_MATCHED, "library:vip.png").rule
        1
    """

    rule: int
    """Its number, from 1."""
    condition: str
    """Its `when`, as the template has it."""
    result: RuleResult
    """What became of it."""
    offer: str
    """What it offers: an asset ref, refs by locale, or a query."""


@dataclass(frozen=True, slots=True)
class ExplainedSlot:
    """A slot, its rules in order, and how it would be decided.

    Example:
        >>> from pressrun_client.models.decision import SlotOutcome
        >>> ExplainedSlot((), SlotDecision("logo", 0, "", SlotOutcome.OMITTED)).failure
        ''
    """

    rules: tuple[ExplainedRule, ...]
    """Its rules."""
    decision: SlotDecision
    """How it would be decided."""
    failure: str = ""
    """Why the document would fail; empty where it would not."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which assets a document would get, and why.

    Example:
        >>> Explanation(TemplateRef("statement", "1"), "de-DE", None, "DE", (), ()).ok
        True
    """

    template: TemplateRef
    """The template."""
    locale: str
    """The locale used, after fallback."""
    as_of: datetime | None
    """The moment that the document speaks of."""
    territory: str
    """Where rights are judged, unless a slot says otherwise; empty: unknown."""
    slots: tuple[ExplainedSlot, ...]
    """The slots, in the template's order."""
    gaps: tuple[LocalisationGap, ...]
    """What is not there in the locale that was asked for."""

    @property
    def ok(self) -> bool:
        """Whether no slot would fail the document."""
        return not any(slot.failure for slot in self.slots)
