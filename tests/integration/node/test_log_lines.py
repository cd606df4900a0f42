"""What a node writes into its log, at its most talkative: what happened to which document, and nothing of its data."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pressrun_client import (
    Client,
    Document,
    EmailOptions,
    OutputChannel,
    OutputFormat,
    RenderError,
    RenderRequest,
    RunOptions,
)
from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.records import generate_small
from pressrun_loadtest.samples import statement_path

CANARY = "Zanzibar"
"""In all that a caller says of customers; no name of a template, a tenant or a file has it."""


def planted(value: Any) -> Any:
    """The same with the canary in every text that the template's schema leaves free."""
    if isinstance(value, dict):
        free = ("name", "address", "description", "message", "text", "note")
        return {key: _marked(part) if key in free else planted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [planted(part) for part in value]
    return value


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return f"{value} {CANARY}"
    return [_marked(part) for part in value] if isinstance(value, list) else planted(value)


def requests() -> Iterator[RenderRequest]:
    """A document of each kind, and each way to fail that a record can have."""
    item = next(iter(generate_small(1, 1)))
    record = planted(item["record"])
    assert json.dumps(record).count(CANARY) > 10
    common: dict[str, Any] = {
        "locale": item["locale"],
        "attributes": {**item["attributes"], "customer_reference": f"{CANARY}-7", "wave": CANARY},
        "tenant": "acme",
    }
    yield RenderRequest("statement@1", record, request_id="ok", **common)
    yield RenderRequest("statement@1", record, request_id="web", output_channel=OutputChannel.WEB, **common)
    yield RenderRequest("statement@1", record, request_id="png", output_format=OutputFormat.PNG, **common)
    mail = EmailOptions(recipient=f"{CANARY} <{CANARY.lower()}@example.com>")
    yield RenderRequest(
        "statement@1", record, request_id="mail", output_channel=OutputChannel.EMAIL, email=mail, **common
    )
    wrong = record | {"account": record["account"] | {"opening": CANARY, CANARY: CANARY}}
    yield RenderRequest("statement@1", wrong, request_id="wrong-field", **common)
    yield RenderRequest("statement@1", {CANARY: CANARY}, request_id="wrong-record", **common)
    yield RenderRequest("statement@1", f'{{"{CANARY}": ', request_id="no-json", **common)
    odd = json.dumps(record, ensure_ascii=False).replace(CANARY, f"{CANARY} \N{CUNEIFORM SIGN A}")
    yield RenderRequest("statement@1", odd, request_id="no-glyph", **common)
    yield RenderRequest("statement@1", record, request_id="no-locale", **common | {"locale": "xx-ZZ"})
    yield RenderRequest("no-such-template", record, request_id="no-template", **common)


@pytest.mark.timeout(120)
async def test_no_record_data(tmp_path: Path) -> None:
    """Of documents that are made, that fail in every way, of runs and proofs, nothing of a customer is in the log."""
    settings = {"PRESSRUN_LOG_FORMAT": "json", "PRESSRUN_LOG_LEVEL": "debug"}
    documents: dict[str, Document | None] = {}
    with Stage(tmp_path / "stage", cache=tmp_path / "cache", settings=settings) as stage:
        async with Client(stage.node.target) as client:
            await client.publish(statement_path())
            every = list(requests())
            for request in every:
                documents[request.request_id] = None
                with contextlib.suppress(RenderError):
                    documents[request.request_id] = await client.render_request(request)
            made = documents["ok"]
            assert made is not None
            await client.verify(made, every[0].record, customer_reference=f"{CANARY}-7")
            with contextlib.suppress(RenderError):
                await client.verify(made, {"other": CANARY})
            async with client.render_run("run-1", every[:1] + every[4:7], options=RunOptions(tenant="acme")) as run:
                async for _ in run:
                    pass
        text = (tmp_path / "stage" / "node.log").read_text()
    assert {name for name, document in documents.items() if document is not None} >= {"ok", "web", "png", "mail"}
    assert CANARY.lower() not in text.lower()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    failed = {line["request_id"]: line for line in lines if line["event"] == "document_failed"}
    assert failed.keys() >= {"wrong-field", "wrong-record", "no-json", "no-locale", "no-template"}
    line = failed["wrong-field"]
    assert (line["template"], line["tenant"], line["reason"]) == ("statement@1", "acme", "INVALID_RECORD")
    assert len(line["template_digest"]) == 64
    assert line["fields"]
    assert failed["no-template"]["template_digest"] == ""
    [run_line] = [line for line in lines if line["event"] == "run_ended"]
    assert (run_line["documents"], run_line["failed"]) == (1, 3)
