"""A small file system of a test's own, which it can fill up."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["fill", "tmpfs"]


@contextlib.contextmanager
def tmpfs(folder: Path, size: int) -> Iterator[Path]:
    """Mount an empty tmpfs of that many bytes at the folder.

    Raises:
        RuntimeError: it can't be mounted here; the message says what would do.
    """
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"this test fills a small tmpfs, which only root with CAP_SYS_ADMIN can mount; `{' '.join(line)}` as uid "
            f"{os.getuid()} says: {done.stderr.strip()}; run it as root, in a container with --cap-add SYS_ADMIN"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Write a file until the disk is full but for so many bytes; the file, to be deleted when there shall be room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    if leave:
        os.truncate(ballast, max(ballast.stat().st_size - leave, 0))
    return ballast
