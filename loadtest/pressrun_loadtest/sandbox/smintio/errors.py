"""Refusals of the Smint.io stand-in and the bodies they become."""

from __future__ import annotations

from aiohttp import web

__all__ = ["SmintioError", "error_body"]


class SmintioError(Exception):
    """The request is refused with a status and a message."""

    def __init__(self, status: int, message: str, code: str = "error") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def error_body(status: int, message: str, code: str = "error") -> web.Response:
    """`{error_code, error_message, error_details}`."""
    body = {"error_code": code, "error_message": message, "error_details": {"uuid": None, "name": None}}
    return web.json_response(body, status=status)
