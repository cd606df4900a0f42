"""The same client for code without an event loop: a thin façade over a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from pressrun_client.bundle import Bundle
from pressrun_client.client import Client, OnError
from pressrun_client.config import ClientConfig
from pressrun_client.document import Document, Result
from pressrun_client.models.asset import AssetDescriptor, AssetOutcome, KeptContent, LicenceOutcome, Missing, Rendition
from pressrun_client.models.explanation import Explanation
from pressrun_client.models.manifest import Digest
from pressrun_client.models.node import NodeHealth
from pressrun_client.models.request import Record, RenderOptions, RenderRequest
from pressrun_client.models.template import CheckResult, PublishedTemplate, TemplateInfo, TemplateRef
from pressrun_client.models.verification import Verification
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["BlockingClient"]

_T = TypeVar("_T")
_END = object()


class BlockingClient:
    """`Client` with calls that block. It may be shared by any number of threads.

    Each method does what the method of that name of `Client` does, and raises the same errors.

    Args:
        target: `host:port`, several `ip:port` with commas between, or any gRPC target; wins over that of `config`.
        config: everything else.

    Raises:
        ConfigError: the target is none.

    Example:
        One document, then many::

            with BlockingClient("127.0.0.1:7070") as client:
                client.render("statement@1", {"customer": {"name": "Zoë"}}).save("statement.pdf")

                requests = (RenderRequest("statement@1", line) for line in open("records.ndjson", "rb"))
                for result in client.render_stream(requests, ordered=True):
                    print(result.request_id, result.ok)
    """

    def __init__(self, target: str | None = None, *, config: ClientConfig | None = None) -> None:
        self._client = Client(target, config=config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pressrun-client", daemon=True)
        self._thread.start()
        self._closing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all calls, the connections and the thread. Closing twice is allowed."""
        with self._closing:
            if self._loop.is_closed():
                return
            self._run(self._client.close())
            self._run(_cancel_others())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def render(self, template: TemplateRef | str, record: Record, **options: Unpack[RenderOptions]) -> Document:
        """Renders one document; see `Client.render`."""
        return self._run(self._client.render(template, record, **options))

    def render_request(self, request: RenderRequest) -> Document:
        """Renders one document; see `Client.render_request`."""
        return self._run(self._client.render_request(request))

    def render_stream(
        self,
        requests: Iterable[RenderRequest],
        *,
        ordered: bool = False,
        max_in_flight: int | None = None,
        on_error: OnError = "yield",
    ) -> Iterator[Result]:
        """Renders many documents over one stream; see `Client.render_stream`.

        The requests are pulled in the thread that iterates over the results, when it asks for the next one.
        """
        window = self._client.config.max_in_flight if max_in_flight is None else max_in_flight
        feed: asyncio.Queue[RenderRequest | object] = asyncio.Queue()
        results = self._client.render_stream(_drain(feed), ordered=ordered, max_in_flight=window, on_error=on_error)
        return self._stream(iter(requests), feed, results, window)

    def _stream(
        self,
        requests: Iterator[RenderRequest],
        feed: asyncio.Queue[RenderRequest | object],
        results: AsyncGenerator[Result, None],
        window: int,
    ) -> Iterator[Result]:
        out: queue.SimpleQueue[Result | Exception | None] = queue.SimpleQueue()
        pump = self._submit(_pump(results, out))
        pulling, inside = True, 0
        source_error: Exception | None = None
        try:
            while True:
                batch: list[RenderRequest | object] = []
                while pulling and inside < window:
                    try:
                        batch.append(next(requests))
                        inside += 1
                    except StopIteration:
                        pulling = False
                    except Exception as error:  # noqa: BLE001 - raised below, after what was pulled is answered
                        source_error, pulling = error, False
                    if not pulling:
                        batch.append(_END)
                if batch:
                    self._loop.call_soon_threadsafe(_feed, feed, batch)
                result = out.get()
                if result is None:
                    break
                if isinstance(result, Exception):
                    raise result
                inside -= 1
                yield result
            if source_error is not None:
                raise source_error
        finally:
            pump.cancel()

    def verify(
        self,
        manifest: Document | str | bytes,
        record: Record,
        *,
        document: bytes | None = None,
        customer_reference: str = "",
    ) -> Verification:
        """Makes a document again and compares; see `Client.verify`."""
        return self._run(
            self._client.verify(manifest, record, document=document, customer_reference=customer_reference)
        )

    def explain(self, template: TemplateRef | str, record: Record, **options: Unpack[RenderOptions]) -> Explanation:
        """Says which assets a document would get, and why; see `Client.explain`."""
        return self._run(self._client.explain(template, record, **options))

    def put_content(self, identifier: str, content: bytes | None, **options: Any) -> KeptContent:
        """Pushes content; see `Client.put_content`, which says the options."""
        return self._run(self._client.put_content(identifier, content, **options))

    def publish(self, bundle: str | os.PathLike[str] | Bundle) -> PublishedTemplate:
        """Makes a bundle available; see `Client.publish`."""
        return self._run(self._client.publish(bundle))

    def check(self, bundle: str | os.PathLike[str] | Bundle) -> CheckResult:
        """Checks a bundle; see `Client.check`."""
        return self._run(self._client.check(bundle))

    def templates(self) -> list[TemplateInfo]:
        """All published templates; see `Client.templates`."""
        return self._run(_collect(self._client.templates()))

    def template(self, ref: TemplateRef | str) -> TemplateInfo:
        """One published template; see `Client.template`."""
        return self._run(self._client.template(ref))

    def resolve_assets(self, refs: Sequence[str], *, rendition: Rendition | None = None) -> list[AssetOutcome]:
        """Turns refs into descriptors; see `Client.resolve_assets`."""
        return self._run(self._client.resolve_assets(refs, rendition=rendition))

    def prefetch(
        self, template: TemplateRef | str, *, output_channel: OutputChannel = OutputChannel.PRINT
    ) -> list[AssetOutcome]:
        """Fetches a template's assets; see `Client.prefetch`."""
        return self._run(self._client.prefetch(template, output_channel=output_channel))

    def describe_asset(self, ref: str) -> list[AssetDescriptor]:
        """What the node knows about an asset; see `Client.describe_asset`."""
        return self._run(self._client.describe_asset(ref))

    def find_missing(
        self, refs: Sequence[str] = (), *, rendition: Rendition | None = None, digests: Sequence[Digest] = ()
    ) -> Missing:
        """Says what the node does not hold; see `Client.find_missing`."""
        return self._run(self._client.find_missing(refs, rendition=rendition, digests=digests))

    def invalidate(self, refs: Sequence[str] = (), *, sources: Sequence[str] = ()) -> int:
        """Makes all nodes forget assets; see `Client.invalidate`."""
        return self._run(self._client.invalidate(refs, sources=sources))

    def reserve_licences(
        self, run: str, documents: Mapping[str, int], *, tenant: str = "", lifetime: timedelta = timedelta(days=1)
    ) -> list[LicenceOutcome]:
        """Holds uses of licences for a run; see `Client.reserve_licences`."""
        return self._run(self._client.reserve_licences(run, documents, tenant=tenant, lifetime=lifetime))

    def health(self) -> NodeHealth:
        """Whether a node takes documents; see `Client.health`."""
        return self._run(self._client.health())

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        future = self._submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupted caller leaves no call behind
            raise

    def _submit(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:
            work.close()
            raise RuntimeError("This client is closed; make a new one.") from error


def _feed(feed: asyncio.Queue[RenderRequest | object], batch: list[RenderRequest | object]) -> None:
    for request in batch:
        feed.put_nowait(request)


async def _drain(feed: asyncio.Queue[RenderRequest | object]) -> AsyncIterator[RenderRequest]:
    while (request := await feed.get()) is not _END:
        yield request  # type: ignore[misc] # the stream itself refuses what is no request


async def _pump(results: AsyncGenerator[Result, None], out: queue.SimpleQueue[Result | Exception | None]) -> None:
    try:
        async for result in results:
            out.put(result)
        out.put(None)
    except asyncio.CancelledError:
        out.put(RuntimeError("This client was closed while a stream ran."))
        raise
    except Exception as error:  # noqa: BLE001 - it is the waiting thread's
        out.put(error)
    finally:
        await results.aclose()


async def _collect(items: AsyncIterator[_T]) -> list[_T]:
    return [item async for item in items]


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
