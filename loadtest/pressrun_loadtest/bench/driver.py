"""The client process of the end-to-end measurement: a closed loop with a bounded number of documents in flight.

`python -m pressrun_loadtest.bench.driver` reads lines from standard input, first its settings, then a number of
documents to render at a time, and answers in lines, all JSON. It does what a caller does: read the next record, hand it
to the client library, take the verified document; and it keeps the digests, which must all be different.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pressrun_client import Client, ClientConfig, FailedDocument, RenderRequest
from pressrun_loadtest.demo.orders import read_items, request_of

__all__ = ["main"]

_LISTED = 10


class _Driver:
    def __init__(self, settings: dict[str, Any], client: Client) -> None:
        self._client = client
        self._template = settings["template"]
        self._step = settings["step"]
        self._folder = Path(settings["documents"])
        self._sampled = frozenset(settings["sampled"])
        self._items = read_items(Path(settings["records"]))
        self._digests: set[bytes] = set()
        self._done = 0
        self._answered: dict[str, str] = {}

    def _requests(self, count: int) -> Iterator[RenderRequest]:
        for item in itertools.islice(self._items, count):
            yield request_of(item, self._template)

    async def run(self, count: int) -> dict[str, Any]:
        """Render the next documents and say how it went."""
        failures: list[str] = []
        started = time.perf_counter()
        answers = 0
        async for result in self._client.render_stream(self._requests(count)):
            answers += 1
            if isinstance(result, FailedDocument):
                failures.append(f"{result.request_id}: {result.error}")
            else:
                self._digests.add(bytes.fromhex(result.sha256))
                if result.request_id in self._sampled:
                    result.save(self._folder / f"{result.request_id}.pdf")
                    self._answered[result.request_id] = result.sha256
            self._done += 1
            if self._done % self._step == 0:
                _say({"documents": self._done})
        return {
            "seconds": time.perf_counter() - started,
            "answers": answers,
            "failed": len(failures),
            "failures": failures[:_LISTED],
            "documents": self._done,
            "distinct": len(self._digests),
            "sampled": self._answered,
        }


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def _serve(settings: dict[str, Any]) -> None:
    config = ClientConfig(target=settings["target"], max_in_flight=settings["in_flight"])
    async with Client(config=config) as client:
        driver = _Driver(settings, client)
        # While nothing is under way the loop may stand still.
        for line in sys.stdin:
            _say(await driver.run(int(line)))


def main() -> None:
    """Serve the process that started this one, until it closes the pipe."""
    asyncio.run(_serve(json.loads(sys.stdin.readline())))


if __name__ == "__main__":
    main()
