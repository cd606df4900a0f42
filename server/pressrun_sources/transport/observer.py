"""How a node learns what its sources do, without this package knowing any metrics library."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Observer", "ignore"]


class Observer(Protocol):
    """Told once for each request to a source (each attempt of a retried one), when it has ended."""

    def __call__(self, source: str, outcome: str, seconds: float, size: int, /) -> None:
        """Count it. Must be quick and must not raise.

        Args:
            source: the source's name.
            outcome: `ok`, `cancelled`, or the `kind` of the error, e.g. `not_found`, `timed_out`.
            seconds: from the first byte sent to the last one read.
            size: body bytes received.
        """


def ignore(source: str, outcome: str, seconds: float, size: int) -> None:
    """The observer that looks away."""
