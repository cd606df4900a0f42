"""What the commands print: errors as one clear paragraph, diagnostics as lines that editors understand."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from pressrun_client.diagnostic import Diagnostic
from pressrun_client.errors import ConfigError, RenderError

__all__ = ["echo_diagnostics", "echo_error", "example", "moment", "report_errors", "size"]

_WIDTH = 100
_KIB = 1024


@contextlib.contextmanager
def report_errors() -> Iterator[None]:
    """Prints a failure to stderr and exits with 1; wrong settings are usage errors, which exit with 2.

    Raises:
        click.exceptions.Exit: after a failure was printed.
        click.UsageError: the target or the TLS files are wrong.
    """
    try:
        yield
    except RenderError as error:
        echo_error(error)
        raise click.exceptions.Exit(1) from error
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {name}{error.strerror or error}", err=True)
        raise click.exceptions.Exit(1) from error


def echo_error(error: RenderError) -> None:
    """Prints an error: what failed and what to do, then each wrong field or place on a line of its own."""
    text = f"Error: {error.explanation}"
    facts = [f"reason {error.reason}"]
    if error.request_id:
        facts.append(f"request {error.request_id}")
    if error.retry_after is not None:
        facts.append(f"retry after {error.retry_after:.3g} s")
    click.echo(textwrap.fill(f"{text} ({', '.join(facts)})", _WIDTH, break_long_words=False), err=True)
    for violation in error.violations:
        click.echo(f"  {violation}", err=True)
    echo_diagnostics(error.diagnostics, err=True)


def echo_diagnostics(diagnostics: Iterable[Diagnostic], *, err: bool) -> None:
    """Prints diagnostics as `file:line:column: severity: message`, each with its hint below."""
    for diagnostic in diagnostics:
        click.echo(f"{diagnostic} [{diagnostic.code}]" if diagnostic.code else str(diagnostic), err=err)
        if diagnostic.hint:
            click.echo(f"    hint: {diagnostic.hint}", err=err)


def example(*lines: str) -> str:
    """The example below the help of a command, kept in lines by click's mark for it.

    Example:
        >>> print(example("pressrun health").replace(chr(8), ""))
        <BLANKLINE>
        Example:
          pressrun health
    """
    return "\n".join(("\b", "Example:", *(f"  {line}" for line in lines)))


def size(count: int) -> str:
    """A number of bytes for people.

    Example:
        >>> size(90_112), size(999)
        ('88.0 KiB', '999 B')
    """
    if count < _KIB:
        return f"{count} B"
    if count < _KIB * _KIB:
        return f"{count / _KIB:.1f} KiB"
    return f"{count / _KIB / _KIB:.1f} MiB"


def moment(value: datetime | None) -> str:
    """A moment to the second, or a dash."""
    return "-" if value is None else value.isoformat(sep=" ", timespec="seconds")
