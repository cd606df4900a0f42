"""Pressrun itself: what a composer does with a record, without the cluster around it."""

from __future__ import annotations

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Ours"]


class Ours:
    """Begins with the record's JSON, where the others are given finished texts."""

    def __init__(self, stock: Stock) -> None:  # noqa: ARG002 - its pictures are those of the template, the same files
        self._press = Press()

    def make(self, order: Order, statement: Statement) -> bytes:  # noqa: ARG002 - see above
        """One document."""
        return self._press.compose(order.locale, order.record, order.attributes)[0]
