"""Runs a program that ends when its parent ends: `python tether.py PARENT_PID PROGRAM ARGUMENT...`.

The kernel is asked to kill this process at the parent's death, and keeps that promise for the program that takes its
place. A hook in the parent between fork and exec could do the same, but is not safe beside threads. Run as a file,
without site packages, this costs about 10 ms.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Bind this process to its parent and become the program."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it died before it was asked about
    os.execv(command[0], command)  # noqa: S606 - the program is ours, see `child`


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
