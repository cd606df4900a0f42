"""Settings of the HTTP connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from yarl import URL

from pressrun_sources.environment import Environment
from pressrun_sources.http.mapping import HttpMapping, parse_mapping
from pressrun_sources.transport.call import basic

__all__ = ["HttpConfig"]

_PREFIX = "PRESSRUN_HTTP_SOURCE_"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_AUTHORIZATION = "Authorization"
_HEADER = re.compile(r"[A-Za-z0-9-]+")


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
    mapping: HttpMapping = field(default_factory=HttpMapping)

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> HttpConfig | None:
        """Read PRESSRUN_HTTP_SOURCE_*; None when no base URL is set."""
        token, password = environment.secret(f"{_PREFIX}TOKEN"), environment.secret(f"{_PREFIX}PASSWORD")
        header = environment.text(f"{_PREFIX}TOKEN_HEADER", _AUTHORIZATION)
        username = environment.text(f"{_PREFIX}USERNAME")
        mapping = environment.parsed(f"{_PREFIX}MAPPING_FILE", parse_mapping)
        if not environment.has(f"{_PREFIX}BASE_URL"):
            if token or username or password:
                environment.fault(f"{_PREFIX}BASE_URL", "is missing; credentials alone do nothing")
            return None
        if token and not _TOKEN.fullmatch(token):
            environment.fault(f"{_PREFIX}TOKEN", "holds a space or a character that no header can hold")
        if not _HEADER.fullmatch(header):
            environment.fault(f"{_PREFIX}TOKEN_HEADER", "is no header's name, e.g. X-Api-Key")
        if bool(username) != bool(password) or (token and username):
            environment.fault(f"{_PREFIX}USERNAME", "goes together with a password, and not with a token")
        base = environment.url(f"{_PREFIX}BASE_URL", "", plain_http)
        return cls(base, token, header, username, password, mapping)

    def origins(self) -> frozenset[URL]:
        """The one origin that may see the credentials."""
        return frozenset({self.base_url.origin()})

    def secret_headers(self) -> Mapping[str, str]:
        """The headers that say who asks."""
        if self.username:
            return basic(self.username, self.password)
        if not self.token:
            return {}
        bearer = self.token_header.lower() == "authorization"
        return {self.token_header: f"Bearer {self.token}" if bearer else self.token}
