"""A preparer whose tasks misbehave on demand; started as a real process by the tests."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import time
from pathlib import Path

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.prepare.entry import enter
from pressrun_server.prepare.limits import Limits
from pressrun_server.prepare.messages import Spent
from pressrun_server.prepare.worker import serve

_leak: list[bytes] = []


def echo(payload: bytes) -> bytes:
    """The payload, backwards."""
    return payload[::-1]


class _Slow:
    """Takes long to be let go."""

    def __init__(self, gone: Path) -> None:
        self._gone = gone

    def __del__(self) -> None:
        time.sleep(0.5)
        self._gone.touch()


def spend(payload: bytes) -> Spent:
    """Answer, with something that takes half a second to be let go, and says so in a file when it is."""
    return Spent(b"spent", _Slow(Path(payload.decode())))


def pid(_: bytes) -> bytes:
    """Who works."""
    return str(os.getpid()).encode()


def nap(payload: bytes) -> bytes:
    """Sleep."""
    time.sleep(float(payload))
    return b"slept"


def hog(payload: bytes) -> bytes:
    """Take memory, in Python."""
    return bytes(int(payload))[:1]


def leak(payload: bytes) -> bytes:
    """Keep memory."""
    _leak.append(b"x" * int(payload))
    return b""


def spin(_: bytes) -> bytes:
    """Burn CPU for ever."""
    while True:
        pass


def segfault(_: bytes) -> bytes:
    """Crash as native code does."""
    ctypes.string_at(0)
    return b""


def suicide(_: bytes) -> bytes:
    """Die without a word."""
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def refuse(_: bytes) -> bytes:
    """Say what is wrong."""
    raise PressrunError(
        Reason.ASSET_INVALID, "is HTML, not an image", violations=(Violation("logo", "a PNG"),), metadata={"ref": "r"}
    )


def broken(payload: bytes) -> bytes:
    """Fail without saying why."""
    raise ValueError(payload.decode())


def write(payload: bytes) -> bytes:
    """Try to write a file."""
    Path(payload.decode()).write_bytes(b"x" * 100)
    return b"written"


def connect(payload: bytes) -> bytes:
    """Try to reach an address."""
    host, port = payload.decode().split(":")
    with socket.create_connection((host, int(port)), timeout=1):
        return b"connected"


def environment(_: bytes) -> bytes:
    """What the process knows of the node's settings."""
    return msgspec.json.encode(dict(os.environ))


def descriptors(_: bytes) -> bytes:
    """What is open."""
    return msgspec.json.encode(sorted(path.name for path in Path("/proc/self/fd").iterdir()))


def core(_: bytes) -> bytes:
    """The core and descriptor limits."""
    return Path("/proc/self/limits").read_bytes()


TASKS = (echo, spend, pid, nap, hog, leak, spin, segfault, suicide, refuse, broken, write, connect, environment)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--limits", required=True)
    parser.add_argument("--die", action="store_true")
    arguments = parser.parse_args()
    if arguments.die:
        raise SystemExit(7)
    limits = msgspec.json.decode(arguments.limits, type=Limits)
    tasks = {task.__name__: task for task in (*TASKS, descriptors, core)}
    serve(enter(arguments.fd), tasks, limits)


main()
