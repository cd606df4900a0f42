"""Search conditions: from the JSON list with its loose parentheses to one predicate over rows.

Theory of operation: the list is flat. Each entry may open and close parentheses and says how it joins to the
entry before it. It is unrolled into tokens and read by recursive descent; `and` binds tighter than `or`
(inferred). An entry that is not understood is left out as if it were not there and reported, because that is
what a real server does: its answer then holds too many rows, and only a flag says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pressrun_loadtest.sandbox.core_dam.errors import DamError

__all__ = ["Compiled", "Predicate", "compile_conditions"]

T = TypeVar("T")

Predicate = Callable[[T], bool]


@dataclass(frozen=True, slots=True)
class Compiled(Generic[T]):
    """The predicate (None: no valid condition at all) and whether something was left out."""

    predicate: Predicate[T] | None
    invalid: bool


def compile_conditions(
    conditions: Sequence[Mapping[str, object]], atom: Callable[[Mapping[str, object]], Compiled[T]]
) -> Compiled[T]:
    """Compile a list of conditions; `atom` compiles one without its joining.

    Raises:
        DamError: 400, the parentheses do not match or a joining word is neither `and` nor `or`.
    """
    tokens: list[str | Predicate[T] | None] = []
    invalid = False
    for index, condition in enumerate(conditions):
        if index:
            tokens.append(_joining(condition))
        tokens.extend("(" * str(condition.get("left_paren") or "").count("("))
        compiled = atom(condition)
        invalid = invalid or compiled.invalid
        tokens.append(compiled.predicate)
        tokens.extend(")" * str(condition.get("right_paren") or "").count(")"))
    return Compiled(_Reader(tokens).read(), invalid)


def _joining(condition: Mapping[str, object]) -> str:
    word = str(condition.get("relational_operator") or "and").lower()
    if word not in ("and", "or"):
        raise DamError(400, f"relational_operator: expected and, or; got {word}")
    return word


class _Reader(Generic[T]):
    def __init__(self, tokens: list[str | Predicate[T] | None]) -> None:
        self._tokens = tokens
        self._at = 0

    def read(self) -> Predicate[T] | None:
        if not self._tokens:
            return None
        predicate = self._any()
        if self._at < len(self._tokens):
            raise DamError(400, "search_condition_list: a parenthesis is closed that was never opened")
        return predicate

    def _any(self) -> Predicate[T] | None:
        parts = [self._all()]
        while self._next("or"):
            parts.append(self._all())
        return _combine(parts, any)

    def _all(self) -> Predicate[T] | None:
        parts = [self._one()]
        while self._next("and"):
            parts.append(self._one())
        return _combine(parts, all)

    def _one(self) -> Predicate[T] | None:
        if self._next("("):
            inner = self._any()
            if not self._next(")"):
                raise DamError(400, "search_condition_list: a parenthesis is opened and never closed")
            return inner
        token = self._tokens[self._at] if self._at < len(self._tokens) else ")"
        if isinstance(token, str):
            raise DamError(400, "search_condition_list: the parentheses do not match")
        self._at += 1
        return token

    def _next(self, word: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == word
        self._at += found
        return found


def _combine(parts: Sequence[Predicate[T] | None], quantifier: Callable[[Sequence[bool]], bool]) -> Predicate[T] | None:
    there = [part for part in parts if part is not None]
    if len(there) < 2:  # noqa: PLR2004 - one part needs no joining
        return there[0] if there else None
    return lambda row: quantifier([part(row) for part in there])
