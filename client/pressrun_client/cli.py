"""The command `pressrun`: the client's own commands, and those of whatever other part is installed."""

from __future__ import annotations

import click

from pressrun_client.commands.asset import asset
from pressrun_client.commands.cache import cache
from pressrun_client.commands.content import content
from pressrun_client.commands.explain import explain
from pressrun_client.commands.gaps import gaps
from pressrun_client.commands.node import health, version
from pressrun_client.commands.output import example
from pressrun_client.commands.plugins import PluginGroup
from pressrun_client.commands.print_run import print_run
from pressrun_client.commands.render import render
from pressrun_client.commands.template import template
from pressrun_client.commands.verify import verify

__all__ = ["main"]


@click.group(
    cls=PluginGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example(
        "pressrun template publish templates/statement", "pressrun render statement@1 record.json -o statement.pdf"
    ),
)
def main() -> None:
    """Render documents from templates, records and approved assets."""


for _command in (render, print_run, explain, gaps, verify, template, asset, cache, content, health, version):
    main.add_command(_command)
