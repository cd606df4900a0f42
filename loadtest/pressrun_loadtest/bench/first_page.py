"""Measures when the first page of a very large document comes, whose record a node reads in processes of its own."""

from __future__ import annotations

import asyncio
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pressrun_client import Client, RenderRequest
from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.demo.stage import RunningNode, Stage
from pressrun_loadtest.records import encode, generate
from pressrun_loadtest.samples import statement_path

__all__ = ["measure_first_page"]

_NAME = "first-page-large"
_ROWS = 67_000
"""As many as the largest record that a node takes (8 MiB) has room for."""
_TIME_S = 300.0
_WARM = 1


class _Seen(NamedTuple):
    """One document."""

    milliseconds: float
    """Until its first bytes."""
    pages: int
    sha256: str


def measure_first_page(sizes: Sizes, seed: int, folder: Path) -> Entry:
    """Milliseconds from the call to the first bytes of a document, as the client sees them; one document at a time.

    Args:
        sizes: how many documents.
        seed: whose statement.
        folder: for logs and the node's data.

    Raises:
        CheckError: the same record gave different documents.
        DemoError: a process failed.
    """
    [item] = generate(seed, 1, _ROWS)
    request = RenderRequest(
        "statement",
        encode(item["record"]),
        locale=item["locale"],
        attributes=item["attributes"],
        as_of=datetime(2026, 1, 31, tzinfo=UTC),
        time_limit=_TIME_S,
    )
    with Stage(folder / "first-page", cache=folder / "first-page-cache", composers=1) as stage:
        seen = asyncio.run(_render(stage.node, request, sizes.large_documents))
    if len({each.sha256 for each in seen}) != 1:
        raise CheckError(_NAME, ["one record gave documents with different digests"])
    waits = [each.milliseconds for each in seen]
    note = (
        f"{_ROWS:,} rows, {len(request.record) / 1e6:.1f} MB, {seen[0].pages:,} pages; as the client sees it, "
        f"median of {min(waits):.0f} to {max(waits):.0f}"
    )
    return Entry(_NAME, statistics.median(waits), "ms", len(waits), note)


async def _render(node: RunningNode, request: RenderRequest, count: int) -> list[_Seen]:
    seen: list[_Seen] = []
    async with Client(node.target) as client:
        await client.publish(statement_path())
        for _ in range(_WARM + count):
            document = await client.render_request(request)
            seen.append(_Seen(document.time_to_first_byte * 1000, document.pages, document.sha256))
    return seen[_WARM:]
