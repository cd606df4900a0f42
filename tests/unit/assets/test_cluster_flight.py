"""Of several processes one makes a thing, and the others find it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.cas.locks import Lock


class FakeLocks:
    """Locks that processes of a test share; a dead process's can be freed."""

    def __init__(self, held: set[str] | None = None) -> None:
        self.held: set[str] = set() if held is None else held

    async def acquire(self, name: str) -> Lock | None:
        """Unless it is held."""
        await asyncio.sleep(0)
        if name in self.held:
            return None
        self.held.add(name)
        return _FakeLock(self.held, name)

    async def close(self) -> None:
        """Nothing to close."""


class _FakeLock:
    def __init__(self, held: set[str], name: str) -> None:
        self._held, self._name = held, name

    async def release(self) -> None:
        self._held.remove(self._name)


class Process:
    """One process, with what all of them can find."""

    def __init__(self, locks: FakeLocks, found: dict[str, int]) -> None:
        self.found, self.here = found, dict[str, int]()
        self.flight = ClusterFlight((locks,), self.settle)
        self.made = 0
        self.failure: Exception | None = None

    async def settle(self) -> None:
        """What was made here is found by others only now."""
        await asyncio.sleep(0.005)
        self.found |= self.here

    async def want(self, name: str) -> int:
        """The thing, made if need be."""

        async def look() -> int | None:
            return self.found.get(name)

        async def make() -> int:
            await asyncio.sleep(0.005)
            if self.failure is not None:
                raise self.failure
            self.made += 1
            self.here[name] = self.made
            return self.made

        return await self.flight.run(name, look, make)


@settings(deadline=None)
@given(wanted=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=1, max_size=20))
async def test_each_thing_is_made_once(wanted: list[tuple[int, str]]) -> None:
    """Whoever wants what, and when: nothing is made twice, and all get something."""
    locks, found = FakeLocks(), dict[str, int]()
    processes = [Process(locks, found) for _ in range(5)]
    results = await asyncio.gather(*(processes[number].want(name) for number, name in dict.fromkeys(wanted)))
    assert len(results) == len(set(wanted))
    assert sum(process.made for process in processes) == len({name for _, name in wanted})
    saved = sum(process.flight.saved for process in processes)
    assert saved == len(set(wanted)) - len({name for _, name in wanted})
    for process in processes:
        await process.flight.close()
    await asyncio.sleep(0)
    assert not locks.held


async def test_a_failure_is_its_makers_own() -> None:
    """The next one makes it itself, and a lock whose maker failed or was cancelled is free."""
    locks, found = FakeLocks(), dict[str, int]()
    one, two = Process(locks, found), Process(locks, found)
    one.failure = ValueError("it broke")
    failing, second = asyncio.create_task(one.want("a")), asyncio.create_task(two.want("a"))
    with pytest.raises(ValueError, match="it broke"):
        await failing
    assert await second == 1
    assert (one.flight.waits, two.flight.waits) in {(0, 1), (1, 0)}
    leaving = asyncio.create_task(one.want("b"))
    await asyncio.sleep(0.002)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert await two.want("b") == 2
    await two.flight.close()


async def test_a_lock_of_a_dead_process() -> None:
    """Who waits for one that is gone makes it when the lock is free."""
    locks = FakeLocks({"a"})
    process = Process(locks, {})
    waiting = asyncio.create_task(process.want("a"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    locks.held.clear()
    assert await waiting == 1
    await process.flight.close()


async def test_all_locks_or_none() -> None:
    """One that gets only the machine's lock lets it go, so that two never wait for each other."""
    machine, cluster = FakeLocks(), FakeLocks({"a"})
    process = Process(machine, {})
    process.flight = ClusterFlight((machine, cluster), process.settle)
    waiting = asyncio.create_task(process.want("a"))
    await asyncio.sleep(0.03)
    cluster.held.clear()
    await waiting
    await process.flight.close()
    assert not machine.held
    assert not cluster.held


class _HangingLocks(FakeLocks):
    """A server that does not answer."""

    async def acquire(self, name: str) -> Lock | None:
        """Never."""
        await asyncio.Event().wait()
        return await super().acquire(name)


async def test_given_up_between_two_locks() -> None:
    """Whoever leaves while the cluster is asked lets the machine's lock go, or its neighbours would wait for ever."""
    machine = FakeLocks()
    process = Process(machine, {})
    process.flight = ClusterFlight((machine, _HangingLocks()), process.settle)
    leaving = asyncio.create_task(process.want("a"))
    while not machine.held:
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert not machine.held
    neighbour = Process(machine, {})
    async with asyncio.timeout(20):
        assert await neighbour.want("a") == 1
    await neighbour.flight.close()


class _SlowLock:
    """One whose release is on its way until it is let go."""

    def __init__(self, lock: Lock, gate: asyncio.Event, begun: asyncio.Event) -> None:
        self._lock, self._gate, self._begun = lock, gate, begun

    async def release(self) -> None:
        """Once the gate is open."""
        self._begun.set()
        await self._gate.wait()
        await self._lock.release()


async def test_given_up_twice() -> None:
    """Who is cancelled again while the machine's lock is being let go leaves no lock behind either."""
    gate, begun = asyncio.Event(), asyncio.Event()

    class Machine(FakeLocks):
        async def acquire(self, name: str) -> Lock | None:
            lock = await super().acquire(name)
            return lock and _SlowLock(lock, gate, begun)

    machine = Machine()
    process = Process(machine, {})
    process.flight = ClusterFlight((machine, _HangingLocks()), process.settle)
    leaving = asyncio.create_task(process.want("a"))
    while not machine.held:
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(begun.wait(), 20)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    gate.set()
    async with asyncio.timeout(20):
        while machine.held:
            await asyncio.sleep(0)


async def test_without_locks_everyone_makes_it() -> None:
    """A node alone asks nobody."""
    process = Process(FakeLocks(), {})
    process.flight = ClusterFlight((), process.settle)
    assert [await process.want("a"), await process.want("a")] == [1, 2]
