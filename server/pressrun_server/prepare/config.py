"""Settings of helper processes: how they are started and watched, and what a preparer may use."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from pressrun_server.prepare.limits import Limits

__all__ = ["CrewConfig", "PreparerConfig", "module_command"]


def module_command(module: str) -> tuple[str, ...]:
    """The command that runs a module of ours; `-P` keeps the working directory off the import path."""
    return (sys.executable, "-P", "-m", module)


@dataclass(frozen=True, slots=True)
class CrewConfig:
    """How helper processes are started, replaced and ended."""

    start_seconds: float = 30.0
    """A process that is not ready after this long is given up."""
    backoff_seconds: float = 0.1
    """Wait before the second attempt to replace a process; it doubles with each attempt."""
    max_backoff_seconds: float = 5.0
    """The wait never grows beyond this."""
    proven_seconds: float = 10.0
    """A process that lived this long was no failed attempt."""
    stop_seconds: float = 2.0
    """A process that is told to end is killed after this long."""


@dataclass(frozen=True, slots=True)
class PreparerConfig:
    """What preparers may use, and when one is replaced."""

    limits: Limits = field(default_factory=Limits)
    """Enforced by the kernel in each process."""
    tasks_per_process: int = 500
    """A process is replaced after this many tasks, so that no decoder's leak adds up."""
    max_rss: int = 768 * 1024 * 1024
    """A process whose resident memory stays above this after a task is replaced."""
    slow_tasks: tuple[str, ...] = ("compile", "pictures", "printer")
    """Tasks that may take long: of several processes they leave one free, so that an asset never waits for a bundle or
    for pictures of pages."""
    max_waiting: int = 1000
    """Tasks that may wait for a free process; further ones are refused at once."""
    command: tuple[str, ...] = module_command("pressrun_server.app.preparer")
    """What is run; `--fd N` and `--limits JSON` are added."""
    crew: CrewConfig = field(default_factory=CrewConfig)
    """How processes are started, replaced and ended."""
