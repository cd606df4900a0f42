"""What the front and a preparer say to each other."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pressrun_server.model.failure import Failure

__all__ = ["Answer", "FromPreparer", "Hello", "Refusal", "Spent", "Task"]


class Spent(NamedTuple):
    """What a task may give: its answer, and what made that.

    To let go of millions of objects takes long, so it is done when the answer is on its way.
    """

    answer: bytes
    rest: object


class Task(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """To a preparer: one task."""

    number: int
    name: str
    payload: bytes


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """From a preparer: it is ready, and confined."""

    pid: int
    tasks: tuple[str, ...]
    """The names it knows."""
    isolated: bool
    """Whether it is cut off from the network as well."""
    rss: int


class Answer(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """From a preparer: the task is done."""

    number: int
    data: bytes
    rss: int
    """Resident bytes after the task."""
    cpu_seconds: float
    """CPU time of the process since it started."""


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """From a preparer: the task failed."""

    number: int
    failure: Failure
    out_of_memory: bool
    """The process met its memory limit: replace it."""
    rss: int
    cpu_seconds: float


FromPreparer = Hello | Answer | Refusal
