from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.prepare.channel import BlockingChannel, ChannelClosedError
from pressrun_server.prepare.frames import MAX_FRAME, FrameError, FrameReader, decoder, encode, encode_before
from pressrun_server.prepare.messages import Task


def feed(reader: FrameReader[Task], data: bytes, most: int) -> list[Task]:
    """What comes out when the data arrives in pieces of at most `most` bytes."""
    messages = []
    while data:
        space = reader.space()
        assert len(space) > 0
        piece = data[: min(most, len(space))]
        space[: len(piece)] = piece
        data = data[len(piece) :]
        messages += reader.fed(len(piece))
    return messages


@given(st.lists(st.integers(0, 2_000), max_size=12), st.integers(1, 3_000), st.integers(8, 600))
def test_messages_come_out_as_they_went_in_however_they_are_cut(sizes: list[int], most: int, room: int) -> None:
    """Any sequence of messages, cut anywhere, through a buffer of any size, is read back in order and whole."""
    tasks = [Task(number, "t", bytes([number]) * size) for number, size in enumerate(sizes)]
    reader: FrameReader[Task] = FrameReader(decoder(Task), room=room)
    assert feed(reader, b"".join(map(encode, tasks)), most) == tasks


@given(st.lists(st.binary(max_size=400), max_size=4), st.integers(1, 300))
def test_a_large_field_follows_its_message_in_parts(parts: list[bytes], most: int) -> None:
    """Parts behind the beginning are the message's last field, and the next message is where it should be."""
    reader: FrameReader[Task] = FrameReader(decoder(Task))
    after = Task(8, "u", b"z")
    data = encode_before(Task(7, "t", b""), parts) + b"".join(parts) + encode(after)
    assert feed(reader, bytes(data), most) == [Task(7, "t", b"".join(parts)), after]


def test_a_large_field_above_the_limit_is_refused() -> None:
    """As any message is, before a byte of it has left."""
    part = bytes(1024 * 1024)
    with pytest.raises(FrameError, match=str(MAX_FRAME)):
        encode_before(Task(1, "t", b""), [part] * 256)


def test_single_bytes_make_messages() -> None:
    """A stream that arrives byte by byte gives each message when its last byte is there."""
    reader: FrameReader[Task] = FrameReader(decoder(Task))
    frames = encode(Task(1, "a", b"x")) + encode(Task(2, "b", b"y" * 300))
    assert feed(reader, bytes(frames), 1) == [Task(1, "a", b"x"), Task(2, "b", b"y" * 300)]


def test_a_large_message_does_not_cost_memory_for_ever() -> None:
    """After a message larger than the usual buffer, the buffer has its usual size again."""
    reader: FrameReader[Task] = FrameReader(decoder(Task))
    usual = len(reader.space())
    assert len(feed(reader, bytes(encode(Task(1, "a", bytes(5_000_000)))), 100_000)) == 1
    assert len(reader.space()) == usual


def test_a_frame_above_the_limit_is_refused_before_it_comes() -> None:
    """The four bytes of a too great length are enough to refuse it."""
    reader: FrameReader[Task] = FrameReader(decoder(Task), max_frame=1000)
    with pytest.raises(FrameError, match="1000"):
        feed(reader, (1001).to_bytes(4, "little"), 100)


@given(st.binary(min_size=1, max_size=60))
def test_garbage_is_a_frame_error_and_nothing_else(body: bytes) -> None:
    """Any body either is a message or raises FrameError, and the error does not quote it."""
    reader: FrameReader[Task] = FrameReader(decoder(Task))
    try:
        messages = feed(reader, len(body).to_bytes(4, "little") + body, 7)
    except FrameError as error:
        told = str(error)
    else:
        told = ""
        assert all(isinstance(message, Task) for message in messages)
    assert not told or told.startswith(f"a frame of {len(body)} bytes is no message: ")


def test_a_blocking_channel_polls_waits_and_notices_the_end() -> None:
    """Without data a poll gives nothing at once; a wait gives what comes; a closed peer is an error of its own."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel: BlockingChannel[Task] = BlockingChannel(theirs, decoder(Task))
        assert channel.receive(wait=False) == []
        threading.Timer(0.05, lambda: ours.sendall(encode(Task(7, "n", b"p")))).start()
        assert channel.receive(wait=True) == [Task(7, "n", b"p")]
        ours.close()
        with pytest.raises(ChannelClosedError):
            channel.receive(wait=False)
        with pytest.raises(ChannelClosedError):
            channel.send(Task(1, "n", b""))
