"""Builds the search forms of OTMM REST.

Documented: the parameter names, the condition types and their fields, and that `relational_operator` joins a
condition to the one before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from pressrun_sources.core_dam.mapping import CoreDamMapping, FieldPath

__all__ = ["LATEST", "ORIGINAL_ID", "condition", "either", "search_form"]

ORIGINAL_ID = FieldPath("ARTESIA.FIELD.ORIGINAL ASSET ID")
LATEST = FieldPath("ARTESIA.FIELD.IS LATEST VERSION")

_SCALAR = "com.artesia.search.SearchScalarCondition"
_TABULAR = "com.artesia.search.SearchTabularCondition"
_CELL = "com.artesia.search.SearchTabularFieldCondition"

Condition = Mapping[str, object]


def condition(path: FieldPath, operator: str, value: str) -> Condition:
    """One condition on a field or on a column of a table."""
    if path.column is None:
        return {
            "type": _SCALAR,
            "metadata_field_id": path.field,
            "relational_operator_id": operator,
            "value": value,
        }
    cell = {
        "type": _CELL,
        "metadata_field_id": path.column,
        "relational_operator_id": operator,
        "value": value,
        "left_paren": "(",
        "right_paren": ")",
    }
    return {"type": _TABULAR, "metadata_table_id": path.field, "tabular_field_list": [cell]}


def either(alternatives: Sequence[Condition]) -> list[Condition]:
    """Conditions of which one must hold, in parentheses."""
    joined: list[dict[str, object]] = [
        dict(alternative) if index == 0 else {**alternative, "relational_operator": "or"}
        for index, alternative in enumerate(alternatives)
    ]
    if len(joined) > 1:
        joined[0]["left_paren"] = "("
        joined[-1]["right_paren"] = ")"
    return list(joined)


def search_form(
    mapping: CoreDamMapping,
    groups: Iterable[Sequence[Condition]],
    *,
    after: int,
    limit: int,
    sort: str = "asc_ARTESIA.FIELD.ASSET ID",
    folder: str = "",
) -> Mapping[str, str]:
    """The form of a search in which every group must hold.

    Args:
        mapping: the layout of the tenant.
        groups: each one condition, or the outcome of `either`.
        after: zero-based offset of the page.
        limit: its size.
        sort: `asc_` or `desc_`, and the id of a field.
        folder: only what it and the folders below it hold; empty: everywhere.
    """
    conditions: list[Condition] = []
    for group in groups:
        head = {**group[0], "relational_operator": "and"} if conditions else group[0]
        conditions += [head, *group[1:]]
    form = {
        "keyword_query": "*",
        "keyword_scope_id": "1",
        "search_config_id": str(mapping.search_config_id),
        "load_type": mapping.load_type,
        "level_of_detail": "full",
        "sort": sort,
        "after": str(after),
        "limit": str(limit),
    }
    if folder:
        form |= {"folder_filter": folder, "folder_filter_type": "all"}
    if conditions:
        nested = {"search_condition_list": {"search_condition": conditions}}
        form["search_condition_list"] = json.dumps(nested, separators=(",", ":"))
    return form
