"""The search expression language: text to a tree of tests.

Strict where the documentation is silent: two terms without an operator between them are refused, because whether
they would be joined by AND is not documented; so a connector cannot come to rely on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pressrun_loadtest.sandbox.cloudinary.errors import ApiError

__all__ = ["And", "Bound", "Expression", "Not", "Or", "Range", "Term", "parse_query"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_OPERATOR = re.compile(r">=|<=|[:=<>]")
_RESERVED = frozenset('!(){}[]*^~?:\\=&><"')
_WORDS = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class Term:
    """`field op value`; without a field it looks everywhere."""

    field: str | None
    operator: str
    value: str
    prefix: bool = False
    """The value ended in an unescaped `*`."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range; an empty value is open."""

    value: str
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Range:
    """`field:[a TO b]`, with `{}` for ends that do not count."""

    field: str
    low: Bound
    high: Bound


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    parts: tuple[Expression, ...]


Expression = Term | Range | Not | And | Or


def parse_query(text: str) -> Expression | None:
    """The tree of an expression; None for an empty one, which finds everything.

    Raises:
        ApiError: 400 `Query Error (at position N)`.
    """
    return _Parser(text).parse() if text.strip() else None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> Expression:
        tree = self._any()
        self._skip()
        if self._at < len(self._text):
            raise self._error("expected AND, OR or the end")
        return tree

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._word("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._one()]
        while self._word("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Expression:
        if self._word("NOT") or self._char("-"):
            return Not(self._one())
        if self._char("("):
            inner = self._any()
            if not self._char(")"):
                raise self._error("expected )")
            return inner
        return self._term()

    def _term(self) -> Expression:
        self._skip()
        name = _NAME.match(self._text, self._at)
        operator = _OPERATOR.match(self._text, name.end()) if name else None
        if name is None or operator is None:
            value, prefix = self._value()
            return Term(None, ":", value, prefix)
        self._at = operator.end()
        if operator.group() == ":" and self._peek() in ("[", "{"):
            return self._range(name.group())
        value, prefix = self._value()
        return Term(name.group(), operator.group(), value, prefix)

    def _range(self, field: str) -> Range:
        low_inclusive = self._text[self._at] == "["
        self._at += 1
        low = self._bound()
        if not self._word("TO"):
            raise self._error("expected TO")
        high = self._bound()
        self._skip()
        if self._peek() not in ("]", "}"):
            raise self._error("expected ] or }")
        high_inclusive = self._text[self._at] == "]"
        self._at += 1
        return Range(field, Bound(low, low_inclusive), Bound(high, high_inclusive))

    def _bound(self) -> str:
        if self._char("*"):
            return ""
        return self._value()[0]

    def _value(self) -> tuple[str, bool]:
        self._skip()
        if self._peek() == "*":
            raise self._error("a value must not begin with *")
        return self._quoted() if self._char('"') else self._bare()

    def _quoted(self) -> tuple[str, bool]:
        result: list[str] = []
        while (char := self._peek()) != '"':
            if not char:
                raise self._error('expected the closing "')
            self._at += 1
            # Inside quotes only `"` and `*` are escaped; any other backslash is itself.
            if char == "\\" and self._peek() in ('"', "*"):
                char = self._peek()
                self._at += 1
            elif char == "*":
                if self._peek() != '"':
                    self._at -= 1
                    raise self._error("* may only stand at the end")
                self._at += 1
                return "".join(result), True
            result.append(char)
        self._at += 1
        return "".join(result), False

    def _bare(self) -> tuple[str, bool]:
        result: list[str] = []
        start = self._at
        while (char := self._peek()) and not char.isspace():
            if char == "\\" and self._at + 1 < len(self._text):
                result.append(self._text[self._at + 1])
                self._at += 2
                continue
            if char in _RESERVED:
                break
            result.append(char)
            self._at += 1
        prefix = bool(result) and self._peek() == "*"
        self._at += prefix
        word = self._text[start : self._at]
        after = self._peek()
        if not result or word in _WORDS or not (not after or after.isspace() or after in ")]}"):
            raise self._error("expected a value; quote or escape reserved characters")
        return "".join(result), prefix

    def _word(self, word: str) -> bool:
        self._skip()
        end = self._at + len(word)
        after = self._text[end : end + 1]
        found = self._text.startswith(word, self._at) and (not after or after.isspace() or after in '(-"')
        if found:
            self._at = end
        return found

    def _char(self, char: str) -> bool:
        self._skip()
        found = self._peek() == char
        self._at += found
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _error(self, message: str) -> ApiError:
        return ApiError(400, f"Query Error (at position {self._at}): {message}")
