"""`pressrun explain`: which assets a document would get, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun_client.client import Client
from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import bundle_in, chosen_attributes, document_options, moment_of, published_first
from pressrun_client.commands.output import example, moment, report_errors
from pressrun_client.config import ClientConfig
from pressrun_client.models.decision import LocalisationGap
from pressrun_client.models.explanation import ExplainedRule, ExplainedSlot, Explanation, RuleResult
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.vocabulary import OutputChannel

if TYPE_CHECKING:
    from rich.tree import Tree

__all__ = ["explain"]

_WIDE = 4_000
_MARKS = {
    RuleResult.MATCHED: ("green", "holds"),
    RuleResult.NOT_MATCHED: ("dim", "does not hold"),
    RuleResult.NOT_REACHED: ("dim", "not reached"),
}


@click.command(
    short_help="Say which assets a document would get, and why.",
    epilog=example("pressrun explain statement@1 record.json --locale de-AT --attribute segment=gold"),
)
@click.argument("template")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@document_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a tree.")
@connection_options
def explain(
    template: str,
    record: str,
    channel: str,
    locale: str,
    attributes: tuple[str, ...],
    as_of: str | None,
    *,
    as_json: bool,
    config: ClientConfig,
) -> None:
    """Say which assets a document of RECORD with TEMPLATE would get, and why: rules, candidates, refusals, gaps.

    TEMPLATE is name@version, or a bundle's folder, which is published first. RECORD is a JSON file, or - for stdin.
    Exits with 1 where the document would fail.
    """
    chosen, fixed = chosen_attributes(attributes), moment_of(as_of)
    with report_errors(), click.open_file(record, "rb") as source:
        data = source.read()
    request = RenderRequest(
        template, data, locale=locale, output_channel=OutputChannel(channel), attributes=chosen, as_of=fixed
    )
    bundle = bundle_in(template)
    found = with_client(config, lambda client: _explained(client, request, bundle))
    if as_json:
        click.echo(json.dumps(asdict(found), default=str, indent=2, ensure_ascii=False))
    else:
        _show(found)
    if not found.ok:
        raise click.exceptions.Exit(1)


async def _explained(client: Client, request: RenderRequest, bundle: Path | None) -> Explanation:
    return await client.explain_request(await published_first(client, request, bundle))


def _show(found: Explanation) -> None:
    from rich.console import Console  # noqa: PLC0415 - the other commands need not wait for it
    from rich.text import Text  # noqa: PLC0415
    from rich.tree import Tree  # noqa: PLC0415

    where = f"territory {found.territory}" if found.territory else "territory unknown"
    tree = Tree(
        Text.assemble(
            (f"{found.template.name}@{found.template.version}", "bold"),
            f"  locale {found.locale}, as of {moment(found.as_of)}, {where}",
        )
    )
    for slot in found.slots:
        _add_slot(tree, slot)
    _add_gaps(tree, found.gaps)
    # A terminal gets its lines wrapped within the tree, a file gets each whole.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    console.print(tree)


def _add_slot(tree: Tree, slot: ExplainedSlot) -> None:
    from rich.text import Text  # noqa: PLC0415

    decision = slot.decision
    style = "red" if slot.failure else "bold"
    branch = tree.add(Text.assemble((decision.slot, style), f": {decision.outcome.value}", _taken(slot)))
    for rule in slot.rules:
        line = branch.add(_rule_line(rule))
        if rule.result is RuleResult.MATCHED:
            _add_candidates(line, slot)
    if not decision.rule:
        _add_candidates(branch, slot)
    if slot.failure:
        branch.add(Text(f"the document fails: {slot.failure}", "red"))


def _rule_line(rule: ExplainedRule) -> str:
    from rich.markup import escape  # noqa: PLC0415

    style, words = _MARKS[rule.result]
    condition = f"when {rule.condition}" if rule.condition else "always"
    return f"[{style}]" + escape(f"rule {rule.rule}, {condition}: {words}; offers {rule.offer}") + f"[/{style}]"


def _taken(slot: ExplainedSlot) -> str:
    decision = slot.decision
    if not decision.ref:
        return ""
    version = f" version {decision.version}" if decision.version else ""
    return f" {decision.ref}{version}" + (f" ({decision.locale})" if decision.locale else "")


def _add_candidates(branch: Tree, slot: ExplainedSlot) -> None:
    from rich.text import Text  # noqa: PLC0415

    for refused in slot.decision.refused:
        branch.add(Text.assemble(("refused", "yellow"), f" {refused.ref}: {refused.text}"))
    if slot.decision.ref:
        branch.add(Text.assemble(("taken", "green"), _taken(slot)))


def _add_gaps(tree: Tree, gaps: Iterable[LocalisationGap]) -> None:
    from rich.text import Text  # noqa: PLC0415

    gaps = tuple(gaps)
    if gaps:
        branch = tree.add(Text("localisation gaps", "yellow"))
        for gap in gaps:
            what = f"slot {gap.slot}" if gap.slot else "the document"
            branch.add(Text(f"{what}: {gap.wanted} is not there, {gap.used} is used"))
