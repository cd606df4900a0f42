"""Names that a template gives to values: `pr-with`."""

from __future__ import annotations

from collections.abc import Callable

from pressrun_server.model.program import InlineWith, RowWith, With
from pressrun_server.model.webpage import Named
from pressrun_server.template.evaluation import Environment, evaluator
from pressrun_server.template.filters import Formatter

__all__ = ["naming"]


def naming(node: With | InlineWith | RowWith | Named, formatter: Formatter) -> Callable[[Environment], Environment]:
    """What makes the environment under the names; a name is known to the values behind it."""
    values = [(name, evaluator(value, formatter, node.place)) for name, value in node.names]

    def named(env: Environment) -> Environment:
        inner = dict(env)
        for name, value in values:
            inner[name] = value(inner)
        return inner

    return named
