"""Counts RPCs: rate, errors and duration of each method."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.rpc.answering import Context
from pressrun_server.rpc.coding import Malformed, serialised, tolerant
from pressrun_server.rpc.status import abort

__all__ = ["Metering"]

_OUTSIDE = "other"
_PACKAGE = "pressrun."
_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


class Metering(grpc.aio.ServerInterceptor):
    """Wraps the handlers of known methods.

    It stands outermost, so that it sees the code that the RPC ends with. The label holds `Service/Method` without the
    package; what is not served here is `other`, so that callers can't make series.

    Args:
        metrics: where to count.
    """

    def __init__(self, metrics: Catalogue) -> None:
        self._metrics = metrics
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Give the handler of a method, wrapped once."""
        method: Any = handler_call_details.method
        name = method.decode() if isinstance(method, bytes) else str(method)
        wrapped = self._wrapped.get(name)
        if wrapped is not None:
            return wrapped
        handler: Any = await continuation(handler_call_details)
        if handler is None:
            self._metrics.rpc_requests.labels(_OUTSIDE, grpc.StatusCode.UNIMPLEMENTED.name).inc()
            return None
        wrapped = self._wrap(handler, name)
        self._wrapped[name] = wrapped
        return wrapped

    def _wrap(self, handler: Any, name: str) -> Any:
        service, _, method = name.rpartition("/")
        meter = _MethodMeter(self._metrics, f"{service.rpartition('.')[2]}/{method}")
        # Of streams each message may be malformed, and whoever reads one has to look; ours do.
        ours = service.startswith(f"/{_PACKAGE}")
        coders = {
            "request_deserializer": (tolerant if ours else _same)(handler.request_deserializer),
            "response_serializer": (serialised if ours else _same)(handler.response_serializer),
        }
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(meter.around(handler.unary_unary), **coders)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(meter.around(handler.unary_stream), **coders)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(meter.around(handler.stream_unary), **coders)
        return grpc.stream_stream_rpc_method_handler(meter.around(handler.stream_stream), **coders)


class _MethodMeter:
    """The metrics of one method, bound."""

    def __init__(self, metrics: Catalogue, method: str) -> None:
        self._requests = metrics.rpc_requests
        self._method = method
        self._ok = metrics.rpc_requests.labels(method, grpc.StatusCode.OK.name)
        self._seconds = metrics.rpc_seconds.labels(method)
        self._in_flight = metrics.rpc_in_flight.labels(method)

    def around(self, behaviour: Callable[[Any, Context], Any]) -> Callable[[Any, Context], Any]:
        """The behaviour, counted; asynchronous generators (reflection has one) are counted as well."""

        async def call(request: Any, context: Context) -> Any:
            started = time.monotonic()
            self._in_flight.inc()
            failed, left = True, False
            try:
                if isinstance(request, Malformed):
                    await abort(context, request.error)
                result = behaviour(request, context)
                if hasattr(result, "__aiter__"):
                    async for message in result:
                        await context.write(message)
                    result = None
                else:
                    result = await result
                failed = False
            except asyncio.CancelledError:
                left = True
                raise
            else:
                return result
            finally:
                self._in_flight.dec()
                self._seconds.observe(time.monotonic() - started)
                self._end(context, failed=failed, left=left)

        return call

    def _end(self, context: Context, *, failed: bool, left: bool) -> None:
        code: Any = context.code()
        number = code.value[0] if isinstance(code, grpc.StatusCode) else int(code or 0)
        # A client that leaves a stream cancels its handler before the context knows.
        if context.cancelled() or left:
            name = grpc.StatusCode.CANCELLED.name
        elif failed and not number:
            # Raised without a status: by grpc's own rule the client sees UNKNOWN.
            name = grpc.StatusCode.UNKNOWN.name
        else:
            name = _CODES.get(number, grpc.StatusCode.UNKNOWN.name)
        if name == grpc.StatusCode.OK.name:
            self._ok.inc()
        else:
            self._requests.labels(self._method, name).inc()


def _same(coder: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return coder
