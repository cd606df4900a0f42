"""What shows a prepared picture, made once for the documents that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedPicture

__all__ = ["ShownPictures"]

_MOST: Final = 16 << 20
"""Bytes of forms that are kept between documents."""

_Form = TypeVar("_Form")


class ShownPictures(Generic[_Form]):
    """The forms of pictures, by the digest of their prepared bytes, for all programs of a process.

    Guarantee: what is kept takes no more bytes than are allowed; the oldest is forgotten first, and what is larger than
    all of it is made each time.

    Args:
        make: the form of one.
        size: the bytes that a form takes.
        most: bytes that are kept.
    """

    def __init__(
        self, make: Callable[[Digest, PreparedPicture], _Form], size: Callable[[_Form], int], most: int = _MOST
    ) -> None:
        self._make = make
        self._size = size
        self._most = most
        self._kept: dict[str, _Form] = {}
        self.held = 0
        """Bytes kept."""

    def of(self, digest: Digest, picture: PreparedPicture) -> _Form:
        """A picture's form."""
        known = self._kept.get(digest.sha256)
        if known is not None:
            return known
        made = self._make(digest, picture)
        size = self._size(made)
        if size <= self._most:
            while self.held + size > self._most:
                self.held -= self._size(self._kept.pop(next(iter(self._kept))))
            self._kept[digest.sha256] = made
            self.held += size
        return made
