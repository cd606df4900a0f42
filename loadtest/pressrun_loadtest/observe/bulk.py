"""Bulk work beside the load: print runs, rows that arrive, resumed documents, verifications; all output channels."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import grpc

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client import (
    Client,
    Document,
    OutputChannel,
    OutputFormat,
    PrintOptions,
    RenderRequest,
    RunOptions,
)
from pressrun_loadtest.records import generate_small

__all__ = ["Bulk"]

_TEMPLATE: Final = "statement@1"
_RUN: Final = 7
"""Documents of a run; the record of the last one is wrong."""
_FILE: Final = 4
"""Documents of a file."""
_HELD: Final = 20_000
"""Bytes of a document that its client has when it asks for the rest."""
_ROWS: Final = 300
_LEDGER: Final = {
    "template.yaml": b"""name: ledger
version: "1"
html: ledger.html
channels: [print]
default_locale: en-GB
locales: [en-GB]
schema: {type: object, properties: {entries: {type: array, items: {type: object}}}}
""",
    "ledger.html": b"""<!doctype html><html lang="en"><head><title>Ledger</title>
<style>@page { size: A4; margin: 15mm }</style>
</head><body><h1>Ledger</h1><table><thead><tr><th>Text</th><th>Amount</th></tr></thead><tbody>
<tr pr-for="entry in entries"><td>{{ entry.text }}</td><td>{{ entry.amount }}</td></tr></tbody></table>
</body></html>""",
}
"""A template whose rows may arrive in parts."""


class Bulk:
    """One round of bulk work after the other, each for other customers.

    Args:
        target: of the node, host:port.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._rounds = itertools.count(1)

    async def round(self) -> None:
        """A print run in two files for both sides of sheets, and a document of each other kind.

        Raises:
            RenderError: the node can't make something.
        """
        number = next(self._rounds)
        requests = _requests(number)
        async with Client(self._target) as client:
            if number == 1:
                await client.publish(_LEDGER)
            await _run(client, f"observe-{number}", requests)
            await _rows(client)
            document = await client.render_request(requests[0])
            await client.verify(document, requests[0].record)
            for request in _channels(requests[1]):
                await client.render_request(request)
        await self._resume(requests[0], document)

    async def _resume(self, request: RenderRequest, document: Document) -> None:
        """Ask for what follows the first bytes, as a client does whose connection broke."""
        manifest = document.manifest_message()
        asked = document_pb2.DocumentRequest(
            request_id=manifest.request_id,
            template=document_pb2.TemplateRef(name=manifest.template_name, version=manifest.template_version),
            record_json=str(request.record).encode(),
            locale=request.locale,
            output_channel=manifest.output_channel,
            attributes=manifest.attributes,
            pins=manifest.pins,
        )
        held = hashlib.sha256(document.content[:_HELD]).hexdigest()
        async with grpc.aio.insecure_channel(self._target) as channel:
            call = RenderServiceStub(channel).RenderDocument(
                render_service_pb2.RenderDocumentRequest(document=asked, resume_offset=_HELD, resume_sha256=held)
            )
            async for _ in call:
                pass


def _requests(number: int) -> list[RenderRequest]:
    return [
        RenderRequest(_TEMPLATE, json.dumps(item["record"]), locale=item["locale"], attributes=item["attributes"])
        for item in generate_small(number, _RUN)
    ]


async def _run(client: Client, run_id: str, requests: Sequence[RenderRequest]) -> None:
    documents = [*requests[:-1], replace(requests[-1], record={})]
    options = RunOptions(max_documents=_FILE, print_options=PrintOptions(duplex=True))
    async with client.render_run(run_id, documents, options=options) as run:
        async for _ in run:
            pass


async def _rows(client: Client) -> None:
    rows = ({"text": f"Entry {number}", "amount": f"{number}.50"} for number in range(_ROWS))
    async with client.render_rows("ledger@1", {}, rows, rows_field="entries") as document:
        async for _ in document:
            pass


def _channels(request: RenderRequest) -> list[RenderRequest]:
    """The same for browsers, telephones and mail, and its first page as a picture."""
    return [
        replace(request, output_channel=OutputChannel.WEB),
        replace(request, output_channel=OutputChannel.MOBILE),
        replace(request, output_channel=OutputChannel.EMAIL),
        replace(request, output_format=OutputFormat.PNG),
    ]
