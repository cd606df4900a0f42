"""Settings of the Core DAM connector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from yarl import URL

from pressrun_sources.core_dam.mapping import CoreDamMapping, parse_mapping
from pressrun_sources.environment import Environment

__all__ = ["AuthMode", "CoreDamConfig"]

_PREFIX = "PRESSRUN_CORE_DAM_"


class AuthMode(StrEnum):
    """How the service makes itself known."""

    OTDS_OAUTH2 = "otds_oauth2"
    """A bearer token of the directory service, by client credentials (or a user's password, when one is set)."""
    OTMM_SESSION = "otmm_session"
    """A session by user name and password."""
    OTMM_OAUTH_PASSWORD = "otmm_oauth_password"  # noqa: S105 - the name of a mode
    """A bearer token of the DAM itself, by user and client together."""


_NEEDS = {
    AuthMode.OTDS_OAUTH2: ("TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET"),
    AuthMode.OTMM_SESSION: ("USERNAME", "PASSWORD"),
    AuthMode.OTMM_OAUTH_PASSWORD: ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"),
}


@dataclass(frozen=True, slots=True)
class CoreDamConfig:
    """Where the system is, and who asks."""

    base_url: URL
    """E.g. `https://dam.example/otmmapi/v6`."""
    origin: URL
    """Scheme, host and port against which the system's own links are read; it may see the credentials."""
    auth_mode: AuthMode = AuthMode.OTDS_OAUTH2
    token_url: URL | None = None
    """E.g. `https://otds.example/otdsws/oauth2/token`."""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    mapping: CoreDamMapping = field(default_factory=CoreDamMapping)

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> CoreDamConfig | None:
        """Read PRESSRUN_CORE_DAM_*; None when none of them is set."""
        texts = {name: environment.text(_PREFIX + name) for name in ("CLIENT_ID", "USERNAME")}
        secrets = {name: environment.secret(_PREFIX + name) for name in ("CLIENT_SECRET", "PASSWORD")}
        mode = AuthMode(environment.choice(f"{_PREFIX}AUTH_MODE", tuple(AuthMode), AuthMode.OTDS_OAUTH2))
        others = ("AUTH_MODE", "ORIGIN", "TOKEN_URL", "MAPPING_FILE")
        given = {name for name in others if environment.has(_PREFIX + name)}
        given |= {name for name, value in (texts | secrets).items() if value}
        if not environment.has(f"{_PREFIX}BASE_URL"):
            if given:
                environment.fault(f"{_PREFIX}BASE_URL", f"is missing, though {_PREFIX}{min(given)} is set")
            return None
        for name in _NEEDS[mode]:
            if name not in given:
                environment.fault(_PREFIX + name, f"is missing; the auth mode {mode} needs it")
        base = environment.url(f"{_PREFIX}BASE_URL", "", plain_http)
        token = environment.url(f"{_PREFIX}TOKEN_URL", "", plain_http) if "TOKEN_URL" in given else None
        mapping = environment.parsed(f"{_PREFIX}MAPPING_FILE", parse_mapping)
        return cls(
            base_url=base,
            origin=environment.url(f"{_PREFIX}ORIGIN", str(base.origin()), plain_http).origin(),
            auth_mode=mode,
            token_url=token,
            client_id=texts["CLIENT_ID"],
            client_secret=secrets["CLIENT_SECRET"],
            username=texts["USERNAME"],
            password=secrets["PASSWORD"],
            mapping=mapping,
        )

    def origins(self) -> frozenset[URL]:
        """Every origin the connector calls by itself."""
        urls = (self.base_url, self.origin, self.token_url)
        return frozenset(url.origin() for url in urls if url is not None)
