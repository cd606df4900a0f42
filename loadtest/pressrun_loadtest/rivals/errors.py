"""Why engines cannot be compared."""

from __future__ import annotations

from pressrun_loadtest.demo.errors import DemoError

__all__ = ["MissingError"]


class MissingError(DemoError):
    """Something that an engine needs is not installed; the text has the line that installs it."""
