"""What is known about one rendition of an asset: an entry, or why there is none."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.digest import Digest

__all__ = ["LINKED", "NO_BYTES", "Absent", "Entry", "Known", "Place", "Trouble"]

LINKED = ";hosted"
"""Stands in the key of a rendition that documents link to."""
NO_BYTES = Digest("", 0)
"""Stands in a descriptor whose bytes were never fetched, because the asset may not be used."""


Place = tuple[int, int]
"""A place in the feed of changes: the id of an entry of its stream, milliseconds and number."""


class Trouble(msgspec.Struct, frozen=True):
    """Why an asset cannot be used, before it is known for which slot."""

    reason: Reason
    text: str
    """Follows `slot …: asset …: `; says what would be valid and what to do."""
    retry_after: float | None = None
    detail: str = ""
    brief: str = ""
    """The same in a few words, for lists of refused candidates; empty where there are none."""

    def error(self, slot: str, ref: str) -> PressrunError:
        """The error for a slot."""
        return PressrunError(
            self.reason,
            f"slot {slot!r}: asset {ref}: {self.text}",
            retry_after=self.retry_after,
            detail=self.detail,
            metadata={"slot": slot, "ref": ref},
        )


class Entry(msgspec.Struct, frozen=True):
    """A rendition that its source described, and where its bytes are."""

    descriptor: AssetDescriptor
    prepared: Digest | None
    """The prepared blob; None where the bytes were never fetched."""
    preparation: str
    """What prepared it; another preparation does it again."""
    refresh_at: datetime
    """A use after this starts a revalidation beside the document."""
    lenient_until: datetime | None = None
    """The source could not be asked; until then the entry is used although it is stale, and the source left alone."""
    stale_until: datetime | None = None
    """Until when its source lets it be used while it cannot be asked (RFC 5861); None: it says nothing."""
    place: Place | None = None
    """How far the one who asked had read the feed of changes by then; None: it heard none."""
    described_at: datetime | None = None
    """When its source was asked about it by itself, where lists of assets were believed since; None: none was."""


class Absent(msgspec.Struct, frozen=True):
    """A rendition that cannot be had for a while."""

    ref: str
    trouble: Trouble
    until: datetime
    last: Entry | None = None
    """What was known before its source failed."""


Known = Entry | Absent
