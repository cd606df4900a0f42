"""What processes cost, read from /proc: CPU time and memory of a process and all that it started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["age_seconds", "cpu_seconds", "own_memory", "tree_cpu_seconds", "tree_resident_bytes", "tree_usage"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Stat(NamedTuple):
    """The fields of /proc/PID/stat that are of use here."""

    parent: int
    own_ticks: int
    """User and system time."""
    ended_ticks: int
    """The same of children that ended and were waited for."""
    started_ticks: int
    """After the boot."""
    resident_pages: int


def tree_cpu_seconds(pid: int) -> float:
    """CPU time of a process and its descendants so far, those that have ended included. 10 ms is the resolution."""
    return sum(stat.own_ticks + stat.ended_ticks for stat in _tree(pid)) / _TICKS


def cpu_seconds(pid: int) -> float:
    """CPU time of a process alone so far; 0 where there is none."""
    stat = _read(pid)
    return stat.own_ticks / _TICKS if stat else 0.0


def tree_resident_bytes(pid: int) -> int:
    """Resident memory of a process and its descendants; pages that they share count for each."""
    return sum(stat.resident_pages for stat in _tree(pid)) * _PAGE


def tree_usage(pid: int) -> tuple[float, int]:
    """Both of the above in one look at all processes."""
    tree = list(_tree(pid))
    ticks = sum(stat.own_ticks + stat.ended_ticks for stat in tree)
    return ticks / _TICKS, sum(stat.resident_pages for stat in tree) * _PAGE


def own_memory(field: str) -> int:
    """Bytes that the kernel tells of this process: `VmRSS`, resident now, or `VmHWM`, the most so far (proc(5)).

    Raises:
        RuntimeError: it tells no such figure.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise RuntimeError(f"the kernel tells no {field} of a process")


def age_seconds() -> float:
    """How long ago this process was started, before its interpreter did anything."""
    stat = _read(os.getpid())
    assert stat is not None
    uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    return uptime - stat.started_ticks / _TICKS


def _tree(pid: int) -> list[_Stat]:
    names = (folder.name for folder in Path("/proc").iterdir())
    stats = {int(name): stat for name in names if name.isdigit() and (stat := _read(int(name)))}
    children: dict[int, list[int]] = {}
    for number, stat in stats.items():
        children.setdefault(stat.parent, []).append(number)
    members = [pid] if pid in stats else []
    for member in members:
        members.extend(children.get(member, ()))
    return [stats[member] for member in members]


def _read(pid: int) -> _Stat | None:
    """None for a process that has just ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may hold brackets and blanks itself.
    fields = text.rpartition(")")[2].split()
    own, ended = (sum(map(int, fields[start : start + 2])) for start in (11, 13))
    return _Stat(int(fields[1]), own, ended, int(fields[19]), int(fields[21]))
