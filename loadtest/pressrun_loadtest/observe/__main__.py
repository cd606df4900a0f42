"""`python -m pressrun_loadtest.observe`: what `make observe` runs."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.observe.run import observe
from pressrun_loadtest.observe.terminal import print_observation

__all__ = ["main"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--dashboards", type=_FOLDER, required=True, help="Folder of Grafana's JSON.")
@click.option("--rules", type=_FOLDER, required=True, help="Folder of rule files.")
@click.option("--rate", type=click.FloatRange(1), default=40.0, show_default=True, help="Documents a second.")
@click.option("--seconds", type=click.FloatRange(5), default=30.0, show_default=True, help="For how long.")
@click.option("--stay", is_flag=True, help="Keep node and Prometheus up afterwards, until Ctrl-C.")
def main(*, dashboards: Path, rules: Path, rate: float, seconds: float, stay: bool) -> None:
    """Show the shipped dashboards' queries with the values of a node under load.

    Starts sandbox, node and a Prometheus with the shipped rules, and leaves nothing behind. Exit code 1: a query gave
    nothing, or a rule can't be evaluated.
    """
    signal.signal(signal.SIGTERM, _leave)
    console = Console(highlight=False)

    def serving(url: str) -> None:
        if stay:
            console.print(f"Prometheus answers, e.g. promtool query instant {url} up; Ctrl-C ends it.", style="bold")
            try:
                signal.pause()
            except KeyboardInterrupt:
                console.print()

    try:
        observation = observe(
            dashboards,
            rules,
            rate=rate,
            seconds=seconds,
            said=lambda what: console.print(f"{what} …", style="dim"),
            serving=serving,
        )
    except (DemoError, LoadError) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(print_observation(console, observation))


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main(prog_name="python -m pressrun_loadtest.observe")
