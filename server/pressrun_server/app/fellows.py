"""The further fronts of a node, as the leading one sees them: started, watched, replaced, told, asked for metrics."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

import msgspec
import structlog

from pressrun_server.app.config import NodeConfig
from pressrun_server.app.kin_link import (
    TELL_SECONDS,
    Answered,
    Drain,
    Drained,
    FromFellow,
    News,
    Ping,
    Questions,
    Scrape,
    Serve,
    Serving,
    State,
    Tell,
    Unable,
)
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.gathering import Shown
from pressrun_server.prepare.config import CrewConfig, module_command
from pressrun_server.prepare.crew import Crew, Member, describe_status
from pressrun_server.prepare.frames import decoder

__all__ = ["Fellows"]

log = structlog.get_logger("pressrun.node")

_START_SECONDS: Final = 120.0
"""A front may compile its templates again first."""
_SCRAPE_SECONDS: Final = 2.0
_PING_SECONDS: Final = 2.0
_MISSED: Final = 8
"""A front that left so many questions unanswered hangs."""
_CREW: Final = CrewConfig(stop_seconds=10.0)
_SHOWN: Final = msgspec.msgpack.Decoder(list[Shown])


class _Fellow:
    """One further front; the crew of one process that keeps it alive listens to it here."""

    def __init__(self, number: int, config: NodeConfig, fellows: Fellows) -> None:
        self.number = number
        self._config = config
        self._fellows = fellows
        self._member: Member[FromFellow] | None = None
        self._missed = 0
        self.address = ""
        """Where it serves; it keeps the port when it is replaced."""
        self.problem = "starting"
        self.questions = Questions()
        self.serving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when it serves for the first time, or can't."""
        self.drained: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        command = (*module_command("pressrun_server.app.fellow"), "--event-loop", config.event_loop)
        self.crew: Crew[FromFellow] = Crew(1, command, decode=decoder(FromFellow), listener=self, config=_CREW)

    @property
    def pid(self) -> int:
        """Its process; 0 while there is none."""
        return self._member.pid if self._member is not None else 0

    def begin(self) -> None:
        """Give it its settings."""
        if self._member is not None:
            self._member.send(Serve(pickle.dumps(self._config)))

    async def ask(self, make: Callable[[int], msgspec.Struct], seconds: float) -> bytes | None:
        """Ask and wait for the answer; None where it does not come, or there is nobody."""
        member = self._member
        if member is None or not member.usable:
            return None
        return await self.questions.ask(lambda number: member.send(make(number)), seconds)

    def look(self) -> None:
        """Ask how it is; one that does not answer is killed, and another one takes its place."""
        member = self._member
        if member is None or not self.serving.done():
            return
        if self._missed >= _MISSED:
            log.error("front_hangs", front=self.number, pid=member.pid)
            member.kill()
            return
        self._missed += 1
        member.send(Ping())

    def drain(self) -> None:
        """Let it finish what it has."""
        if self._member is None or not self._member.usable:
            self._finished(finished=True)
        else:
            self._member.send(Drain())

    def joined(self, member: Member[FromFellow]) -> None:
        """Called by the crew."""
        self._member = member
        self._missed = 0
        self.problem = "starting"
        if self.serving.done():
            self.begin()

    def received(self, member: Member[FromFellow], message: FromFellow) -> None:
        """Called by the crew."""
        self._missed = 0
        if isinstance(message, Answered):
            self.questions.answer(message)
        elif isinstance(message, Tell):
            self._fellows.pass_on(self, message)
        elif isinstance(message, State):
            self.problem = message.problem
        elif isinstance(message, Serving):
            self._serves(member, message)
        elif isinstance(message, Unable):
            log.error("front_unable", front=self.number, why=message.why)
            self.problem = message.why
            if not self.serving.done():
                self.serving.set_exception(
                    PressrunError(Reason.INTERNAL, f"front {self.number} can't start: {message.why}")
                )
            member.kill()
        elif isinstance(message, Drained):
            self._finished(finished=message.finished)

    def relieved(self, member: Member[FromFellow]) -> None:
        """Called by the crew; fronts are replaced only when they are gone."""

    def left(self, member: Member[FromFellow], status: int) -> None:
        """Called by the crew."""
        self._member = None
        self.problem = "gone"
        self.questions.give_up()
        self._finished(finished=False)
        if not self._fellows.closing:
            log.error("front_died", front=self.number, pid=member.pid, status=describe_status(status))

    def told(self, message: Answered) -> None:
        """What it told has reached the others."""
        if self._member is not None:
            self._member.send(message)

    def _serves(self, member: Member[FromFellow], message: Serving) -> None:
        if message.engine != self._fellows.engine:
            why = f"it has engine {message.engine[:12]}: the installed code changed under this node; restart it"
            log.error("front_differs", front=self.number, why=why)
            self.problem = why
            member.kill()
            return
        self.address, self.problem = message.address, ""
        self._config = replace(self._config, rpc=replace(self._config.rpc, listen=message.address))
        if self.drained.done():
            self.drained = asyncio.get_running_loop().create_future()
        if not self.serving.done():
            self.serving.set_result(None)
        log.info("front_serves", front=self.number, pid=member.pid, address=message.address)

    def _finished(self, *, finished: bool) -> None:
        if not self.drained.done():
            self.drained.set_result(finished)


class Fellows:
    """The further fronts.

    Guarantee: what is told has been heard by each front when `changed` or `published` returns, unless one does not
    answer for 5 s; one that starts later reads it from the disk. A front that dies or hangs is replaced on its
    port. Cost: a message to each front for each piece of news, none for a document.

    Args:
        configs: the settings of each, from front 1 on.
        engine: this node's engine digest.
        hear: what this front does with news of another one.
    """

    def __init__(self, configs: Sequence[NodeConfig], engine: str, hear: Callable[[News], Awaitable[None]]) -> None:
        self.engine = engine
        self.closing = False
        self._hear = hear
        self._fellows = [_Fellow(number, config, self) for number, config in enumerate(configs, 1)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.TimerHandle | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where they serve."""
        return tuple(fellow.address for fellow in self._fellows)

    @property
    def pids(self) -> tuple[int, ...]:
        """Their processes; 0 for one that is being replaced."""
        return tuple(fellow.pid for fellow in self._fellows)

    def problems(self) -> dict[int, str]:
        """Why each is not ready; empty texts of those that are."""
        return {fellow.number: fellow.problem for fellow in self._fellows}

    async def start(self) -> None:
        """Start the processes; call it before any gRPC object exists.

        Raises:
            HelperStartError: one did not become ready.
        """
        await asyncio.gather(*(fellow.crew.start() for fellow in self._fellows))

    async def serve(self) -> None:
        """Let all begin, and wait until they serve.

        Raises:
            PressrunError: one can't.
        """
        for fellow in self._fellows:
            fellow.begin()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await asyncio.gather(*(fellow.serving for fellow in self._fellows))
        except TimeoutError:
            late = [str(fellow.number) for fellow in self._fellows if not fellow.serving.done()]
            raise PressrunError(
                Reason.INTERNAL, f"front {', '.join(late)} did not serve within {_START_SECONDS:g} s"
            ) from None
        self._look()

    async def changed(self, names: Sequence[str]) -> None:
        """Tell them of changed assets; see `assets.cluster.Kin`."""
        await self._tell(News(assets=tuple(names)))

    async def published(self) -> None:
        """Tell them that there are new templates on disk."""
        await self._tell(News(templates=True))

    async def scrape(self) -> dict[int, list[Shown]]:
        """The metrics of those that answer, by number."""
        answers = await asyncio.gather(*(fellow.ask(Scrape, _SCRAPE_SECONDS) for fellow in self._fellows))
        return {
            fellow.number: _SHOWN.decode(data)
            for fellow, data in zip(self._fellows, answers, strict=True)
            if data is not None
        }

    async def drain(self) -> bool:
        """Let all finish what they have; says whether they did, each within its own time."""
        for fellow in self._fellows:
            fellow.drain()
        return all(await asyncio.gather(*(fellow.drained for fellow in self._fellows)))

    async def close(self) -> None:
        """End them; every process is gone when this returns."""
        self.closing = True
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.gather(*(fellow.crew.close() for fellow in self._fellows))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pass_on(self, origin: _Fellow, message: Tell) -> None:
        """A front has news for all; it is told when they know."""
        task = asyncio.get_running_loop().create_task(self._pass_on(origin, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, origin: _Fellow, message: Tell) -> None:
        try:
            await asyncio.gather(self._hear(message.news), self._tell(message.news, but=origin))
        except Exception:  # whoever told it waits for the answer
            log.exception("news_not_heard", front=origin.number)
        origin.told(Answered(message.number))

    async def _tell(self, news: News, *, but: _Fellow | None = None) -> None:
        # Also those that start just now, which may have read the disk already, or have no composer at the moment.
        others = [fellow for fellow in self._fellows if fellow is not but and fellow.pid]
        answers = await asyncio.gather(*(one.ask(lambda number: Tell(number, news), TELL_SECONDS) for one in others))
        deaf = [one.number for one, answer in zip(others, answers, strict=True) if answer is None]
        if deaf:
            log.warning("fronts_not_told", fronts=deaf, assets=len(news.assets), templates=news.templates)

    def _look(self) -> None:
        for fellow in self._fellows:
            fellow.look()
        self._watch = asyncio.get_running_loop().call_later(_PING_SECONDS, self._look)
