"""Puts the parts of one document together and proves that they are the document that the manifest names. No I/O."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pressrun.v1 import document_pb2
from pressrun_client.errors import IntegrityError, LimitExceededError, RenderError
from pressrun_client.heads import Head

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Assembly"]


class Assembly:
    """The received part of one document.

    Guarantee: `finish` gives bytes only where every part came once, in order, and size and SHA-256 of the whole are
    those of the manifest. Cost: one hash over the bytes but those of a shared head, which was hashed before; no copy.

    Args:
        request_id: the document; errors name it.
        limit: bytes of the largest document to accept.

    Example:
        >>> assembly = Assembly("a", limit=100)
        >>> assembly.add(0, b"hello ")
        >>> assembly.add(6, b"world")
        >>> assembly.size
        11
    """

    __slots__ = ("_hash", "_limit", "_parts", "_request_id", "size")

    def __init__(self, request_id: str, *, limit: int) -> None:
        self._request_id = request_id
        self._limit = limit
        self._parts: list[bytes] = []
        self._hash: _Hash | None = None
        self.size = 0
        """Bytes received."""

    def add(self, offset: int, data: bytes, head: Head | None = None) -> None:
        """Takes the next part.

        Args:
            offset: where it starts in the document.
            data: its bytes.
            head: what comes before them, where that is shared; only a document begins with one.

        Raises:
            IntegrityError: the part does not follow the one before.
            LimitExceededError: the document is larger than what is accepted.
        """
        if offset != self.size:
            raise self._broken(f"A part starts at byte {offset:,} where byte {self.size:,} was due.")
        if head is not None:
            if self.size:
                raise self._broken(f"A shared head came at byte {offset:,}, which is not where documents begin.")
            self.size = len(head.data)
            self._hash = head.hash()
            self._parts.append(head.data)
        self.size += len(data)
        if self.size > self._limit:
            raise LimitExceededError(
                f"The document has more than {self._limit:,} bytes (document_limit).", request_id=self._request_id
            )
        if not self._parts and self._hash is None:
            # A document in one part is hashed at the end, in one call.
            self._parts.append(data)
            return
        if self._hash is None:
            self._hash = hashlib.sha256(self._parts[0])
        self._hash.update(data)
        self._parts.append(data)

    def progress(self) -> str:
        """SHA-256 of what came so far, to go on from there."""
        if self._hash is None:
            self._hash = hashlib.sha256(self._parts[0] if self._parts else b"")
        return self._hash.hexdigest()

    def finish(self, completion: document_pb2.DocumentCompletion) -> tuple[bytes, ...]:
        """All bytes of the document, in the parts that came.

        Raises:
            IntegrityError: size or SHA-256 are not those of the manifest.
        """
        expected = completion.manifest.document
        if expected.size != self.size:
            raise self._broken(f"{self.size:,} bytes came where the manifest names {expected.size:,}.")
        found = self.progress()
        if found != expected.sha256:
            raise self._broken(f"The bytes hash to {found} where the manifest names {expected.sha256 or 'nothing'}.")
        return tuple(self._parts)

    def _broken(self, message: str) -> RenderError:
        return IntegrityError(message, request_id=self._request_id)
