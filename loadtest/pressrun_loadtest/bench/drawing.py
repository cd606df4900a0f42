"""Measures pictures of pages: all that a node's processes need for a PNG, over what PyMuPDF alone needs for that page.

`python -m pressrun_loadtest.bench.drawing` is PyMuPDF alone: it opens the same documents, which others have made, draws
their first pages and writes PNG. Rounds of both alternate, so that a slower spell of the machine meets both.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from pressrun_client import Client, ClientConfig, Document, ImageOptions, OutputFormat, RenderRequest
from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.customers import write_records
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.bench.rounds import described
from pressrun_loadtest.demo.child import ask
from pressrun_loadtest.demo.orders import read_items, request_of
from pressrun_loadtest.demo.procfs import tree_cpu_seconds
from pressrun_loadtest.demo.stage import RunningNode, Stage
from pressrun_loadtest.samples import statement_path

__all__ = ["measure_drawing"]

_TIME_S = 300.0
_DPI = 100
_NAME = "png-page-ratio"


def measure_drawing(sizes: Sizes, seed: int, folder: Path) -> Entry:
    """CPU time of a node for the first page of SMALL at 100 dpi, over that of PyMuPDF alone; the median of the rounds.

    Raises:
        CheckError: a picture is not the one that PyMuPDF draws.
        DemoError: a process failed.
    """
    folder = folder / "drawing"
    folder.mkdir(parents=True)
    records = folder / "records.ndjson"
    write_records(records, seed, sizes.picture_warm + sizes.picture_rounds * sizes.pictures, frozenset())
    with Stage(folder, cache=folder / "cache", composers=1) as stage:
        rounds = asyncio.run(_rounds(stage.node, sizes, records, folder))
    ratios = [ours / alone for ours, alone in rounds]
    ours, alone = (statistics.median(column) for column in zip(*rounds, strict=True))
    note = (
        f"SMALL's first page at {_DPI} dpi: {ours:.1f} ms in front, composer and preparer, {alone:.1f} ms in PyMuPDF "
        f"alone (open, draw, PNG); {described(ratios)}"
    )
    return Entry(_NAME, statistics.median(ratios), "ratio", sizes.picture_rounds * sizes.pictures, note)


async def _rounds(node: RunningNode, sizes: Sizes, records: Path, folder: Path) -> list[tuple[float, float]]:
    """CPU milliseconds a page, of the node and of PyMuPDF alone."""
    items = read_items(records)
    found = []
    async with Client(config=ClientConfig(target=node.target)) as client:
        template = str((await client.publish(statement_path())).ref)

        png: dict[str, Any] = {"output_format": OutputFormat.PNG, "image": ImageOptions(dpi=_DPI)}
        warm = [replace(request_of(next(items), template), **png) for _ in range(sizes.picture_warm)]
        await _answers(client, warm)
        for _ in range(sizes.picture_rounds):
            requests = [request_of(next(items), template) for _ in range(sizes.pictures)]
            documents = await _answers(client, requests)
            asked = [
                replace(one, as_of=document.manifest.pins.as_of, **png)
                for one, document in zip(requests, documents, strict=True)
            ]
            before = tree_cpu_seconds(node.pid)
            pictures = await _answers(client, asked)
            ours = (tree_cpu_seconds(node.pid) - before) / len(asked) * 1000
            for document in documents:
                document.save(folder / f"{document.request_id}.pdf")
            order = {"documents": [str(folder / f"{document.request_id}.pdf") for document in documents]}
            answer = await asyncio.to_thread(ask, __name__, order, seconds=_TIME_S)
            sizes_alone = answer["sizes"]
            wrong = [
                f"{picture.request_id}: {len(picture)} bytes, where PyMuPDF's PNG has {size}"
                for picture, size in zip(pictures, sizes_alone, strict=True)
                if not size * 0.98 < len(picture) < size * 1.02
            ]
            if wrong:
                raise CheckError(_NAME, wrong)
            found.append((ours, answer["milliseconds"]))
    return found


async def _answers(client: Client, requests: list[RenderRequest]) -> list[Document]:
    """The documents, in the order of the requests.

    Raises:
        CheckError: one failed.
    """
    answers = []
    async for result in client.render_stream(requests, ordered=True):
        if not isinstance(result, Document):
            raise CheckError(_NAME, [f"{result.request_id}: {result.error}"])
        answers.append(result)
    return answers


def _main() -> None:
    pymupdf: Any = import_module("pymupdf")  # only in this process, see above; its types are incomplete
    paths = [Path(name) for name in json.load(sys.stdin)["documents"]]
    files = [path.read_bytes() for path in paths]

    def drawn(data: bytes) -> int:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            return len(document[0].get_pixmap(dpi=_DPI, alpha=False).tobytes("png"))

    drawn(files[0])
    began = time.process_time()
    sizes = [drawn(data) for data in files]
    milliseconds = (time.process_time() - began) / len(files) * 1000
    json.dump({"milliseconds": milliseconds, "sizes": sizes}, sys.stdout)


if __name__ == "__main__":
    _main()
