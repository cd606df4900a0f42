from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format

from pressrun.v1 import document_pb2
from pressrun_client import Document, OutputChannel, OutputFormat, RenderWarning


def _completion() -> document_pb2.DocumentCompletion:
    completion = document_pb2.DocumentCompletion()
    manifest = completion.manifest
    manifest.request_id = "a"
    manifest.template_name, manifest.template_version = "statement", "3"
    manifest.document.sha256, manifest.document.size = "ab" * 32, 5
    manifest.pages = 2
    manifest.output_channel = document_pb2.OUTPUT_CHANNEL_MOBILE
    manifest.output_format = document_pb2.OUTPUT_FORMAT_PDF
    manifest.media_type = "application/pdf"
    manifest.finished_at.FromJsonString("2026-09-30T10:00:00.5Z")
    manifest.timings.queue.FromMilliseconds(1)
    manifest.timings.compose.FromMilliseconds(2)
    manifest.warnings.add(code="MISSING_GLYPH", message="No glyph.", place="a.html:1:2")
    manifest.attributes.segment = "premier"
    manifest.attributes.extra["shoe_size"] = "43"
    completion.cache_use.memory_hits = 3
    completion.cache_use.source_fetches = 1
    return completion


@pytest.fixture
def document() -> Document:
    """A finished document with everything that a node may say of it."""
    return Document("a", b"%PDF-", _completion().SerializeToString(), time_to_first_byte=0.1, latency=0.2)


def test_what_came_beside_the_bytes_is_read(document: Document) -> None:
    """Each property gives what the node said."""
    assert document.pages == 2
    assert document.sha256 == "ab" * 32
    assert document.media_type == "application/pdf"
    assert document.timings.total == pytest.approx(0.003)
    assert document.cache_use.hit_ratio == 0.75
    assert document.warnings == (RenderWarning("MISSING_GLYPH", "No glyph.", "a.html:1:2"),)
    manifest = document.manifest
    assert manifest.output_channel is OutputChannel.MOBILE
    assert manifest.output_format is OutputFormat.PDF
    assert dict(manifest.attributes) == {"segment": "premier", "shoe_size": "43"}
    assert manifest.finished_at is not None
    assert manifest.finished_at.isoformat() == "2026-09-30T10:00:00.500000+00:00"
    assert document.manifest is manifest


def test_the_manifest_as_json_reads_back(document: Document) -> None:
    """The JSON form has the names of the contract and loses nothing."""
    text = document.manifest_json()
    assert json.loads(text)["template_name"] == "statement"
    assert json_format.Parse(text, document_pb2.Manifest()) == _completion().manifest


def test_a_document_is_its_bytes(document: Document, tmp_path: Path) -> None:
    """It converts to bytes, has their length, is always true, and is saved as they are."""
    document.save(tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == bytes(document) == b"%PDF-"
    assert len(document) == 5
    assert Document("b", b"", b"", time_to_first_byte=0, latency=0)
    assert "'a', 5 bytes, 200.0 ms" in repr(document)


def test_parts_are_put_together_when_they_are_asked_for(tmp_path: Path) -> None:
    """What came in parts is saved part by part, counted, and one text of bytes for whoever wants that, made once."""
    head = b"%PDF-" * 3
    document = Document("a", (head, b"rest"), _completion(), time_to_first_byte=0.1, latency=0.2)
    assert document.parts[0] is head
    document.save(tmp_path / "a.pdf")
    assert document.parts == (head, b"rest")
    assert (tmp_path / "a.pdf").read_bytes() == head + b"rest"
    assert len(document) == len(head) + 4
    assert document.content is document.content
    assert document.content == bytes(document) == b"".join(document.parts) == head + b"rest"
    assert (document.pages, document.manifest_message().request_id) == (2, "a")
    assert Document("b", (), b"", time_to_first_byte=0, latency=0).content == b""
