"""E-mails from a real node: the same template and record as in print, through client and command line."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pressrun.v1 import document_pb2
from pressrun_client import (
    Client,
    EmailAttachment,
    EmailImages,
    EmailOptions,
    InvalidRequestError,
    OutputChannel,
    OutputFormat,
    RenderRequest,
    UnsupportedError,
    VerifyResult,
)
from pressrun_server.app.node import Node
from pressrun_server.clock import SystemClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
OPTIONS = EmailOptions(
    sender="Meridian <post@meridian.example>",
    recipient="Zoë <zoe@x.de>",
    message_id="1@meridian.example",
    date=AS_OF,
    images=EmailImages.INLINE,
)


def request(document: Callable[..., Any], **changes: Any) -> RenderRequest:
    """The sample's record, as an e-mail."""
    plain = RenderRequest("statement@1", document().record_json, output_channel=OutputChannel.EMAIL, as_of=AS_OF)
    return replace(plain, **changes)


async def test_a_message_and_its_manifest(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A message is sound, in the asked locale, with its pictures; its manifest has what makes it again."""
    del caller
    async with Client(node.address) as client:
        made = await client.render_request(request(document, locale="de-DE", email=OPTIONS))
        message = email.message_from_bytes(made.content, policy=email.policy.default)
        assert not [defect for part in message.walk() for defect in part.defects]
        assert message["To"].addresses[0].display_name == "Zoë"
        assert message["Date"].datetime == AS_OF
        assert message["Content-Language"] == "de-DE"
        kinds = [part.get_content_type() for part in message.walk()]
        assert kinds == [
            "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "image/jpeg", "image/png",
            "image/png",
        ]  # fmt: skip
        manifest = made.manifest
        assert (manifest.output_channel, manifest.output_format) == (OutputChannel.EMAIL, OutputFormat.EML)
        assert manifest.media_type == "message/rfc822"
        assert manifest.document.sha256 == hashlib.sha256(made.content).hexdigest()
        assert manifest.email == OPTIONS
        found = await client.verify(made.manifest_json(), document().record_json)
        assert found.result is VerifyResult.SAME_BYTES
        again = await client.render_request(request(document, locale="de-DE", email=OPTIONS, pins=manifest.pins))
        assert again.content == made.content


async def test_wrong_options_are_told_by_field(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Each field that is wrong is named; options of e-mails are for these alone, and rows that arrive are not."""
    wrong = EmailOptions(sender="nobody", recipient="a@x.de, b@x.de", message_id="no id")
    async with Client(node.address) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.render_request(request(document, email=wrong))
        assert {fault.field for fault in caught.value.violations} == {
            "email.sender", "email.recipient", "email.message_id",
        }  # fmt: skip
        with pytest.raises(InvalidRequestError) as caught:
            await client.render_request(request(document, email=OPTIONS, output_channel=OutputChannel.WEB))
        assert [fault.field for fault in caught.value.violations] == ["email"]
        with pytest.raises(InvalidRequestError, match="time zone"):
            await client.render_request(request(document, email=EmailOptions(date=datetime(2026, 1, 1))))  # noqa: DTZ001
        with pytest.raises(UnsupportedError, match="does not make pdf"):
            await client.render_request(request(document, output_format=OutputFormat.PDF))
    plain = document("a", output_channel=document_pb2.OUTPUT_CHANNEL_EMAIL)
    plain.email.images = 7  # type: ignore[assignment]
    answers = await caller.documents(plain)
    assert "email.images" in str(answers["a"].failure)


async def test_an_email_is_made_of_a_whole_record(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Rows that arrive are refused, with what to do instead."""
    del caller
    record = json.loads(document().record_json)
    rows = record.pop("transactions")
    async with Client(node.address) as client:
        with pytest.raises(UnsupportedError, match="send the rows in the record"):
            async with client.render_rows(
                "statement@1", record, iter(rows), rows_field="transactions", output_channel=OutputChannel.EMAIL
            ) as made:
                assert not [chunk async for chunk in made]


async def test_the_pdf_comes_with_it(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """It is the document of print, byte for byte, of the same customer; the manifest names it, and Verify makes both again."""
    del caller
    asked = request(document, email=EmailOptions(attachment=EmailAttachment.PDF), locale="de-DE")
    async with Client(node.address) as client:
        made = await client.render_request(asked)
        again = await client.render_request(replace(asked, pins=made.manifest.pins))
        printed = await client.render_request(replace(asked, email=None, output_channel=OutputChannel.PRINT))
        without = await client.render_request(replace(asked, email=None))
        found = await client.verify(made, document().record_json, document=made.content)
    (file,) = email.message_from_bytes(made.content, policy=email.policy.default).iter_attachments()
    assert file.get_content() == printed.content
    attachment = made.manifest.attachment
    assert attachment is not None
    assert (attachment.name, attachment.pages) == (file.get_filename(), printed.pages)
    assert attachment.name.startswith("Kontoauszug ")
    assert attachment.document == printed.manifest.document
    assert made.manifest.pins.attached_assets == printed.manifest.pins.assets
    assert made.manifest.pins.assets == without.manifest.pins.assets
    assert again.content == made.content
    assert found.result is VerifyResult.SAME_BYTES
    assert without.manifest.attachment is None
    assert made.timings.total > 0


class _Leaping(SystemClock):
    """A minute passes at each look at it."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1
        return super().now() + timedelta(minutes=self._looks)


async def test_message_and_pdf_are_of_one_moment(
    node: Node, caller: Any, document: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the request states none, too (our client always does): the manifest's pins make both again."""
    monkeypatch.setattr(node._pipeline, "_clock", _Leaping())
    attached = document_pb2.EmailOptions(attachment=document_pb2.EMAIL_ATTACHMENT_PDF)
    asked = document(output_channel=document_pb2.OUTPUT_CHANNEL_EMAIL, email=attached)
    asked.ClearField("as_of")
    made = (await caller.documents(asked))[asked.request_id]
    assert made.failure is None
    asked.pins.CopyFrom(made.completion.manifest.pins)
    again = (await caller.documents(asked))[asked.request_id]
    assert again.failure is None
    assert again.data == made.data


async def test_each_message_has_its_own_customers_pdf(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Beside each other on one stream no message gets another one's file."""
    del caller
    records = []
    for number in range(12):
        record = json.loads(document().record_json)
        record["customer"]["name"] = f"Customer {number:03d}"
        records.append(json.dumps(record).encode())
    async with Client(node.address) as client:
        options = EmailOptions(attachment=EmailAttachment.PDF)
        requests = [replace(request(document, email=options), record=record) for record in records]
        made = await asyncio.gather(*map(client.render_request, requests))
        printed = await asyncio.gather(
            *(client.render_request(replace(one, email=None, output_channel=OutputChannel.PRINT)) for one in requests)
        )
    files = [
        next(email.message_from_bytes(one.content, policy=email.policy.default).iter_attachments()).get_content()
        for one in made
    ]
    assert files == [one.content for one in printed]
    assert len(set(files)) == len(records)
