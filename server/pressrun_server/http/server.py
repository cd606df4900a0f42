"""Metrics, probes and webhooks over HTTP: /metrics, /livez, /readyz, /hooks/{source}."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from pressrun_server.http.config import HttpConfig
from pressrun_server.http.errors import HttpListenError
from pressrun_server.http.hooks import Hooks
from pressrun_server.http.metering import Metering
from pressrun_server.metrics.catalogue import Catalogue

__all__ = ["HttpServer"]

_log = logging.getLogger("pressrun.http")


class Collecting(Protocol):
    """What an encoder asks of a registry; `metrics.gathering.Gathered` is no more than that."""

    def collect(self) -> Iterator[Metric]:
        """All metrics."""


class _Strangers(logging.Filter):
    """Leaves out what is no HTTP: it is answered 400, and whoever reaches the port could fill the log with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is told."""
        return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_STRANGERS = _Strangers()


class HttpServer:
    """Serves one node's metrics and probes.

    Args:
        config: settings.
        metrics: the node's metrics, in which requests are counted too.
        ready: says why the node is not ready; an empty text where it is.
    """

    def __init__(self, config: HttpConfig, metrics: Catalogue, ready: Callable[[], str]) -> None:
        self._config = config
        self._metering = Metering(metrics)
        self._registry = metrics.registry
        self._ready = ready
        self._runner: web.AppRunner | None = None
        self.hooks: Hooks | None = None
        """Set once the node has its sources."""
        self.gather: Callable[[], Awaitable[Collecting]] | None = None
        """Gives the metrics of all fronts, where the node has several."""
        self.port = 0
        """The port, once started."""

    async def start(self) -> None:
        """Listen.

        Raises:
            HttpListenError: the address can't be had.
        """
        app = web.Application(middlewares=[self._metering.around])
        app.router.add_get("/", self._index)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_post("/hooks/{source}", self._hook)
        self._metering.expect(resource.canonical for resource in app.router.resources())
        _log.addFilter(_STRANGERS)
        # Webhooks are signed as they are sent, and what unpacks itself is nobody's friend.
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=1.0, logger=_log, auto_decompress=False
        )
        await runner.setup()
        host, _, port = self._config.listen.rpartition(":")
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except OSError as error:
            await runner.cleanup()
            raise HttpListenError(self._config.listen, error.strerror or str(error)) from error
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop; a scrape under way has a second to end."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        # The type carries a charset, which aiohttp wants apart; as a header it goes out unchanged.
        registry: Any = self._registry if self.gather is None else await self.gather()
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    async def _livez(self, _request: web.Request) -> web.Response:
        """The event loop turns, or nobody would answer."""
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        problem = self._ready()
        return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

    async def _hook(self, request: web.Request) -> web.Response:
        if self.hooks is None:
            return web.Response(status=503, headers={"Retry-After": "5"}, text="starting\n")
        return await self.hooks.take(request)

    async def _index(self, _request: web.Request) -> web.Response:
        return web.Response(text="Pressrun render node\n\n/metrics\n/livez\n/readyz\n/hooks/{source}\n")
