"""The subcommands that the load-test package adds to `pressrun`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["demo", "sandbox"]

_MAPPING = Path(__file__).parent / "demo" / "core-dam-mapping.yaml"
"""What the fields of the stand-in's invented Core DAM tenant mean."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; keep it on loopback.")
@click.option("--core-dam-port", type=click.IntRange(0, 65535), default=0, help="Port of Core DAM; 0 takes a free one.")
@click.option("--cloudinary-api-port", type=click.IntRange(0, 65535), default=0, help="Port of Cloudinary's Admin API.")
@click.option("--cloudinary-delivery-port", type=click.IntRange(0, 65535), default=0, help="Port of its delivery.")
@click.option(
    "--seed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A seed.yaml with its files beside it; the shipped samples by default.",
)
@click.option("--token-life", type=click.IntRange(min=1), default=900, show_default=True, help="Seconds, of Core DAM.")
@click.option("--signature-algorithm", type=click.Choice(["sha1", "sha256"]), default="sha1", show_default=True)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write the same lines to this file when the stand-ins answer.",
)
def sandbox(
    host: str,
    core_dam_port: int,
    cloudinary_api_port: int,
    cloudinary_delivery_port: int,
    seed: Path | None,
    token_life: int,
    signature_algorithm: str,
    env_file: Path | None,
) -> None:
    """Run local stand-ins of the outside systems until Ctrl-C.

    Prints the environment of a node that shall use them, one NAME=value a line. Faults and state are changed
    through the JSON interface under /__sandbox__/ of each address.
    """
    # Not at the top: `pressrun --help` stays quick.
    from pressrun_loadtest.sandbox import CloudinaryOptions, CoreDamOptions, Ports, Sandbox, SeedError, load_seed  # noqa: PLC0415
    from pressrun_loadtest.sandbox.cloudinary.options import SignatureAlgorithm  # noqa: PLC0415

    async def run() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        stand_ins = Sandbox(
            seed=load_seed(seed) if seed else None,
            host=host,
            ports=Ports(core_dam_port, cloudinary_api_port, cloudinary_delivery_port),
            core_dam=CoreDamOptions(token_life_s=token_life),
            cloudinary=CloudinaryOptions(signature_algorithm=SignatureAlgorithm(signature_algorithm)),
        )
        async with stand_ins as running:
            # The stand-ins are an invented tenant on this machine: its fields must be named, its addresses allowed.
            environment = running.settings.environment() | {
                "PRESSRUN_CORE_DAM_MAPPING_FILE": str(_MAPPING),
                "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
            }
            lines = "".join(f"{name}={value}\n" for name, value in environment.items())
            sys.stdout.write(lines)
            sys.stdout.flush()
            if env_file is not None:
                # Renamed into place, so that nobody reads half of it; it holds the stand-ins' credentials.
                temporary = env_file.with_name(f".{env_file.name}.{os.getpid()}")
                temporary.write_text(lines, encoding="utf-8")
                temporary.replace(env_file)
            print("The sandbox runs; Ctrl-C stops it.", file=sys.stderr, flush=True)
            await stopped.wait()

    try:
        asyncio.run(run())
    except (SeedError, OSError) as error:
        raise click.ClickException(str(error)) from error


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


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
