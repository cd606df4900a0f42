"""How a task of a helper process fails where the task itself could not say so."""

from __future__ import annotations

from pressrun_server.errors import PressrunError, Reason

__all__ = [
    "HelperStartError",
    "PreparerClosedError",
    "PreparerCrashedError",
    "PreparerMemoryError",
    "PreparerTimeoutError",
]


class HelperStartError(PressrunError):
    """A helper process did not become ready; the operator must look at what it printed."""

    def __init__(self, command: str, why: str) -> None:
        super().__init__(
            Reason.INTERNAL,
            "the node can't start one of its helper processes",
            detail=f"`{command}` {why}; what it printed is in this node's standard error",
        )

    def __str__(self) -> str:
        return f"{self.message}: {self.detail}"


class PreparerCrashedError(PressrunError):
    """The process that worked on this task died; no other task is touched. Trying again rarely helps."""

    def __init__(self, task: str, how: str) -> None:
        super().__init__(
            Reason.INTERNAL,
            f"the process that worked on task '{task}' died over it; check the file it was given, it may be damaged",
            detail=f"preparer process ended by {how}",
            metadata={"task": task},
        )


class PreparerTimeoutError(PressrunError):
    """The task needed more time than it may; its process was ended."""

    def __init__(self, task: str, limit: str) -> None:
        super().__init__(
            Reason.LIMIT_EXCEEDED,
            f"task {task!r} needed more than {limit}; simplify or shrink the file it was given",
            metadata={"task": task},
        )


class PreparerMemoryError(PressrunError):
    """The task needed more memory than it may; its process is replaced."""

    def __init__(self, task: str, limit: int) -> None:
        super().__init__(
            Reason.LIMIT_EXCEEDED,
            f"task {task!r} needed more than the {limit // (1024 * 1024)} MiB of memory that it may use; "
            "shrink the file it was given",
            metadata={"task": task},
        )


class PreparerClosedError(PressrunError):
    """The pool is closing; another node may do the task."""

    def __init__(self) -> None:
        super().__init__(
            Reason.DRAINING, "this node is shutting down; send the request to another one", retry_after=1.0
        )
