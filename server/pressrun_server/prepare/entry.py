"""The first steps of a helper process, after the `exec`. It loads no asyncio."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
from types import TracebackType
from typing import Final

from pressrun_server.prepare.faults import failure_of

__all__ = ["enter"]

_PR_SET_PDEATHSIG: Final = 1


def enter(fd: int) -> socket.socket:
    """A helper's first call: take the socket, and make sure that this process ends with its parent.

    The front decides when a helper ends. A terminal's Ctrl-C reaches the whole group, so those signals are ignored;
    the parent's death is noticed twice, by the kernel's signal and by the end of the socket.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.excepthook = _report
    sys.unraisablehook = lambda fault: _report(fault.exc_type, fault.exc_value, fault.exc_traceback)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with contextlib.suppress(OSError, ValueError):
        # A core dump would put customers' data on a disk.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sock = socket.socket(fileno=fd)
    sock.set_inheritable(False)
    sock.settimeout(None)
    return sock


def _report(kind: type[BaseException], error: BaseException | None, _: TracebackType | None) -> None:
    """Print an exception's type and place; its text and values may be a customer's."""
    told = failure_of(error, "").detail if error is not None else kind.__qualname__
    sys.stderr.write(f"helper process {os.getpid()}: {told}\n")
    sys.stderr.flush()
