"""`pressrun cache`: warm a node, make nodes forget; what looks into a node's folder joins from the server's package."""

from __future__ import annotations

from collections import Counter

import click

from pressrun_client.client import Client
from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import channel_option
from pressrun_client.commands.output import echo_error, example
from pressrun_client.commands.plugins import PluginGroup
from pressrun_client.config import ClientConfig
from pressrun_client.models.asset import AssetOutcome
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["cache"]


class _CacheGroup(PluginGroup):
    points = "pressrun.cache"


@click.group(
    cls=_CacheGroup,
    epilog=example(
        "pressrun cache warm statement@1",
        "pressrun cache invalidate cloudinary:statement/banner-premier",
        "pressrun cache stats",
    ),
)
def cache() -> None:
    """Warm the asset cache, look into it, check it and empty it."""


@cache.command(epilog=example("pressrun cache warm statement@1 welcome@2"))
@click.argument("templates", nargs=-1)
@channel_option("The output channel whose renditions are wanted.")
@connection_options
def warm(templates: tuple[str, ...], channel: str, config: ClientConfig) -> None:
    """Fetch and prepare all assets that TEMPLATES can choose, of all published ones where none is named.

    With a shared cache one warm node warms them all. Exit with 1 where an asset cannot be had.
    """

    async def run(client: Client) -> list[tuple[str, list[AssetOutcome]]]:
        names = list(templates) or [str(info.ref) async for info in client.templates()]
        return [(name, await client.prefetch(name, output_channel=OutputChannel(channel))) for name in names]

    failed = False
    for name, outcomes in with_client(config, run):
        found = Counter(outcome.found_in or "no tier" for outcome in outcomes if outcome.error is None)
        places = ", ".join(f"{count} from {place}" for place, count in found.most_common())
        click.echo(f"{name}: {len(outcomes)} assets{': ' if places else ''}{places}")
        for outcome in outcomes:
            if outcome.error is not None:
                failed = True
                click.echo(f"{outcome.ref}: failed", err=True)
                echo_error(outcome.error)
    if failed:
        raise click.exceptions.Exit(1)


@cache.command(
    epilog=example(
        "pressrun cache invalidate cloudinary:statement/banner-premier", "pressrun cache invalidate --source core-dam"
    )
)
@click.argument("refs", nargs=-1)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Everything of a source; may be repeated.")
@connection_options
def invalidate(refs: tuple[str, ...], sources: tuple[str, ...], config: ClientConfig) -> None:
    """Make all nodes of the cluster forget what they know of the assets REFS, in all variants and renditions.

    The next document has their sources asked. One node is told; the others hear of it within a second.
    """
    if not refs and not sources:
        raise click.UsageError("say what has changed: a REF, or --source NAME")
    count = with_client(config, lambda client: client.invalidate(refs, sources=sources))
    click.echo(f"forgotten: {', '.join((*refs, *(f'all of {name}' for name in sources)))} ({count} renditions known)")
