"""Outlines: what a record decides of a passage, taken in one go and not node by node.

A *passage* is a run of siblings of which a record changes nothing but texts, which branch is shown, how often a short
loop repeats, and what charts and codes show. Its outline for a record is a list of decisions, which say what form it
has, and a list of leaves, which go in. Layout keeps what it made of a form (`layout/passage.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from pressrun_server.model.content import Leaf, Outline
from pressrun_server.model.expression import Expression
from pressrun_server.model.program import (
    Barcode,
    Block,
    Box,
    Break,
    Chart,
    Conditional,
    Flex,
    For,
    Image,
    Node,
    Paragraph,
    Row,
    RowConditional,
    RowTemplate,
    Table,
    Text,
    Vector,
    With,
    styles_of,
)
from pressrun_server.template.evaluation import Environment

if TYPE_CHECKING:
    from pressrun_server.template.bind import Binder

__all__ = ["Outliner", "passages"]

_MOST_TURNS = 8
"""Of a loop in a passage: with more, few records have the same form."""

_Taker: TypeAlias = "Callable[[Environment, list[Any], list[Leaf]], None]"
"""Takes what a record decides of a node; adds decisions and leaves."""


class _TooManyTurnsError(Exception):
    """A loop repeats too often for a form of its own."""


def passages(nodes: tuple[Node, ...], linked: frozenset[int]) -> list[tuple[Node, ...] | Node]:
    """Siblings with those that make a passage put together; a lone paragraph gains nothing by being one.

    Args:
        nodes: the siblings.
        linked: the text styles of links, whose places only lines tell.
    """
    found: list[tuple[Node, ...] | Node] = []
    run: list[Node] = []
    for node in (*nodes, None):
        if node is not None and _steady(node, linked):
            run.append(node)
            continue
        # What is kept with what follows may go to the next page without what is before it.
        tail = len(run)
        while tail and _keeps(run[tail - 1]):
            tail -= 1
        for part in (run[:tail], run[tail:]):
            if len(part) > 1 or (part and not isinstance(part[0], Paragraph)):
                found.append(tuple(part))
            else:
                found += part
        run = []
        if node is not None:
            found.append(node)
    return found


def _steady(node: Node, linked: frozenset[int]) -> bool:
    """Whether a node may be in a passage: all that layout does with it follows from its outline."""

    def every(nodes: Iterable[Node]) -> bool:
        return all(_steady(inner, linked) for inner in nodes)

    match node:
        case Paragraph():
            if node.decimals or linked & styles_of(node.inlines):
                return False
            return _static(node) or not (node.preserve or node.bookmark or node.indent)
        case Block():
            return node.columns is None and _plain(node.box) and every(node.children)
        case Image() | Vector() | Barcode() | Chart():
            return _plain(node.box)
        case Table():
            # A header that leaves no room for rows is treated by the page's height, which no form knows.
            return (
                _plain(node.box)
                and not (node.head or node.foot or node.sums or node.ahead or node.columns or node.caption)
                and all(_row(row, linked) for row in node.body)
            )
        case Conditional():
            return all(every(branch) for _, branch in node.branches)
        case With():
            return every(node.children)
        case For():
            return every(node.odd) and every(node.even)
        case _:
            return False


def _keeps(node: Node) -> bool:
    """Whether a node is kept with what follows it."""
    if isinstance(node, Block):
        return node.box.keep_next or (bool(node.children) and _keeps(node.children[-1]))
    return isinstance(node, Table | Flex) and node.box.keep_next


def _row(row: Row, linked: frozenset[int]) -> bool:
    if isinstance(row, RowTemplate):
        return all(_steady(child, linked) for cell in row.cells for child in cell.children)
    if isinstance(row, RowConditional):
        return all(_row(inner, linked) for _, rows in row.branches for inner in rows)
    return False  # a loop, or rows under names, which are rare enough to be placed one by one


def _plain(box: Box) -> bool:
    return not (box.break_before or box.break_after or box.page or box.section or box.picture)


def _static(paragraph: Paragraph) -> bool:
    return all(isinstance(inline, Text | Break) for inline in paragraph.inlines)


class Outliner:
    """Takes the outlines of one passage.

    Args:
        nodes: the passage.
        binder: binds the values of its program.
    """

    def __init__(self, nodes: tuple[Node, ...], binder: Binder) -> None:
        self._nodes = nodes
        self._binder = binder
        self._takers = _Takers(binder, whole=False).of(nodes)

    def outline(self, env: Environment) -> Outline | None:
        """What a record decides of the passage; None where a loop in it repeats often.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression.
        """
        decisions: list[Any] = []
        leaves: list[Leaf] = []
        try:
            for take in self._takers:
                take(env, decisions, leaves)
        except _TooManyTurnsError:
            return None
        return decisions, leaves

    def paragraphs(self, env: Environment) -> list[tuple[Paragraph, bool]]:
        """The paragraphs that a record shows, in reading order, and whether their text is the record's."""
        leaves: list[Leaf] = []
        for take in _Takers(self._binder, whole=True).of(self._nodes):
            take(env, [], leaves)
        return [(node, value is not None) for node, value in leaves if isinstance(node, Paragraph)]


class _Takers:
    """Makes what takes outlines.

    Args:
        binder: binds the values of its program.
        whole: whether paragraphs that no record can change are leaves, too, without a value.
    """

    def __init__(self, binder: Binder, *, whole: bool) -> None:
        self._binder = binder
        self._whole = whole

    def of(self, nodes: Iterable[Node]) -> list[_Taker]:
        """The takers of siblings."""
        return [taker for node in nodes for taker in self._node(node)]

    def _node(self, node: Node) -> list[_Taker]:
        binder = self._binder
        match node:
            case Paragraph():
                if _static(node):
                    return [lambda _env, _decisions, leaves: leaves.append((node, None))] if self._whole else []
                return [_leaf(node, binder.pieces(node.inlines))]
            case Block():
                return self.of(node.children)
            case Image() | Vector():
                return [_leaf(node, binder.joined(node.alt))]
            case Barcode():
                return [_leaf(node, binder.barcode(node))]
            case Chart():
                return [_leaf(node, binder.chart(node))]
            case Table():
                return [taker for row in node.body for taker in self._row(row)]
            case Conditional():
                return [self._choice([(test, self.of(branch)) for test, branch in node.branches])]
            case With():
                return [self._with(node)]
            case For():
                return [self._for(node)]
        raise AssertionError(node)

    def _row(self, row: Row) -> list[_Taker]:
        if isinstance(row, RowTemplate):
            return self.of(child for cell in row.cells for child in cell.children)
        assert isinstance(row, RowConditional)
        return [self._choice([(test, [t for inner in rows for t in self._row(inner)]) for test, rows in row.branches])]

    def _choice(self, branches: list[tuple[Expression | None, list[_Taker]]]) -> _Taker:
        choices = [(index, self._binder.test(test), takers) for index, (test, takers) in enumerate(branches)]

        def choose(env: Environment, decisions: list[Any], leaves: list[Leaf]) -> None:
            for index, test, takers in choices:
                if test(env):
                    decisions.append(index)
                    for take in takers:
                        take(env, decisions, leaves)
                    return
            decisions.append(-1)

        return choose

    def _with(self, node: With) -> _Taker:
        named, takers = self._binder.names(node), self.of(node.children)

        def within(env: Environment, decisions: list[Any], leaves: list[Leaf]) -> None:
            inner = named(env)
            for take in takers:
                take(inner, decisions, leaves)

        return within

    def _for(self, node: For) -> _Taker:
        turns_of, bodies = self._binder.turns(node, most=_MOST_TURNS), (self.of(node.odd), self.of(node.even))

        def repeat(env: Environment, decisions: list[Any], leaves: list[Leaf]) -> None:
            turns = turns_of(env)
            if turns is None:
                raise _TooManyTurnsError
            decisions.append(len(turns))
            for index, inner in turns:
                for take in bodies[index & 1]:
                    take(inner, decisions, leaves)

        return repeat


def _leaf(node: Node, value: Callable[[Environment], Any]) -> _Taker:
    return lambda env, _decisions, leaves: leaves.append((node, value(env)))
