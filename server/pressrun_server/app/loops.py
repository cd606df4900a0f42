"""The event loop of a front: uvloop where it can be had, else asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

__all__ = ["ASYNCIO", "AUTO", "CHOICES", "LOOPS", "UVLOOP", "has_uvloop", "loop_factory"]

AUTO: Final = "auto"
UVLOOP: Final = "uvloop"
ASYNCIO: Final = "asyncio"
LOOPS: Final = (UVLOOP, ASYNCIO)
CHOICES: Final = (AUTO, *LOOPS)
"""What may be asked for; `auto` is uvloop where that is installed."""


def has_uvloop() -> bool:
    """Whether uvloop is installed."""
    return find_spec(UVLOOP) is not None


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop, for `asyncio.Runner`; None is asyncio's own.

    Args:
        name: one of LOOPS.
    """
    if name != UVLOOP:
        return None
    # Imported here: it is not on every machine.
    import uvloop  # noqa: PLC0415 - see above

    return uvloop.new_event_loop
