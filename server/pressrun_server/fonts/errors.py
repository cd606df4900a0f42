"""What can go wrong with fonts."""

from __future__ import annotations

__all__ = ["UnknownFontError"]


class UnknownFontError(LookupError):
    """No font of that family is available; the message lists those that are."""
