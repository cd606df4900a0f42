"""Trouble by chance: a share of all requests to the stand-ins meets one of everything that can go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun_loadtest.sandbox.faults import (
    Corrupt,
    Drip,
    FailWith,
    Fault,
    FaultBox,
    FaultRule,
    Latency,
    Reset,
    Truncate,
)

if TYPE_CHECKING:
    from pressrun_loadtest.sandbox.server import Sandbox

__all__ = ["TROUBLE", "calm", "storm"]

TROUBLE: tuple[Fault, ...] = (
    FailWith(401),
    FailWith(429, retry_after=1),
    FailWith(500),
    FailWith(503),
    Drip(4096, 30),
    Truncate(40),
    Corrupt(),
    Reset(),
)
"""What a request may meet, each as probable as the others."""
_WEATHER = Latency(8, 8)
_SLOW = 0.5


def storm(sandbox: Sandbox, share: float) -> None:
    """Let this share of requests (0 to 1) meet trouble, and half of all be slow, until `calm`."""
    for box in _boxes(sandbox):
        box.add(FaultRule(_WEATHER, times=None, chance=_SLOW))
        left = 1.0
        for fault in TROUBLE:
            # Each rule sees only what the ones before it let through.
            chance = share / len(TROUBLE) / left
            box.add(FaultRule(fault, times=None, chance=chance))
            left *= 1 - chance


def calm(sandbox: Sandbox) -> None:
    """End all trouble."""
    for box in _boxes(sandbox):
        box.clear()


def _boxes(sandbox: Sandbox) -> tuple[FaultBox, ...]:
    return (
        sandbox.core_dam.faults,
        sandbox.cloudinary.api_faults,
        sandbox.cloudinary.delivery_faults,
        sandbox.iconik.faults,
        sandbox.iconik.store_faults,
        sandbox.http.faults,
        sandbox.smintio.faults,
        sandbox.smintio.store_faults,
    )
