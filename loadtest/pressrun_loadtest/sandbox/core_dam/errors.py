"""Refusals of the Core DAM stand-in, and the answer bodies they become."""

from __future__ import annotations

from aiohttp import web

from pressrun_loadtest.sandbox.core_dam.options import ErrorStyle
from pressrun_loadtest.sandbox.middleware import ErrorBody

__all__ = ["DamError", "error_body"]


class DamError(Exception):
    """The request is refused with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_body(style: ErrorStyle) -> ErrorBody:
    """The maker of error answers in one of the possible forms."""

    def make(status: int, message: str) -> web.Response:
        match style:
            case ErrorStyle.EXCEPTION_BODY:
                body: object = {"exception_body": {"http_response_code": status, "message": message}}
            case ErrorStyle.MESSAGE:
                body = {"message": message}
            case ErrorStyle.TEXT:
                return web.Response(text=message, status=status)
        return web.json_response(body, status=status)

    return make
