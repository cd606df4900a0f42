"""`pressrun content`: push images and approved text blocks."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import moment_of, named_values
from pressrun_client.commands.output import example, report_errors, size
from pressrun_client.config import ClientConfig

__all__ = ["content"]

_TEXTS = {".html": "text/html", ".htm": "text/html", ".txt": "text/plain", ".json": "application/json"}
_STATES = ("approved", "pending", "rejected", "retired")


@click.group(
    epilog=example(
        "pressrun content put terms/credit-card terms.html --approval approved",
        "pressrun content put terms/credit-card --approval retired",
    )
)
def content() -> None:
    """Push images and approved text blocks to a node."""


@content.command(
    epilog=example(
        "pressrun content put hero/spring spring.jpg --approval approved --from 2027-03-01 --until 2027-06-01",
        "pressrun content put hero/spring spring.jpg --attribute campaign=spring --attribute channel=print",
    )
)
@click.argument("identifier", metavar="ID")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--approval", type=click.Choice(_STATES), default="pending", show_default=True, help="Its approval.")
@click.option("--media-type", default="", help="Of text that does not end in .html or .txt.")
@click.option("--from", "begins", metavar="MOMENT", help="First moment of use, e.g. 2027-03-01 (UTC).")
@click.option("--until", "ends", metavar="MOMENT", help="First moment at which it may no longer be used.")
@click.option("--territory", "territories", multiple=True, help="Where it may be used, e.g. DE or EU; everywhere.")
@click.option("--locale", default="", help="Its language, e.g. fr-CA.")
@click.option("--name", default="", help="Its name for people.")
@click.option("--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="For queries and requirements.")
@connection_options
def put(  # noqa: PLR0913, PLR0917 - one for each option
    identifier: str,
    file: str | None,
    approval: str,
    media_type: str,
    begins: str | None,
    ends: str | None,
    territories: tuple[str, ...],
    locale: str,
    name: str,
    attributes: tuple[str, ...],
    config: ClientConfig,
) -> None:
    """Push FILE as a new version of the content ID; templates use it as `pushed:ID`.

    Without FILE the bytes of the newest version stay, e.g. to approve or to retire it.
    """
    pairs = named_values(attributes)
    first, last = moment_of(begins, "--from"), moment_of(ends, "--until")
    data = None
    if file is not None:
        with report_errors(), click.open_file(file, "rb") as source:
            data = source.read()
        media_type = media_type or _TEXTS.get(Path(file).suffix.lower(), "")
    kept = with_client(
        config,
        lambda client: client.put_content(
            identifier,
            data,
            media_type=media_type,
            approval=approval,
            effective_from=first,
            effective_until=last,
            territories=territories,
            locale=locale,
            name=name,
            attributes=pairs,
        ),
    )
    word = "version" if kept.created else "unchanged: version"
    click.echo(f"{kept.ref}: {word} {kept.version}, {approval}, {kept.media_type}, {size(kept.digest.size)}")
