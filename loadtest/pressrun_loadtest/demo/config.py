"""What a demo run does and where its files go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["DemoConfig"]


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """The settings of one demo run; the paths follow from `out`."""

    out: Path
    """The folder of everything that the demo writes."""
    documents: int = 1000
    """How many statements are rendered."""
    seed: int = 1
    """Chooses the customers; the same seed gives the same records."""
    composers: int | None = None
    """Composer processes of the node; None leaves it to the node: one for each processor but one."""
    in_flight: int = 32
    """Documents asked for and not yet answered. Enough to keep a node busy; more only makes each one wait longer."""
    keep_going: bool = False
    """Whether to render the rest after `patience` documents failed."""
    patience: int = 10
    """Failed documents after which the demo stops, and which it lists."""
    sandbox: Path | None = None
    """The environment file of a sandbox that runs already; None starts one."""

    @property
    def records(self) -> Path:
        """The stream items, one a line."""
        return self.out / "records.ndjson"

    @property
    def documents_folder(self) -> Path:
        """A PDF and a manifest for each document."""
        return self.out / "documents"

    @property
    def contact_sheet(self) -> Path:
        """First pages of twelve documents."""
        return self.out / "contact-sheet.png"

    @property
    def metrics(self) -> Path:
        """What the node's metrics address answered at the end."""
        return self.out / "metrics.txt"

    @property
    def cache(self) -> Path:
        """What a second run finds: cached assets and compiled templates."""
        return self.out / "cache"
