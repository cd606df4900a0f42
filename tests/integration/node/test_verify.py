"""Verify through the gRPC surface of a real node, and as a command."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import pytest_asyncio
from google.protobuf import json_format

from pressrun.v1 import document_pb2
from pressrun_client import (
    Client,
    Document,
    InvalidRequestError,
    PinsMismatchError,
    TemplateNotFoundError,
    VerifyResult,
)
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _changed(proof: str, **changes: Any) -> str:
    manifest = json_format.Parse(proof, document_pb2.Manifest())
    for path, value in changes.items():
        *before, name = path.split("__")
        message = manifest
        for step in before:
            message = getattr(message, step)
        setattr(message, name, value)
    return json_format.MessageToJson(manifest)


@pytest_asyncio.fixture(loop_scope="module")
async def made(node: Node, caller: Any, document: Callable[..., Any]) -> tuple[Document, bytes]:
    """A document and its record."""
    del caller
    record = document().record_json
    async with Client(node.address) as client:
        return await client.render(
            "statement@1",
            record,
            locale="de-DE",
            as_of=datetime(2026, 3, 4, 5, 6, 7, 891_234, tzinfo=UTC),
            attributes={"segment": "premier", "customer_reference": "R-1", "wave": "two"},
            tenant="retail",
        ), record


async def test_a_document_is_proven_from_its_manifest_and_record(node: Node, made: tuple[Document, bytes]) -> None:
    """The same bytes are made again from what was kept; with the document at hand no difference is found."""
    document, record = made
    async with Client(node.address) as client:
        found = await client.verify(document.manifest_json(), record, customer_reference="R-1")
        assert (found.result, found.ok, found.document.sha256) == (VerifyResult.SAME_BYTES, True, document.sha256)
        found = await client.verify(document, record, document=document.content, customer_reference="R-1")
        assert (found.ok, found.difference, found.altered) == (True, None, False)
        found = await client.verify(document, record, document=document.content, customer_reference="R-2")
        assert (found.result, found.ok) == (VerifyResult.DIFFERENT_BYTES, False)
        assert found.difference is not None
        assert found.difference.kind == "structure"


async def test_what_was_changed_in_a_document_is_found(
    node: Node, made: tuple[Document, bytes], tmp_path: Path
) -> None:
    """A page whose text was changed, one that is missing, and a file that is none, each with its place."""
    document, record = made
    with pikepdf.open(_file(tmp_path, document.content)) as pdf:
        contents = pdf.pages[1].Contents
        stream = contents.read_bytes()
        contents.write(stream.replace(b"Tj", b"Tj Tj", 1))
        pdf.save(tmp_path / "changed.pdf")
    with pikepdf.open(_file(tmp_path, document.content)) as pdf:
        del pdf.pages[1]
        pdf.save(tmp_path / "short.pdf")
    async with Client(node.address) as client:

        async def verify(data: bytes) -> Any:
            return await client.verify(document, record, document=data, customer_reference="R-1")

        changed = await verify((tmp_path / "changed.pdf").read_bytes())
        assert (changed.result, changed.altered, changed.ok) == (VerifyResult.SAME_BYTES, True, False)
        assert (changed.difference.kind, changed.difference.page) == ("page-content", 2)
        assert changed.difference.object > 0
        short = await verify((tmp_path / "short.pdf").read_bytes())
        assert (short.difference.kind, short.difference.page) == ("page-count", 2)
        broken = await verify(b"%PDF-1.7 nothing")
        assert broken.difference.kind == "structure"
        assert "cannot be read" in broken.difference.description
        byte = bytearray(document.content)
        byte[-40] ^= 1
        outer = await verify(bytes(byte))
        assert outer.altered
        assert outer.difference.offset == len(byte) - 40


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "given.pdf"
    path.write_bytes(content)
    return path


async def test_another_engine_is_an_answer(node: Node, made: tuple[Document, bytes]) -> None:
    """A manifest of another engine gets ENGINE_DIFFERS, and what differs on the pages: nothing here."""
    document, record = made
    proof = _changed(document.manifest_json(), pins__engine_digest="a" * 64, document__sha256="b" * 64)
    async with Client(node.address) as client:
        found = await client.verify(proof, record, customer_reference="R-1", document=document.content)
    assert (found.result, found.ok) == (VerifyResult.ENGINE_DIFFERS, False)
    assert found.difference is None
    assert found.engine_digest == document.manifest.pins.engine_digest


async def test_claims_that_cannot_be_looked_at(node: Node, made: tuple[Document, bytes]) -> None:
    """Another record, another template, an asset that is gone and a manifest that is none: each is told apart."""
    document, record = made
    proof = document.manifest_json()
    async with Client(node.address) as client:
        with pytest.raises(InvalidRequestError, match="the manifest names") as other:
            await client.verify(document, record + b" ")
        assert [violation.field for violation in other.value.violations] == ["record_json"]
        with pytest.raises(TemplateNotFoundError):
            await client.verify(_changed(proof, template_name="none"), record)
        with pytest.raises(InvalidRequestError, match="manifest"):
            await client.verify("{}", record)
        with pytest.raises(InvalidRequestError, match="manifest"):
            await client.verify("no json", record)
        gone = json.loads(proof)
        pin = gone["pins"]["assets"][0]
        pin["version"], pin["digest"] = "999", {"sha256": "c" * 64, "size": "5"}
        with pytest.raises(PinsMismatchError):
            await client.verify(json.dumps(gone), record)


async def test_the_command_says_it_in_words(node: Node, made: tuple[Document, bytes], tmp_path: Path) -> None:
    """`pressrun verify` exits with 0 for the same bytes, and with 1 and the place for a changed document."""
    document, record = made
    (tmp_path / "m.json").write_text(document.manifest_json())
    (tmp_path / "r.json").write_bytes(record)
    (tmp_path / "d.pdf").write_bytes(document.content[:-1] + b"x")

    async def run(*options: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from pressrun_client.cli import main; main()", "verify",
            str(tmp_path / "m.json"), str(tmp_path / "r.json"), "--target", node.address, *options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    assert await run("--customer-reference", "R-1") == (0, f"{tmp_path}/m.json: the same bytes\n")
    code, out = await run("--customer-reference", "R-1", "--document", str(tmp_path / "d.pdf"))
    assert code == 1
    assert "changed since" in out
    assert "first difference at byte" in out
