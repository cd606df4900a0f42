"""Settings of the iconik connector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from yarl import URL

from pressrun_sources.environment import Environment
from pressrun_sources.iconik.mapping import IconikMapping, parse_mapping
from pressrun_sources.transport.call import fits_header

__all__ = ["IconikConfig"]

_PREFIX = "PRESSRUN_ICONIK_"
_HOST = "https://app.iconik.io"


@dataclass(frozen=True, slots=True)
class IconikConfig:
    """Which tenant, and who asks."""

    app_id: str
    auth_token: str = field(repr=False)
    view_id: str
    """The metadata view that holds the mapped fields."""
    base_url: URL = URL(_HOST)  # noqa: RUF009 - immutable
    mapping: IconikMapping = field(default_factory=IconikMapping)

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> IconikConfig | None:
        """Read PRESSRUN_ICONIK_*; None when neither app id, token nor view is set."""
        app_id, view = environment.text(f"{_PREFIX}APP_ID"), environment.text(f"{_PREFIX}VIEW_ID")
        token = environment.secret(f"{_PREFIX}AUTH_TOKEN")
        base = environment.url(f"{_PREFIX}BASE_URL", _HOST, plain_http)
        mapping = environment.parsed(f"{_PREFIX}MAPPING_FILE", parse_mapping)
        needed = {"APP_ID": app_id, "AUTH_TOKEN": token, "VIEW_ID": view}
        if not any(needed.values()):
            return None
        for name, value in needed.items():
            if not value:
                environment.fault(f"{_PREFIX}{name}", "is missing; app id, token and metadata view go together")
            elif not fits_header(value):
                environment.fault(f"{_PREFIX}{name}", "holds a space or a character that no header can hold")
        return cls(app_id, token, view, base, mapping)

    def origins(self) -> frozenset[URL]:
        """The one origin that may see the credentials."""
        return frozenset({self.base_url.origin()})
