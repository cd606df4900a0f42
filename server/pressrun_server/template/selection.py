"""Select: validates a record against its template's schema and chooses an asset ref for each slot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.template import RenditionSpec, Requirement, Slot, TemplateInfo
from pressrun_server.template.evaluation import Evaluator, evaluator
from pressrun_server.template.filters import Formatter
from pressrun_server.template.locales import fallbacks
from pressrun_server.template.row_checks import RowChecker
from pressrun_server.template.schema import validator

__all__ = ["Selection", "Selector"]

_MOST_VIOLATIONS = 20
_LONGEST_FOR_ALL = 16_384
_DECODER = msgspec.json.Decoder(dict[str, Any])
_ORIGINAL = RenditionSpec()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a slot's rules chose."""

    slot: str
    ref: str
    rendition: RenditionSpec
    require: Requirement
    otherwise: str


class Selector:
    """Validation and selection for one published template.

    Args:
        info: the template.
    """

    def __init__(self, info: TemplateInfo) -> None:
        self.info = info
        # Messages name the rule; the mask keeps the customer's values out of them.
        self._validator = validator(json.loads(info.schema), mask="the value")
        self._checkers: dict[str, RowChecker] = {}
        formatter = Formatter(info.locale_data)
        self._rules: list[tuple[Slot, list[tuple[Evaluator | None, str]]]] = [
            (
                slot,
                [
                    (
                        None
                        if rule.when is None
                        else evaluator(rule.when, formatter, f"slots.{slot.name}.rules[{index}]"),
                        rule.ref,
                    )
                    for index, rule in enumerate(slot.rules)
                ],
            )
            for slot in info.slots
        ]

    def decode(self, record: bytes) -> dict[str, Any]:
        """The record, validated.

        Raises:
            PressrunError: INVALID_RECORD, with a violation for each field that is wrong (up to 20).
        """
        try:
            decoded = _DECODER.decode(record)
        except msgspec.ValidationError:
            raise _invalid((Violation("record", 'must be a JSON object, e.g. {"customer": {...}}'),)) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _invalid((Violation("record", f"is not JSON: {_plain(str(error))}"),)) from None
        try:
            valid = self._validator.is_valid(decoded)
        except ValueError:
            # A number beyond what the validator takes, or a lone surrogate.
            raise _invalid((Violation("record", "holds a number or a text that cannot be validated"),)) from None
        if not valid:
            if len(record) > _LONGEST_FOR_ALL:
                raise _invalid((self._first(decoded),))
            found = []
            for problem in self._validator.iter_errors(decoded):
                found.append(_violation(problem))
                if len(found) == _MOST_VIOLATIONS:
                    break
            raise _invalid(tuple(found))
        return decoded

    def _first(self, decoded: dict[str, Any]) -> Violation:
        """The first violation: the validator makes all of them before it gives one, and a large record has millions."""
        try:
            self._validator.validate(decoded)
        except jsonschema_rs.ValidationError as problem:
            return _violation(problem)
        return Violation("record", "does not fit the schema")

    def rows(self, field: str) -> RowChecker:
        """What checks rows that arrive for a list of the record.

        Raises:
            PressrunError: INVALID_REQUEST, the schema has no such list.
        """
        checker = self._checkers.get(field)
        if checker is None:
            checker = self._checkers[field] = RowChecker(json.loads(self.info.schema), field)
        return checker

    def locale(self, requested: str) -> str:
        """The template's locale for a requested one: along its chain, else of its language, else the default."""
        if not requested:
            return self.info.default_locale
        chain = fallbacks(requested)
        for tag in chain:
            if tag in self.info.locales:
                return tag
        language = chain[-1]
        for tag in self.info.locales:
            if tag.split("-", 1)[0] == language:
                return tag
        return self.info.default_locale

    def select(
        self, record: dict[str, Any], *, attributes: dict[str, str], locale: str, as_of: datetime, channel: str
    ) -> tuple[Selection, ...]:
        """The choice for each slot; the first rule that holds wins. A slot of which none holds is left out or fails.

        Raises:
            PressrunError: INVALID_RECORD, a condition does not fit the record; ASSET_NOT_FOUND, no rule holds for a
                slot that must have an asset.
        """
        env = {**record, "attributes": attributes, "locale": locale, "as_of": as_of.astimezone(UTC).date()}
        chosen: list[Selection] = []
        for slot, rules in self._rules:
            for when, ref in rules:
                if when is None or when(env):
                    chosen.append(self._selection(slot, ref, channel))
                    break
            else:
                if slot.otherwise == "fail":
                    raise PressrunError(
                        Reason.ASSET_NOT_FOUND,
                        f"no rule of the slot {slot.name!r} holds for this record; add a last rule without `when`",
                        metadata={"slot": slot.name},
                    )
                if slot.otherwise != "omit":
                    chosen.append(self._selection(slot, slot.otherwise, channel))
        return tuple(chosen)

    def choices(self, channel: str) -> tuple[Selection, ...]:
        """Everything that the rules can choose, for prefetching."""
        found: dict[Selection, None] = {}
        for slot, rules in self._rules:
            for _, ref in rules:
                found[self._selection(slot, ref, channel)] = None
            if slot.otherwise not in {"fail", "omit"}:
                found[self._selection(slot, slot.otherwise, channel)] = None
        return tuple(found)

    @staticmethod
    def _selection(slot: Slot, ref: str, channel: str) -> Selection:
        return Selection(slot.name, ref, slot.renditions.get(channel, _ORIGINAL), slot.require, slot.otherwise)


def _invalid(violations: tuple[Violation, ...]) -> PressrunError:
    names = list(dict.fromkeys(violation.field for violation in violations))
    fields = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")  # noqa: PLR2004
    return PressrunError(
        Reason.INVALID_RECORD,
        f"the record does not fit the template's schema: {fields}; see the violations",
        violations=violations,
    )


def _violation(error: Any) -> Violation:
    path = "record"
    for step in error.instance_path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return Violation(path, str(error.message))


def _plain(message: str) -> str:
    """A decoder's message; it gives byte positions and never content."""
    return message.removesuffix(".")
