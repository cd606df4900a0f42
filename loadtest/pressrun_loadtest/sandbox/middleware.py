"""The layers around every stand-in: what is noted, what goes wrong on purpose, and how failures are answered.

Requests to the admin paths pass untouched and unnoted, so that arranging a test never disturbs what it counts.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pressrun_loadtest.sandbox.faults import (
    Corrupt,
    Drip,
    FailWith,
    Fault,
    FaultBox,
    Hang,
    Latency,
    Redirect,
    Reset,
    Truncate,
    WrongContentType,
)
from pressrun_loadtest.sandbox.journal import Journal

__all__ = ["ADMIN_PREFIX", "ErrorBody", "answering", "observing"]

_log = logging.getLogger(__name__)

ADMIN_PREFIX = "/__sandbox__"

ErrorBody = Callable[[int, str], web.Response]
"""Makes an error answer in the system's own form from a status and a message."""


def observing(journal: Journal, faults: FaultBox, error_body: ErrorBody) -> Middleware:
    """The outermost middleware of an app."""
    # Seeded: two runs of the same test see the same jitter.
    jitter = random.Random(20260101)  # noqa: S311 - simulated weather, no secret

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(ADMIN_PREFIX):
            return await handler(request)
        path, _, query = request.raw_path.partition("?")
        entry = journal.begin(request.method, path, query, request.headers.get("Authorization"))
        latency, fault = faults.take(request.method, path)
        if fault is not None:
            entry.fault = fault.kind
        if latency is not None:
            await asyncio.sleep(_seconds(latency, jitter))
        response: web.StreamResponse = await _answer_instead(request, fault, error_body) or await handler(request)
        entry.status = response.status
        return await _reshape(request, response, fault)

    return middleware


def answering(
    name: str,
    error_body: ErrorBody,
    refused: Callable[[Exception], web.Response | None],
    *,
    admit: Callable[[web.Request], None] | None = None,
    free: tuple[str, ...] = (),
) -> Middleware:
    """The middleware below the outermost one.

    Args:
        name: of the system, for the log.
        error_body: makes its error answers.
        refused: answers what it refuses by an exception of its own; None for any other exception.
        admit: raises where a caller may not call; None: everybody may.
        free: what the paths begin with for which nobody needs to be admitted.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if admit is not None and not request.path.startswith((ADMIN_PREFIX, *free)):
                admit(request)
            return await handler(request)
        except web.HTTPException as error:
            return error_body(error.status, error.reason)
        except Exception as error:  # noqa: BLE001 - answered as the real system would, and logged where it is a defect
            answer = refused(error)
            if answer is None:
                _log.exception("%s stand-in failed on %s %s", name, request.method, request.path)
                answer = error_body(500, "Internal error of the sandbox; see its log")
            return answer

    return middleware


def _seconds(latency: Latency, jitter: random.Random) -> float:
    return max(0.0, latency.ms + latency.jitter_ms * (2 * jitter.random() - 1)) / 1000


async def _answer_instead(request: web.Request, fault: Fault | None, error_body: ErrorBody) -> web.Response | None:
    match fault:
        case FailWith(status, retry_after):
            response = error_body(status, f"The sandbox was told to answer {status}.")
            if retry_after is not None:
                response.headers["Retry-After"] = str(retry_after)
            return response
        case Redirect(location, status):
            return web.Response(status=status, headers={"Location": location})
        case Reset():
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        case Hang():
            # Ends by cancellation only: when the caller goes away or the sandbox stops.
            await asyncio.Event().wait()
    return None


async def _reshape(request: web.Request, response: web.StreamResponse, fault: Fault | None) -> web.StreamResponse:
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    match fault:
        case WrongContentType(value):
            response.headers["Content-Type"] = value
        case Corrupt():
            response.body = bytes(byte ^ 0xFF for byte in response.body)
        case Truncate(keep_bytes):
            stream = await _announce(request, response)
            await stream.write(response.body[:keep_bytes])
            if request.transport is not None:
                request.transport.close()
            return stream
        case Drip(chunk_bytes, pause_ms):
            stream = await _announce(request, response)
            for start in range(0, len(response.body), chunk_bytes):
                await stream.write(response.body[start : start + chunk_bytes])
                await asyncio.sleep(pause_ms / 1000)
            return stream
    return response


async def _announce(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the head of `response`, with the length of its whole body."""
    body = response.body
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body) if isinstance(body, bytes) else 0
    await stream.prepare(request)
    return stream
