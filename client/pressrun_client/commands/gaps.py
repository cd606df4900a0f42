"""`pressrun gaps`: which assets of a template are not there in which language, country and product line."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from pressrun_client.client import Client
from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import (
    bundle_in,
    channel_option,
    chosen_attributes,
    moment_of,
    named_values,
    published_first,
)
from pressrun_client.commands.output import example, report_errors
from pressrun_client.config import ClientConfig
from pressrun_client.models.decision import SlotOutcome
from pressrun_client.models.explanation import ExplainedSlot, Explanation, RuleResult
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["gaps"]

_AT_ONCE = 8
_MOST = 2_000
"""Documents that one report asks about."""
_WHOLE = "(the document)"
_THERE, _NOT_WANTED, _NOTHING, _FALLBACK, _FAILS = "there", "-", "nothing", "fallback", "fails"
_FINE = {_THERE, _NOT_WANTED}


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a slot gets in one locale of one line."""

    slot: str
    locale: str
    found: str
    """`there`, `-` where no rule holds, the locale that is used instead, `nothing`, `fallback`, or `fails`."""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One combination of attributes."""

    attributes: Mapping[str, str]
    cells: tuple[_Cell, ...]


@click.command(
    short_help="Say which assets are not there in which language.",
    epilog=example(
        "pressrun gaps renewal@3 record.json --locale de-AT --locale fr-CA",
        "pressrun gaps renewal@3 record.json --each product=home,car --each region=EMEA,APAC",
    ),
)
@click.argument("template")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--locale", "locales", multiple=True, help="BCP 47 tag; may be repeated; the template's own by default.")
@click.option(
    "--each", "each", multiple=True, metavar="NAME=VALUE,VALUE", help="An attribute whose values are gone through."
)
@click.option("--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="For selection.")
@channel_option()
@click.option("--as-of", metavar="MOMENT", help="The moment that the documents speak of, e.g. 2026-09-30 (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@connection_options
def gaps(  # noqa: PLR0913 - the command's options
    template: str,
    record: str,
    locales: tuple[str, ...],
    each: tuple[str, ...],
    attributes: tuple[str, ...],
    channel: str,
    as_of: str | None,
    *,
    as_json: bool,
    config: ClientConfig,
) -> None:
    """Say which assets of documents of RECORD with TEMPLATE are not there in which language.

    TEMPLATE is name@version, or a bundle's folder, which is published first. RECORD is a JSON file, or - for stdin.
    A row is a slot; a column is a locale, and says `there`, the locale that is used instead, `nothing` where the slot
    is left out for want of an asset, `fallback`, `fails` where the document would, or - where no rule wants one. Exits
    with 1 where there are gaps.
    """
    lines = _combined(chosen_attributes(attributes), each)
    fixed = moment_of(as_of)
    with report_errors(), click.open_file(record, "rb") as source:
        data = source.read()
    request = RenderRequest(template, data, output_channel=OutputChannel(channel), as_of=fixed)
    bundle = bundle_in(template)
    found = with_client(config, lambda client: _report(client, request, bundle, locales, lines))
    missing = sum(cell.found not in _FINE for line in found for cell in line.cells)
    if as_json:
        click.echo(
            json.dumps({"gaps": missing, "lines": [asdict(line) for line in found]}, indent=2, ensure_ascii=False)
        )
    else:
        _show(found)
        click.echo(f"{missing} {'gap' if missing == 1 else 'gaps'}")
    if missing:
        raise click.exceptions.Exit(1)


def _combined(fixed: Mapping[str, str], each: tuple[str, ...]) -> list[dict[str, str]]:
    """The attributes of each line: every combination of the values that are gone through."""
    named = [
        (name, [value.strip() for value in values.split(",") if value.strip()])
        for name, values in named_values(each, "--each")
    ]
    if empty := [name for name, values in named if not values]:
        raise click.BadParameter(f"{empty[0]} has no values; write e.g. {empty[0]}=home,car", param_hint="--each")
    # Told before they are made: a few long lists are millions.
    count = math.prod(len(values) for _, values in named)
    if count > _MOST:
        raise click.BadParameter(f"{count} combinations are more than {_MOST}; name fewer values", param_hint="--each")
    return [
        {**fixed, **dict(zip((name for name, _ in named), values, strict=True))}
        for values in itertools.product(*(values for _, values in named))
    ]


async def _report(
    client: Client,
    request: RenderRequest,
    bundle: Path | None,
    locales: Sequence[str],
    lines: Sequence[Mapping[str, str]],
) -> list[_Line]:
    request = await published_first(client, request, bundle)
    wanted = tuple(dict.fromkeys(locales)) or (await client.template(request.template)).locales or ("",)
    if len(lines) * len(wanted) > _MOST:
        told = f"{len(lines) * len(wanted)} documents are more than {_MOST}; name fewer locales or values"
        raise click.BadParameter(told, param_hint="--locale")
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(attributes: Mapping[str, str], locale: str) -> tuple[_Cell, ...]:
        async with slots:
            found = await client.explain_request(replace(request, attributes=attributes, locale=locale))
        return _cells(found, locale or found.locale)

    made = await asyncio.gather(*(one(attributes, locale) for attributes in lines for locale in wanted))
    rows = iter(made)
    return [_Line(attributes, tuple(cell for _ in wanted for cell in next(rows))) for attributes in lines]


def _cells(found: Explanation, locale: str) -> tuple[_Cell, ...]:
    used = {gap.slot: gap.used for gap in found.gaps}
    whole = _Cell(_WHOLE, locale, used.get("", _THERE))
    return (
        whole,
        *(
            _Cell(slot.decision.slot, locale, used.get(slot.decision.slot) or _outcome(slot), slot.decision.ref)
            for slot in found.slots
        ),
    )


def _outcome(slot: ExplainedSlot) -> str:
    outcome = slot.decision.outcome
    if slot.failure or outcome is SlotOutcome.FAILED:
        return _FAILS
    if outcome is SlotOutcome.OMITTED:
        return _NOTHING if any(rule.result is RuleResult.MATCHED for rule in slot.rules) else _NOT_WANTED
    return _FALLBACK if outcome is SlotOutcome.FALLBACK else _THERE


def _show(lines: Sequence[_Line]) -> None:
    from rich.console import Console  # noqa: PLC0415 - the other commands need not wait for it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    names = tuple(dict.fromkeys(name for line in lines for name in line.attributes))
    varied = [name for name in names if len({line.attributes[name] for line in lines}) > 1]
    locales = tuple(dict.fromkeys(cell.locale for line in lines for cell in line.cells))
    table = Table(box=None, pad_edge=False)
    for name in (*varied, "slot", *locales):
        table.add_column(name)
    for line in lines:
        found = {(cell.slot, cell.locale): cell.found for cell in line.cells}
        for slot in dict.fromkeys(cell.slot for cell in line.cells):
            cells = [found.get((slot, locale), "") for locale in locales]
            table.add_row(
                *(Text(line.attributes[name]) for name in varied),
                Text(slot),
                *(Text(cell, _style(cell)) for cell in cells),
            )
    Console(highlight=False, soft_wrap=True).print(table)


def _style(found: str) -> str:
    return {_THERE: "green", _NOT_WANTED: "dim", _FAILS: "red"}.get(found, "yellow")
