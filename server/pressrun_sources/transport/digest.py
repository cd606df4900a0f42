"""The digest fields of an answer: `Content-Digest` and `Repr-Digest` (RFC 9530).

A body here is never a part and never has a content coding, so both fields are about the very bytes that come. Of the
active algorithms both are checked where both are sent; deprecated ones and fields that are malformed say nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from pressrun_sources.transport.call import Expectation

__all__ = ["announced_digests"]

_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*(?:;.*)?")
_ALGORITHMS = {"sha-256": ("sha256", 32), "sha-512": ("sha512", 64)}


def announced_digests(headers: Mapping[str, str]) -> tuple[Expectation, ...]:
    """What the digest fields of an answer say of its bytes, without repetition."""
    found: list[Expectation] = []
    for name in ("Content-Digest", "Repr-Digest"):
        for part in headers.get(name, "").split(","):
            member = _MEMBER.fullmatch(part)
            algorithm, length = _ALGORITHMS.get(member[1], ("", 0)) if member else ("", 0)
            if member is None or not algorithm:
                continue
            try:
                digest = base64.b64decode(member[2], validate=True)
            except binascii.Error:
                continue
            expectation = Expectation(digest.hex(), algorithm)
            if len(digest) == length and expectation not in found:
                found.append(expectation)
    return tuple(found)
