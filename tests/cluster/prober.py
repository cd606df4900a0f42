"""Single calls to a full node, thirty-two at a time: `python -m tests.cluster.prober TARGET SECONDS`.

A process of its own, so that it measures the node and not the clients that fill it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode, aio
from tests.cluster.flood import SMALL

from pressrun.v1 import render_service_pb2, render_service_pb2_grpc

_CALLERS = 32
_PAUSE_S = 0.02


async def probe(target: str, seconds: float) -> dict[str, Any]:
    """Seconds that a node takes to say that it is full, and how often it took the document after all."""
    found: list[float] = []
    taken = 0
    request = render_service_pb2.RenderDocumentRequest()
    request.document.request_id = "probe"
    request.document.template.name = "statement"
    request.document.record_json = SMALL[0]
    ends = time.monotonic() + seconds

    async def one(stub: Any) -> None:
        nonlocal taken
        while time.monotonic() < ends:
            started = time.perf_counter()
            try:
                async for _ in stub.RenderDocument(request, timeout=60):
                    pass
                taken += 1
            except aio.AioRpcError as error:
                found.append(time.perf_counter() - started)
                assert error.code() is StatusCode.RESOURCE_EXHAUSTED, error
                status = status_pb2.Status.FromString(dict(error.trailing_metadata() or ())["grpc-status-details-bin"])
                assert any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)
            await asyncio.sleep(_PAUSE_S)

    async with aio.insecure_channel(target) as channel:
        stub = render_service_pb2_grpc.RenderServiceStub(channel)
        await asyncio.gather(*(one(stub) for _ in range(_CALLERS)))
    return {"refused": found, "taken": taken}


if __name__ == "__main__":
    json.dump(asyncio.run(probe(sys.argv[1], float(sys.argv[2]))), sys.stdout)
