"""Who may ask: Basic credentials and the hourly budget of the Admin API, and signatures in delivery URLs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from pressrun_loadtest.sandbox.clock import Clock, http_date
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions, SignatureAlgorithm

__all__ = ["RateBudget", "check_basic", "url_signature", "url_signature_is_valid"]

_SHORT, _LONG = 8, 32


def check_basic(authorization: str | None, options: CloudinaryOptions) -> None:
    """Accept the API key and secret of the account.

    Raises:
        ApiError: 401, they are missing or wrong.
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        given = b""
    if not hmac.compare_digest(given, f"{options.api_key}:{options.api_secret}".encode()):
        raise ApiError(401, "Invalid credentials: send the API key and secret by HTTP Basic authentication")


def url_signature(to_sign: str, secret: str, algorithm: SignatureAlgorithm, *, long: bool = False) -> str:
    """The signature component of a delivery URL, e.g. `s--Ki3ijxcf--`.

    `to_sign` is the transformation, the public id and the extension as they stand in the URL; never the version.
    """
    digest = hashlib.sha256 if long else {"sha1": hashlib.sha1, "sha256": hashlib.sha256}[algorithm]
    text = base64.urlsafe_b64encode(digest((to_sign + secret).encode()).digest()).decode()
    return f"s--{text[: _LONG if long else _SHORT]}--"


def url_signature_is_valid(signature: str, to_sign: str, options: CloudinaryOptions) -> bool:
    """Whether a URL's signature is right, in the account's short form or in the long form."""
    accepted = (
        url_signature(to_sign, options.api_secret, options.signature_algorithm),
        url_signature(to_sign, options.api_secret, options.signature_algorithm, long=True),
    )
    return any(hmac.compare_digest(signature.encode(), right.encode()) for right in accepted)


class RateBudget:
    """Admin calls left in the present hour, or window.

    Args:
        limit: calls of a window.
        refusal: the status of a call beyond it.
        clock: the time.
        window_s: seconds of a window; windows begin at whole multiples of it since 1970, hours at full hours.
    """

    def __init__(self, limit: int, refusal: int, clock: Clock, window_s: int = 3600) -> None:
        self.limit = limit
        """It may be raised while the stand-in runs."""
        self._refusal = refusal
        self._clock = clock
        self._window = timedelta(seconds=window_s)
        self._begun: datetime | None = None
        self._used = 0
        self._before: tuple[datetime, int] | None = None
        """The window before this one, and the calls in it."""
        self.refused = 0
        """Calls that were refused, of all windows."""

    def spend(self) -> dict[str, str]:
        """Count one call; the headers that tell what is left.

        Raises:
            ApiError: 420 or 429, the budget of this window is used up.
        """
        self.charge()
        if self._used > self.limit:
            self.refused += 1
            retry = ((self._begun or self._beginning()) + self._window).strftime("%Y-%m-%d %H:%M:%S UTC")
            raise ApiError(
                self._refusal,
                f"Rate Limit Exceeded. Limit of {self.limit} api operations reached. Try again on {retry}",
            )
        return self.headers()

    def charge(self) -> None:
        """Count one call, whatever became of it."""
        begun = self._beginning()
        if begun != self._begun:
            self._before = None if self._begun is None else (self._begun, self._used)
            self._begun, self._used = begun, 0
        self._used += 1

    def headers(self) -> dict[str, str]:
        """The rate-limit headers as they stand."""
        begun = self._begun or self._beginning()
        return {
            "X-FeatureRateLimit-Limit": str(self.limit),
            "X-FeatureRateLimit-Remaining": str(max(0, self.limit - self._used)),
            "X-FeatureRateLimit-Reset": http_date(begun + self._window),
        }

    def was_spent(self, since: float, left: int = 0) -> bool:
        """Whether no more than so many calls were left, and callers were told so, at any time since a moment.

        Args:
            since: the moment, in seconds since 1970.
            left: how many.
        """
        windows = [self._before] if self._before is not None else []
        windows += [(self._begun, self._used)] if self._begun is not None else []
        return any(used >= self.limit - left and (begun + self._window).timestamp() >= since for begun, used in windows)

    def reset(self) -> None:
        """Start with a full budget."""
        self._begun = self._before = None
        self._used = self.refused = 0

    def _beginning(self) -> datetime:
        now, length = self._clock().timestamp(), self._window.total_seconds()
        return datetime.fromtimestamp(now - now % length, UTC)
