"""Reads decoded JSON or YAML whose shape is not guaranteed.

The `*_in` functions are lenient: a field that is absent or of another type is None, because systems differ and an
optional field must not break an asset. `Section` is strict: it is for files that people write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

__all__ = ["Section", "flag_in", "integer_in", "mapping_in", "read_yaml", "sequence_in", "text_in"]

_EMPTY: Mapping[str, object] = {}
_BEYOND = 10**18


def text_in(holder: Mapping[str, object], name: str) -> str | None:
    """A text that is not empty."""
    value = holder.get(name)
    return value if isinstance(value, str) and value else None


def integer_in(holder: Mapping[str, object], name: str) -> int | None:
    """A whole number; also one written as text. One of more than 18 digits is nothing that a system means."""
    value = holder.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if isinstance(value, int) and abs(value) < _BEYOND else None


def flag_in(holder: Mapping[str, object], name: str) -> bool:
    """Whether a field is true."""
    return holder.get(name) is True


def mapping_in(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An object; an empty one where there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else _EMPTY


def sequence_in(holder: Mapping[str, object], name: str) -> Sequence[Mapping[str, object]]:
    """The objects of a list."""
    value = holder.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def read_yaml(text: str) -> object:
    """What a text of YAML holds.

    Raises:
        ValueError: it is none; the text names line and column.
    """
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        raise ValueError(f"{place}: not YAML ({getattr(error, 'problem', None) or 'malformed'})") from error


class Section:
    """A part of a file that people write: each wrong or unknown field is a fault with its place."""

    def __init__(self, value: object, place: str, faults: list[str]) -> None:
        self.place = place
        self._faults = faults
        self._read: set[str] = set()
        self._inner: list[Section] = []
        self._finished = False
        if value is not None and not isinstance(value, Mapping):
            self.fault("", f"expected fields, got {type(value).__name__}")
        self._values = {str(name): item for name, item in value.items()} if isinstance(value, Mapping) else {}

    @classmethod
    def parse(cls, text: str, faults: list[str]) -> Section:
        """The whole of a file of YAML; one that is none is a fault, and an empty part."""
        try:
            return cls(read_yaml(text), "", faults)
        except ValueError as error:
            faults.append(str(error))
            return cls(None, "", [])

    def fault(self, name: str, what: str) -> None:
        """Note what is wrong with a field."""
        self._faults.append(f"{self._where(name)}: {what}")

    def names(self) -> tuple[str, ...]:
        """The fields that are set."""
        return tuple(self._values)

    def take(self, name: str) -> object:
        """A field as it stands."""
        self._read.add(name)
        return self._values.get(name)

    def section(self, name: str) -> Section:
        """A nested part."""
        inner = Section(self.take(name), self._where(name), self._faults)
        self._inner.append(inner)
        return inner

    def text(self, name: str, default: str = "") -> str:
        """A text; a number counts as its digits, so that ids need no quotes."""
        value = self.take(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and (not isinstance(value, str) or not value):
            self.fault(name, f"expected a text, got {value!r}")
            return default
        return value or default

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number within bounds."""
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            self.fault(name, f"expected a whole number from {lowest} to {highest}, got {value!r}")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, f"expected true or false, got {value!r}")
        return value if isinstance(value, bool) else default

    def choice(self, name: str, valid: Sequence[str], default: str) -> str:
        """One of the valid texts."""
        value = self.text(name, default)
        if value not in valid:
            self.fault(name, f"{value!r} is not one of {', '.join(valid)}")
            return default
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one."""
        value = self.take(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if any(isinstance(item, Mapping | list | bool) or item is None for item in items):
            self.fault(name, "expected a list of texts (put yes, no, on, off and null in quotes)")
            return ()
        return tuple(str(item) for item in items)

    def finish(self) -> None:
        """Note the fields that nobody asked for, here and in every part; once."""
        if self._finished:
            return
        self._finished = True
        for inner in self._inner:
            inner.finish()
        for name in self._values:
            if name not in self._read:
                self.fault(name, f"unknown field; valid here are {', '.join(sorted(self._read))}")

    def _where(self, name: str) -> str:
        return f"{self.place}.{name}".strip(".")
