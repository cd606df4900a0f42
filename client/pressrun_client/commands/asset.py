"""`pressrun asset`: resolve, look for, describe and prefetch assets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import click

from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import channel_option
from pressrun_client.commands.output import echo_error, example, moment, size
from pressrun_client.config import ClientConfig
from pressrun_client.models.asset import AssetDescriptor, AssetOutcome, Rendition
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["asset"]


@click.group(
    epilog=example("pressrun asset resolve cloudinary:statement/banner-premier", "pressrun asset prefetch statement@1")
)
def asset() -> None:
    """Resolve, look for, describe and prefetch assets."""


@asset.command(epilog=example("pressrun asset resolve cloudinary:statement/banner-premier --width 2000 --format jpg"))
@click.argument("refs", nargs=-1, required=True)
@click.option("--width", type=click.IntRange(min=0), default=0, help="Width of the rendition in pixels.")
@click.option("--height", type=click.IntRange(min=0), default=0, help="Height of the rendition in pixels.")
@click.option("--format", "format_", default="", help="Format of the rendition: jpg, png, webp, svg or pdf.")
@click.option("--quality", type=click.IntRange(0, 100), default=0, help="JPEG quality, 1 to 100.")
@connection_options
def resolve(refs: tuple[str, ...], width: int, height: int, format_: str, quality: int, config: ClientConfig) -> None:
    """Fetch assets by their refs, and say what they are; exit with 1 where one cannot be had."""
    rendition = Rendition(width=width, height=height, format=format_, quality=quality)
    _report(
        with_client(
            config,
            lambda client: client.resolve_assets(refs, rendition=None if rendition == Rendition() else rendition),
        )
    )


@asset.command(epilog=example("pressrun asset prefetch statement@1"))
@click.argument("template")
@channel_option("The output channel whose renditions are wanted.")
@connection_options
def prefetch(template: str, channel: str, config: ClientConfig) -> None:
    """Fetch and prepare all assets that TEMPLATE can choose; exit with 1 where one cannot be had."""
    _report(with_client(config, lambda client: client.prefetch(template, output_channel=OutputChannel(channel))))


@asset.command(epilog=example("pressrun asset describe cloudinary:statement/banner-premier"))
@click.argument("ref")
@connection_options
def describe(ref: str, config: ClientConfig) -> None:
    """Say what the node knows about the asset REF, without asking its source."""
    for descriptor in with_client(config, lambda client: client.describe_asset(ref)):
        click.echo(f"{descriptor.ref}: {_line(descriptor)}")
        click.echo(f"  sha256        {descriptor.digest.sha256}")
        regulated = ", regulated" if descriptor.regulated else ""
        click.echo(f"  approval      {descriptor.approval or '-'}{regulated}")
        click.echo(f"  rights until  {moment(descriptor.rights_until)}")
        click.echo(f"  fetched       {moment(descriptor.fetched_at)}, fresh until {moment(descriptor.fresh_until)}")


@asset.command(epilog=example("pressrun asset missing library:logo.png cloudinary:statement/banner-premier"))
@click.argument("refs", nargs=-1, required=True)
@click.option("--text", is_flag=True, help="They are approved texts, as <pr-content> takes them, and no images.")
@connection_options
def missing(refs: tuple[str, ...], text: bool, config: ClientConfig) -> None:  # noqa: FBT001 - click's
    """List those of the assets REFS that the node would have to ask a source for; exit with 1 where there are any.

    Originals are looked for; no source is asked.
    """
    rendition = Rendition(format="text") if text else None
    found = with_client(config, lambda client: client.find_missing(refs, rendition=rendition))
    for ref in found.refs:
        click.echo(ref)
    if found:
        raise click.exceptions.Exit(1)


@asset.command(epilog=example("pressrun asset reserve smintio:12:image:2001 --run 2027-04 --documents 20000"))
@click.argument("refs", nargs=-1, required=True)
@click.option("--run", required=True, help="The run, as attributes.run of its documents names it.")
@click.option("--documents", type=click.IntRange(min=0), required=True, help="Documents that will use them; 0: none.")
@click.option("--tenant", default="", help="The tenant of the documents.")
@click.option("--hours", type=click.FloatRange(0.01, 720), default=24.0, show_default=True, help="How long at most.")
@connection_options
def reserve(refs: tuple[str, ...], run: str, documents: int, tenant: str, hours: float, config: ClientConfig) -> None:
    """Hold uses of the assets REFS for a run, where their licence allows a number of documents.

    Exit with 1 where one is not to be had; nothing is held of that one then that was not held before.
    """
    outcomes = with_client(
        config,
        lambda client: client.reserve_licences(
            run, dict.fromkeys(refs, documents), tenant=tenant, lifetime=timedelta(hours=hours)
        ),
    )
    failed = False
    for outcome in outcomes:
        failed = failed or not outcome.granted
        if outcome.error is not None:
            click.echo(f"{outcome.ref}: failed", err=True)
            echo_error(outcome.error)
            continue
        count = "any number is allowed"
        if outcome.limit is not None:
            count = f"{outcome.used:,} used and {outcome.held:,} held of {outcome.limit:,}"
        click.echo(
            f"{outcome.ref}: {'reserved' if outcome.granted else 'NOT reserved'}, {count}", err=not outcome.granted
        )
    if failed:
        raise click.exceptions.Exit(1)


def _report(outcomes: Iterable[AssetOutcome]) -> None:
    failed = False
    for outcome in outcomes:
        if outcome.error is not None:
            failed = True
            click.echo(f"{outcome.ref}: failed", err=True)
            echo_error(outcome.error)
        elif outcome.descriptor is not None:
            click.echo(f"{outcome.ref}: {_line(outcome.descriptor)}, found in {outcome.found_in or '-'}")
    if failed:
        raise click.exceptions.Exit(1)


def _line(descriptor: AssetDescriptor) -> str:
    pixels = f", {descriptor.width} x {descriptor.height}" if descriptor.width else ""
    return f"version {descriptor.version or '-'}, {descriptor.media_type}{pixels}, {size(descriptor.digest.size)}"
