"""The front's side of the preparers: tasks wait in line, each is done by one limited process, within its time."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.config import PreparerConfig
from pressrun_server.prepare.crew import Crew, Member, describe_status
from pressrun_server.prepare.errors import (
    PreparerClosedError,
    PreparerCrashedError,
    PreparerMemoryError,
    PreparerTimeoutError,
)
from pressrun_server.prepare.frames import MAX_FRAME, decoder
from pressrun_server.prepare.messages import Answer, FromPreparer, Hello, Refusal, Task
from pressrun_server.prepare.stats import PreparerPoolStats, PreparerStats

__all__ = ["PreparerPool", "PreparerPoolStats", "PreparerStats"]

log = logging.getLogger(__name__)

_SPARE = 1024
"""Bytes of a frame that are not payload, generously."""
_LOST = (PreparerTimeoutError, PreparerMemoryError, PreparerCrashedError)


class _Errand:
    """One task on its way."""

    __slots__ = ("future", "lost", "name", "payload", "timeout")

    def __init__(
        self,
        name: str,
        payload: Sequence[bytes],
        timeout: float,
        future: asyncio.Future[bytes],
        lost: Callable[[PressrunError], None] | None,
    ) -> None:
        self.name = name
        self.lost = lost
        self.payload = payload
        self.timeout = timeout
        self.future = future


class _Preparer:
    """What the pool knows about one process."""

    __slots__ = ("cpu_seconds", "errand", "hello", "member", "number", "relieved", "retiring", "rss", "tasks", "timer")

    def __init__(self, member: Member[FromPreparer], hello: Hello) -> None:
        self.member = member
        self.hello = hello
        self.errand: _Errand | None = None
        self.number = 0
        self.timer: asyncio.TimerHandle | None = None
        self.tasks = 0
        self.cpu_seconds = 0.0
        self.rss = hello.rss
        self.retiring = False
        self.relieved = False


class PreparerPool:
    """Does tasks in limited processes, first come first served; slow tasks leave one of several processes free.

    Guarantee: a task that crashes, hangs or grows harms no other task and not the node. Cost: payload and answer are
    copied through a socket. A caller that is cancelled gives up its place in the line; a task that already runs is
    left to its time limit and its answer dropped.

    Args:
        count: how many processes.
        config: limits and times.
    """

    def __init__(self, count: int = 1, *, config: PreparerConfig | None = None) -> None:
        self._config = config or PreparerConfig()
        limits = msgspec.json.encode(self._config.limits).decode()
        self._crew: Crew[FromPreparer] = Crew(
            count,
            (*self._config.command, "--limits", limits),
            decode=decoder(FromPreparer),
            listener=self,
            config=self._config.crew,
        )
        self._preparers: dict[Member[FromPreparer], _Preparer] = {}
        self._count = count
        self._waiting: deque[_Errand] = deque()
        self._slow: deque[_Errand] = deque()
        self._numbers = itertools.count(1)
        self._closed = False
        self._finished = self._crashed = self._timed_out = 0
        self._cpu_seconds_gone = 0.0

    async def start(self) -> None:
        """Start the processes.

        Raises:
            HelperStartError: one did not become ready.
        """
        await self._crew.start()

    async def run(
        self,
        task: str,
        payload: bytes,
        *further: bytes,
        timeout: float,  # noqa: ASYNC109 - enforced by a kill
        lost: Callable[[PressrunError], None] | None = None,
    ) -> bytes:
        """Do one task.

        Args:
            task: its name.
            payload: what it works on.
            further: more of it, which it gets with the payload as one.
            timeout: wall seconds from the moment that a process takes it; the wait in line is the caller's to limit.
            lost: told of what cost the task its process (time, memory, a crash), also where the caller has left.

        Raises:
            PreparerTimeoutError: it took longer; its process was ended.
            PreparerMemoryError: it needed more memory than it may.
            PreparerCrashedError: its process died.
            PreparerClosedError: the pool is closing.
            PressrunError: what the task itself found; QUEUE_FULL where too many wait already; LIMIT_EXCEEDED where the
                payload is too long to be sent.
        """
        if self._closed:
            raise PreparerClosedError
        parts = (payload, *further)
        size = sum(map(len, parts))
        if size > MAX_FRAME - _SPARE:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED,
                f"task {task!r} was given {size} bytes; the most is {MAX_FRAME - _SPARE}",
            )
        waiting = len(self._waiting) + len(self._slow)
        if waiting >= self._config.max_waiting:
            raise PressrunError(
                Reason.QUEUE_FULL,
                f"{waiting} tasks wait for a preparer already; try again later",
                retry_after=1.0,
            )
        errand = _Errand(task, parts, timeout, asyncio.get_running_loop().create_future(), lost)
        line = self._slow if task in self._config.slow_tasks else self._waiting
        line.append(errand)
        self._dispatch()
        try:
            return await errand.future
        except asyncio.CancelledError:
            if errand in line:
                line.remove(errand)
            raise

    def stats(self) -> PreparerPoolStats:
        """How the processes do."""
        return PreparerPoolStats(
            preparers=tuple(
                PreparerStats(p.member.pid, p.errand is not None, p.tasks, p.cpu_seconds, p.rss, p.hello.isolated)
                for p in self._preparers.values()
            ),
            waiting=len(self._waiting) + len(self._slow),
            tasks=self._finished,
            crashed=self._crashed,
            timed_out=self._timed_out,
            replaced=self._crew.replaced,
            cpu_seconds=self._cpu_seconds_gone + sum(p.cpu_seconds for p in self._preparers.values()),
        )

    async def close(self) -> None:
        """End the processes; tasks that wait or run fail with PreparerClosedError."""
        self._closed = True
        for line in (self._waiting, self._slow):
            for errand in line:
                _settle(errand, PreparerClosedError())
            line.clear()
        for preparer in self._preparers.values():
            if preparer.errand is not None:
                self._end(preparer, PreparerClosedError())
                preparer.member.kill()
        await self._crew.close()

    def _dispatch(self) -> None:
        """Give what waits to who is free."""
        for preparer in self._preparers.values():
            if preparer.errand is not None or preparer.relieved or not preparer.member.usable:
                continue
            errand = self._next()
            if errand is None:
                return
            preparer.errand = errand
            preparer.number = next(self._numbers)
            preparer.member.send_large(Task(preparer.number, errand.name, b""), errand.payload)
            errand.payload = ()
            preparer.timer = asyncio.get_running_loop().call_later(errand.timeout, self._overdue, preparer)

    def _next(self) -> _Errand | None:
        """The task that is done next, where there is one that may be: the others' line goes first."""
        for line in (self._waiting, self._slow):
            while line and line[0].future.done():
                line.popleft()
        if self._waiting:
            return self._waiting.popleft()
        slow = sum(1 for p in self._preparers.values() if p.errand and p.errand.name in self._config.slow_tasks)
        return self._slow.popleft() if self._slow and slow < max(self._count - 1, 1) else None

    def _overdue(self, preparer: _Preparer) -> None:
        """A task used up its time."""
        errand = preparer.errand
        assert errand is not None
        self._timed_out += 1
        log.warning(
            "preparer %d killed: task %s ran longer than %g s", preparer.member.pid, errand.name, errand.timeout
        )
        self._end(preparer, PreparerTimeoutError(errand.name, f"the {errand.timeout:g} s that it may take"))
        preparer.member.kill()

    def _end(self, preparer: _Preparer, outcome: bytes | PressrunError) -> None:
        """The task of a process is over."""
        errand, preparer.errand = preparer.errand, None
        if preparer.timer is not None:
            preparer.timer.cancel()
            preparer.timer = None
        if errand is not None:
            if errand.lost is not None and isinstance(outcome, _LOST):
                errand.lost(outcome)
            _settle(errand, outcome)

    def joined(self, member: Member[FromPreparer]) -> None:
        """Called by the crew."""
        hello = member.hello
        assert isinstance(hello, Hello)
        self._preparers[member] = _Preparer(member, hello)
        self._dispatch()

    def received(self, member: Member[FromPreparer], message: FromPreparer) -> None:
        """Called by the crew."""
        preparer = self._preparers[member]
        if isinstance(message, Hello) or message.number != preparer.number or preparer.errand is None:
            # A process that answers what it was not asked has been taken over or is confused; both end the same way.
            log.error("preparer %d answered what it was not asked; it is replaced", member.pid)
            member.kill()
            return
        preparer.tasks += 1
        preparer.rss = message.rss
        preparer.cpu_seconds = message.cpu_seconds
        self._finished += 1
        exhausted = isinstance(message, Refusal) and message.out_of_memory
        if isinstance(message, Answer):
            self._end(preparer, message.data)
        elif exhausted:
            self._end(preparer, PreparerMemoryError(preparer.errand.name, self._config.limits.address_space))
        else:
            self._end(preparer, message.failure.error())
        worn = preparer.tasks >= self._config.tasks_per_process or preparer.rss > self._config.max_rss
        if (exhausted or worn) and not preparer.retiring:
            preparer.retiring = True
            member.retire()
        if preparer.relieved:
            member.dismiss()
        self._dispatch()

    def relieved(self, member: Member[FromPreparer]) -> None:
        """Called by the crew."""
        preparer = self._preparers[member]
        preparer.relieved = True
        if preparer.errand is None:
            member.dismiss()

    def left(self, member: Member[FromPreparer], status: int) -> None:
        """Called by the crew."""
        preparer = self._preparers.pop(member)
        self._cpu_seconds_gone += preparer.cpu_seconds
        if preparer.errand is None:
            return
        name = preparer.errand.name
        if status == -signal.SIGXCPU:
            self._timed_out += 1
            limit = f"the {self._config.limits.cpu_seconds} s of CPU time that it may use"
            self._end(preparer, PreparerTimeoutError(name, limit))
        else:
            self._crashed += 1
            log.warning("preparer %d died over task %s: %s", member.pid, name, describe_status(status))
            self._end(preparer, PreparerCrashedError(name, describe_status(status)))


def _settle(errand: _Errand, outcome: bytes | PressrunError) -> None:
    """Give the caller what came out, if there still is one."""
    if errand.future.done():
        return
    if isinstance(outcome, bytes):
        errand.future.set_result(outcome)
    else:
        errand.future.set_exception(outcome)
