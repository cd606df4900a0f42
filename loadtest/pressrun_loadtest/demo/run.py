"""The demo from start to end: stage, template, records, stream, files, contact sheet, closing table."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from pressrun_client import (
    Client,
    ClientConfig,
    FailedDocument,
    RenderError,
    RenderRequest,
    TemplateNotFoundError,
    TemplateRef,
)
from pressrun_client.document import Document
from pressrun_loadtest.demo.config import DemoConfig
from pressrun_loadtest.demo.errors import DemoError, HelperError
from pressrun_loadtest.demo.neighbour import Neighbour, meet, settle
from pressrun_loadtest.demo.orders import read_items, request_of
from pressrun_loadtest.demo.picks import Pick, Picks
from pressrun_loadtest.demo.procfs import age_seconds
from pressrun_loadtest.demo.progress import View, view_for
from pressrun_loadtest.demo.sheet import save_sheet
from pressrun_loadtest.demo.shelf import Shelf
from pressrun_loadtest.demo.stage import RunningNode, Stage
from pressrun_loadtest.demo.summary import Outcome, print_summary
from pressrun_loadtest.demo.tally import Failure, Tally
from pressrun_loadtest.demo.viewer import draw_first_pages
from pressrun_loadtest.demo.words import count
from pressrun_loadtest.records import generate, write_ndjson
from pressrun_loadtest.samples import statement_path

__all__ = ["run_demo"]

_TEMPLATE = "statement@1"
_SHEET_PAGES = 12
_PAGE_PIXELS = 560
_SCRAPE_S = 5.0


def run_demo(config: DemoConfig, console: Console) -> int:
    """Run the demo.

    Returns:
        the exit code: 0, or 1 where a document failed or the cache did not do what it should.

    Raises:
        DemoError: it cannot be run; the text says why and what to do.
    """
    try:
        return _run(config, console)
    except OSError as error:
        # Files of ours; whatever talks to other processes has errors of its own.
        place = error.filename or config.out
        raise DemoError(f"{place}: {error.strerror or error}; make room there, or choose another --out") from error


def _run(config: DemoConfig, console: Console) -> int:
    writer = _RecordsWriter(config)
    console.print(f"making the records of {count(config.documents, 'customer')}, starting the sandbox and one node")
    writer.start()
    neighbour: Neighbour | None = None
    with Stage(
        config.out, cache=config.cache, composers=config.composers, sandbox=config.sandbox, shared=True
    ) as stage:
        writer.finish()
        run = _Run(config, console, stage.node)
        try:
            asyncio.run(run.press())
            if stage.shared and not run.tally.failed:
                console.print("starting a second node beside it, on an empty disk")
                asyncio.run(run.settle())
                neighbour = asyncio.run(run.meet(stage.neighbour()))
        except DemoError:
            # A node that ended explains what its clients saw.
            stage.check()
            raise
        metrics = _scrape(stage.node.metrics_url, config.metrics)
    sheet_error: HelperError | None = None
    try:
        _contact_sheet(config, run.picks.chosen())
    except HelperError as error:
        sheet_error = error
    outcome = Outcome(run.tally, run.ready_after, stage.node.metrics_url, metrics, stage.data_dir, neighbour)
    print_summary(console, config, outcome)
    if sheet_error is not None:
        raise sheet_error
    return 0 if outcome.sound else 1


class _RecordsWriter:
    """Writes the records while the stage is set up, which mostly waits."""

    def __init__(self, config: DemoConfig) -> None:
        self._config = config
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._write, name="records", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        config = self._config
        try:
            write_ndjson(config.records, generate(config.seed, config.documents))
        except OSError as error:
            self._error = error


class _Run:
    """The stream and what comes of it."""

    def __init__(self, config: DemoConfig, console: Console, node: RunningNode) -> None:
        self._config = config
        self._console = console
        self._node = node
        self._kinds: dict[str, tuple[str, str]] = {}
        self._template: TemplateRef | None = None
        self.tally = Tally(config.documents, listed=config.patience)
        self.picks = Picks(_SHEET_PAGES)
        self.ready_after = 0.0
        """Seconds from the start of the program to the first request."""

    async def press(self) -> None:
        """Publish, then render everything.

        Raises:
            DemoError: the template is refused, the node is gone, or a file cannot be written.
        """
        config = self._config
        settings = ClientConfig(target=self._node.target, max_in_flight=config.in_flight)
        async with Client(config=settings) as client:
            try:
                template = self._template = await self._publish(client)
                self._console.print(f"rendering over one channel to {self._node.target}")
                async with Shelf(config.documents_folder) as shelf:
                    with view_for(self._console, config.documents) as view:
                        await self._stream(client, template, shelf, view)
                for request_id in shelf.altered:
                    self.tally.take_back(Failure(request_id, "INTEGRITY", "the SHA-256 differs from the manifest's"))
            except RenderError as error:
                raise DemoError(str(error)) from error

    async def settle(self) -> None:
        """Wait until the node has what a second one would fetch beside it.

        Raises:
            DemoError: it cannot be asked.
        """
        assert self._template is not None
        try:
            await settle(self._node, self._template)
        except RenderError as error:
            raise DemoError(str(error)) from error

    async def meet(self, second: RunningNode) -> Neighbour:
        """Let a second node make the first document again.

        Raises:
            DemoError: it cannot.
        """
        assert self._template is not None
        request = next(self._requests(self._template))
        made = self._config.documents_folder / f"{request.request_id}.pdf"
        manifest = json.loads(await asyncio.to_thread(made.with_suffix(".json").read_text, "utf-8"))
        request = replace(request, as_of=datetime.fromisoformat(manifest["pins"]["as_of"]))
        try:
            content = await asyncio.to_thread(made.read_bytes)
            return await meet(second, self._template, request, content)
        except RenderError as error:
            raise DemoError(f"the second node: {error}") from error

    async def _publish(self, client: Client) -> TemplateRef:
        try:
            # The stage gives each version of the sample a node folder of its own, so what is there is the sample.
            known = await client.template(_TEMPLATE)
        except TemplateNotFoundError:
            published = await client.publish(statement_path())
            self._console.print(f"published {published.ref}")
            return published.ref
        self._console.print(f"{known.ref} is published since an earlier run")
        return known.ref

    async def _stream(self, client: Client, template: TemplateRef, shelf: Shelf, view: View) -> None:
        tally = self.tally
        tally.start(time.monotonic())
        async with contextlib.aclosing(client.render_stream(self._requests(template))) as results:
            async for result in results:
                locale, segment = self._kinds.pop(result.request_id)
                if isinstance(result, FailedDocument):
                    error = result.error
                    tally.failure(Failure(result.request_id, error.reason, error.message), time.monotonic())
                else:
                    self._count(result)
                    self.picks.see(Pick(locale, segment, result.request_id))
                    await shelf.put(result)
                view.update(tally)
                if tally.failed >= self._config.patience and not self._config.keep_going:
                    return

    def _requests(self, template: TemplateRef) -> Iterator[RenderRequest]:
        self.ready_after = age_seconds()
        for item in read_items(self._config.records):
            self._kinds[item.request_id] = (item.locale, item.attributes.get("segment", ""))
            yield request_of(item, template)

    def _count(self, document: Document) -> None:
        use = document.cache_use
        self.tally.document(
            pages=document.pages,
            size=len(document),
            latency=document.latency,
            first_byte=document.time_to_first_byte,
            cache={
                "memory": use.memory_hits,
                "disk": use.disk_hits,
                "redis": use.shared_hits,
                "source": use.source_fetches,
            },
            now=time.monotonic(),
        )


def _scrape(url: str, file: Path) -> Path | None:
    """Keep what the node measured, because nobody can ask it any more when the demo is over."""
    try:
        with urllib.request.urlopen(url, timeout=_SCRAPE_S) as answer:  # noqa: S310 - our node's own address
            file.write_bytes(answer.read())
    except OSError:
        file.unlink(missing_ok=True)
        return None
    return file


def _contact_sheet(config: DemoConfig, picks: list[Pick]) -> None:
    """Draw it, where there is anything to draw."""
    config.contact_sheet.unlink(missing_ok=True)
    if not picks:
        return
    documents = [config.documents_folder / f"{pick.request_id}.pdf" for pick in picks]
    captions = [(pick.segment.capitalize(), f"{pick.locale} · {pick.request_id}") for pick in picks]
    with tempfile.TemporaryDirectory(prefix="sheet-", dir=config.out) as folder:
        pictures = draw_first_pages(documents, Path(folder), width=_PAGE_PIXELS)
        save_sheet(config.contact_sheet, pictures, captions)
