"""A real redis-server of one's own, for the bench, the demo and the tests, which may stop, pause and start it again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["RedisServer", "redis_binary"]

_READY_SECONDS = 20.0


def redis_binary() -> str | None:
    """The redis-server on the path, or the one that `make tools` brought; None where there is none."""
    return shutil.which("redis-server") or shutil.which("redis-server", path=str(Path(sys.prefix) / "tools"))


class RedisServer:
    """One server on a port of its own on loopback, without persistence; `start` first, `stop` at the end.

    Args:
        folder: where it works and logs.
        options: more of its settings, as on its command line.
        before: what stands before the command, e.g. a program that ends it with its parent.
    """

    def __init__(self, folder: Path, *options: str, before: Sequence[str] = ()) -> None:
        self._folder = folder
        self._before = before
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """Its database 0; the same after each start."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it answers.

        Raises:
            RuntimeError: there is no redis-server, or it does not come up.
        """
        binary = redis_binary()
        if binary is None:
            raise RuntimeError("there is no redis-server; have it by: make tools, or apt-get install -y redis-server")
        line = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                [*self._before, *line, *self._options],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"redis-server does not come up: {(self._folder / 'redis.log').read_text()}")
            time.sleep(0.02)

    def answers(self, seconds: float = 1.0) -> bool:
        """Whether a PING is answered within that time."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def pause(self) -> None:
        """Stop it in its tracks: connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused one go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill it, paused or not; what it held is lost. May be called again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
