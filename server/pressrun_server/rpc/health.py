"""grpc.health.v1 for asyncio, for each service and for the node as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pressrun_server.rpc.answering import Context

__all__ = ["Health"]

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # the package has no types
    """Answers and watches.

    The asyncio servicer of grpcio-health-checking forgets all watchers of a service as soon as one of them leaves, so a
    client that stays would never hear that the node drains; hence one of our own.

    Args:
        services: full names; the empty name stands for the node and is added.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._status = dict.fromkeys(("", *services), _NOT_SERVING)
        self._changed = asyncio.Event()

    def set(self, *, serving: bool) -> None:
        """Say of every service whether it serves, to all who ask and all who watch."""
        for service in self._status:
            self._status[service] = _SERVING if serving else _NOT_SERVING
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def Check(  # noqa: N802 - the protocol's name
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        """How a service is now."""
        status = self._status.get(request.service)
        if status is None:
            known = ", ".join(repr(name) for name in self._status)
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no such service here; there are {known}")
        return health_pb2.HealthCheckResponse(status=status)

    async def Watch(  # noqa: N802 - the protocol's name
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> None:
        """How a service is now, and each time that this changes."""
        told = None
        while True:
            changed = self._changed
            status = self._status.get(request.service, _UNKNOWN)
            if status != told:
                told = status
                await context.write(health_pb2.HealthCheckResponse(status=status))
            await changed.wait()
