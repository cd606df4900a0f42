"""Reads the client's side of a RenderRows stream."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from pressrun.v1 import render_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.rpc.coding import Malformed

__all__ = ["first_of", "parts_of"]

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}(\.[A-Za-z_][A-Za-z0-9_-]{0,99}){0,9}")

_Requests = AsyncIterator[render_service_pb2.RenderRowsRequest | Malformed]


async def first_of(requests: _Requests) -> render_service_pb2.RowsStart:
    """What the client says first.

    Raises:
        PressrunError: INVALID_REQUEST.
    """
    async for request in requests:
        if isinstance(request, Malformed):
            raise request.error
        if request.WhichOneof("part") != "start":
            break
        if not _FIELD.fullmatch(request.start.rows_field):
            raise _wrong("start.rows_field", "must name a list of the record, e.g. transactions or account.items")
        return request.start
    raise _wrong("start", "must be said first, with the document and the rows_field")


async def parts_of(requests: _Requests) -> AsyncIterator[bytes]:
    """The rows that follow.

    Raises:
        PressrunError: INVALID_REQUEST.
    """
    async for request in requests:
        if isinstance(request, Malformed):
            raise request.error
        if request.WhichOneof("part") != "rows":
            raise _wrong("rows", "must follow; start is said once")
        if request.rows.rows_json:
            yield request.rows.rows_json


def _wrong(field: str, problem: str) -> PressrunError:
    return PressrunError(Reason.INVALID_REQUEST, f"{field} {problem}", violations=(Violation(field, problem),))
