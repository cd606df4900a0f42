"""What the front and a composer say to each other; the frames themselves are `prepare.frames`'."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from pressrun_server.model.asset import HostedLink
from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.failure import Failure
from pressrun_server.model.mail import MailOrder

__all__ = [
    "BlobKind",
    "Cancel",
    "Chunk",
    "Compose",
    "Credit",
    "Done",
    "Drop",
    "Dropped",
    "Failed",
    "FromComposer",
    "Head",
    "Ping",
    "Pong",
    "Put",
    "Ready",
    "Record",
    "Rows",
    "RowsTaken",
    "ToComposer",
]


class BlobKind(StrEnum):
    """What a blob is, hence how a composer keeps it."""

    PROGRAM = "program"
    PREPARED = "prepared"


class Put(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """To a composer: keep this blob, decoded, until it is dropped."""

    digest: str
    kind: BlobKind
    data: bytes


class Drop(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """To a composer: forget a blob; documents that were asked for before keep theirs."""

    digest: str


class Record(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """To a composer: the large record of a document, ahead of the rest; it is read while that is found."""

    ticket: int
    interactive: bool
    data: bytes


class Compose(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """To a composer: one document; every blob that it names was put before."""

    ticket: int
    program: str
    record: bytes
    """Empty where a Record brought it."""
    attributes: dict[str, str]
    as_of: datetime
    assets: dict[str, str]
    """Slot to digest of the prepared blob."""
    engine: str
    interactive: bool
    rows_field: str = ""
    """The list of the record whose rows come in Rows messages; empty where the record is whole."""
    links: dict[str, HostedLink] = {}
    """By slot where its asset's system shows it."""
    run: bytes = b""
    """The order of a print run, whose documents come in Rows messages; empty for a document. It names no blobs."""
    press: bytes = b""
    """What the printer of a single document wants (a PressOrder); empty where nobody asked."""
    mail: MailOrder | None = None
    """What is wanted of an e-mail."""


class Rows(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """To a composer: rows of a document; the last message may be empty."""

    ticket: int
    data: bytes
    """A JSON array."""
    last: bool


class Credit(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """To a composer: the consumer took this many bytes of the document."""

    ticket: int
    size: int


class Cancel(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """To a composer: nobody wants the document any more. It answers Dropped, also for one that it has finished."""

    ticket: int


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """To a composer: are you there? It answers between two turns."""


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """From a composer: it has loaded its code."""

    pid: int
    engine: str
    """Its engine digest."""
    rss: int


class Chunk(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """From a composer: the next bytes of a document; empty ones say only that it is a large one."""

    ticket: int
    data: bytes
    head: int = 0
    """Number of the head that stands here instead of `data`; 0 for none."""


class Done(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """From a composer: the last bytes of a document (of a small one all), and what there is to say about it."""

    ticket: int
    data: bytes
    summary: ComposeSummary
    rss: int
    """Resident bytes of the process."""
    cpu_seconds: float
    """CPU time of the process since it started."""
    head: int = 0
    """Number of the head that comes before `data`; 0 for none."""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """From a composer: the document can't be had."""

    ticket: int
    failure: Failure


class Pong(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """From a composer: it is there."""

    rss: int
    cpu_seconds: float


class Dropped(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """From a composer: a cancelled document takes no more turns."""

    ticket: int


class RowsTaken(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """From a composer: it has room for so many more bytes of rows."""

    ticket: int
    size: int


class Head(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """From a composer: the bytes that documents with this head begin with, instead of what had the number before."""

    number: int
    data: bytes


ToComposer = Put | Drop | Record | Compose | Rows | Credit | Cancel | Ping
FromComposer = Ready | Chunk | Done | Failed | Pong | Dropped | Head | RowsTaken
