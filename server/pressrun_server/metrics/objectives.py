"""What is promised of a node, in the words of its metrics; alerts and dashboards are held to it."""

from __future__ import annotations

from typing import Final

__all__ = ["AVAILABILITY", "FIRST_BYTE_SECONDS", "LATENCY", "OUR_FAULTS"]

AVAILABILITY: Final = 0.999
"""Share of valid documents that are made."""

OUR_FAULTS: Final = (
    "ASSET_UNAVAILABLE",
    "COMPOSER_LOST",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "QUEUE_FULL",
    "STORAGE_FULL",
    "TEMPLATE_UNAVAILABLE",
)
"""Reasons for which a valid document was not made. DRAINING is none: another node takes the document."""

LATENCY: Final = 0.99
"""Share of finished documents whose first byte came in time."""

FIRST_BYTE_SECONDS: Final = 0.5
"""In time: an edge of the buckets, so that the share is exact. The first byte, since the last depends on the pages."""
