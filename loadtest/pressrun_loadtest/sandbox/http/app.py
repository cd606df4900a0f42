"""The HTTP stand-in as one web application over one state."""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from datetime import timedelta

from aiohttp import web

from pressrun_loadtest.sandbox.admin import Admin
from pressrun_loadtest.sandbox.clock import Clock, http_date
from pressrun_loadtest.sandbox.faults import FaultBox
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET, HookSender, standard_hooks
from pressrun_loadtest.sandbox.http.admin import Operations
from pressrun_loadtest.sandbox.http.errors import HttpError, error_body
from pressrun_loadtest.sandbox.http.grants import Grants
from pressrun_loadtest.sandbox.http.options import HttpOptions
from pressrun_loadtest.sandbox.http.routes import Routes
from pressrun_loadtest.sandbox.http.seed import HttpSeed
from pressrun_loadtest.sandbox.http.store import HttpStore
from pressrun_loadtest.sandbox.journal import Journal
from pressrun_loadtest.sandbox.middleware import answering, observing
from pressrun_loadtest.sandbox.rate import CallWindow

__all__ = ["HTTP_APP", "TOKEN_PATH", "HttpEndpoint"]

HTTP_APP = "http"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path


class HttpEndpoint:
    """The stand-in of any HTTP endpoint."""

    app_names = (HTTP_APP,)

    def __init__(self, seed: HttpSeed, options: HttpOptions, clock: Clock) -> None:
        self.options = options
        self.store = HttpStore(seed, clock)
        self.hooks = HookSender(standard_hooks(STANDARD_SECRET, clock, "http"))
        self.faults, self.journal = FaultBox(), Journal()
        self.grants = Grants(options, clock)
        self._clock = clock
        self._window = CallWindow(options.rate_limit, options.rate_window_s, clock)

    def applications(self, addresses: Mapping[str, str]) -> dict[str, web.Application]:  # noqa: ARG002 - no links
        """The app."""
        app = web.Application(
            middlewares=[
                observing(self.journal, self.faults, error_body),
                answering("HTTP", error_body, _refused, admit=self._admit, free=(TOKEN_PATH,)),
            ]
        )
        app.router.add_post(TOKEN_PATH, self._token)
        app.add_routes(Routes(self.store, self.options, self._clock).table())
        app.add_routes(
            Admin(HTTP_APP, self.faults, self.journal, self.reset, Operations(self.store).table(), self.hooks).table()
        )
        return {HTTP_APP: app}

    def reset(self) -> None:
        """Back to the seed, without faults and journal, with a new window of requests."""
        self.store.reset()
        self.faults.clear()
        self.journal.clear()
        self.grants.revoke()
        self._window.reset()

    def close(self) -> None:
        """Nothing is held beyond memory."""

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return self.grants.answer(form, request.headers.get("Authorization"))

    def _admit(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        granted = self.grants.accepts(given.removeprefix("Bearer "))
        if not granted and not hmac.compare_digest(given.encode(), f"Bearer {self.options.token}".encode()):
            raise HttpError(401, "The token is missing or wrong", {"WWW-Authenticate": "Bearer"})
        if not self._window.take():
            left = math.ceil(self._window.left())
            when = http_date(self._clock() + timedelta(seconds=left)) if self.options.retry_date else str(max(1, left))
            raise HttpError(429, "Too many requests", {"Retry-After": when})


def _refused(error: Exception) -> web.Response | None:
    if not isinstance(error, HttpError):
        return None
    response = error_body(error.status, error.message)
    response.headers.update(error.headers)
    return response
