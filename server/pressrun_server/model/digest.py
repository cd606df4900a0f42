"""The name of some bytes: SHA-256 and size."""

from __future__ import annotations

import hashlib

import msgspec

__all__ = ["Digest"]

_HEX_LENGTH = 64


class Digest(msgspec.Struct, frozen=True, order=True):
    """Names a blob.

    Two blobs with equal digests are the same bytes.
    """

    sha256: str
    """64 lower-case hexadecimal digits."""
    size: int
    """Number of bytes."""

    @classmethod
    def of(cls, data: bytes | bytearray | memoryview) -> Digest:
        """The digest of some bytes."""
        return cls(hashlib.sha256(data).hexdigest(), len(data))

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read `<sha256>-<size>`.

        Raises:
            ValueError: the text has another form.
        """
        sha256, dash, size = text.partition("-")
        if not dash or len(sha256) != _HEX_LENGTH or set(sha256) - set("0123456789abcdef") or not size.isdecimal():
            raise ValueError(f"not a digest: {text[:100]!r}; a digest is 64 hexadecimal digits, a dash and a size")
        return cls(sha256, int(size))

    def __str__(self) -> str:
        return f"{self.sha256}-{self.size}"

    def matches(self, data: bytes | bytearray | memoryview) -> bool:
        """Whether the bytes are the ones that this digest names."""
        return len(data) == self.size and hashlib.sha256(data).hexdigest() == self.sha256
