"""When documents are meant to start: the clock of an open loop, which waits for no answer.

A latency is counted from these moments, whatever the generator, the client or the node was doing then; so a node that
stalls is charged for every document that should have started meanwhile (no coordinated omission).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from pressrun_loadtest.load.scenario import Arrival

__all__ = ["expected", "moments", "rate_at"]


def rate_at(arrival: Arrival, second: float) -> float:
    """Documents a second that should arrive at a moment of an open loop."""
    share = second / arrival.seconds
    match arrival.kind:
        case "ramp":
            return arrival.rate + (arrival.to_rate - arrival.rate) * min(1.0, share)
        case "steps":
            step = min(arrival.steps - 1, int(share * arrival.steps))
            return arrival.rate + (arrival.to_rate - arrival.rate) * step / (arrival.steps - 1)
        case "spike":
            inside = arrival.spike_at <= share < arrival.spike_at + arrival.spike_for
            return arrival.to_rate if inside else arrival.rate
        case _:
            return arrival.rate


def expected(arrival: Arrival) -> float:
    """How many documents an open loop asks for; of Poisson arrivals, the mean."""
    rate, to_rate, seconds = arrival.rate, arrival.to_rate, arrival.seconds
    match arrival.kind:
        case "ramp" | "steps":
            count = (rate + to_rate) / 2 * seconds
        case "spike":
            inside = min(1.0 - arrival.spike_at, arrival.spike_for)
            count = (rate * (1 - inside) + to_rate * inside) * seconds
        case _:
            count = rate * seconds
    return min(count, arrival.documents) if arrival.documents else count


def moments(arrival: Arrival, share: int = 0, of: int = 1, seed: int = 1) -> Iterator[float]:
    """Seconds after the start at which one of several generators asks for a document.

    Together the generators keep to the rate; each takes every `of`-th document, and of Poisson arrivals a process of
    its own at a part of the rate, which is the same thing.

    Example:
        >>> list(moments(Arrival("constant", seconds=2, rate=2)))
        [0.0, 0.5, 1.0, 1.5]
        >>> list(moments(Arrival("constant", seconds=2, rate=2), share=1, of=2))
        [0.5, 1.5]
    """
    most = arrival.documents or math.inf
    if arrival.kind == "poisson":
        yield from _poisson(arrival, of, random.Random(f"{seed}/{share}"), most / of)  # noqa: S311 - no secret
        return
    moment, number = 0.0, 0
    while moment < arrival.seconds and number < most:
        if number % of == share:
            yield moment
        # Multiplied where the rate is one, so that an hour of small steps has not drifted.
        number += 1
        moment = number / arrival.rate if arrival.kind == "constant" else moment + 1 / rate_at(arrival, moment)


def _poisson(arrival: Arrival, of: int, chance: random.Random, most: float) -> Iterator[float]:
    moment, number = chance.expovariate(arrival.rate / of), 0
    while moment < arrival.seconds and number < most:
        yield moment
        number += 1
        moment += chance.expovariate(arrival.rate / of)
