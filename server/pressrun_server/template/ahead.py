"""What a table looks ahead for: the totals of its rows, known before the first of them (`{{ paid.total }}`).

A table that shows a total, or has columns as wide as their contents, goes over its rows twice. The first time nothing
of them is kept, so memory does not grow with them; but all of them must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.program import (
    Chart,
    Flex,
    For,
    InlineFor,
    InlineWith,
    Program,
    Row,
    RowConditional,
    RowFor,
    RowGroup,
    RowTemplate,
    RowWith,
    Table,
    With,
)
from pressrun_server.model.sums import Sums, add_sums
from pressrun_server.template.arriving import ArrivingRows
from pressrun_server.template.evaluation import Environment, Evaluator
from pressrun_server.template.filters import LISTS
from pressrun_server.template.loops import each
from pressrun_server.template.steps import SLICE
from pressrun_server.template.sums import Adder

__all__ = ["Ahead", "decided_by_totals", "lists_needed", "looks_ahead", "shows_totals", "there_as_a_whole"]

_WHOLE: Final = LISTS | {"length", "last"}
"""Filters that need all of a list to be there."""

_Turn: TypeAlias = "Callable[[Environment, Sums], Iterator[None]]"


def shows_totals(node: Any, names: tuple[str, ...]) -> bool:
    """Whether any expression below asks for the total of one of the sums."""
    if isinstance(node, msgspec.Struct):
        return any(shows_totals(getattr(node, field), names) for field in node.__struct_fields__)
    if not isinstance(node, tuple | list):
        return False
    if len(node) == 3 and node[0] == "attr" and node[2] == "total":  # noqa: PLR2004 - kind, owner and field
        owner = node[1]
        if owner[0] == "name" and owner[1] in names:
            return True
    return any(shows_totals(part, names) for part in node)


def decided_by_totals(rows: tuple[Row, ...], names: tuple[str, ...]) -> bool:
    """Whether a total says which rows there are, which would have to be known before it."""
    for row in rows:
        inner: tuple[Row, ...] = ()
        match row:
            case RowConditional():
                if shows_totals([test for test, _ in row.branches if test is not None], names):
                    return True
                inner = tuple(part for _, parts in row.branches for part in parts)
            case RowFor():
                if shows_totals(row.items, names):
                    return True
                inner = (*row.odd, *row.even)
            case RowWith():
                if shows_totals(row.names, names):
                    return True
                inner = row.rows
            case RowGroup():
                inner = row.rows
            case RowTemplate():
                if shows_totals(row.sums, names):
                    return True
        if decided_by_totals(inner, names):
            return True
    return False


def there_as_a_whole(items: Any, place: str) -> Any:
    """The items of a loop that is gone over twice.

    Raises:
        PressrunError: INVALID_REQUEST, they arrive in a stream.
    """
    if isinstance(items, ArrivingRows):
        raise _arriving(place)
    return items


def _arriving(place: str) -> PressrunError:
    problem = "the table looks ahead over all of its rows, which cannot be done where they arrive in a stream"
    hint = "use RenderDocument, or give the table fixed columns and show totals behind the rows"
    return PressrunError(
        Reason.INVALID_REQUEST, f"{place}: {problem}; {hint}", violations=(Violation("rows_field", problem),)
    )


class Ahead:
    """Finds the totals of a table's rows before they are shown.

    Args:
        rows: of its body.
        formatter: filters of the program's locale.
        evaluate: makes the closure of an expression that stands at a place.
        names: makes what adds the names of a `RowWith` to an environment.
    """

    def __init__(
        self,
        rows: tuple[Row, ...],
        adder: Callable[[RowTemplate], Adder],
        evaluate: Callable[[Any, str], Evaluator],
        names: Callable[[RowWith], Callable[[Environment], Environment]],
    ) -> None:
        self._adder = adder
        self._evaluate = evaluate
        self._names = names
        self._turn = self._of(rows)

    def totals(self, env: Environment, found: Sums) -> Iterator[None]:
        """Add up the rows; pauses every thousand or so.

        Args:
            env: what the table's rows know; its running sums are used up.
            found: where the totals go.

        Raises (while iterating):
            PressrunError: INVALID_RECORD, a value is no number; INVALID_REQUEST, the rows arrive in a stream.
        """
        return self._turn(env, found)

    def _of(self, rows: tuple[Row, ...]) -> _Turn:
        turns = [turn for row in rows if (turn := self._row(row)) is not None]

        def all_of(env: Environment, found: Sums) -> Iterator[None]:
            for turn in turns:
                yield from turn(env, found)

        return all_of

    def _row(self, row: Row) -> _Turn | None:
        match row:
            case RowTemplate():
                return self._template(row) if row.sums else None
            case RowConditional():
                branches = [
                    (None if test is None else self._evaluate(test, "pr-if"), self._of(rows))
                    for test, rows in row.branches
                ]

                def chosen(env: Environment, found: Sums) -> Iterator[None]:
                    for test, turn in branches:
                        if test is None or test(env):
                            yield from turn(env, found)
                            return

                return chosen
            case RowWith():
                named, within = self._names(row), self._of(row.rows)
                return lambda env, found: within(named(env), found)
            case RowGroup():
                return self._of(row.rows)
            case RowFor():
                return self._loop(row)

    def _template(self, row: RowTemplate) -> _Turn:
        adder = self._adder(row)

        def add(env: Environment, found: Sums) -> Iterator[None]:
            add_sums(found, adder.add(env))
            return iter(())

        return add

    def _loop(self, row: RowFor) -> _Turn:
        items, place = self._evaluate(row.items, row.place), row.place
        bodies = (self._of(row.odd), self._of(row.even))

        def repeated(env: Environment, found: Sums) -> Iterator[None]:
            for index, inner in each(there_as_a_whole(items(env), place), env, row.name, place):
                yield from bodies[index & 1](inner, found)
                if index % SLICE == SLICE - 1:
                    yield

        return repeated


def looks_ahead(table: Table) -> bool:
    """Whether a table goes over its rows before it shows them."""
    return table.ahead or (table.columns is not None and table.columns.auto)


def lists_needed(program: Program) -> frozenset[str]:
    """Lists of the record that the program needs as a whole: names with dots between, as `rows_field` has them."""
    found: set[str] = set()
    _needed(program, found, frozenset(), ahead=False)
    return frozenset(found)


def _needed(node: Any, found: set[str], own: frozenset[str], *, ahead: bool) -> None:
    """Gather the lists; `own` are names that loops and pr-with give, which are no fields of the record."""
    if isinstance(node, tuple | list):
        if len(node) == 4 and node[0] == "filter" and node[1] in _WHOLE:  # noqa: PLR2004 - kind, filter, value, arguments
            _add(node[2], found, own)
        for part in node:
            _needed(part, found, own, ahead=ahead)
        return
    if not isinstance(node, msgspec.Struct):
        return
    match node:
        case Table():
            ahead = ahead or looks_ahead(node)
        case Flex():
            ahead = True
        case For() | RowFor() | InlineFor() | Chart():
            if ahead:
                _add(node.items, found, own)
            _needed(node.items, found, own, ahead=ahead)
            own |= {node.name}
        case With() | RowWith() | InlineWith():
            own |= {name for name, _ in node.names}
    for field in node.__struct_fields__:
        _needed(getattr(node, field), found, own, ahead=ahead)


def _add(node: Any, found: set[str], own: frozenset[str]) -> None:
    path = _path(node)
    if path and path.partition(".")[0] not in own:
        found.add(path)


def _path(node: Any) -> str:
    """The field of the record that an expression names; empty where it is anything else."""
    if node[0] == "name":
        return str(node[1])
    if node[0] == "attr":
        owner = _path(node[1])
        return f"{owner}.{node[2]}" if owner else ""
    return ""
