"""A burst of calls, more than the front can look at in its turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from pressrun.v1 import render_service_pb2
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS = 4_000


async def test_each_call_of_a_burst_is_answered(node: Node, caller: Any, document: Any) -> None:
    """A call that waits to be looked at gets the node's own word in the end; gRPC would cancel those beyond a thousand."""
    del caller
    request = render_service_pb2.RenderUnaryRequest(document=document(record=b"{}")).SerializeToString()
    codes: Counter[str] = Counter()
    async with grpc.aio.insecure_channel(node.address) as channel:
        method = channel.unary_unary("/pressrun.v1.RenderService/RenderUnary")

        async def call() -> None:
            try:
                await method(request, timeout=60)
            except grpc.aio.AioRpcError as error:
                codes[error.code().name] += 1

        with capture_logs():  # thousands of lines
            await asyncio.gather(*(call() for _ in range(CALLS)))
    assert codes.total() == CALLS
    assert codes.keys() <= {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}, codes
