"""Decides whether a webhook comes from who it says, and from when.

Documented: Cloudinary's digest (not an HMAC) of body, timestamp and secret, good for 7,200 seconds; Standard Webhooks'
HMAC-SHA256 of id, timestamp and body, several signatures while keys rotate, unknown versions skipped. iconik signs
nothing; a header with a secret, which it was told to send, is all there is. Raw bytes are verified, in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

__all__ = ["HookRefusedError", "verify_cloudinary", "verify_iconik", "verify_standard"]

_CLOUDINARY_LIFE = 7200
_STANDARD_LIFE = 300
"""Seconds in both directions, as is usual."""
_DIGITS = 12


class HookRefusedError(Exception):
    """A webhook is not believed. The caller is told nothing but that; the reason is for the log and the metric.

    Args:
        reason: `unknown`, `signature`, `stale`, `replayed` or `malformed`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify_cloudinary(body: bytes, headers: Mapping[str, str], secret: str, algorithm: str, now: float) -> str:
    """Check the signature; the id for the replay check is the signature itself.

    Raises:
        HookRefusedError: it is wrong, or too old.
    """
    timestamp = headers.get("X-Cld-Timestamp", "")
    signed = body + _raw(timestamp) + secret.encode()
    expected = hashlib.new(algorithm, signed, usedforsecurity=False).hexdigest()
    _same(expected, headers.get("X-Cld-Signature", ""))
    _recent(timestamp, now, _CLOUDINARY_LIFE)
    return expected


def verify_standard(body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], now: float) -> str:
    """Check the signatures, of which one must be ours; returns the message's id.

    Raises:
        HookRefusedError: none is, or the message is too old or from the future.
    """
    identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identifier or "." in identifier or "." in timestamp:
        raise HookRefusedError("signature")
    signed = _raw(f"{identifier}.{timestamp}.") + body
    given = [text[3:] for text in headers.get("webhook-signature", "").split() if text.startswith("v1,")]
    digests = [base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets]
    matches = [hmac.compare_digest(ours.encode(), _raw(theirs)) for ours in digests for theirs in given]
    if not any(matches):
        raise HookRefusedError("signature")
    _recent(timestamp, now, _STANDARD_LIFE)
    return identifier


def verify_iconik(body: bytes, headers: Mapping[str, str], secret: str) -> str:
    """Check the secret header; the id for the replay check is a digest of the message.

    Raises:
        HookRefusedError: it is wrong.
    """
    _same(secret, headers.get("X-Hook-Secret", ""))
    return hashlib.sha256(body).hexdigest()


def _same(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), _raw(given)):
        raise HookRefusedError("signature")


def _raw(header: str) -> bytes:
    """A header's text as it came: what is no UTF-8 stands in it as lone surrogates."""
    return header.encode("utf-8", "surrogateescape")


def _recent(timestamp: str, now: float, life: int) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > _DIGITS:
        raise HookRefusedError("malformed")
    if abs(now - int(timestamp)) > life:
        raise HookRefusedError("stale")
