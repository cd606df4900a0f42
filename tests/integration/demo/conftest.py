from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

PRESSRUN = Path(sys.executable).with_name("pressrun")


class Command:
    """Runs `pressrun` and knows every process that came of it, however far down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Helpers of a node get few variables of it; those that speak to Python are among them.
        self._mark = f"PYTHON_MARK_{uuid.uuid4().hex}"

    @contextlib.contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run it in the folder; it is killed where the block ends before it."""
        with subprocess.Popen(
            [PRESSRUN, *arguments],
            cwd=self.folder,
            env={**os.environ, self._mark: "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and what it said."""
        with self.start(*arguments) as process:
            output, _ = process.communicate(timeout=40)
            return process.returncode, output

    def running(self) -> set[int]:
        """Processes that came of it."""
        mark = self._mark.encode()
        found = set()
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes():
                    found.add(int(folder.name))
            except OSError:
                continue  # just ended
        return found

    def wait(self, count: int, seconds: float = 5.0) -> set[int]:
        """Those that run when there are so many of them, or when the time is over."""
        limit = time.monotonic() + seconds
        while len(found := self.running()) != count and time.monotonic() < limit:
            time.sleep(0.02)
        return found


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """`pressrun` in an empty folder; nothing may be left of it after the test."""
    command = Command(tmp_path)
    yield command
    assert command.wait(0) == set()
