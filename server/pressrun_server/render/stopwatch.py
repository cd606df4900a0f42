"""Tells the time that binding takes apart from that of the layout which asks for it, and both from emitting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

from pressrun_server.model.content import (
    BoundAbsolute,
    BoundBlock,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundPassage,
    BoundRow,
    BoundRows,
    BoundTable,
    Outline,
    Values,
)

__all__ = ["Stopwatch"]

_DONE = object()
_CONTAINERS = frozenset({BoundBlock, BoundList, BoundListItem})


class Stopwatch:
    """The wall time of one document by phase.

    Content is bound while layout asks for it, so the iterators that bind gives are wrapped: what passes in them is
    binding, the rest of a page's time is layout. Each node and row costs two looks at the clock, a quarter of a
    microsecond; rows of a loop with code are bound many at a time and cost two together. What is bound later than its
    row or node, such as blocks in cells, counts as layout.

    The phases are told in turns: `begin`, then `bound`, `laid_out` or `emitted` at the end of each stretch. What passes
    between a stretch's end and the next `begin` is another document's.
    """

    __slots__ = ("_inside", "_mark", "bind", "emit", "lay_out")

    def __init__(self) -> None:
        self.bind = 0.0
        """Seconds, like the others."""
        self.lay_out = 0.0
        self.emit = 0.0
        self._inside = 0.0
        self._mark = 0.0

    def begin(self) -> None:
        """A stretch begins."""
        self._mark = perf_counter()

    def bound(self) -> None:
        """A stretch of nothing but binding ends, and another begins."""
        self.bind += self._lap()
        self._inside = 0.0

    def laid_out(self) -> None:
        """A stretch of layout, with the binding that it asked for, ends, and another begins."""
        inside, self._inside = self._inside, 0.0
        self.bind += inside
        self.lay_out += self._lap() - inside

    def emitted(self) -> None:
        """A stretch of emitting, with what it asked for, ends, and another begins."""
        inside, self._inside = self._inside, 0.0
        self.bind += inside
        self.emit += self._lap() - inside

    def block(self, block: BoundBlock) -> BoundBlock:
        """A block whose content is timed as it is asked for; the same block."""
        block.children = self._nodes(block.children)
        if block.passage is not None:
            self._passage(block.passage)
        return block

    def _lap(self) -> float:
        before, self._mark = self._mark, perf_counter()
        return self._mark - before

    def _nodes(self, nodes: Iterable[BoundNode]) -> Iterator[BoundNode]:
        waiting = iter(nodes)
        while True:
            begun = perf_counter()
            node = next(waiting, None)
            self._inside += perf_counter() - begun
            if node is None:
                return
            kind = node.__class__
            if kind is BoundPassage:
                self._passage(node)  # type: ignore[arg-type]
            elif kind is BoundTable:
                self._table(node)  # type: ignore[arg-type]
            elif kind in _CONTAINERS:
                node.children = self._nodes(node.children)  # type: ignore[union-attr]
            elif kind is BoundAbsolute:
                self.block(node.block)  # type: ignore[union-attr]
            yield node

    def _table(self, table: BoundTable) -> None:
        table.rows = self._rows(table.rows)
        if table.ahead is not None:
            table.ahead = partial(self._ahead, table.ahead)

    def _ahead(self, look: Callable[[BoundTable], Iterator[None]], table: BoundTable) -> Iterator[None]:
        """What a table does before its rows are there, and then these, timed."""
        steps = look(table)
        while True:
            begun = perf_counter()
            more = next(steps, _DONE) is not _DONE
            self._inside += perf_counter() - begun
            if not more:
                table.rows = self._rows(table.rows)
                return
            yield

    def _passage(self, passage: BoundPassage) -> None:
        inner = passage.nodes
        passage.nodes = lambda env: self._nodes(inner(env))
        passage.around = self._outline

    def _outline(self, take: Callable[[dict[str, Any]], Outline | None], env: dict[str, Any]) -> Outline | None:
        begun = perf_counter()
        outline = take(env)
        self._inside += perf_counter() - begun
        return outline

    def _rows(self, rows: Iterable[BoundRow | BoundRows]) -> Iterator[BoundRow | BoundRows]:
        waiting = iter(rows)
        while True:
            begun = perf_counter()
            row = next(waiting, None)
            self._inside += perf_counter() - begun
            if row is None:
                return
            yield row if row.__class__ is BoundRow else _TimedRows(row, self)  # type: ignore[arg-type]

    def chunks(self, rows: BoundRows) -> Iterator[list[Values | None]]:
        """The values of a loop's rows, timed."""
        waiting = rows.chunks()
        while True:
            begun = perf_counter()
            chunk = next(waiting, None)
            self._inside += perf_counter() - begun
            if chunk is None:
                return
            yield chunk


class _TimedRows:
    """Rows of a loop whose binding is timed."""

    __slots__ = ("_rows", "_watch", "kinds", "row", "sums", "templates")

    def __init__(self, rows: BoundRows, watch: Stopwatch) -> None:
        self._rows = rows
        self._watch = watch
        self.templates = rows.templates
        self.kinds = rows.kinds
        self.row = rows.row
        self.sums = rows.sums

    def chunks(self) -> Iterator[list[Values | None]]:
        return self._watch.chunks(self._rows)
