"""Signs delivery URLs.

Documented: the signature covers transformation, public id and extension as they stand in the URL, without the version;
8 characters of base64url of SHA-1 or SHA-256 as the account is set, or 32 of SHA-256 in the long form.
"""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum

__all__ = ["SignatureAlgorithm", "url_signature"]

_SHORT = 8
_LONG = 32


class SignatureAlgorithm(StrEnum):
    """The account's setting."""

    SHA1 = "sha1"
    SHA256 = "sha256"


def url_signature(to_sign: str, secret: str, algorithm: SignatureAlgorithm, *, long: bool = False) -> str:
    """The URL segment `s--…--`.

    Args:
        to_sign: transformation, public id and extension, joined as in the URL.
        secret: the API secret.
        algorithm: of the short form.
        long: the long form, which is always SHA-256.
    """
    data = f"{to_sign}{secret}".encode()
    if long or algorithm is SignatureAlgorithm.SHA256:
        digest = hashlib.sha256(data).digest()
    else:
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
    return f"s--{base64.urlsafe_b64encode(digest).decode()[: _LONG if long else _SHORT]}--"
