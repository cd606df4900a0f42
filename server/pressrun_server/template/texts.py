"""Text with expressions: the locale's strings put in, and names checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pressrun_server.model.expression import Expression
from pressrun_server.model.program import Inline, Text, Value
from pressrun_server.template.builder import Builder
from pressrun_server.template.diagnostics import Place, closest
from pressrun_server.template.grammar import GrammarError, parse_text
from pressrun_server.template.scope import ANYTHING, Scope, types_of

__all__ = ["TextStructure"]

_COUNTED: tuple[Expression, ...] = (("name", "page"), ("attr", ("name", "page"), "section"))
"""Whose number of pages is known only when all are made."""


class TextStructure(Builder):
    """Builds the inline content of texts."""

    def fold(self, node: Expression, place: Place) -> Expression:
        """Put the locale's strings and name in, so that they are static text."""
        if node[0] == "attr" and node[1] == ("name", "t"):
            if node[2] not in self.strings:
                hint = closest(node[2], self.strings, otherwise="add it to strings in template.yaml")
                self.diagnostics.error("unknown-string", place, f"there is no string {node[2]!r}", hint)
            text = self.strings.get(node[2], "")
            if not isinstance(text, str):
                hint = f"write {{{{ t.{node[2]} | plural(count) }}}}"
                self.diagnostics.error("expression", place, f"the string {node[2]!r} has plural forms", hint)
                text = ""
            return ("const", text)
        if node[0] == "filter" and node[1] == "plural":
            return self._plural(node, place)
        if node == ("name", "locale"):
            return ("const", self.locale)
        if node == ("name", "t"):
            self.diagnostics.error("expression", place, "t alone cannot be shown", "write t.NAME")
            return ("const", "")
        return tuple(self.fold(part, place) if _is_node(part) else _folded(part, self, place) for part in node)

    def _plural(self, node: Expression, place: Place) -> Expression:
        """The forms of a string put in, so that a record only chooses."""
        forms: object = self.strings.get(node[2][2]) if node[2][:2] == ("attr", ("name", "t")) else None
        if not isinstance(forms, dict):
            self.diagnostics.error(
                "expression",
                place,
                "plural needs a string with plural forms",
                'write strings: {en-GB: {items: {one: "{n} item", other: "{n} items"}}}, and t.items | plural(count)',
            )
            return ("const", "")
        pairs = tuple((category, text) for category, text in sorted(forms.items()))
        return ("plural", ("forms", *pairs), self.fold(node[3][0], place))

    def expression(self, node: Expression, place: Place, scope: Scope) -> Expression:
        """Fold an expression and check its names."""
        return self._checked(node, place, scope)[0]

    def _checked(self, node: Expression, place: Place, scope: Scope) -> tuple[Expression, Mapping[str, Any]]:
        """The same, and what the record's schema says of its value; nothing where names are wrong."""
        folded = self.fold(node, place)
        wrong: list[tuple[str, str]] = []
        known = scope.check(folded, lambda message, hint: wrong.append((message, hint)))
        for message, hint in wrong:
            self.diagnostics.error("unknown-field", place, message, hint)
        if wrong:
            known = ANYTHING
        if any(_mentions(folded, ("attr", owner, "count")) for owner in _COUNTED):
            self.uses_count = True
        return folded, known

    def _can_be_shown(self, known: Mapping[str, Any], place: Place) -> None:
        """Tell of a value that is no text, whatever the record: it would fail every document."""
        kinds = {kind for kind in types_of(known) if kind != "null"}
        if kinds == {"array"}:
            hint = "go through it with pr-for, or put it together: | join(', ')"
            self.diagnostics.error("expression", place, "a list cannot be shown as text", hint)
        elif kinds == {"object"}:
            fields = ", ".join(f".{name}" for name in list(known.get("properties", {}))[:5])
            hint = f"show one of its fields{': ' + fields if fields else ''}"
            self.diagnostics.error("expression", place, "an object cannot be shown as text", hint)

    def text(self, text: str, style: int, place: Callable[[int], Place], scope: Scope) -> list[Inline]:
        """The inline content of a text with expressions; `place` gives the place of the n-th expression."""
        try:
            parts = parse_text(text)
        except GrammarError as error:
            self.diagnostics.error("expression", place(error.index), str(error), error.hint)
            return []
        inlines: list[Inline] = []
        index = 0
        for part in parts:
            if isinstance(part, str):
                inlines.append(Text(style, part))
                continue
            folded, known = self._checked(part, place(index), scope)
            self._can_be_shown(known, place(index))
            if folded[0] == "const" and isinstance(folded[1], str):
                inlines.append(Text(style, folded[1]))
            else:
                inlines.append(Value(style, folded, str(place(index))))
            index += 1
        return inlines


def _is_node(part: object) -> bool:
    return isinstance(part, tuple) and bool(part) and isinstance(part[0], str)


def _folded(part: Any, structure: TextStructure, place: Place) -> Any:
    # The arguments of a filter are a tuple of nodes.
    if isinstance(part, tuple):
        return tuple(structure.fold(item, place) if _is_node(item) else item for item in part)
    return part


def _mentions(node: Any, wanted: Expression) -> bool:
    return node == wanted or (isinstance(node, tuple) and any(_mentions(part, wanted) for part in node))
