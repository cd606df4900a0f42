"""One slot at work: its rules as closures, and the selections that they lead to, made once for each circumstance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.approved import APPROVED
from pressrun_server.model.choice import Choice, Query
from pressrun_server.model.expression import Expression
from pressrun_server.model.template import RenditionSpec, Requirement, Slot, SlotQuery, SlotRule
from pressrun_server.template.evaluation import Environment, Evaluator, evaluator
from pressrun_server.template.filters import Formatter, Undefined, as_text

__all__ = ["FAIL", "OMIT", "Selection", "SlotChooser"]

FAIL = "fail"
OMIT = "omit"
"""`otherwise`: the document fails, or the slot is left out; anything else is the asset ref of the fallback."""
_DEFAULT = "default"
_ORIGINAL = RenditionSpec()
_MOST_READY = 256
_LONGEST_VALUE = 1024


@dataclass(frozen=True, slots=True)
class Selection:
    """What a slot's rules chose."""

    slot: str
    ref: str
    """The asset ref, where the rule is a plain one; else empty, and `choices` says what to try."""
    rendition: RenditionSpec
    require: Requirement
    otherwise: str
    territory: str = ""
    """Where the document uses it; empty: unknown."""
    rule: int = 0
    """The rule that held, from 1; 0 where none did."""
    choices: tuple[Choice, ...] = ()
    """What to try, in order, where that is more than `ref`."""
    wanted: str = ""
    """The locale that was asked for, where the rule has variants by locale."""


class SlotChooser:
    """Chooses for one slot. Where nothing of the record goes into a choice, no object is made for a document."""

    def __init__(self, slot: Slot, formatter: Formatter) -> None:
        self.slot = slot
        self.place = f"slots.{slot.name}"
        self._formatter = formatter
        self.conditions: list[Evaluator | None] = [
            None if rule.when is None else evaluator(rule.when, formatter, f"{self.place}.rules[{index}]")
            for index, rule in enumerate(slot.rules)
        ]
        self._territory = (
            None if slot.territory is None else evaluator(slot.territory, formatter, f"{self.place}.require.territory")
        )
        self._criteria: dict[int, list[tuple[str, list[str | Evaluator]]]] = {
            index: self._parts(index, rule.query.criteria)
            for index, rule in enumerate(slot.rules)
            if rule.query is not None
        }
        self.localised = any(rule.locales or (rule.query and rule.query.localised) for rule in slot.rules)
        self._ready: dict[tuple[str, str, tuple[str, ...]], list[Selection | None]] = {}

    def choose(self, env: Environment, channel: str, territory: str, chain: tuple[str, ...]) -> Selection | None:
        """The choice of the first rule that holds; None where the slot is left out.

        Args:
            env: names of the record and of the request.
            channel: the output channel.
            territory: where the document is used, unless the slot says otherwise.
            chain: the locale that was asked for and what stands in for it.

        Raises:
            PressrunError: INVALID_RECORD, an expression does not fit the record; ASSET_NOT_FOUND, no rule holds and the
                slot must have an asset.
        """
        if self._territory is not None:
            territory = self._text(self._territory(env), "require.territory")
        key = (channel, territory, chain if self.localised else ())
        ready = self._ready.get(key)
        if ready is None:
            ready = self._make(*key)
        index = 0
        for when in self.conditions:
            if when is None or when(env):
                chosen = ready[index]
                return chosen if chosen is not None else self._queried(index, env, *key)
            index += 1
        if self.slot.otherwise == FAIL:
            raise PressrunError(
                Reason.ASSET_NOT_FOUND,
                f"no rule of the slot {self.slot.name!r} holds for this record; add a last rule without `when`",
                metadata={"slot": self.slot.name},
            )
        return ready[index]

    def all(self, channel: str, territory: str, chain: tuple[str, ...]) -> Iterable[Selection]:
        """Everything that can be chosen without a record; each variant by locale is a choice of its own."""
        for index, rule in enumerate(self.slot.rules):
            for ref in rule.refs():
                yield self._selection(channel, territory, index + 1, ref)
            if rule.query is not None and not any(
                isinstance(part, tuple) for _, parts in rule.query.criteria for part in parts
            ):
                yield self._queried(index, {}, channel, territory, chain)
        if self.slot.otherwise not in {FAIL, OMIT}:
            yield self._selection(channel, territory, 0, self.slot.otherwise)

    def _make(self, channel: str, territory: str, chain: tuple[str, ...]) -> list[Selection | None]:
        """One selection for each rule, None for those that look at the record; and what is chosen where none holds."""
        if len(self._ready) >= _MOST_READY:
            self._ready.clear()
        made: list[Selection | None] = []
        for index, rule in enumerate(self.slot.rules):
            if rule.ref:
                made.append(self._selection(channel, territory, index + 1, rule.ref))
            elif rule.query is None:
                made.append(
                    self._selection(
                        channel, territory, index + 1, choices=_variants(rule, chain), wanted=chain[0] if chain else ""
                    )
                )
            else:
                made.append(None)
        otherwise = self.slot.otherwise
        made.append(None if otherwise in {FAIL, OMIT} else self._selection(channel, territory, 0, otherwise))
        self._ready[channel, territory, chain] = made
        return made

    def _queried(self, index: int, env: Environment, channel: str, territory: str, chain: tuple[str, ...]) -> Selection:
        query = self.slot.rules[index].query
        assert query is not None
        criteria = tuple(
            (
                name,
                "".join(part if isinstance(part, str) else self._text(part(env), f"query.{name}") for part in parts),
            )
            for name, parts in self._criteria[index]
        )
        for name, value in criteria:
            if not value or len(value) > _LONGEST_VALUE:
                raise self._wrong(f"query.{name}", f"is empty or longer than {_LONGEST_VALUE} characters")
        choices = _queries(query, criteria, chain)
        wanted = chain[0] if query.localised and chain else ""
        return self._selection(channel, territory, index + 1, choices=choices, wanted=wanted)

    def _selection(
        self,
        channel: str,
        territory: str,
        rule: int,
        ref: str = "",
        *,
        choices: tuple[Choice, ...] = (),
        wanted: str = "",
    ) -> Selection:
        slot = self.slot
        rendition = APPROVED if slot.text else slot.renditions.get(channel, _ORIGINAL)
        return Selection(slot.name, ref, rendition, slot.require, slot.otherwise, territory, rule, choices, wanted)

    def _parts(
        self, index: int, criteria: tuple[tuple[str, tuple[str | Expression, ...]], ...]
    ) -> list[tuple[str, list[str | Evaluator]]]:
        place = f"{self.place}.rules[{index}].query"
        return [
            (
                name,
                [
                    part if isinstance(part, str) else evaluator(part, self._formatter, f"{place}.{name}")
                    for part in parts
                ],
            )
            for name, parts in criteria
        ]

    def _text(self, value: Any, what: str) -> str:
        if isinstance(value, Undefined) or value is None:
            raise self._wrong(what, "is not in the record or the attributes; give it, or give the rule a `when`")
        try:
            return as_text(value, self._formatter).strip()
        except ValueError as error:
            raise self._wrong(what, f"cannot be a text: {error}") from None

    def _wrong(self, what: str, problem: str) -> PressrunError:
        place = f"{self.place}.{what}"
        return PressrunError(
            Reason.INVALID_RECORD,
            f"the template's expression at {place} does not fit the record: its value {problem}",
            violations=(Violation(place, problem),),
        )


def _variants(rule: SlotRule, chain: tuple[str, ...]) -> tuple[Choice, ...]:
    refs = dict(rule.locales)
    return tuple(Choice(refs[tag], locale=tag) for tag in (*chain, _DEFAULT) if tag in refs)


def _queries(query: SlotQuery, criteria: tuple[tuple[str, str], ...], chain: tuple[str, ...]) -> tuple[Choice, ...]:
    if not query.localised:
        return (Choice(query=Query(query.source, criteria, query.text)),)
    return tuple(Choice(query=Query(query.source, criteria, query.text, tag), locale=tag) for tag in chain)
