"""The options that say what a document is made for, shared by the commands that make or explain one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pressrun_client.client import Client
from pressrun_client.commands.output import echo_diagnostics
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.vocabulary import OutputChannel

__all__ = [
    "bundle_in",
    "channel_option",
    "chosen_attributes",
    "document_options",
    "moment_of",
    "named_values",
    "published_first",
]


def channel_option(meaning: str = "The output channel.") -> Callable[[Any], Any]:
    """The option --channel; print where it is not given."""
    return click.option(
        "--channel",
        type=click.Choice([channel.value for channel in OutputChannel]),
        default=OutputChannel.PRINT.value,
        show_default=True,
        help=meaning,
    )


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    channel_option(),
    click.option("--locale", default="", help="BCP 47 tag, e.g. de-DE; the template's default where it is not given."),
    click.option("--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="For selection and audit."),
    click.option("--as-of", metavar="MOMENT", help="The moment that the document speaks of, e.g. 2026-09-30 (UTC)."),
)


def document_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --channel, --locale, --attribute and --as-of."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def named_values(pairs: tuple[str, ...], option: str = "--attribute") -> list[tuple[str, str]]:
    """The names and values of an option that may be repeated, in order.

    Raises:
        click.BadParameter: one is not NAME=VALUE.
    """
    found = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE, e.g. segment=premier.", param_hint=option)
        found.append((name, value))
    return found


def chosen_attributes(pairs: tuple[str, ...]) -> dict[str, str]:
    """The attributes of --attribute; of a name that comes twice, the last.

    Raises:
        click.BadParameter: one is not NAME=VALUE.
    """
    return dict(named_values(pairs))


def moment_of(text: str | None, option: str = "--as-of") -> datetime | None:
    """The moment that an option gives.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no ISO 8601 moment; write 2026-09-30 or 2026-09-30T12:00:00+02:00.", param_hint=option
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def bundle_in(template: str) -> Path | None:
    """The folder that TEMPLATE is; None where it is the name of a published one.

    Raises:
        click.BadParameter: it is written as a path, and no folder is there.
    """
    folder = Path(template)
    if folder.is_dir():
        return folder
    if os.sep in template or folder.exists():
        raise click.BadParameter(
            f"{template!r} is no folder; write a bundle's folder, or name@version of a published template.",
            param_hint="TEMPLATE",
        )
    return None


async def published_first(client: Client, request: RenderRequest, bundle: Path | None) -> RenderRequest:
    """The request, of the template in a folder where one is given: that is published, and what is said of it shown."""
    if bundle is None:
        return request
    published = await client.publish(bundle)
    echo_diagnostics(published.diagnostics, err=True)
    return replace(request, template=published.ref)
