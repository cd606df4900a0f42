"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["hardware", "versions"]

_DISTRIBUTIONS = ("pressrun", "pymupdf", "grpcio", "protobuf", "deflate", "msgspec", "fonttools", "pillow", "aiohttp")


def hardware() -> dict[str, Any]:
    """The processor, how much of it we may use, the memory, and what else was going on."""
    return {
        "cpu_model": _cpu_model(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Versions of everything that has a part in the speed."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in _DISTRIBUTIONS}


def _cpu_model(cpuinfo: str) -> str:
    """The name that the kernel has for the processor; Arm kernels have none."""
    fields = (line.partition(":") for line in cpuinfo.splitlines())
    return next((value.strip() for name, _, value in fields if name.strip() == "model name"), "unknown")
