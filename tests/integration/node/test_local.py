"""Rendering in process, without a node."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from pressrun.v1 import document_pb2
from pressrun_loadtest.samples import statement_path
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.render.local import render

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime.fromtimestamp(1_772_000_000, UTC)


async def test_local_gives_the_nodes_bytes(
    sandbox: Any, caller: Any, document: Callable[..., Any], tmp_path: Path
) -> None:
    """The same request in process gives the bytes and the pins that a node gives."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("fields:\n  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED]}\n")
    environ = {
        **sandbox.settings.environment(),
        "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
        "PRESSRUN_CORE_DAM_MAPPING_FILE": str(mapping),
    }
    record = document().record_json
    data, text = await asyncio.to_thread(render, statement_path(), record, as_of=AS_OF, environ=environ)
    answer = (await caller.documents(document()))["r1"]
    assert data == answer.data
    manifest = json_format.Parse(text, document_pb2.Manifest())
    assert manifest.pins == answer.completion.manifest.pins
    assert manifest.document == answer.completion.manifest.document


@pytest.mark.parametrize(
    ("options", "channel", "fields"),
    [
        (
            {"recipient": "nobody", "message_id": "a@x.example>\r\nBcc: <b@y.example"},
            "email",
            ["recipient", "message_id"],
        ),
        ({"message_id": "no id"}, "email", ["message_id"]),
        ({"recipient": "zoe@example.com"}, "print", [""]),
    ],
)
async def test_wrong_options_of_emails_are_told_as_a_node_tells_them(
    options: dict[str, str], channel: str, fields: list[str], document: Callable[..., Any]
) -> None:
    """Nothing that would be no header, or another one, gets into a message that is made in process."""
    with pytest.raises(PressrunError) as caught:
        await asyncio.to_thread(render, statement_path(), document().record_json, channel=channel, email=options)
    assert caught.value.reason is Reason.INVALID_REQUEST
    found = [violation.field for violation in caught.value.violations]
    assert found == [f"email.{field}" if field else "email" for field in fields]


async def test_assets_of_the_bundle(tmp_path: Path, document: Callable[..., Any]) -> None:
    """Without any configured source, assets are the files in the bundle's own folder `assets`."""
    bundle = tmp_path / "bundle"
    shutil.copytree(statement_path(), bundle)
    (bundle / "assets").mkdir()
    shutil.copy(statement_path().parent / "assets" / "logo.png", bundle / "assets")
    text = (bundle / "template.yaml").read_text()
    text = text.replace("core-dam:7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4", "library:logo.png")
    (bundle / "template.yaml").write_text(text)
    data, manifest = await asyncio.to_thread(render, bundle, document().record_json, as_of=AS_OF, environ={})
    found = json.loads(manifest)
    assert [asset["ref"] for asset in found["pins"]["assets"]] == ["library:logo.png"]
    # The banner is at a source that is not configured; its slot says `omit`, so it is left out and that is told.
    assert [warning["code"] for warning in found["warnings"]]
    assert data.startswith(b"%PDF-")


async def test_local_errors_are_the_nodes(tmp_path: Path) -> None:
    """What can't be rendered raises the same errors that a node answers with."""
    letter = tmp_path / "letter"
    letter.mkdir()
    schema = "{type: object, required: [name]}"
    (letter / "template.yaml").write_text(f'name: letter\nversion: "1"\nhtml: letter.html\nschema: {schema}\n')
    (letter / "letter.html").write_text("<p>{{ name }}</p>")
    for folder, channel, reason in (
        (tmp_path, "print", Reason.INVALID_REQUEST),
        (letter, "fax", Reason.INVALID_REQUEST),
        (letter, "email", Reason.INVALID_REQUEST),
        (letter, "print", Reason.INVALID_RECORD),
    ):
        with pytest.raises(PressrunError) as error:
            await asyncio.to_thread(render, folder, b"{}", channel=channel, environ={})
        assert error.value.reason is reason
    broken = tmp_path / "broken"
    shutil.copytree(statement_path(), broken)
    (broken / "statement.css").write_text("body { colour: red }")
    with pytest.raises(TemplateInvalidError) as invalid:
        await asyncio.to_thread(render, broken, b"{}", environ={})
    assert any(each.file == "statement.css" and each.line == 1 for each in invalid.value.diagnostics)


async def test_local_needs_no_grpc_and_no_pymupdf() -> None:
    """Rendering in process loads neither gRPC nor PyMuPDF nor Pillow into it; a preparer does that work."""
    code = (
        "import sys, pressrun_server.render.local\n"
        "print(sorted({'grpc', 'pymupdf', 'PIL', 'google.protobuf'} & set(sys.modules)))"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_front_loads_no_engine() -> None:
    """The front of a node loads neither PyMuPDF nor Pillow."""
    code = "import sys, pressrun_server.app.run\nprint(sorted({'pymupdf', 'PIL'} & set(sys.modules)))"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
