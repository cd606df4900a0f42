"""The certificates that a source's own origins show, and the one that is shown to them."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
from yarl import URL

from pressrun_sources.environment import Environment

__all__ = ["Certificates", "ClientCertificate", "WatchingConnector"]

log = logging.getLogger(__name__)
_PAUSE = 5.0
"""Seconds after which files that could not be used are tried again, though they were not written anew."""


@dataclass(slots=True)
class ClientCertificate:
    """The certificate by which this service is known (mutual TLS), and whom it trusts.

    Files are read again when they change, since those who renew certificates write new ones in their place. While they
    are at it, or where what they wrote cannot be used, what was read before stays good, and operators are told.

    Args:
        chain: PEM: the certificate and what it is signed by; None: none is shown.
        key: PEM: its key, without a password; None: it is in the same file.
        trusted: PEM: whose certificates are believed of the other side; None: those that the machine trusts.
    """

    chain: Path | None = None
    key: Path | None = None
    trusted: Path | None = None
    _context: ssl.SSLContext | None = field(default=None, init=False, repr=False)
    _written: tuple[int | None, ...] = field(default=(), init=False, repr=False)
    """When the files were written that were read last, whatever came of it."""
    _again: float = field(default=inf, init=False, repr=False)
    """When they are read again though nothing was written, in monotonic time."""
    _told: tuple[tuple[int | None, ...], str] | None = field(default=None, init=False, repr=False)
    """Which files operators were told of last, and why they cannot be used."""

    @classmethod
    def from_environment(cls, environment: Environment, prefix: str) -> ClientCertificate | None:
        """Read CLIENT_CERTIFICATE, CLIENT_KEY and CA_FILE behind a prefix; None where none is named."""
        names = [f"{prefix}{name}" for name in ("CLIENT_CERTIFICATE", "CLIENT_KEY", "CA_FILE")]
        chain, key, trusted = (environment.text(name) for name in names)
        if key and not chain:
            environment.fault(names[1], f"goes together with {names[0]}")
        if not chain and not trusted:
            return None
        made = cls(
            Path(chain) if chain else None, Path(key) if chain and key else None, Path(trusted) if trusted else None
        )
        try:
            made.context()
        except OSError as error:  # ssl.SSLError is one
            text = error.strerror or "is not PEM that can be read"
            what = "cannot be used with its key and CA file" if chain else "cannot be used"
            environment.fault(names[0] if chain else names[2], f"{what}: {text}")
        return made

    def context(self) -> ssl.SSLContext:
        """What a connection is made with.

        Raises:
            OSError: no files were there yet that could be used; one can't be read, or is not what it should be.
        """
        written = tuple(map(_written, (self.chain, self.key, self.trusted)))
        before = self._context
        if before is not None and written == self._written and monotonic() < self._again:
            return before
        try:
            self._context = self._read()
        except OSError as error:  # ssl.SSLError is one
            if before is None:
                raise
            why = error.strerror or str(error)
            told, self._told = self._told, (written, why)
            # It may pass without a word in the files: no descriptor was left, or they were read between two writes.
            self._written, self._again = written, monotonic() + _PAUSE
            if self._told != told:
                log.warning(
                    "%s was written anew, or its key or CA file, and they cannot be used (%s); those before stay in "
                    "use until they fit",
                    self.chain or self.trusted,
                    why,
                )
            return before
        self._written, self._again, self._told = written, inf, None
        if before is not None:
            log.info("%s was renewed", self.chain or self.trusted)
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.trusted)

        def no_password() -> str:
            raise OSError(None, "the key has a password, which nobody could enter")

        if self.chain is not None:
            context.load_cert_chain(self.chain, self.key, password=no_password)
        return context


def _written(path: Path | None) -> int | None:
    """When a file was written last, in nanoseconds; None: there is none."""
    try:
        return None if path is None else path.stat().st_mtime_ns
    except OSError:
        return None


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
