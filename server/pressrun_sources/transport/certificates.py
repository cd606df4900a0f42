"""When the certificates end that a source's own origins show."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
from yarl import URL

__all__ = ["Certificates", "WatchingConnector"]


class Certificates:
    """Remembers the last certificate of each origin.

    Args:
        origins: the source's own; what it redirects to is not looked at, so that this stays small.
    """

    def __init__(self, origins: frozenset[URL]) -> None:
        self._origins = origins
        self._ends: dict[URL, float] = {}

    def saw(self, origin: URL, certificate: dict[str, Any]) -> None:
        """Take in a certificate that was verified, in the form of `ssl.SSLSocket.getpeercert`."""
        if origin in self._origins and "notAfter" in certificate:
            self._ends[origin] = float(ssl.cert_time_to_seconds(certificate["notAfter"]))

    def end(self) -> float | None:
        """When the first of them ends, in seconds since 1970; None before any was seen."""
        return min(self._ends.values(), default=None)


class WatchingConnector(aiohttp.TCPConnector):
    """A connection pool that shows the certificate behind each request.

    Not the response, since a small answer gives its connection back before anybody could look.

    Args:
        certificates: what takes them in.
        options: those of the pool.
    """

    def __init__(self, certificates: Certificates, **options: Any) -> None:
        super().__init__(**options)
        self._certificates = certificates

    async def connect(self, req: aiohttp.ClientRequest, *arguments: Any, **options: Any) -> Any:
        """A connection for a request."""
        connection = await super().connect(req, *arguments, **options)
        if req.url.scheme == "https" and connection.transport is not None:
            self._certificates.saw(req.url.origin(), connection.transport.get_extra_info("peercert") or {})
        return connection
