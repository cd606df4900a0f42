"""`pressrun render`: one document, on a node or in this process."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from pressrun_client.client import Client
from pressrun_client.commands.connection import connection_options, with_client
from pressrun_client.commands.document import bundle_in, chosen_attributes, document_options, moment_of, published_first
from pressrun_client.commands.email import email_of, email_options
from pressrun_client.commands.local import local_errors, local_function
from pressrun_client.commands.output import example, report_errors, size
from pressrun_client.commands.pictures import picture_options, pictures_of
from pressrun_client.commands.press import press_of, press_options
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.manifest import to_manifest
from pressrun_client.conversion.verification import manifest_message
from pressrun_client.file_errors import naming
from pressrun_client.models.manifest import Manifest, TextLength
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.vocabulary import OutputChannel, OutputFormat, Priority, TextAlphabet

__all__ = ["render"]

_CHANNELS = {OutputFormat.TEXT: OutputChannel.MOBILE, OutputFormat.EML: OutputChannel.EMAIL}
"""Output channels of formats that only they have."""
_EMAIL = ("sender", "recipient", "reply_to", "message_id", "email_images", "attach")


@click.command(
    short_help="Render one document.",
    epilog=example(
        "pressrun render statement@1 record.json -o statement.pdf",
        "pressrun render templates/statement record.json -o - --local > statement.pdf",
        "pressrun render statement@1 record.json -o thumbnail.webp --format webp --width 120 --density 3",
        "pressrun render statement@1 record.json -o - --format text",
        "pressrun render statement@1 record.json -o mail.eml --channel email --attach pdf",
    ),
)
@click.argument("template")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("-o", "--output", required=True, type=click.Path(allow_dash=True), help="Where the document goes, or -.")
@document_options
@picture_options
@email_options
@press_options
@click.option("--manifest", type=click.Path(allow_dash=True), help="Where the manifest goes, as JSON.")
@click.option("--local", is_flag=True, help="Render in this process; TEMPLATE must be a folder.")
@connection_options
def render(  # noqa: PLR0913 - one for each option
    template: str,
    record: str,
    *,
    output: str,
    channel: str,
    locale: str,
    attributes: tuple[str, ...],
    as_of: str | None,
    output_format: str,
    pages: str | None,
    width: int,
    density: float,
    dpi: int,
    quality: int,
    manifest: str | None,
    local: bool,
    config: ClientConfig,
    **more: Any,
) -> None:
    """Render RECORD with TEMPLATE.

    TEMPLATE is name@version, or a bundle's folder, which is published first. RECORD is a JSON file, or - for stdin.
    """
    if output == "-" and manifest == "-":
        raise click.UsageError("--output and --manifest cannot both be -.")
    chosen = chosen_attributes(attributes)
    moment = moment_of(as_of)
    image = pictures_of(output_format, pages, width, density, dpi, quality)
    request = RenderRequest(
        template,
        b"",
        locale=locale,
        output_channel=_channel(channel, OutputFormat(output_format)),
        output_format=OutputFormat(output_format),
        attributes=chosen,
        as_of=moment,
        priority=Priority.INTERACTIVE,
        image=image,
        print_options=press_of(**{name: value for name, value in more.items() if name not in _EMAIL}),
        email=email_of(**{name: more[name] for name in _EMAIL}),
    )
    with report_errors(), click.open_file(record, "rb") as source:
        request = replace(request, record=source.read())
    folder = Path(template)
    if local:
        if not folder.is_dir():
            raise click.BadParameter(f"{template!r} is no folder; --local needs the bundle's.", param_hint="TEMPLATE")
        if request.print_options is not None:
            raise click.UsageError("--local makes documents as they are read; what a printer wants needs a node.")
        content, proof = _render_local(folder, request)
        summary = f"{_told(to_manifest(manifest_message(proof)))}, {size(len(content))}"
    else:
        bundle = bundle_in(template)
        content, proof, summary = with_client(config, lambda client: _render_remote(client, request, bundle))
    with report_errors():
        _write(output, content)
        if manifest is not None:
            _write(manifest, proof.encode() + b"\n")
    if output != "-":
        click.echo(f"{output}: {summary}", err=True)


async def _render_remote(client: Client, request: RenderRequest, bundle: Path | None) -> tuple[bytes, str, str]:
    document = await client.render_request(await published_first(client, request, bundle))
    summary = f"{_told(document.manifest)}, {size(len(document))}, {document.latency * 1000:.0f} ms"
    return document.content, document.manifest_json(), summary


def _render_local(folder: Path, request: RenderRequest) -> tuple[bytes, str]:
    function = local_function("render", "--local")
    form = request.output_format
    with local_errors():
        content, proof = function(
            folder,
            request.record,
            locale=request.locale or None,
            channel=request.output_channel.value,
            output_format="" if form is OutputFormat.DEFAULT else form.value,
            image=asdict(request.image) if request.image is not None else None,
            email=asdict(request.email) if request.email is not None else None,
            attributes=request.attributes,
            as_of=request.as_of,
        )
    return bytes(content), str(proof)


def _told(manifest: Manifest) -> str:
    """Say what a document warns of; how long it is, for people."""
    for warning in manifest.warnings:
        click.echo(f"{warning.place or 'document'}: warning: {warning.message} [{warning.code}]", err=True)
    if manifest.text is not None:
        return _messages(manifest.text)
    return "1 page" if manifest.pages == 1 else f"{manifest.pages:,} pages"


def _channel(asked: str, form: OutputFormat) -> OutputChannel:
    """The output channel; where none is asked for, that of the format."""
    source = click.get_current_context().get_parameter_source("channel")
    if source is ParameterSource.DEFAULT:
        return _CHANNELS.get(form, OutputChannel(asked))
    return OutputChannel(asked)


def _messages(length: TextLength) -> str:
    """How long a text is, for people."""
    count = "1 message" if length.segments == 1 else f"{length.segments} messages"
    if length.alphabet is TextAlphabet.GSM7:
        return f"{count} in GSM 7 bit ({length.units} septets)"
    return f"{count} in UCS-2 ({length.units} units)"


def _write(path: str, content: bytes) -> None:
    # Atomic: who finds the file finds all of it.
    with naming(path), click.open_file(path, "wb", atomic=path != "-") as target:
        target.write(content)
