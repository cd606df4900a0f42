"""`<pr-fill>`: messages for the white space that is left at the end of a document.

Its children are candidates; the first that fits on the last page is shown, none where none does. What is left is known
only when all else is placed, so nothing but further fillings may follow it in the flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pressrun_server.model.program import Absolute, Block, Conditional, Fill, Node, With
from pressrun_server.template.diagnostics import Diagnostics, Place

__all__ = ["FILL", "check_fills"]

FILL = "pr-fill"


def check_fills(body: Block, places: Mapping[str, Place], diagnostics: Diagnostics) -> None:
    """See to it that fillings end the flow.

    Args:
        body: the program's.
        places: of all fillings that the template has.
        diagnostics: takes those that stand elsewhere.
    """
    last = set(_last((body,)))
    for name, place in places.items():
        if name not in last:
            diagnostics.error(
                "structure",
                place,
                "<pr-fill> does not end the flow, so what is left of the page is not known there",
                "move it behind all else in <body>, outside of tables, lists, loops and boxes at fixed places",
            )


def _last(nodes: Iterable[Node]) -> list[str]:
    """The fillings that end a run of siblings."""
    found: list[str] = []
    for node in reversed(tuple(nodes)):
        match node:
            case Fill():
                found.append(node.place)
            case Absolute():
                pass  # takes no room
            case Block() | With():
                return [*found, *_last(node.children)]
            case Conditional():
                return [*found, *(name for _, branch in node.branches for name in _last(branch))]
            case _:
                return found
    return found
