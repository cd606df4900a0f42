"""What no engine can be below: joining bytes that are there already, and a gRPC call that carries as many.

`python -m pressrun_loadtest.rivals.floors` is the process that measures, on one core.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from pressrun_loadtest.demo.child import ask
from pressrun_loadtest.rivals.statement import Clerk
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Floors", "measure_floors"]

_TIME_S = 300.0
_JOINS, _CALLS, _READS = 2000, 300, 50
_WARM = 50
_MESSAGE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Floors:
    """CPU milliseconds of a document's worth, medians of rounds."""

    join: float
    """Joining its parts, made before."""
    call: float
    """Client and server of a unary call of grpc.aio that takes the record and answers with the document."""
    read: float
    """Reading its record into finished texts, its QR code included: what the rivals are given for nothing."""


def measure_floors(rows: int | None, *, seed: int, core: int, stock: Stock, rounds: int = 5) -> Floors:
    """Measure with the first document of a seed, as Pressrun makes it.

    Raises:
        HelperError: the process failed.
    """
    order = {"rows": rows, "seed": seed, "core": core, "stock": str(stock.folder), "rounds": rounds}
    return Floors(**ask(__name__, order, seconds=_TIME_S))


async def _calls(request: bytes, answer: bytes, rounds: int) -> float:
    """CPU milliseconds of a call, both ends in this process."""

    async def serve(received: bytes, _context: Any) -> bytes:
        assert len(received) == len(request)
        return answer

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handler = grpc.method_handlers_generic_handler("floor.Floor", {"Make": grpc.unary_unary_rpc_method_handler(serve)})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    options = [("grpc.max_receive_message_length", _MESSAGE)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        call: Any = channel.unary_unary("/floor.Floor/Make")
        for _ in range(_WARM):
            await call(request)
        found = []
        for _ in range(rounds):
            began = time.process_time()
            for _ in range(_CALLS):
                assert len(await call(request)) == len(answer)
            found.append((time.process_time() - began) / _CALLS * 1000)
    await server.stop(None)
    return statistics.median(found)


def _main() -> None:
    question: dict[str, Any] = json.load(sys.stdin)
    os.sched_setaffinity(0, {question["core"]})
    from pressrun_loadtest.bench.composition import Press  # noqa: PLC0415 - the engine, on that core alone
    from pressrun_loadtest.rivals.probe import orders  # noqa: PLC0415 - as above

    order = next(orders(question["seed"], question["rows"]))
    parts = list(Press().begin(order.locale, order.record, order.attributes))
    document = b"".join(parts)
    joins, reads = [], []
    clerk = Clerk(Stock.at(Path(question["stock"])))
    for _ in range(question["rounds"]):
        began = time.process_time()
        for _ in range(_JOINS):
            b"".join(parts)
        joins.append((time.process_time() - began) / _JOINS * 1000)
        began = time.process_time()
        for _ in range(_READS):
            clerk.read(order)
        reads.append((time.process_time() - began) / _READS * 1000)
    call = asyncio.run(_calls(order.record, document, question["rounds"]))
    json.dump({"join": statistics.median(joins), "call": call, "read": statistics.median(reads)}, sys.stdout)


if __name__ == "__main__":
    _main()
