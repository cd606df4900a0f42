"""What a node says of itself."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["NodeHealth"]


class NodeHealth(StrEnum):
    """Whether a node takes documents.

    Example:
        >>> NodeHealth.SERVING.value
        'serving'
    """

    SERVING = "serving"
    """It does."""
    NOT_SERVING = "not serving"
    """It starts, or drains."""
    UNKNOWN = "unknown"
    """It does not say: it is no render node, or an older one."""
