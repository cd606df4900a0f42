"""Measures what gRPC itself costs in Python: a bare stream of messages as large as ours, with nothing made in between.

`python -m pressrun_loadtest.bench.echo` is one of its two processes. The server answers each message of requests with
one of as many documents, always the same bytes, and neither side looks at what comes: what is left is grpc.aio, the
kernel and copying. Below this no node that speaks gRPC from Python can get.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.demo.child import Child, own_environment, tethered

__all__ = ["measure_echo"]

_METHOD = "/pressrun.bench.Echo/Stream"
_RECORD = 5_000
"""Bytes of a request with a SMALL record."""
_WHOLE = 156_000
"""Bytes of a SMALL document."""
_SHARED = 32_000
"""Bytes that come of it where the client keeps shared heads: what is its own, header and manifest."""
_TOGETHER = 8
"""Documents to a message; the node waits for as many."""
_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Cost(NamedTuple):
    """CPU milliseconds a document."""

    client: float
    server: float


def measure_echo(sizes: Sizes, folder: Path) -> Entry:
    """CPU time of client and server for each document of a stream.

    Args:
        sizes: how many documents, in how many rounds.
        folder: for logs.

    Raises:
        ChildError: a process failed.
    """
    with _child(folder, "server") as server, _child(folder, "client") as client:
        server.tell({"role": "server"})
        client.tell({"role": "client", "port": server.hear(), "in_flight": sizes.in_flight})
        client.hear()
        found: dict[int, list[_Cost]] = {_SHARED: [], _WHOLE: []}
        for size in found:
            _round(client, server, size, sizes.stream_warm)
        for _ in range(sizes.stream_rounds):
            for size, costs in found.items():
                costs.append(_round(client, server, size, sizes.stream_documents))
    shared, whole = (_Cost(*map(statistics.median, zip(*found[size], strict=True))) for size in (_SHARED, _WHOLE))
    note = (
        f"grpc.aio alone, {_TOGETHER} documents to a message; {_SHARED // 1000} kB of each, as with shared heads: "
        f"client {shared.client:.3f}, server {shared.server:.3f}; {_WHOLE // 1000} kB of each, as without: "
        f"client {whole.client:.3f}, server {whole.server:.3f}"
    )
    return Entry(
        "grpc-echo-cpu", shared.client + shared.server, "ms", sizes.stream_rounds * sizes.stream_documents, note
    )


def _child(folder: Path, role: str) -> Child:
    command = tethered("-m", __spec__.name)
    return Child(f"the {role}", command, log=folder / f"echo-{role}.log", environment=own_environment(), talks=True)


def _round(client: Child, server: Child, size: int, documents: int) -> _Cost:
    documents = -(-documents // _TOGETHER) * _TOGETHER
    server.tell(size)
    before = server.hear()
    client.tell(documents)
    spent = client.hear()
    server.tell(size)
    return _Cost(spent / documents * 1000, (server.hear() - before) / documents * 1000)


async def _serve() -> None:
    answer = b""

    async def stream(requests: AsyncIterator[bytes], context: Any) -> None:
        async for request in requests:
            await context.write(answer * (len(request) // _RECORD))

    behaviour: Any = stream  # the stubs know no asynchronous handlers
    handler: Any = grpc.stream_stream_rpc_method_handler(behaviour)
    service, _, method = _METHOD[1:].partition("/")
    server = grpc.aio.server(options=_NO_LIMIT)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    _say(port)
    # A thread reads, since the loop has to answer meanwhile.
    while line := await asyncio.to_thread(sys.stdin.readline):
        answer = bytes(int(line))
        _say(time.process_time())
    await server.stop(0)


async def _drive(port: int, in_flight: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_NO_LIMIT) as channel:
        call: Any = channel.stream_stream(_METHOD)()
        message = bytes(_RECORD * _TOGETHER)
        _say("ready")
        for line in sys.stdin:
            left = int(line) // _TOGETHER
            began = time.process_time()
            under_way = 0
            while left or under_way:
                while left and under_way < in_flight // _TOGETHER:
                    await call.write(message)
                    left, under_way = left - 1, under_way + 1
                await call.read()
                under_way -= 1
            _say(time.process_time() - began)
        call.cancel()


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _main() -> None:
    order = json.loads(sys.stdin.readline())
    if order["role"] == "server":
        asyncio.run(_serve())
    else:
        asyncio.run(_drive(order["port"], order["in_flight"]))


if __name__ == "__main__":
    _main()
