"""Going on with a document whose stream broke: the bytes that the client has are made again, compared, not sent."""

from __future__ import annotations

import hashlib
import re

from pressrun.v1 import render_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.spec import RenderSpec

__all__ = ["Resume", "resume_point"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Resume:
    """Skips and compares the first bytes of a document.

    Args:
        offset: how many.
        sha256: their hash.
    """

    def __init__(self, offset: int, sha256: str) -> None:
        self.offset = offset
        self._left = offset
        self._sha256 = sha256
        self._state = hashlib.sha256()

    def skip(self, data: bytes) -> bytes:
        """The part of the bytes that the client has not got.

        Raises:
            PressrunError: RESUME_MISMATCH, the bytes that it has are other ones.
        """
        if not self._left:
            return data
        known = data[: self._left]
        self._state.update(known)
        self._left -= len(known)
        if not self._left and self._state.hexdigest() != self._sha256:
            raise _mismatch(f"the first {self.offset} bytes are not those that resume_sha256 names")
        return data[len(known) :]

    def finish(self) -> None:
        """The document is over.

        Raises:
            PressrunError: RESUME_MISMATCH, it is shorter than what the client has.
        """
        if self._left:
            raise _mismatch(f"the document has only {self.offset - self._left} bytes, resume_offset is {self.offset}")


def resume_point(request: render_service_pb2.RenderDocumentRequest, spec: RenderSpec) -> Resume:
    """Where to go on.

    Raises:
        PressrunError: INVALID_REQUEST.
    """
    offset, sha256 = request.resume_offset, request.resume_sha256
    bad = []
    if offset < 0:
        bad.append(Violation("resume_offset", "must be 0 or the number of bytes received"))
    if offset > 0 and not _SHA256.fullmatch(sha256):
        bad.append(Violation("resume_sha256", "must be the SHA-256 of the bytes received, 64 lower-case hex digits"))
    if offset > 0 and spec.pins is None:
        bad.append(Violation("document.pins", "must be given with resume_offset, so that the bytes are the same"))
    if offset == 0 and sha256:
        bad.append(Violation("resume_sha256", "must be empty without resume_offset"))
    if bad:
        raise PressrunError(
            Reason.INVALID_REQUEST, "the request can't be resumed; see the violations", violations=tuple(bad)
        )
    return Resume(offset, sha256)


def _mismatch(what: str) -> PressrunError:
    return PressrunError(Reason.RESUME_MISMATCH, f"{what}; throw the bytes away and render the document from its start")
