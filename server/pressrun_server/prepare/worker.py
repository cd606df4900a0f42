"""The loop of a preparer process: take a task, do it within the limits, answer."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

from pressrun_server.model.failure import Failure
from pressrun_server.prepare.channel import BlockingChannel, ChannelClosedError
from pressrun_server.prepare.errors import PreparerMemoryError
from pressrun_server.prepare.faults import failure_of
from pressrun_server.prepare.frames import FrameError, decoder
from pressrun_server.prepare.limits import Limits, allow_cpu, confine
from pressrun_server.prepare.messages import Answer, Hello, Refusal, Spent, Task
from pressrun_server.prepare.vitals import Vitals

__all__ = ["serve"]


def serve(sock: socket.socket, tasks: Mapping[str, Callable[[bytes], bytes | Spent]], limits: Limits) -> None:
    """Do tasks until the front closes the socket.

    Args:
        sock: this process's end.
        tasks: by name; each takes a payload and gives an answer or a Spent, or raises PressrunError. What they
            import must be imported before this call, because the limits are put on for good.
        limits: what the process may use.
    """
    vitals = Vitals()
    isolated = confine(limits)
    channel = BlockingChannel(sock, decoder(Task))
    try:
        channel.send(Hello(os.getpid(), tuple(sorted(tasks)), isolated, vitals.rss()))
        while True:
            for task in channel.receive(wait=True):
                allow_cpu(limits)
                data, rest, failure, out_of_memory = _do(tasks, task, limits)
                if failure is None:
                    answer: Answer | Refusal = Answer(task.number, data, vitals.rss(), vitals.cpu_seconds())
                else:
                    answer = Refusal(task.number, failure, out_of_memory, vitals.rss(), vitals.cpu_seconds())
                try:
                    channel.send(answer)
                except (MemoryError, FrameError):
                    # The answer itself was too much: a small one still fits.
                    data = b""
                    refusal = Failure.of(PreparerMemoryError(task.name, limits.address_space))
                    channel.send(Refusal(task.number, refusal, True, vitals.rss(), vitals.cpu_seconds()))  # noqa: FBT003
                # No customer's bytes stay while this process waits for the next task.
                del task, data, rest, answer
    except ChannelClosedError:
        return


def _do(
    tasks: Mapping[str, Callable[[bytes], bytes | Spent]], task: Task, limits: Limits
) -> tuple[bytes, object, Failure | None, bool]:
    """Do one task; nothing that it raises gets any further."""
    try:
        done = tasks[task.name](task.payload)
    except MemoryError:
        return b"", None, Failure.of(PreparerMemoryError(task.name, limits.address_space)), True
    except Exception as error:  # noqa: BLE001 - this is the border where foreign exceptions end
        return b"", None, failure_of(error, f"task {task.name!r} failed on the file it was given"), False
    if isinstance(done, Spent):
        return done.answer, done.rest, None, False
    return done, None, None, False
