"""Refusals of the iconik stand-in and the bodies they become."""

from __future__ import annotations

from aiohttp import web

__all__ = ["IconikError", "error_body"]


class IconikError(Exception):
    """The request is refused with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_body(status: int, message: str) -> web.Response:
    """`{"errors": ["..."]}`, one of the two documented shapes."""
    return web.json_response({"errors": [message]}, status=status)
