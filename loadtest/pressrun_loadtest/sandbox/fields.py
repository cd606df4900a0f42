"""Reads untrusted mappings (the seed file, admin bodies) field by field, with errors that name the place.

Every reading method takes a field's name; `finish` then refuses fields that nobody read, so a misspelt name is
an error and never a silent default.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from pressrun_loadtest.sandbox.clock import parse_time

__all__ = ["BadInputError", "Fields"]

T = TypeVar("T")


class BadInputError(Exception):
    """Something outside said what cannot be understood; the text names the place and what would be valid."""


class Fields:
    """The fields of one mapping at one place."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise BadInputError(f"{place}: expected a mapping of fields, got {type(value).__name__}")
        self.place = place
        self._values = {str(name): item for name, item in value.items() if item is not None}
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> tuple[str, ...]:
        """The names that are set."""
        return tuple(self._values)

    def optional_text(self, name: str) -> str | None:
        """A text, or None when the field is not set."""
        return self._get(name, str, "a text (put dates and numbers in quotes)")

    def text(self, name: str) -> str:
        """A text that must be there and not be empty."""
        value = self._required(name, self.optional_text(name))
        if not value:
            raise BadInputError(f"{self.place}.{name}: must not be empty")
        return value

    def optional_integer(self, name: str, *, minimum: int = 0) -> int | None:
        """A whole number of at least `minimum`, or None when the field is not set."""
        value = self._get(name, int, "a whole number")
        if value is not None and (isinstance(value, bool) or value < minimum):
            raise BadInputError(f"{self.place}.{name}: expected a whole number of at least {minimum}, got {value}")
        return value

    def integer(self, name: str, *, minimum: int = 0) -> int:
        """A whole number that must be there."""
        return self._required(name, self.optional_integer(name, minimum=minimum))

    def optional_boolean(self, name: str) -> bool | None:
        """True or false, or None when the field is not set."""
        return self._get(name, bool, "true or false")

    def optional_choice(self, name: str, valid: Iterable[str]) -> str | None:
        """One of the valid texts, or None when the field is not set."""
        value = self.optional_text(name)
        choices = tuple(valid)
        if value is not None and value not in choices:
            raise BadInputError(f"{self.place}.{name}: {value!r} is not one of {', '.join(choices)}")
        return value

    def choice(self, name: str, valid: Iterable[str]) -> str:
        """One of the valid texts; it must be there."""
        return self._required(name, self.optional_choice(name, valid))

    def optional_time(self, name: str) -> datetime | None:
        """A moment, or None when the field is not set."""
        value = self.optional_text(name)
        try:
            return None if value is None else parse_time(value)
        except ValueError as error:
            raise BadInputError(f"{self.place}.{name}: {error}") from error

    def optional_bytes(self, name: str) -> bytes | None:
        """Bytes written in base64, or None when the field is not set."""
        value = self.optional_text(name)
        try:
            return None if value is None else base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise BadInputError(f"{self.place}.{name}: expected bytes in base64 ({error})") from error

    def values(self, name: str) -> dict[str, object]:
        """A mapping as it stands; empty when the field is not set."""
        value = self._get(name, dict, "a mapping")
        return {} if value is None else {str(key): item for key, item in value.items()}

    def everything(self) -> dict[str, object]:
        """All fields as they stand."""
        self._read.update(self._values)
        return dict(self._values)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty when the field is not set."""
        items = self._get(name, list, "a list of texts") or []
        for index, item in enumerate(items):
            if not isinstance(item, str):
                raise BadInputError(f"{self.place}.{name}[{index}]: expected a text, got {type(item).__name__}")
        return tuple(items)

    def items(self, name: str) -> list[Fields]:
        """A list of mappings; empty when the field is not set."""
        items = self._get(name, list, "a list of mappings") or []
        return [Fields(item, f"{self.place}.{name}[{index}]") for index, item in enumerate(items)]

    def finish(self) -> None:
        """Refuse the fields that were set but never read.

        Raises:
            BadInputError: there is at least one; the text names them and the fields that are known.
        """
        unknown = sorted(self._values.keys() - self._read)
        if unknown:
            known = ", ".join(sorted(self._read))
            raise BadInputError(f"{self.place}: unknown field {', '.join(unknown)}; known here: {known}")

    def _get(self, name: str, kind: type[T], expected: str) -> T | None:
        self._read.add(name)
        value = self._values.get(name)
        if value is not None and not isinstance(value, kind):
            raise BadInputError(f"{self.place}.{name}: expected {expected}, got {type(value).__name__}")
        return value

    def _required(self, name: str, value: T | None) -> T:
        if value is None:
            raise BadInputError(f"{self.place}: the field {name} is missing")
        return value
