"""Clients that ask one node for as much as they can: `python -m tests.cluster.flood TARGET STREAMS IN_FLIGHT SECONDS`.

A process of its own, so that it can give way to the node: clients are on other machines than nodes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

from pressrun_client import Client, ClientConfig, RenderRequest
from pressrun_loadtest.records import generate_small

SMALL = [json.dumps(item["record"], ensure_ascii=False).encode() for item in generate_small(3, 200)]


async def flood(target: str, streams: int, in_flight: int, seconds: float) -> dict[str, float]:
    """Documents a second, those that were refused and sent again, and those that failed."""
    config = ClientConfig(target=target, attempts=50, max_in_flight=in_flight)
    done = failed = again = 0
    ends = time.monotonic() + seconds

    async def requests(tenant: str) -> AsyncIterator[RenderRequest]:
        number = 0
        while time.monotonic() < ends:
            yield RenderRequest("statement@1", SMALL[number % len(SMALL)], tenant=tenant)
            number += 1
            await asyncio.sleep(0)

    async def one(tenant: str) -> None:
        nonlocal done, failed, again
        async with Client(config=config) as client:
            async for result in client.render_stream(requests(tenant)):
                done += result.ok
                failed += not result.ok
                again += result.attempts - 1

    started = time.monotonic()
    await asyncio.gather(*(one(f"t{number}") for number in range(streams)))
    return {"rate": done / (time.monotonic() - started), "again": again, "failed": failed}


if __name__ == "__main__":
    target, streams, in_flight, seconds = sys.argv[1:]
    json.dump(asyncio.run(flood(target, int(streams), int(in_flight), float(seconds))), sys.stdout)
