"""One document on its way: what is needed to send it again, and what has come of it."""

from __future__ import annotations

import time
from typing import Final

from pressrun.v1 import document_pb2
from pressrun_client.assembly import Assembly
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.record import encode_record
from pressrun_client.conversion.request import seconds
from pressrun_client.document import Document, FailedDocument
from pressrun_client.errors import RenderError
from pressrun_client.lane import Lane
from pressrun_client.models.request import RenderRequest

__all__ = ["Flight"]

_WORTH_RESUMING: Final = 256 * 1024
"""Bytes that are sent again sooner than an offset is negotiated."""


class Flight:
    """A document between its first sending and its answer.

    The record is encoded once and the moment is fixed once, so that what is sent again is the same request even where
    the caller has changed the mapping meanwhile.

    Args:
        index: its place in the caller's order.
        request: what the caller asked for.
        request_id: its id, given or made up.
        config: the default time limit and the largest document.

    Raises:
        InvalidRequestError: the record is no JSON, or the time limit is none.
    """

    __slots__ = (
        "as_of",
        "assembly",
        "attempts",
        "deadline",
        "first_byte",
        "header",
        "index",
        "lane",
        "limit",
        "record",
        "refusals",
        "request",
        "request_id",
        "sent",
        "started",
    )

    def __init__(
        self,
        index: int,
        request: RenderRequest,
        request_id: str,
        config: ClientConfig,
    ) -> None:
        self.index = index
        self.request = request
        self.request_id = request_id
        self.record = encode_record(request.record)
        # Microseconds: what a datetime can hold, so that the pins of the answer can be presented again.
        self.as_of = time.time_ns() // 1000 * 1000
        self.started = self.sent = time.monotonic()
        self.deadline = self.started + seconds(request, config.time_limit)
        self.limit = config.document_limit
        self.attempts = 0
        self.refusals = 0
        """How often a node that goes away sent it on."""
        self.lane: Lane | None = None
        """The call that it was sent on; None while it waits."""
        self.first_byte = 0.0
        self.header: bytes | None = None
        """The DocumentHeader that came, serialised; its pins allow to go on elsewhere."""
        self.assembly = Assembly(request_id, limit=self.limit)

    def launch(self, lane: Lane, now: float) -> None:
        """Notes that it is sent."""
        self.lane = lane
        self.sent = now
        self.attempts += 1

    @property
    def resumable(self) -> bool:
        """Whether so much has come that going on from there is better than beginning again."""
        return self.header is not None and self.assembly.size >= _WORTH_RESUMING

    def ground(self) -> None:
        """Throws away what has come, before it is sent again."""
        self.lane = None
        self.first_byte = 0.0
        self.header = None
        self.assembly = Assembly(self.request_id, limit=self.limit)

    def delivered(
        self, parts: tuple[bytes, ...], completion: bytes | document_pb2.DocumentCompletion, now: float
    ) -> Document:
        """The finished document; arguments as for `Document`."""
        return Document(
            self.request_id,
            parts,
            completion,
            time_to_first_byte=(self.first_byte or now) - self.sent,
            latency=now - self.started,
            delivery=now - (self.first_byte or now),
            attempts=self.attempts,
        )

    def failed(self, error: RenderError) -> FailedDocument:
        """The failed document."""
        error.request_id = error.request_id or self.request_id
        return FailedDocument(self.request_id, error, self.attempts)
