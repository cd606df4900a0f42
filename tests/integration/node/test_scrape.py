"""What Prometheus sees of a node that worked."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _page(node: Node) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://{node.http_address}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_work_shows_in_the_metrics(
    node: Node, caller: Any, document: Callable[..., Any], value: Callable[..., Any]
) -> None:
    """Documents, cache, sources, RPCs, processes and build are all there after some work, with sensible values."""
    answers = await caller.documents(document("a"), document("b"), document("c", record=b"{}"))
    size = sum(len(answer.data) for answer in answers.values())
    labels = {"template": "statement", "channel": "print"}
    assert await value(node, "pressrun_documents_total", **labels, result="ok", reason="NONE") == 2
    assert await value(node, "pressrun_documents_total", **labels, result="failed", reason="INVALID_RECORD") == 1
    assert await value(node, "pressrun_pages_total", **labels) == 4
    assert await value(node, "pressrun_document_bytes_total", **labels) == size
    assert await value(node, "pressrun_document_seconds_count", **labels) == 2
    assert await value(node, "pressrun_time_to_first_byte_seconds_count", **labels) == 2
    assert await value(node, "pressrun_phase_seconds_count", phase="compose") == 2
    assert await value(node, "pressrun_cache_requests_total") > 0
    assert await value(node, "pressrun_source_requests_total", source="core-dam", outcome="ok") >= 1
    assert await value(node, "pressrun_source_requests_total", source="cloudinary", outcome="ok") >= 1
    assert await value(node, "pressrun_composer_documents_composed_total") == 2
    assert await value(node, "pressrun_preparer_tasks_total") >= 3
    assert await value(node, "pressrun_rpc_requests_total", method="RenderService/Render", code="OK") == 1
    assert await value(node, "pressrun_build_info") == 1
    assert await value(node, "pressrun_templates") == 1
    assert await value(node, "process_resident_memory_bytes") > 10_000_000
    assert await value(node, "process_cpu_seconds_total") > 0


async def test_promtool_has_nothing_to_say(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """`promtool check metrics` finds names, units and help texts in order."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is not on the PATH; install it: apt-get install prometheus")
    await caller.documents(document(), document("bad", record=b"{}"))
    process = await asyncio.create_subprocess_exec(
        promtool,
        "check",
        "metrics",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate((await _page(node)).encode())
    assert (process.returncode, said.decode()) == (0, "")
