"""`pressrun print-run`: many documents in a few files for a printer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import click
from click.core import ParameterSource

from pressrun_client.client import Client
from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import bundle_in, moment_of
from pressrun_client.commands.output import echo_diagnostics, example, report_errors
from pressrun_client.commands.press import press_of, press_options
from pressrun_client.config import ClientConfig
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.run import OnFailure, RunOptions, RunSummary, Separators

__all__ = ["print_run"]

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_STDIN = "stdin"
"""What a run is called that is read from there, where it is given no name."""
_KEYS = {"request_id", "template", "locale", "record", "attributes"}


@click.command(
    "print-run",
    short_help="Render many documents into a few PDF files.",
    epilog=example(
        "pressrun print-run statement@1 records.ndjson -o out",
        "pressrun print-run statement@1 records.ndjson -o out --max-documents 500 --separator separator@1 --every 100",
    ),
)
@click.argument("template")
@click.argument("records", type=click.File("rb"))
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False), help="The folder for files and index.")
@click.option("--name", default="", help="What the files are called; the run's id where it is not given.")
@click.option("--run-id", default="", help="The run's id; the name of RECORDS where it is not given.")
@click.option("--max-documents", type=click.IntRange(min=0), default=0, help="Documents of a file.")
@click.option("--max-bytes", type=click.IntRange(min=0), default=0, help="Bytes after which a file is full.")
@click.option("--separator", metavar="TEMPLATE", help="Template of pages between documents.")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, help="Documents between separators.")
@click.option(
    "--on-failure",
    type=click.Choice([policy.value for policy in OnFailure]),
    default=OnFailure.SKIP.value,
    show_default=True,
    help="What happens when a document fails.",
)
@click.option("--manifests", is_flag=True, help="Have the manifest of each document in the index.")
@press_options
@click.option("--as-of", metavar="MOMENT", help="The moment that documents speak of, e.g. 2026-09-30 (UTC).")
@connection_options
def print_run(  # noqa: PLR0913 - one for each option
    template: str,
    records: IO[bytes],
    *,
    output: str,
    name: str,
    run_id: str,
    max_documents: int,
    max_bytes: int,
    separator: str | None,
    every: int,
    on_failure: str,
    manifests: bool,
    as_of: str | None,
    config: ClientConfig,
    **press: Any,
) -> None:
    """Render RECORDS with TEMPLATE into NAME-0001.pdf and so on, with the index NAME.index.ndjson.

    TEMPLATE is name@version, or a bundle's folder, which is published first. RECORDS has a JSON object a line: record,
    and, where they are needed, request_id, locale, attributes and template. Without --timeout a run has an hour.
    Exits with 1 where a document failed.
    """
    called = run_id or (_STDIN if records.name == "<stdin>" else Path(records.name).stem)
    if Path(name or called).name != (name or called) or (name or called).startswith("."):
        raise click.BadParameter("must be the name of a file, without a folder", param_hint="--name")
    given = click.get_current_context().get_parameter_source("timeout") is not ParameterSource.DEFAULT
    options = RunOptions(
        on_failure=OnFailure(on_failure),
        max_documents=max_documents,
        max_bytes=max_bytes,
        separators=Separators(separator, every) if separator else None,
        manifests=manifests,
        as_of=moment_of(as_of),
        print_options=press_of(**press),
    )

    if given:
        options = replace(options, time_limit=config.time_limit)
    bundle = bundle_in(template)

    async def run(client: Client) -> RunSummary:
        chosen = template
        if bundle is not None:
            published = await client.publish(bundle)
            echo_diagnostics(published.diagnostics, err=True)
            chosen = str(published.ref)
        requests = (replace(request, template=request.template or chosen) for request in _requests(records))
        return await client.print_run(called, requests, output, name=name, options=options)

    with report_errors():
        summary = with_client(config, run)
    files = "1 file" if summary.files == 1 else f"{summary.files:,} files"
    failed = f"{summary.failed:,} failed" + (", stopped" if summary.stopped else "")
    click.echo(f"{output}: {summary.documents:,} documents, {summary.pages:,} pages in {files}; {failed}", err=True)
    if summary.failed:
        raise click.exceptions.Exit(1)


def _requests(records: IO[bytes]) -> Iterator[RenderRequest]:
    for number, line in enumerate(records, 1):
        if not line.strip():
            continue
        place = f"{records.name.strip('<>')}, line {number}"
        try:
            item, record = _item(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except ValueError as error:
            raise click.ClickException(f"{place}: {error}") from None
        if not record or not item.keys() <= _KEYS:
            raise click.ClickException(
                f"{place}: each line is an object with record, and perhaps request_id, locale, attributes and template"
            )
        attributes = item.get("attributes", {})
        texts = [item.get(key, "") for key in ("request_id", "template", "locale")]
        if not isinstance(attributes, dict) or not all(
            isinstance(each, str) for each in (*texts, *attributes.values())
        ):
            raise click.ClickException(
                f"{place}: request_id, template and locale are texts, and attributes an object of texts"
            )
        yield RenderRequest(
            item.get("template", ""),
            record,
            request_id=item.get("request_id") or f"{number:06d}",
            locale=item.get("locale", ""),
            attributes=attributes,
        )


def _item(line: str) -> tuple[dict[str, Any], str]:
    """What a line says, and its record as it stands there: written again, numbers would lose digits.

    Raises:
        ValueError: it is no JSON object.
    """
    item: dict[str, Any] = {}
    record = ""
    at = _space(line, 0)
    if not line.startswith("{", at):
        raise ValueError("a line must be a JSON object")
    separator = "{"
    while separator != "}":
        at = _skipped(line, at, separator)
        if separator == "{" and line.startswith("}", at):
            break
        name, at = _DECODER.raw_decode(line, at)
        start = _skipped(line, _space(line, at), ":")
        value, end = _DECODER.raw_decode(line, start)
        item[str(name)] = value
        if name == "record":
            record = line[start:end]
        at = _space(line, end)
        separator = line[at : at + 1]
        if separator not in {",", "}"}:
            raise ValueError(f"a comma or a brace is missing at column {at + 1}")
    return item, record


def _skipped(line: str, at: int, sign: str) -> int:
    """Where what follows a sign begins.

    Raises:
        ValueError: the sign is not there.
    """
    if not line.startswith(sign, at):
        raise ValueError(f"{sign!r} is missing at column {at + 1}")
    return _space(line, at + 1)


def _space(line: str, at: int) -> int:
    """Where white space ends."""
    found = _SPACE.match(line, at)
    return found.end() if found is not None else at
