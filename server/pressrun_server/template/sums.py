"""Sums over the rows of a table: `<tr pr-sum="paid = payment.amount">` adds to the sum `paid`.

Each sum is an object for expressions: in the table's rows `paid.running` is what they came to up to and with the row
itself. A header or footer is bound for each page and knows `paid.before`, of the rows on earlier pages; a footer, which
stands behind its page's rows, also `paid.page`, of these, and `paid.running`, both together. `paid.total`, of all rows,
is known everywhere in the table, which then looks ahead (`ahead`).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, DecimalException
from typing import Any

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.program import Box, RowTemplate
from pressrun_server.model.sums import EXACT, Sums
from pressrun_server.template.evaluation import Environment, evaluator
from pressrun_server.template.filters import Formatter

__all__ = ["Adder", "known", "mentions", "running"]

_ZERO = Decimal(0)


class Adder:
    """What rows of one template add to the sums of their table.

    Args:
        row: the template.
        formatter: filters of the program's locale.
    """

    def __init__(self, row: RowTemplate, formatter: Formatter) -> None:
        self._place = row.place
        self._values = [
            (name, evaluator(("filter", "decimal", value, ()), formatter, row.place)) for name, value in row.sums
        ]

    def add(self, env: Environment) -> Sums:
        """Add a row's values to the running sums of its environment; gives the values.

        Raises:
            PressrunError: INVALID_RECORD, a value is no number, or the sum has over 300 digits.
        """
        found: Sums = {}
        for name, value in self._values:
            amount = found[name] = value(env)
            total = env[name]
            try:
                total["running"] = EXACT.add(total["running"], amount)
            except DecimalException:
                problem = f"the sum {name!r} can't be exact: a number in it is too large or too fine"
                raise PressrunError(
                    Reason.INVALID_RECORD,
                    f"the template's pr-sum at {self._place} does not fit the record: {problem}",
                    violations=(Violation(self._place, problem),),
                ) from None
        return found


def running(names: Iterable[str], totals: Sums | None = None) -> dict[str, dict[str, Decimal]]:
    """Sums at the beginning of a table, as its rows know them; with the totals where it has looked ahead."""
    if totals is None:
        return {name: {"running": _ZERO} for name in names}
    return {name: {"running": _ZERO, "total": totals.get(name, _ZERO)} for name in names}


def known(names: Iterable[str], page: Sums, before: Sums, totals: Sums | None = None) -> dict[str, dict[str, Decimal]]:
    """Sums as a header or footer knows them.

    Args:
        names: of the table's sums.
        page: of the page's rows.
        before: of the rows on earlier pages.
        totals: of all rows, where the table has looked ahead.
    """
    found = {}
    for name in names:
        here, earlier = page.get(name, _ZERO), before.get(name, _ZERO)
        found[name] = {"page": here, "before": earlier, "running": EXACT.add(here, earlier)}
        if totals is not None:
            found[name]["total"] = totals.get(name, _ZERO)
    return found


def mentions(node: Any, names: tuple[str, ...]) -> bool:
    """Whether any expression below asks for one of the names."""
    waiting = [node] if names else []
    while waiting:
        item = waiting.pop()
        kind = item.__class__
        if kind is tuple or kind is list:  # a program that was decoded has lists in its expressions
            if len(item) == 2 and item[0] == "name" and item[1] in names:  # noqa: PLR2004 - kind and name
                return True
            waiting += item
        elif kind is not Box and isinstance(item, msgspec.Struct):  # a box has no expressions
            waiting += [getattr(item, field) for field in item.__struct_fields__ if field != "sums"]
    return False
