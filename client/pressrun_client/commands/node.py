"""`pressrun health` and `pressrun version`."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed_version

import click

from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.output import example
from pressrun_client.config import ClientConfig
from pressrun_client.models.node import NodeHealth

__all__ = ["health", "version"]


@click.command(epilog=example("pressrun health --target node-1:7070"))
@connection_options
def health(config: ClientConfig) -> None:
    """Say whether the node takes documents; exit with 1 where it does not."""
    found = with_client(config, lambda client: client.health())
    click.echo(f"{config.target}: {found}")
    if found is not NodeHealth.SERVING:
        raise click.exceptions.Exit(1)


@click.command(epilog=example("pressrun version"))
def version() -> None:
    """Print the versions of Pressrun and of what it stands on."""
    click.echo(f"pressrun {installed_version('pressrun')}")
    for package in ("grpcio", "protobuf"):
        click.echo(f"{package} {installed_version(package)}")
    click.echo(f"python {platform.python_version()}")
