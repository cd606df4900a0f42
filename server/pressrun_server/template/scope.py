"""Checks expressions against the record's schema, so that a misspelt field is found at publish, not at a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pressrun_server.model.expression import Expression
from pressrun_server.template.diagnostics import closest
from pressrun_server.template.hosted import ASSETS

__all__ = ["ANYTHING", "Scope", "types_of"]

ANYTHING: dict[str, Any] = {}
"""The schema of a value that nothing is known about."""

_LOOP = {
    "type": "object",
    "properties": {"index": {}, "index0": {}, "first": {}, "last": {}, "length": {}},
    "additionalProperties": False,
}
_SECTION = {"type": "object", "properties": {"number": {}, "count": {}}, "additionalProperties": False}
_PAGE = {
    "type": "object",
    "properties": {"number": {}, "count": {}, "section": _SECTION},
    "additionalProperties": False,
}
_SUMS: dict[str, dict[str, Any]] = {
    # A header stands before the rows of its page, so it cannot know what they come to.
    "thead": {"before": {}, "total": {}},
    "tbody": {"running": {}, "total": {}},
    "tfoot": {"page": {}, "before": {}, "running": {}, "total": {}},
}
_ATTRIBUTES = (
    "communication_type", "campaign", "run", "segment", "region", "jurisdiction", "product", "business_unit",
    "account_status", "lifecycle_event", "customer_reference",
)  # fmt: skip


_BY_FIELD = {"sum", "sort", "groupby"}
"""Filters that may be given the name of a field of the list's items."""


def types_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a JSON Schema allows a value (`type` is one, or a list of them); none where it doesn't say."""
    stated = schema.get("type", ())
    return (stated,) if isinstance(stated, str) else tuple(stated)


class Scope:
    """The names an expression may use, with what is known of their values."""

    def __init__(self, names: Mapping[str, Any], root: dict[str, Any]) -> None:
        self.names = names
        self.root = root

    @classmethod
    def of_record(cls, schema: dict[str, Any], assets: dict[str, Any] | None = None) -> Scope:
        """The names at the top: the record's fields and the names of the language.

        Args:
            schema: of the record.
            assets: what is known of `assets`, see `template.hosted`.
        """
        scope = cls({}, schema)
        resolved = scope.resolve(schema)
        names = dict(resolved.get("properties", {}))
        names |= {"locale": ANYTHING, "as_of": ANYTHING, "attributes": ANYTHING}
        if assets is not None:
            names.setdefault(ASSETS, assets)
        return cls(names, schema)

    def inside(self, name: str, items: Any) -> Scope:
        """The scope of a loop's body."""
        return Scope({**self.names, name: items, "loop": _LOOP}, self.root)

    def named(self, name: str, value: Any) -> Scope:
        """The scope with one more name."""
        return Scope({**self.names, name: value}, self.root)

    def summed(self, names: Iterable[str], part: str) -> Scope:
        """The scope of a table's `thead`, `tbody` or `tfoot`, with what its rows are summed up to."""
        known = {"type": "object", "properties": _SUMS[part], "additionalProperties": False}
        return Scope({**self.names, **dict.fromkeys(names, known)}, self.root)

    def with_page(self) -> Scope:
        """The scope of a running element."""
        return Scope({**self.names, "page": _PAGE}, self.root)

    def resolve(self, schema: Any) -> dict[str, Any]:
        """The schema behind references within the document."""
        for _ in range(20):
            reference = schema.get("$ref") if isinstance(schema, dict) else None
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            target: Any = self.root
            for part in reference[2:].split("/"):
                target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
            schema = target
        return schema if isinstance(schema, dict) else {}

    def check(self, node: Expression, report: Callable[[str, str], None]) -> Any:
        """What is known of the value of an expression; unknown names and fields are reported with a hint."""
        kind = node[0]
        if kind == "name":
            if node[1] in self.names:
                return self.resolve(self.names[node[1]])
            if node[1] == "page":
                report("page is known in running elements only", "use it in an element with position: running(NAME)")
            elif node[1] == "loop":
                report("loop is known inside pr-for only", "")
            elif not self._open(self.resolve(self.root)):
                report(f"unknown name {node[1]!r}", closest(node[1], self.names))
            return ANYTHING
        if kind == "attr":
            return self._attribute(self.check(node[1], report), node, report)
        if kind == "item":
            self.check(node[2], report)
            return self.resolve(self.check(node[1], report).get("items", ANYTHING))
        if kind == "filter":
            inner = self.check(node[2], report)
            for argument in node[3]:
                self.check(argument, report)
            if node[1] in {"first", "last"}:
                return self.resolve(inner.get("items", ANYTHING))
            if node[1] in _BY_FIELD:
                return self._by_field(node, inner, report)
            return inner if node[1] in {"default", "reverse"} else ANYTHING
        for part in node[1:]:
            if isinstance(part, tuple):
                self.check(part, report)
        return ANYTHING

    def _by_field(self, node: Expression, inner: dict[str, Any], report: Callable[[str, str], None]) -> Any:
        """What is known of a list that was put in order, in groups or together by a field of its items."""
        items = self.resolve(inner.get("items", ANYTHING))
        field, known = node[3][0][1] if node[3] else "", items
        if field and field not in items.get("properties", {}):
            for name in field.split("."):
                known = self._attribute(known, ("attr", ("const", None), name), report)
        elif field:
            known = self.resolve(items["properties"][field])
        if node[1] == "sum":
            return {"type": "number"}
        if node[1] == "sort":
            return inner
        group = {"key": known, "rows": {"type": "array", "items": items}}
        return {"type": "array", "items": {"type": "object", "properties": group, "additionalProperties": False}}

    def _attribute(self, owner: dict[str, Any], node: Expression, report: Callable[[str, str], None]) -> Any:
        if node[1] == ("name", "attributes"):
            return ANYTHING
        properties = owner.get("properties", {})
        if node[2] in properties:
            return self.resolve(properties[node[2]])
        kinds = types_of(owner)
        if kinds and "object" not in kinds and kinds != ("null",):
            report(f"the value before .{node[2]} is {' or '.join(kinds)}; it has no fields", "")
        elif not self._open(owner):
            report(f"unknown field {node[2]!r}", closest(node[2], properties))
        return ANYTHING

    @staticmethod
    def _open(schema: dict[str, Any]) -> bool:
        """Whether there may be properties that the schema does not list."""
        composed = {"allOf", "anyOf", "oneOf", "patternProperties", "if", "$dynamicRef"} & set(schema)
        return bool(composed) or not schema.get("properties") or schema.get("additionalProperties", False) is not False
