"""Settings of the webhooks that are taken."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace

from pressrun_sources.cloudinary.config import CloudinaryConfig
from pressrun_sources.environment import Environment

__all__ = ["HooksConfig"]

_SHORTEST = 16
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class HooksConfig:
    """The keys by which webhooks are believed; a system without one gets none taken."""

    cloudinary_secret: str = field(default="", repr=False)
    """The notification key, or else the oldest API key's secret."""
    cloudinary_algorithm: str = "sha1"
    """`sha1` or `sha256`: the account's signature algorithm."""
    iconik_secret: str = field(default="", repr=False)
    """The value of the header `X-Hook-Secret` that iconik was told to send; iconik signs nothing."""
    iconik_domain: str = ""
    """The `system_domain_id` that messages must have; empty: any."""
    standard_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys of Standard Webhooks for every other system; several while they rotate."""

    def covers(self, source: str) -> bool:
        """Whether webhooks of a source are believed, so that its changes are heard of."""
        own = {"cloudinary": self.cloudinary_secret, "iconik": self.iconik_secret}.get(source, "")
        return bool(own or self.standard_secrets)

    def with_account(self, cloudinary: CloudinaryConfig | None) -> HooksConfig:
        """With the account's own key where no notification key is set, as Cloudinary signs then."""
        if cloudinary is None or self.cloudinary_secret:
            return self
        algorithm = str(cloudinary.signature_algorithm.value)
        return replace(self, cloudinary_secret=cloudinary.api_secret, cloudinary_algorithm=algorithm)

    @classmethod
    def from_environment(cls, environment: Environment) -> HooksConfig:
        """Read PRESSRUN_SOURCES_HOOK_*; faults are collected in the environment."""
        secrets: list[bytes] = []
        for text in environment.secret("PRESSRUN_SOURCES_HOOK_SECRETS").split():
            try:
                secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
            except binascii.Error:
                secret = b""
            if not text.startswith(_PREFIX) or len(secret) < _SHORTEST:
                environment.fault(
                    "PRESSRUN_SOURCES_HOOK_SECRETS", "expected keys such as whsec_ and base64, with spaces between"
                )
            else:
                secrets.append(secret)
        iconik = environment.secret("PRESSRUN_SOURCES_HOOK_ICONIK_SECRET")
        if iconik and len(iconik) < _SHORTEST:
            environment.fault("PRESSRUN_SOURCES_HOOK_ICONIK_SECRET", f"is shorter than {_SHORTEST} characters")
        return cls(
            environment.secret("PRESSRUN_SOURCES_HOOK_CLOUDINARY_SECRET"),
            environment.choice("PRESSRUN_SOURCES_HOOK_CLOUDINARY_ALGORITHM", ("sha1", "sha256"), "sha1"),
            iconik,
            environment.text("PRESSRUN_SOURCES_HOOK_ICONIK_DOMAIN"),
            tuple(secrets),
        )
