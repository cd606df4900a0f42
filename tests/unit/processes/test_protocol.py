"""The front's end of a helper's socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from pressrun_server.prepare.frames import FrameReader, decoder, encode
from pressrun_server.prepare.messages import Task
from pressrun_server.prepare.protocol import FrameProtocol


class Wire(asyncio.Transport):
    """Keeps what is written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        assert not self.closed
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def close(self) -> None:
        """Write no more."""
        self.closed = True


class Answering(FrameProtocol[Task]):
    """Answers each message as it is told to."""

    def __init__(self, answer: Callable[[Answering, Task], None]) -> None:
        super().__init__(decoder(Task))
        self._answer = answer

    def received(self, message: Task) -> None:
        """Answer."""
        self._answer(self, message)

    def lost(self) -> None:
        """Nobody asks."""


def read(data: bytes) -> list[Task]:
    """The messages in some bytes."""
    reader: FrameReader[Task] = FrameReader(decoder(Task), room=len(data) + 1)
    reader.space()[: len(data)] = data
    return reader.fed(len(data))


def come(protocol: FrameProtocol[Task], messages: Sequence[msgspec.Struct]) -> None:
    """Messages come in one read."""
    data = b"".join(encode(message) for message in messages)
    protocol.get_buffer(-1)[: len(data)] = data
    protocol.buffer_updated(len(data))


def test_answers_to_messages_that_came_together_leave_in_one_write() -> None:
    """In order; what is sent at other times leaves at once."""
    wire = Wire()
    protocol = Answering(lambda end, message: end.send(Task(message.number, "answer", b"")))
    protocol.connection_made(wire)
    come(protocol, [Task(1, "a", b""), Task(2, "a", b""), Task(3, "a", b"")])
    assert [[task.number for task in read(data)] for data in wire.written] == [[1, 2, 3]]
    protocol.send(Task(4, "by itself", b""))
    protocol.send(Task(5, "by itself", b""))
    assert [len(read(data)) for data in wire.written] == [3, 1, 1]


def test_a_large_message_overtakes_no_answer() -> None:
    """What was said before it leaves before it, what is said after it behind it."""

    def answer(end: Answering, message: Task) -> None:
        if message.number == 2:
            end.send_large(Task(2, "large", b""), [b"x" * 1000, b"y" * 1000])
        else:
            end.send(Task(message.number, "answer", b""))

    wire = Wire()
    protocol = Answering(answer)
    protocol.connection_made(wire)
    come(protocol, [Task(1, "a", b""), Task(2, "a", b""), Task(3, "a", b"")])
    sent = read(b"".join(wire.written))
    assert [task.number for task in sent] == [1, 2, 3]
    assert len(sent[1].payload) == 2000


def test_what_was_said_before_the_end_is_sent() -> None:
    """An end that is closed while it answers has written what it had said, and writes nothing after it."""

    def answer(end: Answering, message: Task) -> None:
        end.send(Task(message.number, "answer", b""))
        if message.number == 2:
            end.close()

    wire = Wire()
    protocol = Answering(answer)
    protocol.connection_made(wire)
    come(protocol, [Task(1, "a", b""), Task(2, "a", b""), Task(3, "a", b"")])
    assert [task.number for task in read(b"".join(wire.written))] == [1, 2]
