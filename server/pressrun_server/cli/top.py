"""The command `top`: nodes at work, from their metrics."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pressrun_server.top.reading import Reading

__all__ = ["top"]

_WIDTH = 140


@click.command(
    epilog="\b\nExample:\n  pressrun top\n  pressrun top pressrun.letters.svc\n  pressrun top 10.0.0.1 10.0.0.2 --once"
)
@click.argument("targets", nargs=-1)
@click.option(
    "--interval", type=click.FloatRange(0.5, 60), default=2.0, show_default=True, help="Seconds between two looks."
)
@click.option(
    "--once", is_flag=True, help="Print what one interval shows, and end; so it is where there is no terminal."
)
def top(*, targets: tuple[str, ...], interval: float, once: bool) -> None:
    """Watch nodes at work: documents, latency, cache, sources and processes.

    TARGETS are nodes' HTTP ports: host, host:port, or http://host:port/metrics; 127.0.0.1:9470 by default. A name with
    several addresses, such as that of a headless service, stands for all nodes behind it. Exit code 1: with --once,
    when a node does not answer.
    """
    # Not at the top: `pressrun --help` stays quick.
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    from pressrun_server.top.view import view  # noqa: PLC0415
    from pressrun_server.top.window import Window  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)  # nothing is cut off for who reads a file
    before = _look(targets)
    if all(reading.fault for reading in before):
        raise click.ClickException("\n".join(f"{reading.node} {reading.fault}" for reading in before))
    if once or not console.is_terminal:
        time.sleep(interval)
        window = Window(before, _look(targets))
        console.print(view(window, datetime.now(UTC).astimezone(), columns=console.width), soft_wrap=True)
        raise SystemExit(1 if window.silent else 0)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                time.sleep(interval)
                now = _look(targets)
                size = console.size
                moment = datetime.now(UTC).astimezone()
                live.update(view(Window(before, now), moment, columns=size.width, rows=size.height), refresh=True)
                before = now
        except KeyboardInterrupt:
            return


def _look(targets: tuple[str, ...]) -> list[Reading]:
    """Read all nodes; names are looked up each time, since nodes come and go."""
    from pressrun_server.top.reading import PORT, TargetError, addresses, read  # noqa: PLC0415 - as above

    try:
        found = [node for target in targets or (f"127.0.0.1:{PORT}",) for node in addresses(target)]
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    return read(list(dict.fromkeys(found)))
