"""Writes on a call that the node may have ended meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from google.protobuf.message import Message

__all__ = ["send"]


async def send(call: Any, message: Message) -> None:
    """Write a message after the first one, waiting for flow control.

    `grpc.aio` takes a write that finds the call ended for an internal error and forgets the status that the node sent:
    "Internal error from Core" instead of what was wrong. So this goes past it (grpc.aio._call._StreamRequestMixin); its
    reader then has the node's own word.

    Raises:
        asyncio.InvalidStateError: the call is over; its reader knows why.
    """
    core = getattr(call, "_cython_call", None)
    if core is None:  # another gRPC than the one whose insides are known
        await call.write(message)
        return
    if call.done():
        raise asyncio.InvalidStateError("the call is over")
    try:
        await core.send_serialized_message(message.SerializeToString())
    except grpc._cython.cygrpc.InternalError:  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public name
        raise asyncio.InvalidStateError("the call is over") from None
    except asyncio.CancelledError:
        if not call.cancelled():
            call.cancel()
        raise
