"""What the front and a composer say to each other about a print run, in the rows and the bytes of one document.

To the composer documents and the blobs that they need go as rows do, so that they are under the same flow control. Back
come frames among the bytes: a byte that says of what kind, four with the length, and the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from pressrun_server.model.asset import HostedLink
from pressrun_server.model.failure import Failure
from pressrun_server.model.run import FileEnd, RunEnd, RunEntry

__all__ = ["DATA", "TOLD", "Blob", "Forget", "Frames", "Item", "RunItem", "Unmade", "frame", "told"]

DATA: Final = 0
"""Bytes of the file that is being written."""
TOLD: Final = 1
"""A line of the index, the end of a file or of the run."""
_HEAD: Final = 5


class Blob(msgspec.Struct, frozen=True, tag="blob"):
    """A program or a prepared asset that documents of the run need."""

    digest: str
    data: bytes
    program: bool


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """A blob that no further document needs until it is sent again."""

    digest: str


class Item(msgspec.Struct, frozen=True, tag="item"):
    """A document; its blobs were sent before."""

    request_id: str
    program: str
    template: str
    """name@version."""
    locale: str
    record: bytes
    attributes: dict[str, str]
    as_of: datetime
    assets: dict[str, str]
    separator: bool = False
    links: dict[str, HostedLink] = {}
    """By slot where its asset's system shows it."""


class Unmade(msgspec.Struct, frozen=True, tag="unmade"):
    """A document that failed before it got here; it has its place in the index."""

    request_id: str
    failure: Failure


RunItem = Blob | Forget | Item | Unmade

_encode = msgspec.msgpack.Encoder().encode
_told = msgspec.msgpack.Decoder(RunEntry | FileEnd | RunEnd)


def frame(kind: int, body: bytes) -> bytes:
    """A frame."""
    return b"%c%b%b" % (kind, len(body).to_bytes(4, "big"), body)


def told(message: RunEntry | FileEnd | RunEnd) -> bytes:
    """A frame that tells something."""
    return frame(TOLD, _encode(message))


class Frames:
    """Takes a run's bytes apart, as they come."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes | RunEntry | FileEnd | RunEnd]:
        """Bytes of the file in work, and what is told, in order."""
        data = self._rest + data
        at = 0
        while len(data) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(data[at + 1 : at + _HEAD], "big")
            if end > len(data):
                if data[at] != DATA:
                    break
                # Bytes of a file need not wait for the rest of their frame.
                if len(data) > at + _HEAD:
                    yield data[at + _HEAD :]
                left = end - len(data)
                self._rest = b"%c%b" % (DATA, left.to_bytes(4, "big"))
                return
            body = data[at + _HEAD : end]
            if data[at] == DATA:
                yield body
            else:
                yield _told.decode(body)
            at = end
        self._rest = data[at:]
