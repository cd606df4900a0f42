"""`pressrun verify`: a document made again, from its manifest and its record."""

from __future__ import annotations

from typing import BinaryIO

import click

from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.output import example, report_errors
from pressrun_client.config import ClientConfig
from pressrun_client.models.verification import VerifyResult

__all__ = ["verify"]

_WORDS = {
    VerifyResult.SAME_BYTES: "the same bytes",
    VerifyResult.DIFFERENT_BYTES: "other bytes",
    VerifyResult.ENGINE_DIFFERS: "the node runs another engine than the manifest names",
}


@click.command(
    short_help="Make a document again and compare.",
    epilog=example("pressrun verify statement.json record.json --document statement.pdf"),
)
@click.argument("manifest", type=click.File("rb"))
@click.argument("record", type=click.File("rb"))
@click.option("--document", type=click.File("rb"), help="The document, to learn where the first difference is.")
@click.option("--customer-reference", default="", help="Of the request; manifests do not keep it.")
@connection_options
def verify(
    manifest: BinaryIO,
    record: BinaryIO,
    document: BinaryIO | None,
    customer_reference: str,
    config: ClientConfig,
) -> None:
    """Make a document again from its MANIFEST and its RECORD; exit with 1 where anything differs."""
    with report_errors():
        proof, data = manifest.read(), record.read()
        given = document.read() if document is not None else None
    found = with_client(
        config,
        lambda client: client.verify(proof, data, document=given, customer_reference=customer_reference),
    )
    click.echo(f"{manifest.name}: {_WORDS[found.result]}")
    if found.altered:
        click.echo("the document is not the one that the manifest names: it was changed since")
    difference = found.difference
    if difference is not None:
        place = "".join(
            f", {name} {value}" for name, value in (("page", difference.page), ("object", difference.object)) if value
        )
        click.echo(f"first difference at byte {difference.offset:,}{place}: {difference.description}")
    if not found.ok:
        raise click.exceptions.Exit(1)
