"""Refusals of the Cloudinary stand-in and the two forms of answer they become: API and delivery."""

from __future__ import annotations

from aiohttp import web

__all__ = ["ACL_FAILURE", "ApiError", "DeliveryError", "api_error_body", "delivery_error_body"]

ACL_FAILURE = "deny or ACL failure"
"""The reason that delivery gives for a locked asset."""


class ApiError(Exception):
    """The management plane refuses with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class DeliveryError(Exception):
    """The delivery plane refuses; the reason goes into `X-Cld-Error`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def api_error_body(status: int, message: str) -> web.Response:
    """`{"error": {"message": ...}}`."""
    return web.json_response({"error": {"message": message}}, status=status)


def delivery_error_body(status: int, reason: str) -> web.Response:
    """An empty body; the reason stands in the header, without characters that a header cannot hold."""
    safe = reason.encode("ascii", "backslashreplace").decode().replace("\r", " ").replace("\n", " ")
    return web.Response(status=status, headers={"X-Cld-Error": safe, "Server": "Cloudinary"})
