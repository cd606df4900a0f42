"""Measures what the first document of a template costs a node that has just started and knows it."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

from pressrun_client import Client, RenderRequest
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.demo.stage import RunningNode, Stage
from pressrun_loadtest.load.watch import scrape
from pressrun_loadtest.records import encode, generate_small
from pressrun_loadtest.samples import statement_path

__all__ = ["measure_first"]

_NAME = "first-document-ratio"
_REHEARSED = "pressrun_composer_rehearsals_total"
_WARM = 400
_HOT = 100
_REHEARSAL_S = 30.0
_CALM_S = 1.0


def measure_first(seed: int, folder: Path) -> Entry:
    """CPU time of composing the first document of each locale, beside what one costs later; the worst locale counts.

    A node learns the template and ends; a second one starts on its data folder, and is left alone until it has
    rehearsed.

    Args:
        seed: whose statements.
        folder: for logs and the nodes' data.

    Raises:
        CheckError: the node has rehearsed nothing.
        DemoError: a process failed.
    """
    cache = folder / "first-cache"
    with Stage(folder / "first-published", cache=cache, composers=1) as stage:
        asyncio.run(_publish(stage.node))
        _calm(stage.node)
    with Stage(folder / "first", cache=cache, composers=1) as stage:
        _calm(stage.node)
        first, hot = asyncio.run(_render(stage.node, list(generate_small(seed, _WARM + _HOT))))
    ratios = {locale: cost / hot for locale, cost in first.items()}
    costs = ", ".join(f"{locale} {cost:.1f}" for locale, cost in sorted(first.items()))
    note = f"SMALL, the first of each locale after a start: {costs} ms; later ones {hot:.2f} ms"
    return Entry(_NAME, max(ratios.values()), "ratio", len(first), note)


async def _publish(node: RunningNode) -> None:
    async with Client(node.target) as client:
        await client.publish(statement_path())


def _calm(node: RunningNode) -> None:
    """Wait until the node has rehearsed."""
    end, before, since = time.monotonic() + _REHEARSAL_S, 0.0, time.monotonic()
    while time.monotonic() < end:
        made = scrape(node.metrics_url).get(_REHEARSED, 0.0)
        if made != before:
            before, since = made, time.monotonic()
        elif made and time.monotonic() - since > _CALM_S:
            return
        time.sleep(0.1)
    raise CheckError(_NAME, [f"the node has rehearsed nothing in {_REHEARSAL_S:.0f} s; its log says why"])


async def _render(node: RunningNode, items: list[dict[str, Any]]) -> tuple[dict[str, float], float]:
    """Milliseconds of composing the first document of each locale, and the median of the last ones."""
    first: dict[str, float] = {}
    costs: list[float] = []
    async with Client(node.target) as client:
        for item in items:
            locale = item["locale"]
            request = RenderRequest("statement", encode(item["record"]), locale=locale, attributes=item["attributes"])
            document = await client.render_request(request)
            costs.append(document.manifest.timings.compose_cpu * 1000)
            first.setdefault(locale, costs[-1])
    return first, statistics.median(costs[-_HOT:])
