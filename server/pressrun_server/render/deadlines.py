"""Deadlines of many documents, kept by one timer."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

__all__ = ["Deadline", "Deadlines"]


class Deadline:
    """Cancels the task that is inside it when its moment comes; leaving it raises TimeoutError then.

    It behaves as `asyncio.timeout_at` does, also where somebody else cancels the task at the same time.
    """

    __slots__ = ("_cancelling", "_owner", "_task", "expired", "when")

    def __init__(self, owner: Deadlines, when: float) -> None:
        self._owner = owner
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self.when = when
        """The moment, on the loop's clock."""
        self.expired = False
        """Whether the task was cancelled because the moment had come."""

    def __enter__(self) -> Self:
        task = self._task = self._owner.enter(self)
        self._cancelling = task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.leave(self)
        task = self._task
        # A task that was cancelled by somebody else as well stays cancelled.
        if self.expired and task is not None and task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """The moment has come. Called by the owner."""
        self.expired = True
        if self._task is not None:
            self._task.cancel()


class Deadlines:
    """Makes deadlines for the tasks of one event loop.

    `asyncio.timeout_at` makes a timer for each document, though hardly one of them ever rings. Here one timer rings at
    the earliest moment that was asked for, expires what is due, and is set to the earliest of the others.

    Guarantee: no deadline expires early; one expires in the turn of the loop after its moment. Cost: one entry of a
    set; the timer looks at all documents under way once in about the shortest time limit.
    """

    def __init__(self) -> None:
        self._live: set[Deadline] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")

    def at(self, when: float) -> Deadline:
        """A deadline, to be used once, by `with`.

        Args:
            when: moment on the loop's clock (`time.monotonic`).
        """
        return Deadline(self, when)

    def enter(self, deadline: Deadline) -> asyncio.Task[Any]:
        """A task begins to heed a deadline. Called by the deadline.

        Raises:
            RuntimeError: no task is running.
        """
        # Python 3.11 asks the kernel for the process's id each time it is asked for the running loop.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline needs a task that it can cancel")
        self._live.add(deadline)
        if deadline.when < self._due:
            self._set(loop, deadline.when)
        return task

    def leave(self, deadline: Deadline) -> None:
        """A task has left. Called by the deadline."""
        self._live.discard(deadline)

    def _set(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = when
        self._timer = loop.call_at(when, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        # A timer may ring as much before its moment as the loop's clock is coarse.
        now = max(loop.time(), self._due)
        self._timer, self._due = None, float("inf")
        for deadline in [deadline for deadline in self._live if deadline.when <= now]:
            self._live.discard(deadline)
            deadline.expire()
        if self._live:
            self._set(loop, min(deadline.when for deadline in self._live))
