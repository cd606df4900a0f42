"""The Cloudinary stand-in as two web applications over one state: management on one port, delivery on another."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pressrun_loadtest.sandbox.admin import Admin
from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.cloudinary.admin import Operations
from pressrun_loadtest.sandbox.cloudinary.api import AdminApi
from pressrun_loadtest.sandbox.cloudinary.auth import RateBudget, check_basic
from pressrun_loadtest.sandbox.cloudinary.delivery import Delivery
from pressrun_loadtest.sandbox.cloudinary.derived import DerivedCache
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError, DeliveryError, api_error_body, delivery_error_body
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.cloudinary.seed import CloudinarySeed
from pressrun_loadtest.sandbox.cloudinary.store import CloudinaryStore
from pressrun_loadtest.sandbox.faults import FaultBox
from pressrun_loadtest.sandbox.hooks import HookSender, cloudinary_hooks
from pressrun_loadtest.sandbox.journal import Journal
from pressrun_loadtest.sandbox.middleware import ADMIN_PREFIX, ErrorBody, answering, observing

__all__ = ["API_APP", "DELIVERY_APP", "Cloudinary"]

API_APP = "cloudinary-api"
DELIVERY_APP = "cloudinary-delivery"

_SIGNED = ("/upload", "/destroy")
"""Calls that are signed by their parameters, and not counted."""
_MAX_BODY = 64 * 1024 * 1024


class Cloudinary:
    """The stand-in of Cloudinary's Admin API and delivery network."""

    app_names = (API_APP, DELIVERY_APP)

    def __init__(self, seed: CloudinarySeed, options: CloudinaryOptions, clock: Clock) -> None:
        self.options = options
        self.store = CloudinaryStore(seed, clock, options.index_delay_s)
        self.cache = DerivedCache(options.derived_cache_bytes)
        self.budget = RateBudget(options.rate_limit, options.rate_limit_status, clock, options.rate_window_s)
        self.api_faults, self.delivery_faults = FaultBox(), FaultBox()
        self.api_journal, self.delivery_journal = Journal(), Journal()
        self.hooks = HookSender(cloudinary_hooks(options.api_secret, str(options.signature_algorithm.value), clock))
        self._clock = clock

    def applications(self, addresses: Mapping[str, str]) -> dict[str, web.Application]:
        """The two apps; `addresses` gives delivery's base URL for the links in records."""
        return {API_APP: self._api_app(addresses[DELIVERY_APP]), DELIVERY_APP: self._delivery_app()}

    def reset(self) -> None:
        """Back to the seed, with full budget, without faults, journals and derived pictures."""
        self.store.reset()
        self.cache.clear()
        self.budget.reset()
        for faults in (self.api_faults, self.delivery_faults):
            faults.clear()
        for journal in (self.api_journal, self.delivery_journal):
            journal.clear()

    def close(self) -> None:
        """Stop the picture threads."""
        self.cache.close()

    def _api_app(self, delivery_base: str) -> web.Application:
        kept: set[int] = set()
        """Requests that did not come as far as to be counted or refused."""

        @web.middleware
        async def charged(request: web.Request, handler: Handler) -> web.StreamResponse:
            kept.add(id(request))
            try:
                return await handler(request)
            finally:
                if id(request) in kept:
                    kept.remove(id(request))
                    if not request.path.startswith(ADMIN_PREFIX) and not request.path.endswith(_SIGNED):
                        self.budget.charge()  # a fault answered instead; a call that fails is counted, too

        @web.middleware
        async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(ADMIN_PREFIX):
                return await handler(request)
            kept.discard(id(request))
            signed = request.path.endswith(_SIGNED)
            if not signed:
                check_basic(request.headers.get("Authorization"), self.options)
            if request.match_info.get("cloud", self.options.cloud_name) != self.options.cloud_name:
                raise ApiError(401, "cloud_name mismatch")
            if not signed:
                self.budget.spend()
            return await handler(request)

        async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
            if not request.path.startswith(ADMIN_PREFIX):
                response.headers.update(self.budget.headers() | {"X-Request-Id": secrets.token_hex(16)})

        observed = observing(self.api_journal, self.api_faults, api_error_body)
        layers = [charged, observed, _guard(api_error_body), admitted]
        app = web.Application(middlewares=layers, client_max_size=_MAX_BODY)
        app.on_response_prepare.append(add_headers)
        app.add_routes(
            AdminApi(
                self.store, self._clock, self.options, self.hooks, f"{delivery_base}/{self.options.cloud_name}"
            ).table()
        )
        app.add_routes(self._admin(API_APP, self.api_faults, self.api_journal).table())
        return app

    def _delivery_app(self) -> web.Application:
        layers = [
            observing(self.delivery_journal, self.delivery_faults, delivery_error_body),
            _guard(delivery_error_body),
        ]
        app = web.Application(middlewares=layers, client_max_size=_MAX_BODY)
        app.add_routes(self._admin(DELIVERY_APP, self.delivery_faults, self.delivery_journal).table())
        app.add_routes([web.get("/{path:.+}", Delivery(self.options, self.store, self.cache, self._clock).handle)])
        return app

    def _admin(self, name: str, faults: FaultBox, journal: Journal) -> Admin:
        changes = Operations(self.store, self._clock, self.budget.reset).table()
        return Admin(name, faults, journal, self.reset, changes, self.hooks)


def _guard(error_body: ErrorBody) -> Middleware:
    """Turns refusals into the plane's own answers."""

    def refused(error: Exception) -> web.Response | None:
        if isinstance(error, ApiError):
            return error_body(error.status, error.message)
        return error_body(error.status, error.reason) if isinstance(error, DeliveryError) else None

    return answering("cloudinary", error_body, refused)
