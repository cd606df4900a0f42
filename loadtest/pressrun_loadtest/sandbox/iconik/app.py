"""The iconik stand-in as two web applications over one state: the API on one port, the cloud store on another."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from pressrun_loadtest.sandbox.admin import Admin
from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.faults import FaultBox
from pressrun_loadtest.sandbox.hooks import HookSender, iconik_hooks
from pressrun_loadtest.sandbox.iconik.admin import Operations
from pressrun_loadtest.sandbox.iconik.errors import IconikError, error_body
from pressrun_loadtest.sandbox.iconik.options import IconikOptions
from pressrun_loadtest.sandbox.iconik.routes import PUBLIC, Routes, store_handler
from pressrun_loadtest.sandbox.iconik.seed import IconikSeed
from pressrun_loadtest.sandbox.iconik.store import IconikStore
from pressrun_loadtest.sandbox.journal import Journal
from pressrun_loadtest.sandbox.middleware import answering, observing
from pressrun_loadtest.sandbox.rate import CallWindow

__all__ = ["ICONIK_APP", "ICONIK_STORE_APP", "Iconik"]

ICONIK_APP = "iconik"
ICONIK_STORE_APP = "iconik-store"


class Iconik:
    """The stand-in of iconik and of the store that holds its files."""

    app_names = (ICONIK_APP, ICONIK_STORE_APP)

    def __init__(self, seed: IconikSeed, options: IconikOptions, clock: Clock) -> None:
        self.options = options
        self.store = IconikStore(seed, clock, options.url_life_s)
        self.hooks = HookSender(iconik_hooks(options.hook_secret, options.system_domain_id))
        self.faults, self.store_faults = FaultBox(), FaultBox()
        self.journal, self.store_journal = Journal(), Journal()
        self._window = CallWindow(options.rate_limit, options.rate_window_s, clock)

    def applications(self, addresses: Mapping[str, str]) -> dict[str, web.Application]:
        """The two apps; the API's answers link to the store."""
        api = self._app(self.journal, self.faults, ICONIK_APP, guarded=True)
        api.add_routes(Routes(self.store, self.options.view_id, addresses[ICONIK_STORE_APP]).table())
        handle = store_handler(self.store)

        async def download(request: web.Request) -> web.StreamResponse:
            return handle(request)

        store = self._app(self.store_journal, self.store_faults, ICONIK_STORE_APP, guarded=False)
        store.add_routes([web.get("/{file}", download), web.get(PUBLIC + "{file}", download)])
        return {ICONIK_APP: api, ICONIK_STORE_APP: store}

    def reset(self) -> None:
        """Back to the seed, without faults and journals, with a new window of calls."""
        self.store.reset()
        for faults in (self.faults, self.store_faults):
            faults.clear()
        for journal in (self.journal, self.store_journal):
            journal.clear()
        self._window.reset()

    def close(self) -> None:
        """Nothing is held beyond memory."""

    def _app(self, journal: Journal, faults: FaultBox, name: str, *, guarded: bool) -> web.Application:
        answers = answering("iconik", error_body, _refused, admit=self._admit if guarded else None)
        app = web.Application(middlewares=[observing(journal, faults, error_body), answers])
        app.add_routes(Admin(name, faults, journal, self.reset, Operations(self.store).table(), self.hooks).table())
        return app

    def _admit(self, request: web.Request) -> None:
        given = [request.headers.get(name, "") for name in ("App-ID", "Auth-Token")]
        wanted = [self.options.app_id, self.options.auth_token]
        if not all(hmac.compare_digest(g.encode(), w.encode()) for g, w in zip(given, wanted, strict=True)):
            raise IconikError(401, "Token is invalid")
        if not self._window.take():
            raise IconikError(429, "Rate limit exceeded")


def _refused(error: Exception) -> web.Response | None:
    if not isinstance(error, IconikError):
        return None
    response = error_body(error.status, error.message)
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        # The remaining budget is all that is told; no Retry-After is known of this service.
        response.headers["RateLimit-Remaining"] = "0"
    return response
