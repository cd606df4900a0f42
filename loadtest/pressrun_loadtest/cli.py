"""The subcommands that the load-test package adds to `pressrun`."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun_loadtest.sandbox.command import sandbox

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["demo", "gallery", "sandbox"]

_DEMO_NEEDS = ("aiohttp", "msgspec", "PIL", "pymupdf", "pymupdf_fonts", "rich", "structlog")
"""What the demo imports beyond the load tester's own extra, some of it in the node's processes."""


@click.command()
@click.option(
    "--documents", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="How many statements."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses the customers; any number."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Where everything is written.",
)
@click.option("--composers", type=click.IntRange(1, 256), help="Composer processes; one for each processor but one.")
@click.option("--keep-going", is_flag=True, help="Render the rest, too, when 10 documents have failed.")
@click.option(
    "--sandbox",
    "sandbox_env",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Use the running sandbox that wrote this file (pressrun sandbox --env-file); by default one is started.",
)
def demo(
    *, documents: int, seed: int, out: Path, composers: int | None, keep_going: bool, sandbox_env: Path | None
) -> None:
    """Render bank statements with everything real: sandbox, node, client.

    Starts the stand-ins of the asset systems and one node on free ports of this machine, publishes the sample
    template, streams records through it, and writes the PDFs, their manifests and a contact sheet. Nothing is left
    running. Exit code 1: a document failed, or the demo could not be run.

    Example: pressrun demo --documents 200 --seed 7
    """
    _require()
    # Not at the top: `pressrun --help` stays quick.
    from rich.console import Console  # noqa: PLC0415

    from pressrun_loadtest.demo.config import DemoConfig  # noqa: PLC0415
    from pressrun_loadtest.demo.errors import DemoError  # noqa: PLC0415
    from pressrun_loadtest.demo.run import run_demo  # noqa: PLC0415

    config = DemoConfig(
        out=out, documents=documents, seed=seed, composers=composers, keep_going=keep_going, sandbox=sandbox_env
    )
    # Whoever ends the demo, by whatever signal, ends it in order.
    signal.signal(signal.SIGTERM, _leave)
    try:
        code = run_demo(config, Console(highlight=False))
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(code)


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/gallery"),
    show_default=True,
    help="Where documents, manifests and pages are written.",
)
@click.option("--width", type=click.IntRange(100, 2000), default=420, show_default=True, help="Pixels of a page.")
@click.option(
    "--only", multiple=True, metavar="NAME", help="This document alone, as the list calls it; may be repeated."
)
def gallery(out: Path, width: int, only: tuple[str, ...]) -> None:
    """Render a document for each way in which the asset systems are used.

    Starts the stand-ins with the gallery's brand library and one node on free ports of this machine, renders every
    document, and holds each to the assets that it must show. Exit code 1: one shows something else, or failed.

    Example: pressrun gallery --out out/gallery
    """
    _require()
    from pressrun_loadtest.demo.errors import DemoError  # noqa: PLC0415
    from pressrun_loadtest.gallery.flows import flows  # noqa: PLC0415
    from pressrun_loadtest.gallery.run import run_gallery  # noqa: PLC0415

    names = [flow.name for flow in flows()]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise click.UsageError(f"--only {unknown[0]}: there is no such document; there are {', '.join(names)}")
    signal.signal(signal.SIGTERM, _leave)
    try:
        code = run_gallery(out, width, click.echo, only)
    except (DemoError, OSError) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(code)


def _require() -> None:
    missing = [name for name in _DEMO_NEEDS if find_spec(name) is None]
    if missing:
        click.echo(f"Error: this runs a node too and needs {', '.join(missing)}, not installed here.", err=True)
        click.echo("Install everything with:\n  pip install 'pressrun[all]'", err=True)
        raise SystemExit(2)


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
