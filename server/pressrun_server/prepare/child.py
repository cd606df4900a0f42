"""One helper process, as its parent holds it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence

__all__ = ["Child", "helper_environment"]

_KEPT = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_KEPT_PREFIXES = ("PYTHON", "MALLOC_", "COVERAGE_")

_REAP_SECONDS = 0.005


def helper_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a helper gets: what Python needs, never the node's settings, which hold secrets."""
    return {name: value for name, value in environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}


class Child:
    """A helper process and our end of the socket that joins us to it.

    It is started by `exec`, never by a bare fork, so that it shares no memory, no threads and no descriptor but its
    end of the socket. Start it from a thread that lives as long as the node: the kernel kills it when that thread ends.
    """

    def __init__(self, process: subprocess.Popen[bytes], sock: socket.socket) -> None:
        self._process = process
        self.sock = sock
        self.pid = process.pid

    @classmethod
    def start(cls, command: Sequence[str]) -> Child:
        """Run `command --fd N`, where N is the helper's end of the socket.

        Raises:
            OSError: the program can't be started.
        """
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is ours, see the callers' defaults
                [*command, "--fd", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=helper_environment(os.environ),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(0.0)
        return cls(process, ours)

    def kill(self) -> None:
        """End it at once; harmless where it has ended."""
        self._process.kill()

    async def reap(self, grace: float) -> int:
        """Wait for its end, kill it after `grace` seconds, and give its exit status (negative: the signal)."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + grace
        # Called when the socket has closed, so the end is milliseconds away; a child watcher would cost a thread each.
        try:
            while (status := self._process.poll()) is None:
                if loop.time() >= limit:
                    self._process.kill()
                await asyncio.sleep(_REAP_SECONDS)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return status
