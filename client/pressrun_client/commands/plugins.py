"""Finds the subcommands of other packages, and says how to install those that are missing something."""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import click

__all__ = ["PluginGroup", "install_line", "load", "missing"]

_GROUP = "pressrun.commands"

# The extra that brings what a package of the distribution needs. The packages themselves are always there.
_EXTRAS = {"pressrun_server": "server", "pressrun_gateway": "gateway", "pressrun_loadtest": "loadtest"}


class PluginGroup(click.Group):
    """A group whose own commands come first and whose others join by entry point.

    A plugin is imported only when it is called or listed. One that cannot be imported stays listed, and answers with
    the line that installs what it needs.
    """

    points = _GROUP
    """The group of entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *_plugins(self.points)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; own commands cannot be replaced."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = _plugins(self.points).get(cmd_name)
        return None if point is None else _command(point, ctx.command_path)


def load(point: EntryPoint) -> Any:
    """The object of an entry point.

    Raises:
        ImportError: a package that it needs is not installed.
    """
    try:
        return point.load()
    except AttributeError as error:
        raise ImportError(f"{point.value} is not there: {error}") from error


def install_line(point: EntryPoint) -> str:
    """The line that installs what the package of an entry point needs."""
    root = point.module.partition(".")[0]
    return f"pip install 'pressrun[{_EXTRAS.get(root, 'all')}]'"


def missing(point: EntryPoint, error: ImportError, what: str) -> NoReturn:
    """Says what is missing and exits with 2.

    Raises:
        click.exceptions.Exit: always.
    """
    lacking = f"the Python package {error.name!r}" if error.name else str(error)
    click.echo(f"Error: {what} needs {lacking}, which is not installed. Install it with:", err=True)
    click.echo(f"  {install_line(point)}", err=True)
    raise click.exceptions.Exit(2)


@functools.cache
def _plugins(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _command(point: EntryPoint, parent: str) -> click.Command:
    try:
        command = load(point)
    except ImportError as error:
        return _placeholder(point, error, parent)
    if not isinstance(command, click.Command):
        return _placeholder(point, ImportError(f"{point.value} is no click command"), parent)
    return command


def _placeholder(point: EntryPoint, error: ImportError, parent: str) -> click.Command:
    def answer(**_: object) -> None:
        missing(point, error, f"`{parent} {point.name}`")

    return click.Command(
        point.name,
        callback=answer,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        help=f"Not installed; needs {install_line(point)}.",
        short_help=f"Not installed: {install_line(point)}",
        # The options are the missing command's, so none is refused here: the answer is the install line.
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=True,
    )
