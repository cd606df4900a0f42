"""The options that say which node a command talks to, and the way it talks."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from pressrun_client.client import Client
from pressrun_client.commands.output import report_errors
from pressrun_client.config import DEFAULT_TARGET, ClientConfig, TlsConfig
from pressrun_client.trace import check_traceparent

__all__ = ["FILE", "connection_options", "run", "with_client"]

_T = TypeVar("_T")

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
"""A file that must be there."""

_ATTEMPTS = 3
"""A person waits: three attempts are a second, five would be three."""


def connection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that `with_client` reads, as the one argument `config`."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        root, certificate, key = kwargs.pop("tls_ca"), kwargs.pop("tls_cert"), kwargs.pop("tls_key")
        secure = kwargs.pop("tls") or root or certificate or key
        target, timeout, traceparent = kwargs.pop("target"), kwargs.pop("timeout"), kwargs.pop("traceparent")
        if click.get_current_context().get_parameter_source("traceparent") is ParameterSource.ENVIRONMENT:
            traceparent = _sound(traceparent)
        with report_errors():
            tls = TlsConfig(root_certificate=root, client_certificate=certificate, client_key=key) if secure else None
            kwargs["config"] = ClientConfig(
                target=target,
                tls=tls,
                attempts=_ATTEMPTS,
                time_limit=timeout,
                call_timeout=timeout,
                traceparent=traceparent,
            )
        command(*args, **kwargs)

    decorated: Callable[..., None] = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--target",
        envvar="PRESSRUN_TARGET",
        show_envvar=True,
        default=DEFAULT_TARGET,
        show_default=True,
        help="Node: host:port, several with commas between, or a gRPC target.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        help="Seconds allowed.",
    ),
    click.option("--tls", is_flag=True, help="Secure the connection."),
    click.option("--tls-ca", type=FILE, help="PEM file of the authorities to trust; implies --tls."),
    click.option("--tls-cert", type=FILE, help="PEM file of the certificate to show; implies --tls."),
    click.option("--tls-key", type=FILE, help="PEM file of its private key."),
    click.option(
        "--traceparent",
        envvar="TRACEPARENT",
        show_envvar=True,
        default="",
        metavar="W3C",
        help="The span that the call belongs to, e.g. 00-TRACE-SPAN-01.",
    ),
)


def _sound(traceparent: str) -> str:
    """What the environment says of a trace; whatever set that is another's, so a wrong one stops nothing."""
    try:
        return check_traceparent(traceparent)
    except ValueError as error:
        click.echo(f"Warning: TRACEPARENT is left out: {error}", err=True)
        return ""


def run(work: Callable[[], Awaitable[_T]]) -> _T:
    """Runs asynchronous work and turns its errors into a paragraph and an exit code."""

    async def main() -> _T:
        return await work()

    with report_errors():
        return asyncio.run(main())


def with_client(config: ClientConfig, work: Callable[[Client], Awaitable[_T]]) -> _T:
    """Runs work with a client, as `run` does."""

    async def main() -> _T:
        async with Client(config=config) as client:
            return await work(client)

    return run(main)
