"""What can go wrong while a node is observed."""

from __future__ import annotations

from pressrun_loadtest.demo.errors import DemoError

__all__ = ["ObserveError"]


class ObserveError(DemoError):
    """The observation can't be made; the message says what to do."""
