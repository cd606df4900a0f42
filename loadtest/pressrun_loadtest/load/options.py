"""Options that several commands of `pressrun-load` have, and what they change of a scenario."""

from __future__ import annotations

import click
import msgspec

from pressrun_loadtest.load.scenario import Scenario
from pressrun_loadtest.load.thresholds import Threshold, parse_threshold

__all__ = ["METRICS", "PROCESSES", "SEED", "TARGET", "Condition", "changed"]

_SLOWEST = 10
"""Documents a second at which a closed loop still gets to its end."""


class Condition(click.ParamType[Threshold]):
    """A threshold, as it is written on the command line."""

    name = "condition"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Threshold:
        """Read it."""
        try:
            return parse_threshold(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


TARGET = click.option(
    "--target", default="", help="A node that runs, host:port; by default sandbox and node are started."
)
METRICS = click.option("--metrics-url", default="", help="That node's metrics, http://host:port/metrics.")
SEED = click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses the records.")
PROCESSES = click.option("--processes", type=click.IntRange(1, 64), help="Generators, in place of the scenario's.")

COMPOSERS = click.option(
    "--composers",
    type=click.IntRange(1, 64),
    help="Of the node that is started, in place of the scenario's; by default a core is left to the front.",
)


def changed(
    scenario: Scenario,
    *,
    rate: float | None,
    seconds: float | None,
    in_flight: int | None,
    processes: int | None,
    composers: int | None = None,
) -> Scenario:
    """A scenario with what the command line says otherwise.

    Raises:
        click.ClickException: it says what does not go together.
    """
    replace = msgspec.structs.replace
    arrival = scenario.arrival
    if in_flight is not None:
        if rate is not None:
            raise click.ClickException(
                "--in-flight asks as fast as the node answers, so there is no --rate; leave one out"
            )
        # The same documents, however long they take; of a scenario without a number of them, for the same time.
        limit = max(arrival.seconds, arrival.documents / _SLOWEST)
        arrival = replace(arrival, kind="closed", in_flight=in_flight, seconds=limit, think_ms=0.0)
    if rate is not None:
        if arrival.kind == "closed":
            raise click.ClickException(f"{scenario.name} is a closed loop and has no rate; leave --rate out")
        arrival = replace(arrival, rate=rate)
    if seconds is not None:
        arrival = replace(arrival, seconds=seconds)
    return replace(
        scenario,
        arrival=arrival,
        processes=processes or scenario.processes,
        composers=composers or scenario.composers,
    )
