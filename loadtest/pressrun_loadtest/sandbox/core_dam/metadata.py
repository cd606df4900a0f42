"""The metadata model: which fields a tenant's assets have, and the nested JSON in which the system writes values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["EXPIRATION", "FieldKind", "FieldSpec", "GroupSpec", "Model", "Row", "Value", "ValueType", "render_model"]

EXPIRATION = "ARTESIA.FIELD.EXPIRATION DATE"
"""Id of the built-in expiry field; the blank belongs to it."""

Row = Mapping[str, str]
"""One row of a table field: column id to value."""

Value = str | tuple[Row, ...]
"""A scalar's text (of a lookup field: the key), or the rows of a table."""


class FieldKind(StrEnum):
    """How a field holds its value."""

    SCALAR = "scalar"
    DOMAIN = "domain"
    TABLE = "table"


class ValueType(StrEnum):
    """What search operators may be used on a field."""

    CHAR = "char"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field, or one column of a table field."""

    id: str
    name: str
    kind: FieldKind = FieldKind.SCALAR
    type: ValueType = ValueType.CHAR
    domain: Mapping[str, str] = field(default_factory=dict)
    """Of a lookup field: display text by key."""
    columns: tuple[FieldSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A group of fields; real models have several, and a reader must walk all."""

    id: str
    name: str
    fields: tuple[FieldSpec, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A metadata model."""

    id: str
    name: str
    groups: tuple[GroupSpec, ...]

    def find(self, field_id: str) -> FieldSpec | None:
        """The field of that id in any group."""
        return next((f for group in self.groups for f in group.fields if f.id == field_id), None)


def render_model(model: Model, values: Mapping[str, Value]) -> dict[str, object]:
    """The `metadata` object of an asset."""
    return {
        "type": "com.artesia.metadata.MetadataModel",
        "id": model.id,
        "name": model.name,
        "has_multilingual_fields": False,
        "metadata_element_list": [
            {
                "type": "com.artesia.metadata.MetadataCategory",
                "id": group.id,
                "name": group.name,
                "metadata_element_list": [
                    _render_field(spec, values.get(spec.id), index) for index, spec in enumerate(group.fields)
                ],
            }
            for group in model.groups
        ],
    }


def _render_field(spec: FieldSpec, value: Value | None, index: int) -> dict[str, object]:
    if spec.kind is FieldKind.TABLE:
        return _render_table(spec, value if isinstance(value, tuple) else ())
    element: dict[str, object] = {"type": "com.artesia.metadata.MetadataField", "id": spec.id, "name": spec.name}
    if isinstance(value, str):
        return element | {"value": _render_value(spec, value)}
    # An unset field comes in three forms; which one, depends on its place, so that a reader meets them all.
    empties: tuple[dict[str, object], ...] = ({}, {"value": {}}, {"value": {"value": {}}})
    return element | empties[index % len(empties)]


def _render_table(spec: FieldSpec, rows: Sequence[Row]) -> dict[str, object]:
    return {
        "type": "com.artesia.metadata.MetadataTable",
        "id": spec.id,
        "name": spec.name,
        "metadata_element_list": [
            {
                "type": "com.artesia.metadata.MetadataTableField",
                "id": column.id,
                "name": column.name,
                # Row n is element n of every column, so a cell without a value still takes its place.
                "values": [_render_value(column, row[column.id]) if column.id in row else {} for row in rows],
            }
            for column in spec.columns
        ],
    }


def _render_value(spec: FieldSpec, value: str) -> dict[str, object]:
    typed: dict[str, object]
    match spec.type:
        case ValueType.NUMBER:
            typed = {"type": "int", "value": int(value)}
        case ValueType.DATE:
            typed = {"type": "date", "value": value}
        case ValueType.CHAR:
            typed = {"type": "string", "value": value}
    if spec.domain:
        return {
            "domain_value": True,
            "value": {"display_value": spec.domain.get(value, value), "field_value": typed},
        }
    return {"value": typed}
