"""What can be wrong with a blob."""

from __future__ import annotations

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest

__all__ = ["DigestMismatchError"]


class DigestMismatchError(PressrunError):
    """Bytes were to be stored under a digest that is not theirs: a fault of memory, of the wire, or of the caller."""

    def __init__(self, digest: Digest, data: bytes) -> None:
        super().__init__(
            Reason.INTERNAL,
            f"a blob of {len(data)} bytes is not the one that its digest {digest} names; nothing was stored, try again",
            detail=f"the bytes given have the digest {Digest.of(data)}",
        )
