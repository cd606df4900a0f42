"""What the fronts of one node say to each other; the frames themselves are `prepare.frames`'.

One of them leads: it has the HTTP port, starts the others, its fellows, and passes on what one of them has to tell all.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

import msgspec

__all__ = [
    "TELL_SECONDS",
    "Answered",
    "Drain",
    "Drained",
    "FromFellow",
    "Hello",
    "News",
    "Ping",
    "Questions",
    "Scrape",
    "Serve",
    "Serving",
    "State",
    "Tell",
    "ToFellow",
    "Unable",
]

TELL_SECONDS: Final = 5.0
"""How long a front may take to know what it is told."""


class News(msgspec.Struct, frozen=True, array_like=True):
    """What all fronts must know before the one that found it out says so to anybody."""

    assets: tuple[str, ...] = ()
    """Assets that have changed, `source:id`, or sources, `source:`."""
    templates: bool = False
    """There are new templates on disk."""


class Serve(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """To a fellow: these are the settings; begin."""

    config: bytes
    """A NodeConfig, pickled; it has secrets, which are in no environment and on no command line."""


class Tell(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Both ways: know this, then answer."""

    number: int
    news: News


class Answered(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """Both ways: what was asked under this number is done."""

    number: int
    data: bytes = b""


class Scrape(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """To a fellow: show the metrics, as a list of `metrics.gathering.Shown`."""

    number: int


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """To a fellow: how are you? It answers State."""


class Drain(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """To a fellow: take no more documents and finish what was admitted."""


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """From a fellow: its code is loaded."""

    pid: int


class Serving(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """From a fellow: it serves."""

    address: str
    engine: str


class Unable(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """From a fellow: it can't."""

    why: str


class State(msgspec.Struct, frozen=True, array_like=True, tag=10):
    """From a fellow: why it is not ready; empty where it is."""

    problem: str


class Drained(msgspec.Struct, frozen=True, array_like=True, tag=11):
    """From a fellow: its drain is over."""

    finished: bool
    """Whether all documents were finished in time."""


ToFellow = Serve | Tell | Answered | Scrape | Ping | Drain
FromFellow = Hello | Serving | Unable | State | Drained | Tell | Answered


class Questions:
    """What was asked at one end and is not answered yet."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[bytes]] = {}

    async def ask(self, send: Callable[[int], None], seconds: float) -> bytes | None:
        """Ask and wait for the answer; None where it does not come in time, or nobody is left to give one.

        Args:
            send: sends the question under this number.
            seconds: how long to wait at most.
        """
        number = next(self._numbers)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._open[number] = future
        try:
            send(number)
            await asyncio.wait((future,), timeout=seconds)
            return future.result() if future.done() and not future.cancelled() else None
        finally:
            future.cancel()
            del self._open[number]

    def answer(self, message: Answered) -> None:
        """An answer came."""
        future = self._open.get(message.number)
        if future is not None and not future.done():
            future.set_result(message.data)

    def give_up(self) -> None:
        """Nobody answers any more: who waits is told that nobody is left to tell."""
        for future in tuple(self._open.values()):
            if not future.done():
                future.cancel()
