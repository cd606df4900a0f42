"""`pressrun template`: check, publish, list and show templates."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pressrun_client.client import Client
from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.local import diagnostics_of, local_errors, local_function
from pressrun_client.commands.output import echo_diagnostics, example, moment
from pressrun_client.commands.plugins import PluginGroup
from pressrun_client.config import ClientConfig
from pressrun_client.diagnostic import Diagnostic, Severity
from pressrun_client.errors import NodeUnavailableError
from pressrun_client.models.template import TemplateInfo

__all__ = ["template"]

_FOLDER = click.Path(exists=True, file_okay=False)


class _TemplateGroup(PluginGroup):
    points = "pressrun.template"


@click.group(
    cls=_TemplateGroup,
    epilog=example("pressrun template check templates/statement", "pressrun template publish templates/statement"),
)
def template() -> None:
    """Check, test, preview, publish, list and show templates."""


@template.command(
    epilog=example("pressrun template check templates/statement --local", "pressrun template check templates/statement")
)
@click.argument("folder", type=_FOLDER)
@click.option("--local", is_flag=True, help="Check in this process instead of on a node.")
@connection_options
def check(folder: str, *, local: bool, config: ClientConfig) -> None:
    """Say everything there is to say about the bundle in FOLDER; exit with 1 where it has errors."""
    if local:
        name, diagnostics = folder, _check_local(Path(folder))
    else:
        try:
            result = with_client(config, lambda client: client.check(folder))
        except click.exceptions.Exit as stopped:
            if isinstance(stopped.__cause__, NodeUnavailableError):
                click.echo("To check without a node, add --local.", err=True)
            raise
        name, diagnostics = str(result.template.ref) if result.template is not None else folder, result.diagnostics
    echo_diagnostics(diagnostics, err=False)
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    warnings = len(diagnostics) - errors
    click.echo(f"{name}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    if errors:
        raise click.exceptions.Exit(1)


def _check_local(folder: Path) -> tuple[Diagnostic, ...]:
    function = local_function("check", "--local")
    with local_errors():
        return diagnostics_of(function(folder))


@template.command(epilog=example("pressrun template publish templates/statement --target node-1:7070"))
@click.argument("folder", type=_FOLDER)
@connection_options
def publish(folder: str, config: ClientConfig) -> None:
    """Make the bundle in FOLDER available on the node."""
    published = with_client(config, lambda client: client.publish(folder))
    echo_diagnostics(published.diagnostics, err=True)
    verb = "published" if published.created else "was published before"
    click.echo(f"{published.ref} {verb} (sha256 {published.ref.digest})")


@template.command(name="list", epilog=example("pressrun template list"))
@connection_options
def list_templates(config: ClientConfig) -> None:
    """List the templates of the node."""

    async def collect(client: Client) -> list[TemplateInfo]:
        return [info async for info in client.templates()]

    for info in with_client(config, collect):
        click.echo("\t".join((str(info.ref), ",".join(info.output_channels), ",".join(info.locales))))


@template.command(
    epilog=example(
        "pressrun template show statement@1", "pressrun template show statement@1 --schema > record.schema.json"
    )
)
@click.argument("ref", metavar="TEMPLATE")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the record and nothing else.")
@connection_options
def show(ref: str, *, schema: bool, config: ClientConfig) -> None:
    """Show one template, name or name@version."""
    info = with_client(config, lambda client: client.template(ref))
    if schema:
        click.echo(json.dumps(json.loads(info.record_schema_json), indent=2, ensure_ascii=False))
        return
    click.echo(f"template         {info.ref}")
    click.echo(f"sha256           {info.ref.digest}")
    click.echo(f"output channels  {', '.join(info.output_channels)}")
    click.echo(f"locales          {', '.join(info.locales)} (default {info.default_locale})")
    click.echo(f"published        {moment(info.published_at)}")
    for slot in info.slots:
        click.echo(f"slot             {slot.name}: {', '.join(slot.refs)}")
    for font in info.fonts:
        click.echo(f"font             {font.name}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
