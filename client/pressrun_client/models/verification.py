"""What comes of making a document again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pressrun_client.models.manifest import Digest

__all__ = ["Difference", "Verification", "VerifyResult"]


class VerifyResult(StrEnum):
    """Whether the bytes are the same.

    Example:
        >>> VerifyResult("same-bytes") is VerifyResult.SAME_BYTES
        True
    """

    SAME_BYTES = "same-bytes"
    """The same engine made the same bytes."""
    DIFFERENT_BYTES = "different-bytes"
    """The same engine made other bytes."""
    ENGINE_DIFFERS = "engine-differs"
    """The node runs another engine than the manifest names; what differs on the pages is in `difference`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between a document and the one that was made again.

    Example:
        >>> Difference("page-content", 3, 17, 4711, "the page shows 'a' where 'b' was made").page
        3
    """

    kind: str
    """`page-count`, `page-size`, `page-content`, `page-resources`, or `structure`: the pages are the same."""
    page: int
    """From 1; 0 where it is about none."""
    object: int
    """The object of the given document; 0 where there is none."""
    offset: int
    """The first byte that differs."""
    description: str
    """What differs, in words; it may show text of the document."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a document is what its manifest says.

    Example:
        >>> Verification(VerifyResult.SAME_BYTES, Digest("ab", 2), "cd").ok
        True
    """

    result: VerifyResult
    """What came of it."""
    document: Digest
    """The document that was made now."""
    engine_digest: str
    """The engine of the node."""
    difference: Difference | None = None
    """The first difference, where the document was given and differs."""
    altered: bool = False
    """Whether the document that was given is not the one that the manifest names: it was changed since."""

    @property
    def ok(self) -> bool:
        """Whether manifest, record and, where it was given, document all agree."""
        return self.result is VerifyResult.SAME_BYTES and not self.altered
