"""Settings of the Cloudinary connector."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from yarl import URL

from pressrun_sources.cloudinary.mapping import CloudinaryMapping, parse_mapping
from pressrun_sources.cloudinary.signature import SignatureAlgorithm
from pressrun_sources.environment import Environment

__all__ = ["CloudinaryConfig"]

_PREFIX = "PRESSRUN_CLOUDINARY_"
_CLOUD = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class CloudinaryConfig:
    """Which product environment, and how its URLs are signed."""

    cloud_name: str
    api_key: str
    api_secret: str = field(repr=False)
    api_base_url: URL = URL("https://api.cloudinary.com")  # noqa: RUF009 - immutable
    """Without `/v1_1`."""
    delivery_base_url: URL = URL("https://res.cloudinary.com")  # noqa: RUF009 - immutable
    """Without the cloud name."""
    private_cdn: bool = False
    """The delivery host stands for the cloud, whose name is then not part of the path."""
    signature_algorithm: SignatureAlgorithm = SignatureAlgorithm.SHA1
    sign_urls: bool = False
    """Sign every URL; those of authenticated and private assets are signed anyway."""
    long_signatures: bool = False
    mapping: CloudinaryMapping = field(default_factory=CloudinaryMapping)

    @classmethod
    def from_environment(cls, environment: Environment, plain_http: Callable[[URL], bool]) -> CloudinaryConfig | None:
        """Read PRESSRUN_CLOUDINARY_*; None when neither cloud name nor key is set."""
        cloud, key = environment.text(f"{_PREFIX}CLOUD_NAME"), environment.text(f"{_PREFIX}API_KEY")
        secret = environment.secret(f"{_PREFIX}API_SECRET")
        algorithm = environment.choice(f"{_PREFIX}SIGNATURE_ALGORITHM", tuple(SignatureAlgorithm), "sha1")
        api_url = environment.url(f"{_PREFIX}API_BASE_URL", "https://api.cloudinary.com", plain_http)
        delivery_url = environment.url(f"{_PREFIX}DELIVERY_BASE_URL", "https://res.cloudinary.com", plain_http)
        flags = {
            name: environment.flag(f"{_PREFIX}{name}", default=False)
            for name in ("PRIVATE_CDN", "SIGN_URLS", "LONG_SIGNATURES")
        }
        mapping = environment.parsed(f"{_PREFIX}MAPPING_FILE", parse_mapping)
        needed = {"CLOUD_NAME": cloud, "API_KEY": key, "API_SECRET": secret}
        if not any(needed.values()):
            return None
        for name, value in needed.items():
            if not value:
                environment.fault(f"{_PREFIX}{name}", "is missing; cloud name, API key and API secret go together")
        if cloud and not _CLOUD.fullmatch(cloud):
            environment.fault(f"{_PREFIX}CLOUD_NAME", f"{cloud!r} is no cloud name (letters, digits, hyphens)")
        return cls(
            cloud_name=cloud,
            api_key=key,
            api_secret=secret,
            api_base_url=api_url,
            delivery_base_url=delivery_url,
            private_cdn=flags["PRIVATE_CDN"],
            signature_algorithm=SignatureAlgorithm(algorithm),
            sign_urls=flags["SIGN_URLS"],
            long_signatures=flags["LONG_SIGNATURES"],
            mapping=mapping,
        )

    def api_url(self) -> URL:
        """Where the Admin API of the cloud begins."""
        return URL(f"{self.api_base_url}/v1_1/{self.cloud_name}".replace("//v1_1", "/v1_1"), encoded=True)

    def delivery_url(self) -> URL:
        """Where delivery URLs begin."""
        base = str(self.delivery_base_url).rstrip("/")
        return URL(base if self.private_cdn else f"{base}/{self.cloud_name}", encoded=True)

    def origins(self) -> frozenset[URL]:
        """Every origin the connector calls by itself."""
        return frozenset({self.api_base_url.origin(), self.delivery_base_url.origin()})
