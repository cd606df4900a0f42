"""`POST /search/text`: reads the parameters, finds rows, sorts and pages them.

Documented: parameter names, the three condition types, paging by `after`, and `contains_invalid_conditions`.
Inferred: defaults, the order of ties, and which field ids can be sorted on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pressrun_loadtest.sandbox.clock import iso_seconds
from pressrun_loadtest.sandbox.core_dam.conditions import Compiled, Predicate, compile_conditions
from pressrun_loadtest.sandbox.core_dam.errors import DamError
from pressrun_loadtest.sandbox.core_dam.metadata import FieldKind, FieldSpec, Row, ValueType
from pressrun_loadtest.sandbox.core_dam.options import Operator
from pressrun_loadtest.sandbox.core_dam.store import AssetVersion, CoreDamStore

__all__ = ["Page", "Searcher"]

_DEFAULT_LIMIT = 25

_BUILT_IN: dict[str, tuple[ValueType, Callable[[AssetVersion], str]]] = {
    "ARTESIA.FIELD.ASSET ID": (ValueType.CHAR, lambda row: row.asset_id),
    "ARTESIA.FIELD.ASSET NAME": (ValueType.CHAR, lambda row: row.name),
    "ARTESIA.FIELD.ASSET VERSION": (ValueType.NUMBER, lambda row: str(row.version)),
    "ARTESIA.FIELD.DATE IMPORTED": (ValueType.DATE, lambda row: iso_seconds(row.imported)),
    "ARTESIA.FIELD.DATE LAST UPDATED": (ValueType.DATE, lambda row: iso_seconds(row.updated)),
    "ARTESIA.FIELD.IS LATEST VERSION": (ValueType.CHAR, lambda row: "Y" if row.latest else "N"),
    "ARTESIA.FIELD.MIME TYPE": (ValueType.CHAR, lambda row: row.master.media_type),
    "ARTESIA.FIELD.ORIGINAL ASSET ID": (ValueType.CHAR, lambda row: row.original_asset_id),
    "NAME": (ValueType.CHAR, lambda row: row.name),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of hits."""

    rows: tuple[AssetVersion, ...]
    total: int
    offset: int
    invalid: bool
    ids_only: bool

    def search_result(self) -> dict[str, object]:
        """The `search_result` object; `hit_count` counts this page."""
        return {
            "hit_count": len(self.rows),
            "total_hit_count": self.total,
            "offset": self.offset,
            "asset_id_list": [row.asset_id for row in self.rows],
            "contains_invalid_conditions": self.invalid,
            "facet_field_response_list": [],
            "asset_group_count": {"entry": []},
        }


class Searcher:
    """Evaluates searches over a store with a set of known operators."""

    def __init__(self, store: CoreDamStore, operators: Mapping[str, Operator]) -> None:
        self._store = store
        self._operators = operators

    def search(self, parameters: Mapping[str, str]) -> Page:
        """Run one search.

        Raises:
            DamError: 400, a parameter is malformed; 501, one that this stand-in does not offer.
        """
        if parameters.get("facet_restriction_list"):
            raise DamError(501, "facet_restriction_list: this sandbox does not evaluate facets")
        conditions = compile_conditions(_conditions(parameters.get("search_condition_list")), self._atom)
        tests = [
            _keyword(parameters.get("keyword_query", "*"), parameters.get("keyword_scope_id", "1")),
            self._folder(parameters.get("folder_filter")),
            *([conditions.predicate] if conditions.predicate else []),
        ]
        found = [row for row in self._store.rows() if not row.deleted and all(test(row) for test in tests)]
        ordered = self._sorted(found, parameters.get("sort"))
        limit = _number(parameters, "limit", _DEFAULT_LIMIT)
        start = _number(parameters, "after", 0)
        if "before" in parameters and "after" not in parameters:
            end = _number(parameters, "before", 0)
            start = max(0, end - limit)
            limit = end - start
        return Page(
            tuple(ordered[start : start + limit]),
            len(ordered),
            start,
            conditions.invalid,
            parameters.get("return_type") == "ids",
        )

    def _sorted(self, rows: list[AssetVersion], sort: str | None) -> list[AssetVersion]:
        by_id = sorted(rows, key=lambda row: row.asset_id)
        if sort is None:
            return by_id
        direction, _, field_id = sort.partition("_")
        kind, text = self._field(field_id)
        if direction not in ("asc", "desc") or kind is None:
            raise DamError(400, f"sort: expected asc_FIELD or desc_FIELD of a known field, got {sort}")
        key = (lambda row: (int(text(row) or 0), "")) if kind is ValueType.NUMBER else (lambda row: (0, text(row)))
        return sorted(by_id, key=key, reverse=direction == "desc")

    def _field(self, field_id: str) -> tuple[ValueType | None, Callable[[AssetVersion], str]]:
        if field_id in _BUILT_IN:
            return _BUILT_IN[field_id]
        spec = self._store.model.find(field_id)
        if spec is None or spec.kind is FieldKind.TABLE:
            return None, lambda _: ""
        return spec.type, lambda row: str(row.metadata.get(field_id, ""))

    def _atom(self, condition: Mapping[str, object]) -> Compiled[AssetVersion]:
        match str(condition.get("type", "")).rpartition(".")[2]:
            case "SearchScalarCondition":
                return self._scalar(condition)
            case "SearchTabularCondition":
                return self._tabular(condition)
            case "SearchFulltextCondition":
                keyword = str(condition.get("keyword", "*"))
                return Compiled(_keyword(keyword, str(condition.get("scope_id", "1"))), invalid=False)
        return Compiled(None, invalid=True)

    def _scalar(self, condition: Mapping[str, object]) -> Compiled[AssetVersion]:
        field_id = str(condition.get("metadata_field_id", ""))
        kind, text = self._field(field_id)
        test = self._test(condition, kind, self._store.model.find(field_id))
        if test is None:
            return Compiled(None, invalid=True)
        return Compiled(lambda row: test(text(row)), invalid=False)

    def _tabular(self, condition: Mapping[str, object]) -> Compiled[AssetVersion]:
        table = self._store.model.find(str(condition.get("metadata_table_id", "")))
        listed = condition.get("tabular_field_list")
        if table is None or table.kind is not FieldKind.TABLE or not isinstance(listed, list) or not listed:
            return Compiled(None, invalid=True)
        columns = {column.id: column for column in table.columns}

        def cell(part: Mapping[str, object]) -> Compiled[Row]:
            column = columns.get(str(part.get("metadata_field_id", "")))
            test = self._test(part, column.type if column else None, column)
            if column is None or test is None:
                return Compiled(None, invalid=True)
            return Compiled(lambda row: test(row.get(column.id, "")), invalid=False)

        inner = compile_conditions([part for part in listed if isinstance(part, dict)], cell)
        matches = inner.predicate
        if matches is None:
            return Compiled(None, invalid=True)
        return Compiled(lambda row: any(matches(r) for r in _rows(row, table.id)), invalid=inner.invalid)

    def _test(
        self, condition: Mapping[str, object], kind: ValueType | None, spec: FieldSpec | None
    ) -> Predicate[str] | None:
        """The test of one value, or None when operator and field do not go together."""
        operator = self._operators.get(str(condition.get("relational_operator_id", "")))
        wanted = str(condition.get("value", ""))
        domain = spec.domain if spec is not None else {}
        match operator, kind:
            case Operator.CONTAINS, ValueType.CHAR:
                needle = wanted.casefold()
                # A lookup value is found by its key and by its display text.
                return lambda value: needle in value.casefold() or needle in domain.get(value, "").casefold()
            case Operator.EQUALS, ValueType.CHAR | ValueType.DATE:
                return lambda value: value == wanted
            case Operator.NUMBER_IS, ValueType.NUMBER:
                return lambda value: _same_number(value, wanted)
        return None

    def _folder(self, folder_id: str | None) -> Predicate[AssetVersion]:
        if not folder_id:
            return lambda _: True
        # The seed's folders have no sub-folders, so `all` and `direct` mean the same.
        folder = self._store.folders.get(folder_id)
        members = set(folder.assets) if folder else set()
        return lambda row: row.original_asset_id in members


def _same_number(value: str, wanted: str) -> bool:
    try:
        return Decimal(value) == Decimal(wanted)
    except InvalidOperation:
        return False


def _rows(row: AssetVersion, table_id: str) -> tuple[Row, ...]:
    value = row.metadata.get(table_id, ())
    return value if isinstance(value, tuple) else ()


def _keyword(query: str, scope: str) -> Predicate[AssetVersion]:
    needle = query.strip().rstrip("*").casefold()
    if not needle:
        return lambda _: True
    if scope not in ("1", "3"):
        # Scope 2 is the text inside files; the samples are pictures and have none.
        return lambda _: False

    def matches(row: AssetVersion) -> bool:
        texts = [row.name, *(value for value in row.metadata.values() if isinstance(value, str))]
        cells = [
            cell for value in row.metadata.values() if isinstance(value, tuple) for r in value for cell in r.values()
        ]
        return any(needle in text.casefold() for text in (*texts, *cells))

    return matches


def _conditions(text: str | None) -> list[Mapping[str, object]]:
    if not text:
        return []
    try:
        outer = json.loads(text)
        listed = outer["search_condition_list"]["search_condition"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DamError(
            400, 'search_condition_list: expected JSON {"search_condition_list":{"search_condition":[...]}}'
        ) from error
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise DamError(400, "search_condition: expected a list of objects")
    return listed


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise DamError(400, f"{name}: expected a whole number from 0, got {text}")
    return int(text)
