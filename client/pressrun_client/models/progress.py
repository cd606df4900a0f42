"""How a stream of documents gets on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stream has done so far; given to `on_progress` with each result that is handed over.

    Example:
        >>> progress = Progress(done=10, failed=1, sent_again=2, size=2_000_000, seconds=0.5)
        >>> progress.rate
        20.0
    """

    done: int
    """Results handed over, failed ones included."""
    failed: int
    sent_again: int
    """Attempts beyond the first of each document."""
    size: int
    """Bytes of documents."""
    seconds: float
    """Since the stream began."""

    @property
    def rate(self) -> float:
        """Results a second."""
        return self.done / self.seconds if self.seconds else 0.0
