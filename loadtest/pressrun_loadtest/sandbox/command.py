"""The command that runs the sandbox: `pressrun sandbox`, or `python -m pressrun_loadtest.sandbox`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import click

__all__ = ["sandbox"]


@click.command(
    epilog="\b\nExample:\n  pressrun sandbox --env-file sandbox.env &\n"
    "  set -a; . ./sandbox.env; set +a; pressrun serve"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; keep it on loopback.")
@click.option("--core-dam-port", type=click.IntRange(0, 65535), default=0, help="Port of Core DAM; 0 takes a free one.")
@click.option("--cloudinary-api-port", type=click.IntRange(0, 65535), default=0, help="Port of Cloudinary's Admin API.")
@click.option("--cloudinary-delivery-port", type=click.IntRange(0, 65535), default=0, help="Port of its delivery.")
@click.option("--iconik-port", type=click.IntRange(0, 65535), default=0, help="Port of iconik.")
@click.option("--iconik-store-port", type=click.IntRange(0, 65535), default=0, help="Port of the store of its files.")
@click.option("--http-port", type=click.IntRange(0, 65535), default=0, help="Port of the HTTP endpoint.")
@click.option("--smintio-port", type=click.IntRange(0, 65535), default=0, help="Port of Smint.io.")
@click.option("--smintio-store-port", type=click.IntRange(0, 65535), default=0, help="Port of its downloads.")
@click.option(
    "--seed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A seed.yaml with its files beside it; the shipped samples by default.",
)
@click.option("--token-life", type=click.IntRange(min=1), default=900, show_default=True, help="Seconds, of Core DAM.")
@click.option("--signature-algorithm", type=click.Choice(["sha1", "sha256"]), default="sha1", show_default=True)
@click.option(
    "--cloudinary-limit",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Admin calls that Cloudinary allows in an hour.",
)
@click.option(
    "--cloudinary-window",
    type=click.IntRange(min=1),
    default=3600,
    show_default=True,
    help="Seconds of such an hour.",
)
@click.option(
    "--faults", type=click.IntRange(0, 100), default=0, show_default=True, help="Percent of requests that meet trouble."
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write the same lines to this file when the stand-ins answer.",
)
def sandbox(
    *,
    host: str,
    seed: Path | None,
    token_life: int,
    signature_algorithm: str,
    cloudinary_limit: int,
    cloudinary_window: int,
    faults: int,
    env_file: Path | None,
    **ports: int,
) -> None:
    """Run local stand-ins of the outside systems until Ctrl-C.

    Prints the environment of a node that shall use them, one NAME=value a line. Faults and state are changed
    through the JSON interface under /__sandbox__/ of each address, which tells what it offers.
    """
    # Not at the top: `pressrun --help` stays quick.
    from pressrun_loadtest.sandbox import CloudinaryOptions, CoreDamOptions, Ports, Sandbox, SeedError, load_seed  # noqa: PLC0415
    from pressrun_loadtest.sandbox.cloudinary.options import SignatureAlgorithm  # noqa: PLC0415
    from pressrun_loadtest.sandbox.storm import storm  # noqa: PLC0415

    async def run() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        stand_ins = Sandbox(
            seed=load_seed(seed) if seed else None,
            host=host,
            ports=Ports(**{name.removesuffix("_port"): port for name, port in ports.items()}),
            core_dam=CoreDamOptions(token_life_s=token_life),
            cloudinary=CloudinaryOptions(
                signature_algorithm=SignatureAlgorithm(signature_algorithm),
                rate_limit=cloudinary_limit,
                rate_window_s=cloudinary_window,
            ),
        )
        if faults:
            storm(stand_ins, faults / 100)
        async with stand_ins as running:
            environment = running.settings.node_environment()
            lines = "".join(f"{name}={value}\n" for name, value in environment.items())
            sys.stdout.write(lines)
            sys.stdout.flush()
            if env_file is not None:
                # Renamed into place, so that nobody reads half of it; it holds the stand-ins' credentials.
                temporary = env_file.with_name(f".{env_file.name}.{os.getpid()}")
                temporary.write_text(lines, encoding="utf-8")
                temporary.replace(env_file)
            sys.stderr.write("The sandbox runs; Ctrl-C stops it.\n")
            await stopped.wait()

    try:
        asyncio.run(run())
    except (SeedError, OSError) as error:
        raise click.ClickException(str(error)) from error
