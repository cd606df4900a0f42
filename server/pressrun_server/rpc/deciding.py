"""Messages of the contract that say how slots were decided."""

from __future__ import annotations

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_server.model.decision import Decision, LocalisationGap, Outcome
from pressrun_server.render.explaining import Explanation, RuleResult
from pressrun_server.rpc.wire import lead

__all__ = ["decision_message", "decisions_bytes", "explanation_message", "gap_message"]

_OUTCOMES = {
    Outcome.CHOSEN: document_pb2.SLOT_OUTCOME_CHOSEN,
    Outcome.FALLBACK: document_pb2.SLOT_OUTCOME_FALLBACK,
    Outcome.OMITTED: document_pb2.SLOT_OUTCOME_OMITTED,
    Outcome.PINNED: document_pb2.SLOT_OUTCOME_PINNED,
    Outcome.FAILED: document_pb2.SLOT_OUTCOME_FAILED,
}
_RESULTS = {
    RuleResult.MATCHED: render_service_pb2.RULE_RESULT_MATCHED,
    RuleResult.NOT_MATCHED: render_service_pb2.RULE_RESULT_NOT_MATCHED,
    RuleResult.NOT_REACHED: render_service_pb2.RULE_RESULT_NOT_REACHED,
}
_MANIFEST_DECISIONS = document_pb2.Manifest.DESCRIPTOR.fields_by_name["decisions"].number
_MOST_KEPT = 512
_kept: dict[int, tuple[tuple[Decision, ...], bytes]] = {}
"""By identity of the decisions, which are frozen and shared by documents; nothing in them comes from a record."""


def decision_message(decision: Decision) -> document_pb2.SlotDecision:
    """How a slot was decided."""
    return document_pb2.SlotDecision(
        slot=decision.slot,
        rule=decision.rule,
        condition=decision.condition,
        outcome=_OUTCOMES[decision.outcome],
        ref=decision.ref,
        version=decision.version,
        locale=decision.locale,
        refused=[
            document_pb2.RefusedCandidate(ref=one.ref, reason=one.reason, brief=one.brief, text=one.text)
            for one in decision.refused
        ],
        text=decision.text,
    )


def gap_message(gap: LocalisationGap) -> document_pb2.LocalisationGap:
    """What is not there in a locale."""
    return document_pb2.LocalisationGap(slot=gap.slot, wanted=gap.wanted, used=gap.used)


def decisions_bytes(decisions: tuple[Decision, ...]) -> bytes:
    """The decisions as fields of a serialised Manifest."""
    kept = _kept.get(id(decisions))
    if kept is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)))
        parts = []
        for decision in decisions:
            data = decision_message(decision).SerializeToString()
            parts += [lead(_MANIFEST_DECISIONS, len(data)), data]
        kept = _kept[id(decisions)] = (decisions, b"".join(parts))
    return kept[1]


def explanation_message(found: Explanation) -> render_service_pb2.ExplainResponse:
    """The answer."""
    template = found.template
    message = render_service_pb2.ExplainResponse(
        template=document_pb2.TemplateRef(name=template.name, version=template.version, digest=template.digest),
        locale=found.locale,
        territory=found.territory,
        localisation_gaps=map(gap_message, found.gaps),
    )
    message.as_of.FromDatetime(found.as_of)
    for slot in found.slots:
        part = message.slots.add(decision=decision_message(slot.decision), failure=slot.failure)
        for rule in slot.rules:
            part.rules.add(rule=rule.rule, condition=rule.condition, result=_RESULTS[rule.result], offer=rule.offer)
    return message
