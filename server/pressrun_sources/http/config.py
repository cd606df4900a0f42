"""Settings of the HTTP connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from yarl import URL

from pressrun_sources.environment import Environment
from pressrun_sources.http.mapping import HttpMapping, parse_mapping
from pressrun_sources.transport.call import basic, fits_header
from pressrun_sources.transport.certificates import ClientCertificate

__all__ = ["ClientGrant", "HttpConfig"]

_PREFIX = "PRESSRUN_HTTP_SOURCE_"
_AUTHORIZATION = "Authorization"
_HEADER = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class ClientGrant:
    """OAuth 2 client credentials (RFC 6749 section 4.4)."""

    token_url: URL
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    in_body: bool = False
    """Send id and secret in the body, for servers that don't take them by HTTP Basic."""
    certificate: ClientCertificate | None = None
    """Shown where tokens are asked for (RFC 8705), and whom it is believed by."""

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> ClientGrant | None:
        """Read PRESSRUN_HTTP_SOURCE_TOKEN_URL and what goes with it; None where none of it is set."""
        names = {name: f"{_PREFIX}{name}" for name in ("TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET")}
        client, secret = environment.text(names["CLIENT_ID"]), environment.secret(names["CLIENT_SECRET"])
        scope = environment.text(f"{_PREFIX}SCOPE")
        way = environment.choice(f"{_PREFIX}CLIENT_AUTH", ("basic", "body"), "basic")
        given = {"TOKEN_URL": environment.has(names["TOKEN_URL"]), "CLIENT_ID": client, "CLIENT_SECRET": secret}
        certificate = ClientCertificate.from_environment(environment, f"{_PREFIX}TOKEN_")
        if certificate is not None and not given["TOKEN_URL"]:
            environment.fault(names["TOKEN_URL"], "is missing; a certificate for it alone does nothing")
        if not any(given.values()):
            return None
        for name, value in given.items():
            if not value:
                environment.fault(names[name], "is missing; token URL, client id and client secret go together")
        if not given["TOKEN_URL"]:
            return None
        url = environment.url(names["TOKEN_URL"], "", plain_http)
        if certificate is not None and url.scheme != "https":
            name = "TOKEN_CLIENT_CERTIFICATE" if certificate.chain is not None else "TOKEN_CA_FILE"
            environment.fault(f"{_PREFIX}{name}", "is for https:// alone; the token URL is http://")
        return cls(url, client, secret, scope, way == "body", certificate)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Which endpoint, and who asks. Credentials go to the endpoint's own origin alone."""

    base_url: URL
    token: str = field(default="", repr=False)
    """Sent as it is in `token_header`, or as a bearer token where that is `Authorization`."""
    token_header: str = _AUTHORIZATION
    username: str = ""
    password: str = field(default="", repr=False)
    """With `username`: HTTP Basic."""
    grant: ClientGrant | None = None
    """Tokens are asked for by client credentials."""
    certificate: ClientCertificate | None = None
    """Shown to the endpoint (mutual TLS), beside any of the others, and whom it is believed by. Where tokens are asked
    for at another origin, that has its own in the grant: who we are here is nobody's business there."""
    mapping: HttpMapping = field(default_factory=HttpMapping)

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> HttpConfig | None:
        """Read PRESSRUN_HTTP_SOURCE_*; None when no base URL is set."""
        token, password = environment.secret(f"{_PREFIX}TOKEN"), environment.secret(f"{_PREFIX}PASSWORD")
        header = environment.text(f"{_PREFIX}TOKEN_HEADER", _AUTHORIZATION)
        username = environment.text(f"{_PREFIX}USERNAME")
        grant = ClientGrant.from_environment(environment, plain_http)
        certificate = ClientCertificate.from_environment(environment, _PREFIX)
        mapping = environment.parsed(f"{_PREFIX}MAPPING_FILE", parse_mapping)
        if not environment.has(f"{_PREFIX}BASE_URL"):
            if token or username or password or grant or certificate:
                environment.fault(f"{_PREFIX}BASE_URL", "is missing; credentials alone do nothing")
            return None
        if token and not fits_header(token):
            environment.fault(f"{_PREFIX}TOKEN", "holds a space or a character that no header can hold")
        if not _HEADER.fullmatch(header):
            environment.fault(f"{_PREFIX}TOKEN_HEADER", "is no header's name, e.g. X-Api-Key")
        if bool(username) != bool(password) or (token and username):
            environment.fault(f"{_PREFIX}USERNAME", "goes together with a password, and not with a token")
        if grant is not None and (token or username):
            environment.fault(f"{_PREFIX}TOKEN_URL", "goes neither with a token nor with a user; leave those out")
        base = environment.url(f"{_PREFIX}BASE_URL", "", plain_http)
        if certificate is not None and base.scheme != "https":
            name = "CLIENT_CERTIFICATE" if certificate.chain is not None else "CA_FILE"
            environment.fault(f"{_PREFIX}{name}", "is for https:// alone; the base URL is http://")
        return cls(base, token, header, username, password, grant, certificate, mapping)

    def origins(self) -> frozenset[URL]:
        """The one origin that may see the credentials."""
        return frozenset({self.base_url.origin()})

    def called(self) -> frozenset[URL]:
        """Every origin the connector calls by itself: that one, and where tokens are asked for."""
        return self.origins() | ({self.grant.token_url.origin()} if self.grant is not None else frozenset())

    def token_certificate(self) -> ClientCertificate | None:
        """The certificate that is shown where tokens are asked for."""
        if self.grant is None or self.grant.certificate is not None:
            return None if self.grant is None else self.grant.certificate
        return self.certificate if self.grant.token_url.origin() in self.origins() else None

    def secret_headers(self) -> Mapping[str, str]:
        """The headers that say who asks."""
        if self.username:
            return basic(self.username, self.password)
        if not self.token:
            return {}
        bearer = self.token_header.lower() == "authorization"
        return {self.token_header: f"Bearer {self.token}" if bearer else self.token}
