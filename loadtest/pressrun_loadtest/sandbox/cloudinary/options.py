"""How the Cloudinary stand-in behaves where a real account is configured, or where its behaviour is not public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["CloudinaryOptions", "SignatureAlgorithm"]


class SignatureAlgorithm(StrEnum):
    """The account's digest for short URL signatures; long ones are always SHA-256."""

    SHA1 = "sha1"
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True)
class CloudinaryOptions:
    """Settings of the stand-in. The credentials open nothing but this sandbox."""

    cloud_name: str = "sandbox"
    """Name of the product environment."""
    api_key: str = "123456789012345"
    """User of the Admin API."""
    api_secret: str = field(default="sandbox-api-secret", repr=False)
    """Password of the Admin API, and the secret in URL signatures."""
    signature_algorithm: SignatureAlgorithm = SignatureAlgorithm.SHA1
    """Which digest an 8-character URL signature must be of."""
    rate_limit: int = 2000
    """Admin calls per hour; 2000 is the documented limit of paid plans."""
    rate_window_s: int = 3600
    """Seconds of such an hour; a test that shall see the limit reached and lifted has shorter ones."""
    rate_limit_status: int = 420
    """Status past the limit; 420 and 429 both occur."""
    index_delay_s: float = 0.0
    """How long search lags behind writes; seconds on the real system."""
    moderation_blocks_delivery: bool = False
    """Whether assets that are not approved answer 404 at delivery; support can switch an account so."""
    named_transformations: Mapping[str, str] = field(default_factory=dict)
    """Transformation text by the name that `t_` gives."""
    max_output_pixels: int = 50_000_000
    """The largest picture that a transformation may make."""
    derived_cache_bytes: int = 256 * 1024 * 1024
    """How many bytes of derived pictures are kept."""
