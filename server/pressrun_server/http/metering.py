"""Counts HTTP requests: rate, errors and duration of each route."""

from __future__ import annotations

import time
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler

from pressrun_server.metrics.catalogue import Catalogue

__all__ = ["Metering"]

_OUTSIDE = "other"
_OK = "200"
_DEFECT = "500"


class Metering:
    """Stands around every handler.

    The label is the route as it was declared, e.g. `/hooks/{source}`; what is not served here is `other`, so that
    callers can't make series.

    Args:
        metrics: where to count.
    """

    def __init__(self, metrics: Catalogue) -> None:
        self._metrics = metrics

    def expect(self, routes: Iterable[str]) -> None:
        """These routes are served: their counts are there from the start."""
        for route in routes:
            self._metrics.http_requests.labels(route, _OK)
            self._metrics.http_seconds.labels(route)

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer of the handler, counted."""
        resource = request.match_info.route.resource
        route = _OUTSIDE if resource is None else resource.canonical
        started, code = time.monotonic(), _DEFECT
        try:
            answer = await handler(request)
            code = str(answer.status)
        except web.HTTPException as error:
            code = str(error.status)
            raise
        finally:
            self._metrics.http_seconds.labels(route).observe(time.monotonic() - started)
            self._metrics.http_requests.labels(route, code).inc()
        return answer
