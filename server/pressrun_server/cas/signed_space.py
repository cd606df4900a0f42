"""A cluster's own part of a Redis that never evicts: names of its keys, and records that only its nodes can write."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

__all__ = ["SignedSpace"]

_SIGNATURE: Final = 32


class SignedSpace:
    """Names keys, and signs records with the cluster's key together with their tenant and their name.

    Guarantee: a record that was changed, moved to another name, or written with another key or for another tenant is
    not opened. An older record of the same name may come back.

    Args:
        prefix: what all its keys begin with.
        key: the cluster's secret; empty: records are only protected against damage.
        tenant: whose records they are.
    """

    def __init__(self, prefix: str, key: bytes, *, tenant: str = "") -> None:
        self._key = hashlib.sha256(key).digest()
        self._tenant = tenant
        self._prefix = f"{prefix}{hmac.digest(self._key, tenant.encode(), 'sha256').hex()[:16]}:"

    def key(self, name: str) -> str:
        """The key of this name."""
        return self._prefix + name

    def signed(self, name: str, value: bytes) -> bytes:
        """What is kept as the record of a name."""
        return self._signature(name, value) + value

    def opened(self, name: str, record: bytes) -> bytes | None:
        """The value of a sound record; None of any other."""
        signature, value = record[:_SIGNATURE], record[_SIGNATURE:]
        return value if hmac.compare_digest(signature, self._signature(name, value)) else None

    def _signature(self, name: str, value: bytes) -> bytes:
        head = f"{len(self._tenant)} {len(name)}\n{self._tenant}\n{name}\n".encode()
        return hmac.digest(self._key, head + value, "sha256")
