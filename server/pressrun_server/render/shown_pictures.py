"""What shows a prepared picture, made once for the documents that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedPicture

__all__ = ["ShownPictures"]

_MOST: Final = 64
"""Pictures whose form is kept between documents."""

_Form = TypeVar("_Form")


class ShownPictures(Generic[_Form]):
    """The forms of pictures, by the digest of their prepared bytes; the oldest is forgotten first.

    Args:
        make: the form of one.
    """

    def __init__(self, make: Callable[[Digest, PreparedPicture], _Form]) -> None:
        self._make = make
        self._kept: dict[str, _Form] = {}

    def of(self, digest: Digest, picture: PreparedPicture) -> _Form:
        """A picture's form."""
        known = self._kept.get(digest.sha256)
        if known is None:
            if len(self._kept) >= _MOST:
                self._kept.pop(next(iter(self._kept)))
            known = self._kept[digest.sha256] = self._make(digest, picture)
        return known
