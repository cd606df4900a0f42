from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import Priority
from pressrun_server.render.admission import Admission, AdmissionConfig, Permit

BATCH, INTERACTIVE = Priority.BATCH, Priority.INTERACTIVE


def _gate(slots: int = 1, queue: int = 2, queue_bytes: int = 1000) -> Admission:
    return Admission(AdmissionConfig(slots, queue, queue_bytes), SystemClock())


async def test_free_slot_is_had_at_once() -> None:
    """A free slot is given without a turn of the event loop."""
    admission = _gate()
    coroutine = admission.admit(10, BATCH)
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    stop.value.value.release()
    assert admission.active == 0


async def test_full_queue_refuses_at_once() -> None:
    """A document beyond the queue is refused without waiting, with the time to come back."""
    admission = _gate(slots=1, queue=1)
    held = await admission.admit(1, BATCH)
    waiting = asyncio.create_task(admission.admit(1, BATCH))
    await asyncio.sleep(0)
    with pytest.raises(PressrunError) as error:
        await admission.admit(1, BATCH)
    assert error.value.reason is Reason.QUEUE_FULL
    assert error.value.retry_after is not None
    assert 0 < error.value.retry_after <= 30
    held.release()
    (await waiting).release()
    assert (admission.active, admission.waiting, admission.admitted_bytes) == (0, 0, 0)


async def test_what_is_refused_at_the_door_would_be_refused_inside() -> None:
    """The cheap look says what trying says, says it again while it is fresh, and never holds for longer than the queue."""
    admission = _gate(slots=1, queue=1)
    assert admission.refusal() is None
    held = await admission.admit(1, BATCH)
    assert admission.refusal() is None  # it would wait
    waiting = asyncio.create_task(admission.admit(1, BATCH))
    await asyncio.sleep(0)
    told = admission.refusal()
    assert told is not None
    with pytest.raises(PressrunError) as error:
        await admission.admit(1, BATCH)
    assert (told.reason, told.message, told.retry_after) == (
        error.value.reason, error.value.message, error.value.retry_after,
    )  # fmt: skip
    assert admission.refusal() is told
    await asyncio.sleep(0.02)
    assert admission.refusal() not in (None, told)
    held.release()
    assert admission.refusal() is None
    admission.close()
    closed = admission.refusal()
    assert closed is not None
    assert closed.reason is Reason.DRAINING
    (await waiting).release()


async def test_records_are_bounded_by_bytes() -> None:
    """Records beyond the byte limit are refused, but one alone is never refused for its size."""
    admission = _gate(slots=5, queue_bytes=100)
    large = await admission.admit(500, BATCH)
    with pytest.raises(PressrunError, match="records of 500 bytes"):
        await admission.admit(1, BATCH)
    large.release()
    (await admission.admit(60, BATCH)).release()


async def test_interactive_goes_first() -> None:
    """Interactive documents get the next slot before batch documents that came earlier; else order is kept."""
    admission = _gate(slots=1, queue=10)
    held = await admission.admit(1, BATCH)
    order: list[str] = []

    async def wait(name: str, priority: Priority) -> None:
        permit = await admission.admit(1, priority)
        order.append(name)
        permit.release()

    tasks = []
    for name, priority in (("b1", BATCH), ("b2", BATCH), ("i1", INTERACTIVE), ("i2", INTERACTIVE)):
        tasks.append(asyncio.create_task(wait(name, priority)))
        await asyncio.sleep(0)
    held.release()
    await asyncio.gather(*tasks)
    assert order == ["i1", "i2", "b1", "b2"]


async def test_granted_and_cancelled_in_one_turn() -> None:
    """A waiter that is granted a slot and cancelled in the same turn passes the slot on."""
    admission = _gate(slots=1, queue=5)
    held = await admission.admit(1, BATCH)
    first = asyncio.create_task(admission.admit(1, BATCH))
    second = asyncio.create_task(admission.admit(1, BATCH))
    await asyncio.sleep(0)
    held.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    permit = await second
    assert admission.active == 1
    permit.release()


async def test_draining_refuses_and_becomes_idle() -> None:
    """A closed admission refuses new documents as DRAINING and is idle when the admitted ones are over."""
    admission = _gate(slots=1, queue=5)
    held = await admission.admit(1, BATCH)
    waiting = asyncio.create_task(admission.admit(1, BATCH))
    await asyncio.sleep(0)
    admission.close()
    with pytest.raises(PressrunError) as error:
        await admission.admit(1, BATCH)
    assert error.value.reason is Reason.DRAINING
    idle = asyncio.create_task(admission.idle())
    held.release()
    permit = await waiting
    assert not idle.done()
    permit.release()
    await asyncio.wait_for(idle, 1)


async def test_release_twice_is_one_release() -> None:
    """Releasing a permit again gives nothing back twice."""
    admission = _gate(slots=2)
    one, two = await admission.admit(5, BATCH), await admission.admit(5, BATCH)
    one.release()
    one.release()
    assert (admission.active, admission.admitted_bytes) == (1, 5)
    two.release()


STEPS = st.lists(
    st.tuples(st.sampled_from(["admit", "admit_interactive", "release", "cancel", "turn"]), st.integers(0, 7)),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(0, 4))
def test_no_interleaving_leaks_a_slot(steps: list[tuple[str, int]], slots: int, queue: int) -> None:
    """Whatever is admitted, cancelled and released in whatever order, bounds hold and in the end nothing is held."""

    async def play() -> None:
        admission = _gate(slots, queue, 10_000)
        tasks: list[asyncio.Task[Permit]] = []

        def check() -> None:
            assert 0 <= admission.active <= slots
            assert 0 <= admission.waiting <= queue
            assert admission.admitted_bytes >= 0
            # No slot stays free while somebody waits.
            assert admission.waiting == 0 or admission.active == slots

        async def leave(task: asyncio.Task[Permit]) -> None:
            task.cancel()
            outcome = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(outcome, Permit):
                outcome.release()

        for step, number in steps:
            if step.startswith("admit"):
                priority = INTERACTIVE if step == "admit_interactive" else BATCH
                tasks.append(asyncio.create_task(admission.admit(number, priority)))
            elif step == "turn":
                await asyncio.sleep(0)
            elif tasks:
                task = tasks[number % len(tasks)]
                if step == "cancel":
                    task.cancel()
                elif task.done() and not task.cancelled() and task.exception() is None:
                    task.result().release()
            check()
        for task in tasks:
            await leave(task)
        check()
        assert (admission.active, admission.waiting, admission.admitted_bytes) == (0, 0, 0)
        await asyncio.wait_for(admission.idle(), 1)

    asyncio.run(play())
