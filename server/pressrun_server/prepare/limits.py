"""What a preparer may use, enforced by the kernel: untrusted bytes are decoded in it."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import sys
import time
from typing import Final

import msgspec

__all__ = ["Limits", "allow_cpu", "confine"]

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_NO_NEW_PRIVS: Final = 38


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of one preparer process; they travel to it on its command line."""

    address_space: int = 1536 * 1024 * 1024
    """Bytes of address space; an allocation above it fails inside the process."""
    cpu_seconds: int = 30
    """CPU seconds that one task may use; the kernel ends the process above it. The wall limit comes from the caller."""
    open_files: int = 64
    """Open descriptors."""
    own_network: bool = True
    """Whether to enter a network name space of its own, where the machine allows it: no address is reachable then."""


def confine(limits: Limits) -> bool:
    """Put the limits on this process, for good. Import what the tasks need first: nothing can be written afterwards.

    Returns:
        Whether the process is cut off from the network as well.
    """
    sys.dont_write_bytecode = True
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    isolated = limits.own_network and _leave_network(libc)
    _lower(resource.RLIMIT_AS, limits.address_space)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    _lower(resource.RLIMIT_FSIZE, 0)  # no byte into any file, temporary ones included
    _lower(resource.RLIMIT_CORE, 0)
    return isolated


def allow_cpu(limits: Limits) -> None:
    """Renew the CPU allowance, before each task: from now on `cpu_seconds` more, rounded up."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time()) + limits.cpu_seconds
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _leave_network(libc: ctypes.CDLL) -> bool:
    """A network name space of our own: as root at once, else with a user name space; a container may forbid both."""
    if not hasattr(libc, "unshare"):
        return False
    wanted = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    return bool(libc.unshare(wanted) == 0)


def _lower(which: int, value: int) -> None:
    """Lower a limit, soft and hard; one that is lower already stays."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
