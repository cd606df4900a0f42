"""Settings of the library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pressrun_sources.environment import Environment
from pressrun_sources.model import Approval

__all__ = ["LibraryConfig"]


@dataclass(frozen=True, slots=True)
class LibraryConfig:
    """Which folder, and what a file without a sidecar counts as."""

    path: Path
    """The folder; refs are paths below it."""
    default_approval: Approval = Approval.UNKNOWN
    """For files whose sidecar says nothing: being in the folder is no approval."""
    max_files: int = 10_000
    """How many files a selection looks at before it gives up."""

    @classmethod
    def from_environment(cls, environment: Environment) -> LibraryConfig | None:
        """Read PRESSRUN_LIBRARY_PATH; None when it is not set."""
        if not environment.has("PRESSRUN_LIBRARY_PATH"):
            return None
        path = Path(environment.text("PRESSRUN_LIBRARY_PATH"))
        if not path.is_dir():
            environment.fault("PRESSRUN_LIBRARY_PATH", f"{path} is not a folder; create it or name another")
        return cls(path.absolute())
