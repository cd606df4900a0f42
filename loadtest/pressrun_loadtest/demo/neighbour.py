"""A second node beside the first, on an empty disk: what its first document needs."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from dataclasses import dataclass

from pressrun_client import Client, RenderRequest, TemplateRef
from pressrun_loadtest.demo.stage import RunningNode
from pressrun_loadtest.demo.tiers import count_tiers

__all__ = ["Neighbour", "meet", "settle"]

_SCRAPE_S = 5.0


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The second node after its first document."""

    seconds: float
    """From asking for the document to having it."""
    requests: int
    """To sources, by then and by the end of warming what else the template can choose."""
    shared: int
    """Blobs that came from the nodes' Redis: prepared assets and the compiled template."""
    same: bool
    """Whether its bytes are those that the first node made."""

    @property
    def sound(self) -> bool:
        """Whether it needed nothing but what the first node had shared."""
        return self.requests == 0 and self.same


async def settle(node: RunningNode, template: TemplateRef) -> None:
    """Let a node fetch what no document chose yet, in all output channels, or wait until it has.

    Raises:
        RenderError: it cannot be asked.
    """
    async with Client(node.target) as client:
        for channel in (await client.template(template)).output_channels:
            await client.prefetch(template, output_channel=channel)


async def meet(second: RunningNode, template: TemplateRef, request: RenderRequest, made: bytes) -> Neighbour:
    """Let the second node make a document that the first has made.

    Args:
        second: it was started when the first had settled, and has its templates from there.
        template: published at the first node alone.
        request: of the document, with its `as_of`.
        made: the first node's document.

    Raises:
        RenderError: the document cannot be had.
        OSError: the second node does not tell its metrics.
    """
    async with Client(second.target) as client:
        began = time.monotonic()
        document = await client.render_request(request)
        seconds = time.monotonic() - began
    await settle(second, template)
    counts = count_tiers(await asyncio.to_thread(_metrics, second.metrics_url))
    return Neighbour(
        seconds,
        counts[-1].found,
        sum(tier.found for tier in counts if tier.name == "redis"),
        document.content == made,
    )


def _metrics(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_SCRAPE_S) as answer:  # noqa: S310 - our node's own address
        return str(answer.read().decode())
