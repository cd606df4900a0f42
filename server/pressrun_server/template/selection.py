"""Select: validates a record against its template's schema and chooses an asset ref for each slot."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.template import TemplateInfo
from pressrun_server.template.choosing import Selection, SlotChooser
from pressrun_server.template.filters import Formatter
from pressrun_server.template.locales import fallbacks
from pressrun_server.template.row_checks import RowChecker
from pressrun_server.template.schema import validator

__all__ = ["Selection", "Selector", "territory_of"]

_MOST_VIOLATIONS = 20
_LONGEST_FOR_ALL = 16_384
_DECODER = msgspec.json.Decoder(dict[str, Any])
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_AT_BYTE = re.compile(r"\(byte (\d+)\)")
_NO_NUMBER = re.compile(rb"(?<![A-Za-z])(?:NaN|Infinity)(?![A-Za-z])")
_COUNTRY = re.compile(r"([A-Za-z]{2})(-.*)?\Z")
_REGION = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?-([A-Za-z]{2}|[0-9]{3})(?:-|\Z)")
_MOST_CHAINS = 256


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
        self._slots = [SlotChooser(slot, formatter) for slot in info.slots]
        self._chains: dict[str, tuple[str, ...]] = {}
        self._locales: dict[str, str] = {}

    def decode(self, record: bytes) -> dict[str, Any]:
        """The record, validated.

        Raises:
            PressrunError: INVALID_RECORD, with a violation for each field that is wrong (up to 20).
        """
        try:
            decoded = _DECODER.decode(record)
        except msgspec.ValidationError as error:
            if "out of range" in str(error):
                problem = "holds a number beyond what computers calculate with (about 1.8e308); write it as a text"
                raise _invalid((Violation("record", problem),)) from None
            raise _invalid((Violation("record", 'must be a JSON object, e.g. {"customer": {...}}'),)) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _invalid((Violation("record", _unread(record, str(error))),)) from None
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
            PressrunError: INVALID_REQUEST, the schema has no such list, or the template needs all of it at once.
        """
        if field in self.info.whole:
            problem = (
                f"the template looks ahead over all of {field!r} (totals before their rows, columns as wide as their "
                "contents, or a filter such as sum), so its rows cannot arrive in parts; use RenderDocument"
            )
            raise PressrunError(
                Reason.INVALID_REQUEST, f"rows_field: {problem}", violations=(Violation("rows_field", problem),)
            )
        checker = self._checkers.get(field)
        if checker is None:
            checker = self._checkers[field] = RowChecker(json.loads(self.info.schema), field)
        return checker

    def locale(self, requested: str) -> str:
        """The template's locale for a requested one: along its chain, else of its language, else the default."""
        if not requested:
            return self.info.default_locale
        known = self._locales.get(requested)
        if known is None:
            if len(self._locales) >= _MOST_CHAINS:
                self._locales.clear()
            known = self._locales[requested] = self._locale(requested)
        return known

    def _locale(self, requested: str) -> str:
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
        self,
        record: dict[str, Any],
        *,
        attributes: dict[str, str],
        locale: str,
        as_of: datetime,
        channel: str,
        requested: str = "",
    ) -> tuple[Selection, ...]:
        """The choice for each slot; the first rule that holds wins. A slot of which none holds is left out or fails.

        Args:
            record: as `decode` gives it.
            attributes: of the request.
            locale: the template's.
            as_of: the moment that the document speaks of.
            channel: the output channel.
            requested: the locale that was asked for; its chain gives the variants of assets, its country the territory
                where no jurisdiction does. Empty: `locale`.

        Raises:
            PressrunError: INVALID_RECORD, a condition does not fit the record; ASSET_NOT_FOUND, no rule holds for a
                slot that must have an asset.
        """
        env = self.environment(record, attributes, locale, as_of)
        chain = self.chain(requested or locale)
        territory = territory_of(attributes, requested or locale)
        found = [slot.choose(env, channel, territory, chain) for slot in self._slots]
        return tuple([chosen for chosen in found if chosen is not None])

    def environment(
        self, record: dict[str, Any], attributes: dict[str, str], locale: str, as_of: datetime
    ) -> dict[str, Any]:
        """The names that conditions can look at. The date is a text such as 2026-12-31, as dates of records are."""
        day = as_of.astimezone(UTC).date().isoformat()
        return {**record, "attributes": attributes, "locale": locale, "as_of": day}

    def chain(self, requested: str) -> tuple[str, ...]:
        """A locale and what stands in for it: fr-CA, fr, the template's French, its default, the default's language."""
        known = self._chains.get(requested)
        if known is None:
            if len(self._chains) >= _MOST_CHAINS:
                self._chains.clear()
            tags = (*fallbacks(requested), self.locale(requested), *fallbacks(self.info.default_locale))
            known = self._chains[requested] = tuple(dict.fromkeys(tags))
        return known

    def choices(self, channel: str) -> tuple[Selection, ...]:
        """Everything that the rules can choose without a record, for prefetching."""
        chain = self.chain(self.info.default_locale)
        return tuple(dict.fromkeys(choice for slot in self._slots for choice in slot.all(channel, "", chain)))

    @property
    def choosers(self) -> Sequence[SlotChooser]:
        """Each slot at work, in the template's order."""
        return self._slots


def territory_of(attributes: dict[str, str], locale: str) -> str:
    """Where a document is used: the country of its jurisdiction (`DE`, `US-NY`), else of its locale, else empty."""
    stated = attributes.get("jurisdiction")
    return (_country(stated) if stated else "") or _region(locale)


@functools.lru_cache(maxsize=1024)
def _country(jurisdiction: str) -> str:
    found = _COUNTRY.match(jurisdiction)
    return found[1].upper() if found else ""


@functools.lru_cache(maxsize=1024)
def _region(locale: str) -> str:
    found = _REGION.match(locale)
    return found[1].upper() if found else ""


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


def _unread(record: bytes, problem: str) -> str:
    """Why a record is not JSON; what programs write amiss most often is told in their words."""
    if record.startswith(_BYTE_ORDER_MARK):
        return "begins with a byte order mark; write it as UTF-8 without one"
    found = _AT_BYTE.search(problem)
    if found is not None and (word := _NO_NUMBER.match(record, int(found[1]))) is not None:
        return f"is not JSON: {word[0].decode()} is no number of it; leave the field out, or write null or a text"
    return f"is not JSON: {_plain(problem)}"


def _plain(message: str) -> str:
    """A decoder's message; it gives byte positions and never content."""
    return message.removesuffix(".")
