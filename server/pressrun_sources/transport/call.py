"""One request to a source, as connectors describe it."""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus, unquote_plus

from yarl import URL

from pressrun_sources.errors import SourceError
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.certificates import ClientCertificate
from pressrun_sources.transport.rest import Rest

__all__ = ["Call", "Credentials", "Expectation", "basic", "fits_header"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secret headers, and the only origins that may see them."""

    headers: Mapping[str, str] = field(repr=False)
    origins: frozenset[URL]
    certificate: ClientCertificate | None = None
    """Shown to those origins, too."""

    def headers_for(self, url: URL) -> Mapping[str, str]:
        """The headers, or none where the URL has another scheme, host or port."""
        return self.headers if url.origin() in self.origins else {}

    def context_for(self, url: URL) -> ssl.SSLContext | None:
        """What a connection to the URL is made with; None: as to anybody.

        Raises:
            OSError: the certificate cannot be read any more.
        """
        return self.certificate.context() if self.certificate is not None and url.origin() in self.origins else None


def basic(user: str, password: str) -> Mapping[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def fits_header(text: str) -> bool:
    """Whether a secret can stand in a header as it is: visible ASCII, and no space (RFC 9110 section 5.5)."""
    return _VISIBLE.fullmatch(text) is not None


_VISIBLE = re.compile(r"[\x21-\x7e]+")
_SHORTEST = 4
"""Letters of a secret; what is shorter would be found everywhere."""
_SECRET_FIELDS = frozenset({"client_secret", "password", "refresh_token"})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the bytes of a body must agree with."""

    digest: str
    """Lower-case hex."""
    algorithm: str = "md5"
    """A name that hashlib knows."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `form` and `json` are never sent to a second host: only calls without a body follow redirects."""

    method: str
    url: URL
    subject: str
    """What it is about, for messages: `asset 'a/b'`, `the search for segment=premier`."""
    ref: AssetRef | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, object] | Sequence[object] | str | None = field(default=None, repr=False)
    repeatable: bool = True
    """Whether asking twice does no harm; reading is, also by POST."""
    secret_url: bool = False
    """The URL itself is a key to the asset (a signature): details then name only its host."""
    status_errors: Mapping[int, type[SourceError]] = field(default_factory=dict)
    """Statuses that mean something else here than usual."""
    conditional: bool = False
    """304 is an answer: nothing has changed."""
    rest: Rest | None = None
    """Ask for what is missing of a body; nothing else is an answer then."""
    reason_header: str | None = None
    """A response header in which the system says why it refused; for operators."""

    def secrets(self) -> Iterator[str]:
        """What it sends that nobody shall read, as it is sent and in the forms in which it may come back."""
        sent = [value for name, value in (self.form or {}).items() if name in _SECRET_FIELDS]
        for header in (self.credentials.headers if self.credentials is not None else {}).values():
            scheme, _, rest = header.rpartition(" ")
            sent.append(rest)
            if scheme.lower() == "basic":
                sent.append(base64.b64decode(rest).decode("utf-8", "replace").partition(":")[2])
        for value in sent:
            if len(value) >= _SHORTEST:
                yield from {value, quote_plus(value), unquote_plus(value), json.dumps(value)[1:-1]}

    def __str__(self) -> str:
        """For details: no query, no user, no signature."""
        place = self.url.origin() if self.secret_url else self.url.with_query(None).with_fragment(None).with_user(None)
        return f"{self.method} {place}"
