"""Refusals of the HTTP stand-in and the bodies they become."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

__all__ = ["HttpError", "error_body"]


class HttpError(Exception):
    """The request is refused with a status and a message."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def error_body(status: int, message: str) -> web.Response:
    """A problem (RFC 9457)."""
    title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    body = {"type": "about:blank", "title": title, "status": status, "detail": message}
    return web.json_response(body, status=status, content_type="application/problem+json")
