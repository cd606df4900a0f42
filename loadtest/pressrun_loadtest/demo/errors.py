"""Why a demo or a bench cannot go on."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ChildError", "DemoError", "HelperError"]

_TAIL = 15
"""Lines of a log that an error shows."""


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


class ChildError(DemoError):
    """A process that the demo started did not become ready, or ended too early."""

    def __init__(self, name: str, why: str, log: Path) -> None:
        super().__init__(f"{name} {why}.{_told(log)}")


class HelperError(DemoError):
    """A process that was to answer one question failed; the text ends with what it said last."""


def _told(log: Path) -> str:
    """What the process said last: mostly that is the whole answer."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    if not lines:
        return f" It said nothing; its log {log} is empty."
    tail = "\n  ".join(lines[-_TAIL:])
    return f" Its log {log} ends with:\n  {tail}"
