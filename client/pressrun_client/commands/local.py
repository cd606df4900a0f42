"""What runs in this process with the server's parts, which this package does not import."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from typing import Any

import click

from pressrun_client.commands.output import echo_error
from pressrun_client.commands.plugins import load, missing
from pressrun_client.diagnostic import Diagnostic, Severity, Violation
from pressrun_client.errors import RenderError
from pressrun_client.failure import error_class

__all__ = ["diagnostics_of", "local_errors", "local_function"]


def local_function(name: str, what: str) -> Callable[..., Any]:
    """The server's function of a name.

    Args:
        name: of the entry point.
        what: needs it, for people.

    Raises:
        click.exceptions.Exit: the server is not installed, which is said with the line that installs it.
    """
    points = entry_points(group="pressrun.local", name=name)
    if not points:
        click.echo(f"Error: {what} needs the server, which is not installed. Install it with:", err=True)
        click.echo("  pip install 'pressrun[server]'", err=True)
        raise click.exceptions.Exit(2)
    (point, *_) = points
    try:
        function: Callable[..., Any] = load(point)
    except ImportError as error:
        missing(point, error, what)
    return function


@contextlib.contextmanager
def local_errors() -> Iterator[None]:
    """Prints an error of the server as one of a node, and exits with 1; a defect goes on.

    Raises:
        click.exceptions.Exit: after an error was printed.
    """
    try:
        yield
    except Exception as error:
        failure = _failure(error)
        if failure is None:
            raise
        echo_error(failure)
        raise click.exceptions.Exit(1) from error


def diagnostics_of(found: Iterable[Any]) -> tuple[Diagnostic, ...]:
    """The server's diagnostics as ours, by their attributes."""
    return tuple(
        Diagnostic(
            Severity(str(each.severity)),
            str(each.code),
            each.message,
            hint=getattr(each, "hint", "") or "",
            file=getattr(each, "file", "") or "",
            line=getattr(each, "line", 0) or 0,
            column=getattr(each, "column", 0) or 0,
        )
        for each in found
    )


def _failure(error: Exception) -> RenderError | None:
    """An error of the server by its attributes; None for a defect."""
    reason = getattr(error, "reason", None)
    if not isinstance(reason, str):
        return None
    return error_class(reason)(
        str(getattr(error, "message", error)),
        reason=str(reason),
        advised=True,
        violations=tuple(Violation(each.field, each.description) for each in getattr(error, "violations", ())),
        diagnostics=diagnostics_of(getattr(error, "diagnostics", ())),
    )
