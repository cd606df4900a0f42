"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Sizes"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of rounds and documents; each round's documents are of other customers."""

    compile_rounds: int
    """Processes that compile the template once each."""
    compose_warm: int
    """Documents composed before the clock runs."""
    compose_rounds: int
    compose_documents: int
    """Documents of a round."""
    large_documents: int
    """Documents of 1,500 rows."""
    stream_warm: int
    """Documents streamed before the clock runs."""
    stream_rounds: int
    stream_documents: int
    """Documents of a round."""
    cache_reads: int
    """Blobs read from each tier, and documents whose assets are resolved, in a round."""
    growth_from: int
    """The node's memory after this many documents is what it is compared with."""
    growth_to: int
    """Documents after which the memory has been watched long enough."""
    growth_step: int
    """Documents between two readings."""
    picture_warm: int
    """Pictures of pages drawn before the clock runs."""
    picture_rounds: int
    """Rounds of pictures; the median counts."""
    pictures: int
    """Pictures of a round."""
    checked: int = 50
    """Documents of each measurement that are checked in full."""
    in_flight: int = 32
    """Documents asked for and not yet answered."""


FULL = Sizes(
    compile_rounds=3,
    compose_warm=100,
    compose_rounds=7,
    compose_documents=200,
    large_documents=25,
    stream_warm=500,
    stream_rounds=5,
    stream_documents=1000,
    cache_reads=2000,
    growth_from=2000,
    growth_to=20_000,
    growth_step=500,
    picture_warm=10,
    picture_rounds=5,
    pictures=40,
)
"""What `make bench` runs."""

QUICK = Sizes(
    compile_rounds=1,
    compose_warm=30,
    compose_rounds=3,
    compose_documents=50,
    large_documents=5,
    stream_warm=100,
    stream_rounds=2,
    stream_documents=200,
    cache_reads=400,
    growth_from=200,
    growth_to=600,
    growth_step=100,
    picture_warm=5,
    picture_rounds=2,
    pictures=15,
)
"""A first impression, in less than half a minute."""
