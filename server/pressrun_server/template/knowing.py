"""Values of a record that a document shows more than once and makes once: in a page, its plain text, its headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from pressrun_server.model.expression import Expression
from pressrun_server.model.webpage import Graph, Named, Repeat, Shown, Summing
from pressrun_server.template.evaluation import Environment
from pressrun_server.template.sums import mentions

__all__ = ["Known"]

_KNOWN: Final = " known"
"""Where an environment holds what its document knows: a name that no expression can say."""
_PLAIN: Final = frozenset({"name", "attr", "const"})
"""Expressions that take no longer than to look up what they gave."""
_Text: TypeAlias = "Callable[[Environment], str]"


class Known:
    """What the texts of one document have in common; holds nothing of any record.

    Args:
        parts: of all its texts.
    """

    def __init__(self, *parts: Any) -> None:
        self._local = (*set(_bound(parts)), "loop", "value")
        self._places: dict[tuple[Any, ...], int] = {}

    def begin(self, env: Environment) -> None:
        """A text of a document is about to be made."""
        if _KNOWN not in env:
            env[_KNOWN] = [None] * len(self._places)

    def once(self, part: Shown, form: str, text: _Text) -> _Text:
        """A value's text, made when a document shows it for the first time, where no loop and no name changes it.

        Args:
            part: the value.
            form: what tells its text from others of the same value.
            text: makes it.
        """
        place = self.place(part, form)
        if place is None:
            return text

        def known(env: Environment) -> str:
            texts = env[_KNOWN]
            found: str | None = texts[place]
            if found is None:
                found = texts[place] = text(env)
            return found

        return known

    def place(self, part: Shown, form: str) -> int | None:
        """Where a document's texts are kept (`KNOWN`); None for a value that is made each time."""
        if part.expression[0] in _PLAIN or not self.lasting(part.expression):
            return None
        return self._places.setdefault((repr(part.expression), part.preserve, form), len(self._places))

    def lasting(self, node: Expression) -> bool:
        """Whether an expression gives the same wherever it stands in a document."""
        return not mentions((node,), self._local)


def _bound(parts: Any) -> Iterator[str]:
    """The names that parts give to what they show."""
    if isinstance(parts, list | tuple):
        for part in parts:
            yield from _bound(part)
    elif isinstance(parts, msgspec.Struct):
        match parts:
            case Repeat() | Graph():
                yield parts.name
            case Named():
                yield from (name for name, _ in parts.names)
            case Summing():
                yield from parts.names
            case _:
                pass
        for field in parts.__struct_fields__:
            yield from _bound(getattr(parts, field))
