"""An observer that counts, for the tests of the store."""

from __future__ import annotations

from collections import Counter

__all__ = ["Counting"]


class Counting:
    """Counts calls and bytes by tier."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.bytes: Counter[tuple[str, str]] = Counter()

    def hit(self, tier: str, size: int) -> None:
        """A blob was found."""
        self.calls[tier, "hit"] += 1
        self.bytes[tier, "hit"] += size

    def miss(self, tier: str) -> None:
        """A blob was not found."""
        self.calls[tier, "miss"] += 1

    def took(self, tier: str, operation: str, seconds: float) -> None:
        """An operation took so long."""
        assert seconds >= 0
        self.calls[tier, operation] += 1

    def stored(self, tier: str, size: int) -> None:
        """A blob was handed in."""
        self.calls[tier, "stored"] += 1
        self.bytes[tier, "stored"] += size
