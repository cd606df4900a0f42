"""Brand tokens as they are kept: names with values of CSS, and nothing else."""

from __future__ import annotations

import msgspec

__all__ = ["PreparedTokens"]


class PreparedTokens(msgspec.Struct, frozen=True, tag="tokens"):
    """Colours, fonts and lengths of a brand."""

    values: tuple[tuple[str, str], ...]
    """Name, its parts joined by hyphens, and the text of a CSS value; sorted by name."""
