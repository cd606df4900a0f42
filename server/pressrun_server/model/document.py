"""What came out of a render."""

from __future__ import annotations

import msgspec

__all__ = ["ComposeSummary", "RenderWarning"]


class RenderWarning(msgspec.Struct, frozen=True):
    """Something about a finished document that its owner may want to know."""

    code: str
    message: str
    place: str = ""


class ComposeSummary(msgspec.Struct, frozen=True):
    """What a composer knows about a document when its last byte is written."""

    pages: int
    size: int
    sha256: str
    warnings: tuple[RenderWarning, ...]
    seconds: float
    """Wall time from bind to the last byte, on the composer."""
    cpu_seconds: float
