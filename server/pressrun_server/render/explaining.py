"""Explain: which assets a document would get and why, without making it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.decision import Decision, LocalisationGap, Outcome, Settlement
from pressrun_server.model.spec import RenderSpec
from pressrun_server.model.template import SlotRule, TemplateInfo
from pressrun_server.render.deciding import Decider, gaps_of
from pressrun_server.render.pipeline import Pipeline, Resolving
from pressrun_server.render.registry import Published
from pressrun_server.template.choosing import Selection, SlotChooser
from pressrun_server.template.selection import Selector, territory_of

__all__ = ["ExplainedRule", "ExplainedSlot", "Explainer", "Explanation", "RuleResult"]

_MOST_BYTES: Final = 1024 * 1024
_ASSET: Final = "ASSET_"


class RuleResult(StrEnum):
    """What became of a rule."""

    MATCHED = "matched"
    NOT_MATCHED = "not-matched"
    NOT_REACHED = "not-reached"


class ExplainedRule(msgspec.Struct, frozen=True):
    """A rule of a slot."""

    rule: int
    """From 1."""
    condition: str
    result: RuleResult
    offer: str
    """What it offers, as the template has it."""


class ExplainedSlot(msgspec.Struct, frozen=True):
    """A slot, its rules in order, and how it would be decided."""

    rules: tuple[ExplainedRule, ...]
    decision: Decision
    failure: str = ""
    """Why the document would fail; empty where it would not."""


class Explanation(msgspec.Struct, frozen=True):
    """Which assets a document would get, and why."""

    template: TemplateInfo
    locale: str
    as_of: datetime
    territory: str
    slots: tuple[ExplainedSlot, ...]
    gaps: tuple[LocalisationGap, ...]


class Explainer:
    """Explains documents.

    Guarantee: the rules and the judgement are those of rendering; a slot that would fail the document
    fails only itself.

    Args:
        pipeline: says what a request means, as it does for rendering.
        resolver: judges and fetches the assets.
    """

    def __init__(self, pipeline: Pipeline, resolver: Resolving) -> None:
        self._pipeline = pipeline
        self._resolver = resolver
        self._decider = Decider()

    async def explain(self, spec: RenderSpec) -> Explanation:
        """Choose and judge, and tell each step.

        Raises:
            PressrunError: TEMPLATE_NOT_FOUND, INVALID_REQUEST, INVALID_RECORD, UNSUPPORTED; LIMIT_EXCEEDED, the record
                is too large; ENGINE_MISMATCH, PINS_MISMATCH.
        """
        if len(spec.record) > _MOST_BYTES:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED,
                f"the record has {len(spec.record)} bytes, the most that is explained is {_MOST_BYTES}; leave out rows "
                "that no rule looks at",
            )
        published, locale, as_of = await self._pipeline.circumstances(spec)
        record = published.selector.decode(spec.record)
        choosing = published.selector
        if not isinstance(choosing, Selector):
            choosing = Selector(published.info)
        env = choosing.environment(record, spec.attributes, locale, as_of)
        requested = spec.locale or locale
        territory, chain = territory_of(spec.attributes, requested), choosing.chain(requested)
        slots: list[ExplainedSlot] = []
        gaps = list(gaps_of(published.info, (), {}, requested=spec.locale, locale=locale))
        for chooser in choosing.choosers:
            explained, found = await self._slot(published, chooser, spec, as_of, env, territory, chain)
            slots.append(explained)
            gaps.extend(found)
        return Explanation(published.info, locale, as_of, territory, tuple(slots), tuple(gaps))

    async def _slot(
        self,
        published: Published,
        chooser: SlotChooser,
        spec: RenderSpec,
        as_of: datetime,
        env: dict[str, Any],
        territory: str,
        chain: tuple[str, ...],
    ) -> tuple[ExplainedSlot, tuple[LocalisationGap, ...]]:
        slot = chooser.slot
        journal: dict[str, Settlement] = {}
        selection: Selection | None = None
        failure = ""
        uses: Sequence[Any] = ()
        try:
            selection = chooser.choose(env, spec.channel, territory, chain)
            if selection is not None:
                uses, _ = await self._resolver.resolve(
                    (selection,), as_of=as_of, channel=spec.channel, pins=spec.pins, journal=journal
                )
        except PressrunError as error:
            if not error.reason.startswith(_ASSET) and error.reason is not Reason.PINS_MISMATCH:
                raise
            failure = error.message
            journal.setdefault(slot.name, Settlement(Outcome.FAILED))
        selections = (selection,) if selection is not None else ()
        only = msgspec.structs.replace(published.info, slots=(slot,))
        (decision,) = self._decider.decide(only, selections, uses, journal)
        gaps = gaps_of(published.info, selections, journal, requested="", locale="")
        return ExplainedSlot(_rules(chooser, decision.rule), decision, failure), gaps


def _rules(chooser: SlotChooser, matched: int) -> tuple[ExplainedRule, ...]:
    """Each rule with what became of it: those before the one that matched did not hold."""
    found = []
    for number, rule in enumerate(chooser.slot.rules, 1):
        result = RuleResult.NOT_MATCHED if not matched or number < matched else RuleResult.NOT_REACHED
        if number == matched:
            result = RuleResult.MATCHED
        found.append(ExplainedRule(number, rule.text, result, _offer(rule)))
    return tuple(found)


def _offer(rule: SlotRule) -> str:
    if rule.query is not None:
        return f"what {rule.query.text} finds" + (", by locale" if rule.query.localised else "")
    return rule.ref or ", ".join(f"{tag}: {ref}" for tag, ref in rule.locales)
