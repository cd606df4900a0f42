"""Why a load test cannot be run."""

from __future__ import annotations

from pressrun_loadtest.demo.errors import DemoError

__all__ = ["LoadError", "ScenarioError"]


class LoadError(DemoError):
    """The test cannot go on; the text says why and what to do."""


class ScenarioError(LoadError):
    """A scenario is wrong; the text names the file, the field and what would be valid."""
