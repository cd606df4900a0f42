"""The first bytes that documents of a stream share: they come once and are named afterwards. No I/O."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["KEPT", "Head", "Heads"]

KEPT: Final = 16
"""As many are kept for a stream; the node chooses which, and replaces them."""


class Head:
    """Bytes that documents begin with, and the state of SHA-256 behind them, so that they are hashed once."""

    __slots__ = ("_state", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._state = hashlib.sha256(data)

    def hash(self) -> _Hash:
        """A hash that has read the head."""
        return self._state.copy()


class Heads:
    """The heads of one call, by number.

    Example:
        >>> heads = Heads()
        >>> heads.put(1, b"%PDF")
        True
        >>> heads.get(1).data, heads.get(2), heads.put(KEPT + 1, b"")
        (b'%PDF', None, False)
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[int, Head] = {}

    def put(self, number: int, data: bytes) -> bool:
        """Keeps a head instead of what had its number; False where the number is none that was agreed."""
        if not 1 <= number <= KEPT:
            return False
        self._kept[number] = Head(data)
        return True

    def get(self, number: int) -> Head | None:
        """The head of a number."""
        return self._kept.get(number)
