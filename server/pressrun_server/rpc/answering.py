"""How every RPC of ours ends when it fails: with the rich status of its error, whatever that is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import grpc
import structlog

from pressrun_server.errors import PressrunError
from pressrun_server.prepare.faults import failure_of
from pressrun_server.rpc.status import abort

__all__ = ["Context", "answering", "deadline_of"]

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
"""The context of an RPC; the types that grpcio states for its messages do not fit asynchronous servicers."""

log = structlog.get_logger("pressrun.rpc")


@asynccontextmanager
async def answering(context: Context, method: str) -> AsyncIterator[None]:
    """Turn errors into the status of the RPC; a defect is logged and told as INTERNAL, without its text."""
    try:
        yield
    except PressrunError as error:
        await abort(context, error)
    except (grpc.aio.AbortError, asyncio.CancelledError):
        raise
    except Exception as error:
        if context.cancelled() or context.done():
            raise  # the client left; reading and writing fail then
        failure = failure_of(error, "the node failed over this request; its log has the details")
        log.error("rpc_defect", method=method, detail=failure.detail)  # noqa: TRY400 - a traceback may show data
        await abort(context, failure.error())


def deadline_of(context: Context) -> float | None:
    """The RPC's deadline on the monotonic clock."""
    remaining: float | None = context.time_remaining()
    return None if remaining is None else time.monotonic() + remaining
