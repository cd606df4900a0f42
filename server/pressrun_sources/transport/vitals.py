"""How the way to a source does at one moment, for whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Allowance", "Vitals"]


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many requests a system still allows, by its own word."""

    remaining: int
    limit: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """The transport of one source."""

    breaker_open: bool = False
    """Whether requests are held back, since the source failed so often on end."""
    paused_seconds: float = 0.0
    """Time for which it is still left alone, because it said so; of its origins the longest."""
    allowance: Allowance | None = None
    """Of its origins the scarcest; None where none said anything that still holds."""
    certificate_ends: float | None = None
    """When the first of its certificates ends, in seconds since 1970; None before a connection with TLS."""
