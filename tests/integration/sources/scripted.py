"""A small HTTP server that answers as a test scripts it, and remembers what came in."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from yarl import URL

__all__ = ["Handler", "Scripted", "scripted"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Scripted:
    """A running server. `answers` are used up one by one; the last one stays."""

    url: URL
    answers: list[Handler] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with the next of the script."""
        self.requests.append(request)
        return await (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)


@asynccontextmanager
async def scripted(*answers: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    """Run a server on a free loopback port, with TLS where its certificate is given."""
    server = Scripted(URL("http://127.0.0.1"), list(answers))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        server.url = URL.build(scheme="https" if tls else "http", host="127.0.0.1", port=runner.addresses[0][1])
        yield server
    finally:
        await runner.cleanup()
