"""The rest of a body whose connection broke, asked for instead of the whole where it is sure to be of the same bytes.

Documented (RFC 9110): `Accept-Ranges` and `Range` (section 14), `If-Range` with a strong entity tag (section 13.1.5),
and that a part belongs to what came before only by the same strong one (section 15.3.7.3). Our choice: a large body of
known length alone is worth it, and a system that does not offer ranges is not asked for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Rest"]

_WORTH = 1024 * 1024
"""Bytes of a body below which it is as well asked for as a whole."""
_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')


@dataclass(frozen=True, slots=True)
class Rest:
    """What is missing of a body."""

    received: int
    """Bytes that are here."""
    size: int
    """Bytes of the whole."""
    etag: str
    """The strong entity tag of the whole, with its quotation marks."""

    @classmethod
    def of(cls, headers: Mapping[str, str], size: int | None, received: int) -> Rest | None:
        """The rest after so many bytes of an answer; None where it can't be asked for, or is not worth it."""
        etag, units = headers.get("ETag", ""), headers.get("Accept-Ranges", "").lower().split(",")
        sure = _STRONG.fullmatch(etag) is not None and "bytes" in (unit.strip() for unit in units)
        if not sure or size is None or size < _WORTH or not 0 < received < size:
            return None
        return cls(received, size, etag)

    def headers(self) -> Mapping[str, str]:
        """The request headers that ask for it, or for the whole where that is another one by now."""
        return {"Range": f"bytes={self.received}-", "If-Range": self.etag}

    def comes_with(self, headers: Mapping[str, str]) -> bool:
        """Whether a part (206) is this very rest."""
        place = f"bytes {self.received}-{self.size - 1}/{self.size}"
        here = headers.get("ETag") == self.etag and headers.get("Content-Range", "").strip().lower() == place
        length = str(self.size - self.received)
        return here and headers.get("Content-Length", length).strip() == length

    def __str__(self) -> str:
        return f"the rest from byte {self.received} of {self.size}"
