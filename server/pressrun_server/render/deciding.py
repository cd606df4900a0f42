"""Tells how each slot of a document was decided, and what was missing in the locale that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pressrun_server.model.asset import AssetUse
from pressrun_server.model.decision import Decision, LocalisationGap, Outcome, Settlement
from pressrun_server.model.template import TemplateInfo
from pressrun_server.template.selection import Selection

__all__ = ["Decider", "gaps_of"]

_DEFAULT = "default"
_CHOSEN = Settlement(Outcome.CHOSEN)
_MOST_KEPT = 1024

Kept = tuple[Sequence[Selection], Sequence[AssetUse], TemplateInfo, tuple[Decision, ...]]


class Decider:
    """Makes the decisions of documents.

    Cost: documents of a template whose slots all took their first choice, with the same rules and the same assets,
    share one tuple of decisions; it takes one look into a dict.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, ...], Kept] = {}

    def decide(
        self,
        template: TemplateInfo,
        selections: Sequence[Selection],
        uses: Sequence[AssetUse],
        journal: Mapping[str, Settlement],
    ) -> tuple[Decision, ...]:
        """One decision for each slot, in the template's order.

        Args:
            template: the template.
            selections: what its rules chose.
            uses: what was taken.
            journal: how slots were settled that did not simply take their first choice.
        """
        if journal or len(uses) != len(selections):
            return _decisions(template, selections, uses, journal)
        key = (id(template), *map(id, selections), *[id(use.descriptor) for use in uses])
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            # What the ids belong to is kept, so that they stay its own.
            kept = (selections, uses, template, _decisions(template, selections, uses, journal))
            self._kept[key] = kept
        return kept[3]


def gaps_of(
    template: TemplateInfo,
    selections: Sequence[Selection],
    journal: Mapping[str, Settlement],
    *,
    requested: str,
    locale: str,
) -> tuple[LocalisationGap, ...]:
    """What is not there in the locale that was asked for: of the document itself, then of its slots."""
    gaps = [LocalisationGap("", requested, locale)] if requested and requested != locale else []
    if journal:
        for selection in selections:
            settlement = journal.get(selection.slot)
            if settlement is None or not settlement.locale or settlement.locale == selection.wanted:
                continue
            # The variant for all others is in the template's own language.
            own = _language(selection.wanted) == _language(template.default_locale)
            if not (settlement.locale == _DEFAULT and own):
                gaps.append(LocalisationGap(selection.slot, selection.wanted, settlement.locale))
    return tuple(gaps)


def _decisions(
    template: TemplateInfo,
    selections: Sequence[Selection],
    uses: Sequence[AssetUse],
    journal: Mapping[str, Settlement],
) -> tuple[Decision, ...]:
    chosen = {selection.slot: selection for selection in selections}
    taken = {use.slot: use.descriptor for use in uses}
    decisions = []
    for slot in template.slots:
        selection, descriptor = chosen.get(slot.name), taken.get(slot.name)
        rule = selection.rule if selection is not None else 0
        settlement = journal.get(slot.name, _CHOSEN)
        outcome = settlement.outcome
        if outcome is Outcome.CHOSEN:
            if descriptor is None:
                outcome = Outcome.OMITTED
            elif rule == 0:
                outcome = Outcome.FALLBACK
        decisions.append(
            Decision(
                slot.name,
                rule,
                slot.rules[rule - 1].text if rule else "",
                outcome,
                descriptor.ref if descriptor is not None else "",
                descriptor.version if descriptor is not None else "",
                settlement.locale,
                settlement.refused,
            )
        )
    return tuple(decisions)


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()
