"""SHA-256 of documents that begin alike: what they share is compared, which is ten times as fast as hashing it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Fingerprints"]

_LEAST: Final = 16 * 1024
"""Shared bytes are worth remembering from here."""
_MOST: Final = 8
_ATTEMPTS: Final = 64
"""So often in a row is it tried to learn something, in vain; then never again, because the documents share nothing."""
_TAIL: Final = 64


class _Head:
    """Bytes that documents began with, and the state of the hash behind them."""

    __slots__ = ("data", "last", "size", "state", "tail")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.tail = data[-_TAIL:]
        self.state: _Hash = hashlib.sha256(data)
        self.last = b""


class Fingerprints:
    """Hashes documents.

    Guarantee: the result is SHA-256 of all bytes, whatever came before; a head counts only where each of its bytes is
    found again. Cost: holds a few documents' worth of bytes.

    Example:
        >>> Fingerprints().sha256(b"%PDF")[:8]
        '315d429b'
    """

    __slots__ = ("_attempts", "_heads", "_last")

    def __init__(self) -> None:
        self._heads: list[_Head] = []
        self._last = b""
        self._attempts = _ATTEMPTS

    def sha256(self, content: bytes) -> str:
        """The hash as 64 hexadecimal digits."""
        if len(content) < _LEAST:
            return hashlib.sha256(content).hexdigest()
        for head in self._heads:
            size = head.size
            # The end is looked at first: heads differ there, and their beginnings are long and alike.
            if content[size - _TAIL : size] == head.tail and content.startswith(head.data):
                state = head.state.copy()
                state.update(memoryview(content)[size:])
                if self._attempts and len(content) - size > size // 2:
                    head.last = self._learn(head.last, content, size)
                return state.hexdigest()
        if self._attempts:
            self._last = self._learn(self._last, content, 0)
        return hashlib.sha256(content).hexdigest()

    def _learn(self, other: bytes, content: bytes, known: int) -> bytes:
        """Look for a head that two documents share beyond what is known; gives what to compare with next."""
        size = _common(other, content)
        if size - known < _LEAST:
            self._attempts -= 1
            return content
        self._attempts = _ATTEMPTS
        self._heads.append(_Head(content[:size]))
        self._heads.sort(key=lambda head: -head.size)
        del self._heads[_MOST:]
        return b""


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two documents share at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
