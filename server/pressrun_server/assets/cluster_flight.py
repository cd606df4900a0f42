"""Single-flight between processes: of those who want one thing at the same time one makes it, the others find it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from pressrun_server.cas.locks import Lock, Locks

__all__ = ["ClusterFlight"]

T = TypeVar("T")

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.2
_SETTLE_SECONDS: Final = 5.0


class ClusterFlight:
    """Lets one process at a time make what has a name, on this machine and in the cluster.

    Who comes while another is at it looks, now and then, whether the result is there; who finds it ended without a
    result, because it failed or its holder died, makes it itself. A lock is kept until the result has settled where
    others look, which its maker does not wait for.

    Guarantee: where all reach their locks, and what is made is found afterwards, it is made once. Where they do not,
    each makes its own, and nobody waits longer than a lease for one that died. Cost: a system call and two round trips.

    Args:
        locks: those of the machine before those of the cluster; none: nobody else is waited for. They end
            with it.
        settle: returns when what was made can be found by others.
    """

    def __init__(self, locks: Sequence[Locks], settle: Callable[[], Awaitable[None]]) -> None:
        self._locks = locks
        self._settle = settle
        self._releasing: set[asyncio.Task[None]] = set()
        self.waits = 0
        """Times that somebody waited for another process."""
        self.saved = 0
        """Results that another process had made."""

    async def run(
        self,
        name: str,
        look: Callable[[], Awaitable[T | None]],
        make: Callable[[], Awaitable[T]],
        slots: asyncio.Semaphore | None = None,
    ) -> T:
        """What another process made, or else what `make` gives.

        Args:
            name: what is made.
            look: finds what another process made; None where there is nothing.
            make: makes it.
            slots: one of these is held while this process makes it, and none while it waits for another: so nobody
                holds a lock who could not begin, and nobody a slot who does nothing.

        Raises:
            Exception: whatever `look` and `make` raise.
        """
        slot: contextlib.AbstractAsyncContextManager[None] = slots or contextlib.nullcontext()
        if not self._locks:
            async with slot:
                return await make()
        pause = _FIRST_PAUSE
        while True:
            async with slot:
                held = await self._acquire(name)
                if held is not None:
                    return await self._made(held, look, make)
            if pause == _FIRST_PAUSE:
                self.waits += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            found = await look()
            if found is not None:
                self.saved += 1
                return found

    async def _made(
        self, held: list[Lock], look: Callable[[], Awaitable[T | None]], make: Callable[[], Awaitable[T]]
    ) -> T:
        """What is made under locks that this process holds; they are let go."""
        made = False
        try:
            # Whoever had it last may have let it go since this one looked.
            found = await look()
            if found is not None:
                self.saved += 1
                return found
            result = await make()
            made = True
            return result
        finally:
            self._let_go(held, settle=made)

    async def close(self) -> None:
        """Release what is held."""
        for task in tuple(self._releasing):
            task.cancel()
        await asyncio.gather(*self._releasing, return_exceptions=True)
        for locks in self._locks:
            await locks.close()

    async def _acquire(self, name: str) -> list[Lock] | None:
        """All locks of a name, or None where one of them is another's."""
        held: list[Lock] = []
        try:
            for locks in self._locks:
                lock = await locks.acquire(name)
                if lock is None:
                    return None
                held.append(lock)
        finally:
            if len(held) < len(self._locks):
                # Refused, or given up on the way: the machine's lock would be kept for as long as this process lives.
                await asyncio.shield(self._let_go(held, settle=False))
        return held

    def _let_go(self, held: Sequence[Lock], *, settle: bool) -> asyncio.Task[None]:
        """Release them, whatever becomes of the one who held them."""
        task = asyncio.get_running_loop().create_task(self._release(held, settle=settle))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)
        return task

    async def _release(self, held: Sequence[Lock], *, settle: bool) -> None:
        try:
            if settle:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_SETTLE_SECONDS):
                        await self._settle()
        finally:
            for lock in reversed(held):
                await lock.release()
