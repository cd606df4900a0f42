"""The Core DAM stand-in as a web application: routes, refusals, log-in, and the sandbox's own layer around them."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from pressrun_loadtest.sandbox.admin import Admin
from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.core_dam.admin import Operations
from pressrun_loadtest.sandbox.core_dam.auth import Authority
from pressrun_loadtest.sandbox.core_dam.errors import DamError, error_body
from pressrun_loadtest.sandbox.core_dam.options import CoreDamOptions
from pressrun_loadtest.sandbox.core_dam.routes import API, Routes
from pressrun_loadtest.sandbox.core_dam.seed import CoreDamSeed
from pressrun_loadtest.sandbox.core_dam.store import CoreDamStore
from pressrun_loadtest.sandbox.faults import FaultBox
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET, HookSender, standard_hooks
from pressrun_loadtest.sandbox.journal import Journal
from pressrun_loadtest.sandbox.middleware import answering, observing

__all__ = ["CORE_DAM_APP", "CoreDam"]

CORE_DAM_APP = "core-dam"


# Tomcat refuses these in a request target unless they are percent-encoded
# (Apache Tomcat configuration reference, HTTP connector, `relaxedQueryChars`).
_REFUSED_RAW = frozenset('"<>[\\]^`{|}')

_OPEN_CALLS = {("POST", f"{API}/sessions"), ("POST", f"{API}/sessions/oauth2/token")}

_MAX_BODY = 64 * 1024 * 1024


class CoreDam:
    """The stand-in of OpenText Core DAM, speaking the OTMM REST v6 profile."""

    app_names = (CORE_DAM_APP,)

    def __init__(self, seed: CoreDamSeed, options: CoreDamOptions, clock: Clock) -> None:
        self.options = options
        self.store = CoreDamStore(seed, clock)
        self.authority = Authority(options, clock)
        self.hooks = HookSender(standard_hooks(STANDARD_SECRET, clock, "core-dam"))
        self.faults = FaultBox()
        self.journal = Journal()
        self._clock = clock

    def applications(self, addresses: Mapping[str, str]) -> dict[str, web.Application]:
        """The one app of this system."""
        make_error = error_body(self.options.error_style)

        def refused(error: Exception) -> web.Response | None:
            return make_error(error.status, error.message) if isinstance(error, DamError) else None

        answers = answering("core-dam", make_error, refused, admit=self._admit)
        app = web.Application(
            middlewares=[observing(self.journal, self.faults, make_error), answers], client_max_size=_MAX_BODY
        )
        app.add_routes(Routes(self.options, self.store, self.authority, self._clock, addresses[CORE_DAM_APP]).table())
        changes = Operations(self.store, self.authority).table()
        app.add_routes(Admin(CORE_DAM_APP, self.faults, self.journal, self.reset, changes, self.hooks).table())
        return {CORE_DAM_APP: app}

    def reset(self) -> None:
        """Back to the seed, without faults and journal; sessions and tokens stay valid."""
        self.store.reset()
        self.faults.clear()
        self.journal.clear()

    def close(self) -> None:
        """Nothing is held beyond memory."""

    def _admit(self, request: web.Request) -> None:
        if not _REFUSED_RAW.isdisjoint(request.raw_path):
            raise DamError(400, "Invalid character found in the request target; percent-encode it")
        # `GET /sessions` looks at the session itself.
        if request.path.startswith(f"{API}/") and (request.method, request.path) not in _OPEN_CALLS:
            self.authority.authenticate(request)
