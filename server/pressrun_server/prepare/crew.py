"""A crew: a fixed number of helper processes kept alive, whatever happens to each of them."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from pressrun_server.prepare.child import Child
from pressrun_server.prepare.config import CrewConfig
from pressrun_server.prepare.errors import HelperStartError
from pressrun_server.prepare.protocol import FrameProtocol

__all__ = ["Crew", "CrewListener", "Member", "describe_status"]

log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)


def describe_status(status: int) -> str:
    """An exit status in words an operator knows."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


class CrewListener(Protocol[T]):
    """Who works with the crew. All calls come from the event loop, none may block, none may raise."""

    def joined(self, member: Member[T]) -> None:
        """A process is ready; its first message is `member.hello`."""

    def received(self, member: Member[T], message: T) -> None:
        """A process that had joined says something."""

    def relieved(self, member: Member[T]) -> None:
        """Its successor has joined: give it no more work, and `dismiss` it when it has none left."""

    def left(self, member: Member[T], status: int) -> None:
        """A process that had joined is gone, dead and reaped; negative statuses are signals."""


class Member(FrameProtocol[T]):
    """One process of a crew."""

    def __init__(self, child: Child, decode: Callable[[memoryview], T], listener: CrewListener[T]) -> None:
        super().__init__(decode)
        loop = asyncio.get_running_loop()
        self._child = child
        self._listener = listener
        self._ending = False
        self.over = False
        """Dead and reaped."""
        self.joined_at: float | None = None
        self.pid = child.pid
        self.hello: T | None = None
        """The first message."""
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.leaving = asyncio.Event()
        """Set when a successor is needed."""

    def received(self, message: T) -> None:
        """Called by the channel."""
        if self.joined_at is not None:
            self._listener.received(self, message)
        elif self.hello is None:
            self.hello = message
            if not self.greeted.done():
                self.greeted.set_result(None)

    def lost(self) -> None:
        """Called by the channel."""
        if not self.closed.done():
            self.closed.set_result(None)

    @property
    def usable(self) -> bool:
        """Whether what is sent to it may still arrive."""
        return not (self._ending or self.closed.done())

    def kill(self) -> None:
        """End the process at once; `left` follows."""
        self._ending = True
        self._child.kill()
        self.abort()

    def retire(self) -> None:
        """Ask for a successor; this process works on until `relieved`."""
        self.leaving.set()

    def dismiss(self) -> None:
        """Let the process end by itself, by closing its socket."""
        self._ending = True
        self.close()

    async def reap(self, grace: float) -> int:
        """Wait until the process, whose socket is closed, is gone; after `grace` seconds it is killed."""
        return await self._child.reap(grace)


class Crew(Generic[T]):
    """Keeps `count` processes alive; one that dies is replaced, at once or, if that goes on, after growing waits.

    Args:
        count: how many.
        command: what is run, with `--fd N` added.
        decode: reads one message of a process.
        listener: told what happens.
        config: times and waits.
    """

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        *,
        decode: Callable[[memoryview], T],
        listener: CrewListener[T],
        config: CrewConfig,
    ) -> None:
        if count < 1:
            raise ValueError(f"a crew of {count} processes does no work; give at least 1")
        self._count = count
        self._command = tuple(command)
        self._decode = decode
        self._listener = listener
        self._config = config
        self._members: set[Member[T]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.replaced = 0
        """Processes that were started to take another's place."""

    async def start(self) -> None:
        """Start all processes and wait until each is ready.

        Raises:
            HelperStartError: one did not become ready; none is left running.
        """
        try:
            firsts = await asyncio.gather(*(self._launch() for _ in range(self._count)), return_exceptions=True)
        except asyncio.CancelledError:
            await self.close()
            raise
        faults = [first for first in firsts if isinstance(first, BaseException)]
        if faults:
            await self.close()
            raise faults[0]
        for member in firsts:
            assert isinstance(member, Member)
            self._join(member)
            self._spawn(self._keep(member))

    async def close(self) -> None:
        """End all processes; every one is gone when this returns."""
        self._closing = True
        for task in self._tasks:
            if task.get_name() == "keep":
                task.cancel()
        for member in tuple(self._members):
            member.dismiss()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str = "keep") -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _join(self, member: Member[T]) -> None:
        member.joined_at = asyncio.get_running_loop().time()
        if not member.over:
            self._listener.joined(member)

    async def _keep(self, member: Member[T]) -> None:
        """Keep one place of the crew filled."""
        failures = 0
        while not self._closing:
            await member.leaving.wait()
            assert member.joined_at is not None
            proven = asyncio.get_running_loop().time() - member.joined_at >= self._config.proven_seconds
            failures = 0 if proven else failures + 1
            successor = await self._succeed(failures)
            self.replaced += 1
            self._join(successor)
            if not member.closed.done():
                self._listener.relieved(member)
            member = successor

    async def _succeed(self, failures: int) -> Member[T]:
        """Start a process, again and again until one is ready."""
        while True:
            if failures > 1:
                wait = self._config.backoff_seconds * 2.0 ** min(failures - 2, 20)
                await asyncio.sleep(min(wait, self._config.max_backoff_seconds))
            try:
                return await self._launch()
            except HelperStartError as error:
                failures += 1
                log.error("a helper process can't be replaced yet: %s", error)  # noqa: TRY400 - the message says it all

    async def _launch(self) -> Member[T]:
        """Start one process and wait for its first message."""
        name = " ".join(self._command)
        try:
            child = Child.start(self._command)
        except OSError as error:
            raise HelperStartError(name, f"can't be run: {error}") from error
        member = Member(child, self._decode, self._listener)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: member, sock=child.sock)
        except BaseException:
            child.sock.close()
            child.kill()
            await child.reap(0.0)
            raise
        self._members.add(member)
        self._spawn(self._farewell(member), "farewell")
        try:
            async with asyncio.timeout(self._config.start_seconds):
                await asyncio.wait((member.greeted, member.closed), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            member.kill()
            raise HelperStartError(name, f"was not ready after {self._config.start_seconds:g} s") from None
        except BaseException:
            member.kill()
            raise
        if not member.greeted.done():
            raise HelperStartError(
                name, f"ended by {describe_status(await member.reap(self._config.stop_seconds))} before it was ready"
            )
        return member

    async def _farewell(self, member: Member[T]) -> None:
        """Wait for a process's end, whatever causes it, and tell."""
        await member.closed
        status = await member.reap(self._config.stop_seconds)
        self._members.discard(member)
        member.over = True
        if member.fault is not None and not self._closing:
            log.warning("helper process %d: %s", member.pid, member.fault)
        if member.joined_at is not None:
            self._listener.left(member, status)
        member.leaving.set()
