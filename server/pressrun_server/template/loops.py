"""Turns of loops: each item of a record's list with the names that it has in the loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.template.arriving import ArrivingRows
from pressrun_server.template.evaluation import Environment
from pressrun_server.template.filters import Undefined
from pressrun_server.template.steps import SLICE, spend

__all__ = ["each", "items_of", "one_by_one"]


def items_of(items: Any, place: str) -> list[Any]:
    """A list of the record; nothing where it is not there.

    Raises:
        PressrunError: INVALID_RECORD, it is no list.
    """
    if isinstance(items, list):
        return items
    if isinstance(items, Undefined) or items is None:
        return []
    problem = "pr-for needs a list"
    raise PressrunError(
        Reason.INVALID_RECORD,
        f"the template's loop at {place} does not fit the record: {problem}",
        violations=(Violation(place, problem),),
    )


def each(items: Any, env: Environment, name: str, place: str) -> Iterator[tuple[int, Environment]]:
    """Each item's index and environment.

    Raises:
        PressrunError: INVALID_RECORD, it is no list; LIMIT_EXCEEDED, loops repeat too often between two pages.
    """
    if isinstance(items, ArrivingRows):
        yield from _arriving(items, env, name, place)
        return
    found = items_of(items, place)
    last = len(found) - 1
    for index, item in enumerate(found):
        if not index % SLICE:
            spend(env, min(SLICE, last + 1 - index), place)
        loop: Mapping[str, Any] = {
            "index": index + 1, "index0": index, "first": index == 0, "last": index == last, "length": last + 1,
        }  # fmt: skip
        yield index, {**env, name: item, "loop": loop}


def one_by_one(items: Any, env: Environment, place: str) -> Iterator[Any]:
    """The items of a loop that does not ask which turn it is.

    Raises:
        PressrunError: as `each` does.
    """
    if isinstance(items, ArrivingRows):
        yield from items.loop(place)
        return
    found = items_of(items, place)
    for start in range(0, len(found), SLICE):
        part = found[start : start + SLICE]
        spend(env, len(part), place)
        yield from part


def _arriving(rows: ArrivingRows, env: Environment, name: str, place: str) -> Iterator[tuple[int, Environment]]:
    """The same for rows that arrive: their number is not known, and the last one is known by a look ahead."""
    index = -1
    waiting: list[Any] = []
    for item in rows.loop(place):
        if waiting:
            index += 1
            yield index, {**env, name: waiting.pop(), "loop": _turn_of(index, last=False)}
        waiting.append(item)
    for item in waiting:
        index += 1
        yield index, {**env, name: item, "loop": _turn_of(index, last=True)}


def _turn_of(index: int, *, last: bool) -> dict[str, Any]:
    return {"index": index + 1, "index0": index, "first": index == 0, "last": last}
