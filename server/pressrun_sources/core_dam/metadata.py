"""Reads the nested metadata of an asset into plain values.

Documented: groups hold fields; a scalar's value sits in `value.value.value`, that of a lookup field in
`value.value.field_value.value` (its display text beside it is localised and never compared), a table has columns with
`values`, and an empty field comes in three forms. All groups are walked: real models have several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pressrun_sources.core_dam.mapping import FieldPath
from pressrun_sources.shape import mapping_in, sequence_in, text_in

__all__ = ["Metadata"]

_TABLE = "com.artesia.metadata.MetadataTable"
_MAX_DEPTH = 8


class Metadata:
    """The values of one asset by where they sit."""

    def __init__(self, asset: Mapping[str, object]) -> None:
        self._values: dict[FieldPath, tuple[str, ...]] = {}
        for path, value in _walk(mapping_in(asset, "metadata"), _MAX_DEPTH):
            self._values[path] = (*self._values.get(path, ()), value)

    def values(self, path: FieldPath | None) -> tuple[str, ...]:
        """All values at a place: none, one, or one for each filled row of a table."""
        return self._values.get(path, ()) if path is not None else ()

    def first(self, path: FieldPath | None) -> str | None:
        """The first value at a place."""
        return next(iter(self.values(path)), None)


def _walk(holder: Mapping[str, object], depth: int) -> Iterator[tuple[FieldPath, str]]:
    for element in sequence_in(holder, "metadata_element_list"):
        identifier = text_in(element, "id")
        if identifier is None:
            continue
        if text_in(element, "type") == _TABLE:
            yield from _table(identifier, element)
        elif "metadata_element_list" in element and depth:
            yield from _walk(element, depth - 1)
        elif (value := _cell(mapping_in(element, "value"))) is not None:
            yield FieldPath(identifier), value


def _table(identifier: str, table: Mapping[str, object]) -> Iterator[tuple[FieldPath, str]]:
    for column in sequence_in(table, "metadata_element_list"):
        name = text_in(column, "id")
        for cell in sequence_in(column, "values"):
            value = _cell(cell)
            if name is not None and value is not None:
                yield FieldPath(identifier, name), value


def _cell(holder: Mapping[str, object]) -> str | None:
    inner = mapping_in(holder, "value")
    typed = mapping_in(inner, "field_value") or inner
    value = typed.get("value")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float) and value != "":
        return str(value)
    return None
