"""Pulls the caller's requests, and never more of them than there is room for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Iterator

from pressrun_client.models.request import RenderRequest

__all__ = ["Intake"]


class Intake:
    """The lazily pulled requests of one stream.

    A plain iterable is pulled by whoever calls `pull`, which costs no task switch. An asynchronous one is pulled by
    `run`, in a task, because it may make wait while other work is due.

    Args:
        requests: what to render.
        limit: how many requests may be pulled and not yet released.
        admit: takes each request.
        changed: is called when there is something new: a request, or the end.

    Example:
        >>> taken: list[RenderRequest] = []
        >>> intake = Intake([RenderRequest("a", b"{}")], 1, taken.append, lambda: None)
        >>> intake.pull(), intake.pull(), len(taken)
        (True, False, 1)
    """

    def __init__(
        self,
        requests: Iterable[RenderRequest] | AsyncIterable[RenderRequest],
        limit: int,
        admit: Callable[[RenderRequest], None],
        changed: Callable[[], None],
    ) -> None:
        self._limit = limit
        self._admit = admit
        self._changed = changed
        self._open = 0
        self._room = asyncio.Event()
        self._iterator: Iterator[RenderRequest] | None = None
        self._source: AsyncIterable[RenderRequest] | None = None
        if isinstance(requests, AsyncIterable):
            self._source = requests
        else:
            self._iterator = iter(requests)
        self.exhausted = False
        """Whether there is nothing more to come."""
        self.error: Exception | None = None
        """What the caller's iterable raised."""

    @property
    def asynchronous(self) -> bool:
        """Whether `run` must be run."""
        return self._source is not None

    def pull(self) -> bool:
        """Pulls one request of a plain iterable; False where there is none, or no room."""
        if self._iterator is None or self.exhausted or self._open >= self._limit:
            return False
        try:
            request = next(self._iterator)
        except StopIteration:
            self._end()
            return False
        except Exception as error:  # noqa: BLE001 - the caller's own error goes back to the caller
            self._end(error)
            return False
        return self._take(request)

    async def run(self) -> None:
        """Pulls an asynchronous iterable to its end."""
        assert self._source is not None
        try:
            async for request in self._source:
                if not self._take(request):
                    return
                self._changed()
                while self._open >= self._limit:
                    self._room.clear()
                    await self._room.wait()
        except Exception as error:  # noqa: BLE001 - the caller's own error goes back to the caller
            self._end(error)
        else:
            self._end()

    def release(self) -> None:
        """Makes room for one more."""
        self._open -= 1
        if not self.exhausted:
            self._room.set()
            self._changed()

    def _take(self, request: object) -> bool:
        if not isinstance(request, RenderRequest):
            self._end(TypeError(f"requests must be RenderRequest, not {type(request).__name__}"))
            return False
        self._open += 1
        self._admit(request)
        return True

    def _end(self, error: Exception | None = None) -> None:
        self.exhausted = True
        self.error = error
        self._changed()
