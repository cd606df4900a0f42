"""The Smint.io stand-in as two web applications over one state: its APIs on one port, the store on another."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from pressrun_loadtest.sandbox.admin import Admin
from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.faults import FaultBox
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET, HookSender, standard_hooks
from pressrun_loadtest.sandbox.journal import Journal
from pressrun_loadtest.sandbox.middleware import answering, observing
from pressrun_loadtest.sandbox.rate import CallWindow
from pressrun_loadtest.sandbox.smintio.admin import Operations
from pressrun_loadtest.sandbox.smintio.errors import SmintioError, error_body
from pressrun_loadtest.sandbox.smintio.options import SmintioOptions
from pressrun_loadtest.sandbox.smintio.routes import Routes, store_handler
from pressrun_loadtest.sandbox.smintio.seed import SmintioSeed
from pressrun_loadtest.sandbox.smintio.store import SmintioStore

__all__ = ["SMINTIO_APP", "SMINTIO_STORE_APP", "Smintio"]

SMINTIO_APP = "smintio"
SMINTIO_STORE_APP = "smintio-store"
_WINDOW_S = 60


class Smintio:
    """The stand-in of Smint.io and of the store that holds its downloads."""

    app_names = (SMINTIO_APP, SMINTIO_STORE_APP)

    def __init__(self, seed: SmintioSeed, options: SmintioOptions, clock: Clock) -> None:
        self.options = options
        self.store = SmintioStore(seed, options, clock)
        self.hooks = HookSender(standard_hooks(STANDARD_SECRET, clock, "smintio"))
        self.faults, self.store_faults = FaultBox(), FaultBox()
        self.journal, self.store_journal = Journal(), Journal()
        self._window = CallWindow(options.rate_limit, _WINDOW_S, clock)

    def applications(self, addresses: Mapping[str, str]) -> dict[str, web.Application]:
        """The two apps; the API's answers link to the store."""
        api = self._app(self.journal, self.faults, SMINTIO_APP, guarded=True)
        api.add_routes(Routes(self.store, addresses[SMINTIO_STORE_APP]).table())
        handle = store_handler(self.store)

        async def download(request: web.Request) -> web.StreamResponse:
            return handle(request)

        store = self._app(self.store_journal, self.store_faults, SMINTIO_STORE_APP, guarded=False)
        store.add_routes([web.get("/{key}", download)])
        return {SMINTIO_APP: api, SMINTIO_STORE_APP: store}

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
        admit = self._admit if guarded else None
        answers = answering("Smint.io", error_body, _refused, admit=admit, free=("/connect/",))
        app = web.Application(middlewares=[observing(journal, faults, error_body), answers])
        app.add_routes(Admin(name, faults, journal, self.reset, Operations(self.store).table(), self.hooks).table())
        return app

    def _admit(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not self.store.accepts(token):
            raise SmintioError(401, "The token is missing, wrong or has ended", "unauthorized")
        if not self._window.take():
            raise SmintioError(429, "Too many requests", "rate_limited")


def _refused(error: Exception) -> web.Response | None:
    return error_body(error.status, error.message, error.code) if isinstance(error, SmintioError) else None
