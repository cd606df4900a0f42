"""Decisions of slots, from protobuf."""

from __future__ import annotations

from typing import Final

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_client.conversion.moment import from_timestamp
from pressrun_client.models.decision import LocalisationGap, RefusedCandidate, SlotDecision, SlotOutcome
from pressrun_client.models.explanation import ExplainedRule, ExplainedSlot, Explanation, RuleResult
from pressrun_client.models.template import TemplateRef

__all__ = ["to_decision", "to_explanation", "to_gap"]

_OUTCOMES: Final[dict[int, SlotOutcome]] = {
    document_pb2.SLOT_OUTCOME_CHOSEN: SlotOutcome.CHOSEN,
    document_pb2.SLOT_OUTCOME_FALLBACK: SlotOutcome.FALLBACK,
    document_pb2.SLOT_OUTCOME_OMITTED: SlotOutcome.OMITTED,
    document_pb2.SLOT_OUTCOME_PINNED: SlotOutcome.PINNED,
    document_pb2.SLOT_OUTCOME_FAILED: SlotOutcome.FAILED,
}
_RESULTS: Final[dict[int, RuleResult]] = {
    render_service_pb2.RULE_RESULT_MATCHED: RuleResult.MATCHED,
    render_service_pb2.RULE_RESULT_NOT_MATCHED: RuleResult.NOT_MATCHED,
    render_service_pb2.RULE_RESULT_NOT_REACHED: RuleResult.NOT_REACHED,
}


def to_decision(message: document_pb2.SlotDecision) -> SlotDecision:
    """How a slot was decided."""
    return SlotDecision(
        slot=message.slot,
        rule=message.rule,
        condition=message.condition,
        # An outcome that is newer than this client is told in `text` all the same.
        outcome=_OUTCOMES.get(message.outcome, SlotOutcome.CHOSEN),
        ref=message.ref,
        version=message.version,
        locale=message.locale,
        refused=tuple(RefusedCandidate(one.ref, one.reason, one.brief, one.text) for one in message.refused),
        text=message.text,
    )


def to_gap(message: document_pb2.LocalisationGap) -> LocalisationGap:
    """What is not there in a locale."""
    return LocalisationGap(message.slot, message.wanted, message.used)


def to_explanation(message: render_service_pb2.ExplainResponse) -> Explanation:
    """What a node explains."""
    template = message.template
    return Explanation(
        template=TemplateRef(template.name, template.version, template.digest),
        locale=message.locale,
        as_of=from_timestamp(message.as_of) if message.HasField("as_of") else None,
        territory=message.territory,
        slots=tuple(
            ExplainedSlot(
                tuple(
                    ExplainedRule(
                        rule.rule, rule.condition, _RESULTS.get(rule.result, RuleResult.NOT_MATCHED), rule.offer
                    )
                    for rule in slot.rules
                ),
                to_decision(slot.decision),
                slot.failure,
            )
            for slot in message.slots
        ),
        gaps=tuple(map(to_gap, message.localisation_gaps)),
    )
