"""Settings of all sources, read from the environment in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace

from yarl import URL

from pressrun_sources.changes.config import HooksConfig
from pressrun_sources.changes.polling import PollConfig
from pressrun_sources.cloudinary.config import CloudinaryConfig
from pressrun_sources.core_dam.config import CoreDamConfig
from pressrun_sources.environment import Environment
from pressrun_sources.http.config import HttpConfig
from pressrun_sources.iconik.config import IconikConfig
from pressrun_sources.library.config import LibraryConfig
from pressrun_sources.smintio.config import SmintioConfig
from pressrun_sources.transport.config import TransportConfig

__all__ = ["PREFIXES", "SourcesConfig", "from_env"]

PREFIXES = tuple(
    f"PRESSRUN_{name}_" for name in ("LIBRARY", "CORE_DAM", "CLOUDINARY", "ICONIK", "HTTP_SOURCE", "SMINTIO", "SOURCES")
)
"""What the names of all settings of sources begin with; whoever reads others leaves these alone."""
_SECRETS = (
    "client_secret", "password", "api_secret", "auth_token", "token",
    "cloudinary_secret", "iconik_secret", "standard_secrets",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourcesConfig:
    """The settings of each source; None for one that is not set up."""

    transport: TransportConfig = field(default_factory=TransportConfig)
    library: LibraryConfig | None = None
    core_dam: CoreDamConfig | None = None
    cloudinary: CloudinaryConfig | None = None
    iconik: IconikConfig | None = None
    http: HttpConfig | None = None
    smintio: SmintioConfig | None = None
    hooks: HooksConfig = field(default_factory=HooksConfig)
    poll: PollConfig = field(default_factory=PollConfig)

    def redacted(self) -> dict[str, str]:
        """Every setting as text, by its dotted name, with secrets only as set or not set; for printing."""
        return dict(_flat("", self))


def from_env(environ: Mapping[str, str]) -> SourcesConfig:
    """Read the settings.

    Raises:
        MisconfiguredError: something is wrong; the message has a line for each fault and never a secret's value.
    """
    environment = Environment(environ)
    transport = TransportConfig.from_environment(environment)

    def plain_http(url: URL) -> bool:
        # An operator who lists a host vouches for the way to it; a loopback address has no way at all.
        return transport.allowed.host_allowed(url) or transport.allowed.is_loopback(url)

    config = SourcesConfig(
        transport=transport,
        library=LibraryConfig.from_environment(environment),
        core_dam=CoreDamConfig.from_environment(environment, plain_http),
        cloudinary=CloudinaryConfig.from_environment(environment, plain_http),
        iconik=IconikConfig.from_environment(environment, plain_http),
        http=HttpConfig.from_environment(environment, plain_http),
        smintio=SmintioConfig.from_environment(environment, plain_http),
        hooks=HooksConfig.from_environment(environment),
        poll=PollConfig.from_environment(environment),
    )
    environment.finish(PREFIXES)
    return replace(config, hooks=config.hooks.with_account(config.cloudinary))


def _flat(place: str, value: object) -> list[tuple[str, str]]:
    name = place.rpartition(".")[2]
    if name in _SECRETS:
        return [(place, "(set)" if value else "(not set)")]
    if is_dataclass(value) and not isinstance(value, type):
        parts = ((f"{place}.{part.name}".strip("."), getattr(value, part.name)) for part in fields(value) if part.init)
        return [pair for part, inner in parts for pair in _flat(part, inner)]
    return [(place, "(not set)" if value is None or value == "" else str(value))]
