"""Parts of what the HTTP stand-in has: one range of bytes (RFC 9110 section 14), of the very bytes that were meant."""

from __future__ import annotations

import re

from aiohttp import web

__all__ = ["answer_part"]

_RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))")


def answer_part(request: web.Request, data: bytes, etag: str | None, headers: dict[str, str]) -> web.Response:
    """The whole, or the part that is asked for where the condition `If-Range` holds, by a strong entity tag alone.

    Several ranges, and what is no range, are ignored, as a server may.
    """
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    meant = request.headers.get("If-Range", etag)
    if request.method != "GET" or found is None or meant != etag or (etag or "").startswith("W/"):
        return web.Response(body=data, headers=headers)
    size, (first, last, suffix) = len(data), found.groups()
    begin = max(size - int(suffix), 0) if suffix else int(first)
    end = size if suffix or not last else min(int(last) + 1, size)
    if begin >= end:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    # Content-Digest would be that of the part; Repr-Digest is of the whole.
    kept = {name: value for name, value in headers.items() if name != "Content-Digest"}
    part = kept | {"Content-Range": f"bytes {begin}-{end - 1}/{size}"}
    return web.Response(status=206, body=data[begin:end], headers=part)
