"""Settings of the Smint.io connector."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from pressrun_sources.environment import Environment
from pressrun_sources.smintio.mapping import SmintioMapping, parse_mapping

__all__ = ["SmintioConfig"]

_PREFIX = "PRESSRUN_SMINTIO_"
_ID = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class SmintioConfig:
    """Which portal, and who asks. Portal and page are settings: the path of the portal's payload is not public."""

    api_url: URL
    """`https://{tenant}.portalsapife.smint.io/frontend/v1`."""
    authority_url: URL
    """The OIDC authority; tokens come from `{authority}/connect/token`."""
    portal_id: str
    search_page_id: str
    """UUID of the page of the type `page-type-assets-search`; empty: no search."""
    client_id: str
    client_secret: str = field(repr=False)
    token_store: Path | None = None
    """A file with the refresh token, which is replaced at every renewal; None: client credentials."""
    clapi_url: URL | None = None
    """`https://{tenant}.clapi.smint.io/consumer/v1`; None: no licences are read."""
    mapping: SmintioMapping = field(default_factory=SmintioMapping)

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> SmintioConfig | None:
        """Read PRESSRUN_SMINTIO_*; None when neither address nor client is set."""
        mapping = environment.parsed(f"{_PREFIX}MAPPING_FILE", parse_mapping)
        secret, store = environment.secret(f"{_PREFIX}CLIENT_SECRET"), environment.text(f"{_PREFIX}TOKEN_STORE")
        texts = {name: environment.text(f"{_PREFIX}{name}") for name in ("PORTAL_ID", "SEARCH_PAGE_ID", "CLIENT_ID")}
        has = {name: environment.has(f"{_PREFIX}{name}") for name in ("API_URL", "AUTHORITY_URL", "CLAPI_URL")}
        if not secret and not any(texts.values()) and not any(has.values()):
            return None
        for name in ("PORTAL_ID", "CLIENT_ID"):
            if not texts[name]:
                environment.fault(f"{_PREFIX}{name}", "is missing; addresses, portal, client and secret go together")
        if not secret:
            environment.fault(f"{_PREFIX}CLIENT_SECRET", "is missing")
        for name in ("PORTAL_ID", "SEARCH_PAGE_ID"):
            if texts[name] and not _ID.fullmatch(texts[name]):
                environment.fault(f"{_PREFIX}{name}", "is no UUID")
        if store and not Path(store).is_file():
            environment.fault(f"{_PREFIX}TOKEN_STORE", f"{store} is no file; write the refresh token of a log-in there")
        return cls(
            api_url=environment.url(f"{_PREFIX}API_URL", "", plain_http),
            authority_url=environment.url(f"{_PREFIX}AUTHORITY_URL", "", plain_http),
            portal_id=texts["PORTAL_ID"],
            search_page_id=texts["SEARCH_PAGE_ID"],
            client_id=texts["CLIENT_ID"],
            client_secret=secret,
            token_store=Path(store).absolute() if store else None,
            clapi_url=environment.url(f"{_PREFIX}CLAPI_URL", "", plain_http) if has["CLAPI_URL"] else None,
            mapping=mapping,
        )

    def origins(self) -> frozenset[URL]:
        """The origins that may see tokens or the client's secret."""
        urls = (self.api_url, self.authority_url, self.clapi_url)
        return frozenset(url.origin() for url in urls if url is not None)
