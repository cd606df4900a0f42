"""The results of a stream, in the order that the caller wants them."""

from __future__ import annotations

import asyncio
from collections import deque

from pressrun_client.document import Result

__all__ = ["Delivery"]


class Delivery:
    """Holds results until the caller takes them: as they are completed, or each when its turn has come.

    Args:
        ordered: whether a result waits for those of earlier requests.

    Example:
        >>> delivery = Delivery(ordered=True)
        >>> delivery.take() is None
        True
    """

    __slots__ = ("_early", "_news", "_ready", "_turn", "ordered")

    def __init__(self, *, ordered: bool) -> None:
        self.ordered = ordered
        self._ready: deque[Result] = deque()
        self._early: dict[int, Result] = {}
        self._turn = 0
        self._news: asyncio.Future[None] | None = None

    def put(self, index: int, result: Result) -> None:
        """Adds the result of the request of that index."""
        if not self.ordered:
            self._ready.append(result)
        elif index != self._turn:
            self._early[index] = result
            return
        else:
            self._ready.append(result)
            self._turn += 1
            while (later := self._early.pop(self._turn, None)) is not None:
                self._ready.append(later)
                self._turn += 1
        self.wake()

    def take(self) -> Result | None:
        """The next result, where there is one."""
        return self._ready.popleft() if self._ready else None

    async def news(self) -> None:
        """Waits for `put` or `wake`. There may be one waiter."""
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def wake(self) -> None:
        """Lets the waiter look again."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
