"""The leading front of a node, as a further one sees it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
import structlog

from pressrun_server.app.kin_link import (
    TELL_SECONDS,
    Answered,
    Drain,
    Drained,
    Hello,
    News,
    Ping,
    Questions,
    Scrape,
    Serve,
    Serving,
    State,
    Tell,
    ToFellow,
    Unable,
)
from pressrun_server.metrics.gathering import Shown
from pressrun_server.prepare.frames import decoder
from pressrun_server.prepare.protocol import FrameProtocol

__all__ = ["Lead", "Led"]

log = structlog.get_logger("pressrun.node")

_PASS_ON_SECONDS: Final = 2 * TELL_SECONDS
"""The lead answers when all others know, or have not answered in time."""


class Led(Protocol):
    """What leads to orders; `app.node.Node`."""

    @property
    def address(self) -> str:
        """Where it serves."""

    @property
    def engine_digest(self) -> str:
        """Its engine."""

    def problem(self) -> str:
        """Why it is not ready."""

    def shown(self) -> list[Shown]:
        """Its metrics."""

    async def hear(self, news: News) -> None:
        """Know what another front has told."""

    async def drain(self) -> bool:
        """Finish what was admitted."""


class Lead(FrameProtocol[ToFellow]):
    """The other end of the socket; it gives orders, and passes on what this front has to tell."""

    def __init__(self) -> None:
        super().__init__(decoder(ToFellow))
        loop = asyncio.get_running_loop()
        self.order: asyncio.Future[bytes | None] = loop.create_future()
        """The settings; None where the node ends before it gives any."""
        self.over: asyncio.Future[None] = loop.create_future()
        """Done when the leading front has ended this one, or itself."""
        self._node: Led | None = None
        self._early: list[News] = []
        """What was told while the front was starting, when it may have read the disk already."""
        self._questions = Questions()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        super().connection_made(transport)
        self.send(Hello(os.getpid()))

    async def serves(self, node: Led) -> None:
        """The front serves; it hears first what was told while it was starting."""
        while self._early:
            await node.hear(self._early.pop(0))
        self._node = node
        self.send(Serving(node.address, node.engine_digest))

    def unable(self, why: str) -> None:
        """The front can't serve."""
        self.send(Unable(why))

    async def changed(self, names: Sequence[str]) -> None:
        """Tell all other fronts of changed assets; see `assets.cluster.Kin`."""
        await self._tell(News(assets=tuple(names)))

    async def published(self) -> None:
        """Tell all other fronts that there are new templates on disk."""
        await self._tell(News(templates=True))

    async def _tell(self, news: News) -> None:
        if self.over.done():
            return
        # Where the lead ends meanwhile, nobody is left to be told.
        answer = await self._questions.ask(lambda number: self.send(Tell(number, news)), _PASS_ON_SECONDS)
        if answer is None and not self.over.done():
            log.warning("lead_not_told", assets=len(news.assets), templates=news.templates)

    def received(self, message: ToFellow) -> None:
        """Called by the channel."""
        if isinstance(message, Serve):
            if not self.order.done():
                self.order.set_result(message.config)
        elif isinstance(message, Answered):
            self._questions.answer(message)
        elif isinstance(message, Ping):
            self.send(State("starting" if self._node is None else self._node.problem()))
        elif isinstance(message, Scrape):
            shown = [] if self._node is None else self._node.shown()
            self.send(Answered(message.number, msgspec.msgpack.encode(shown)))
        elif isinstance(message, Tell):
            self._spawn(self._heard(message))
        else:
            assert isinstance(message, Drain)
            self._spawn(self._drain())

    def lost(self) -> None:
        """Called by the channel."""
        if not self.order.done():
            self.order.set_result(None)
        if not self.over.done():
            self.over.set_result(None)
        self._questions.give_up()

    async def _heard(self, message: Tell) -> None:
        if self._node is None:
            self._early.append(message.news)
        else:
            await self._node.hear(message.news)
        self.send(Answered(message.number))

    async def _drain(self) -> None:
        finished = True if self._node is None else await self._node.drain()
        self.send(Drained(finished))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
