"""One composer process, as the pool holds it: what it keeps, what it costs, and what is said to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pressrun_server.prepare.crew import Member
from pressrun_server.render.compose_stream import ComposeJob
from pressrun_server.render.composer_config import ComposerConfig
from pressrun_server.render.held import HeldBlobs
from pressrun_server.render.link import BlobKind, Compose, Drop, FromComposer, Ping, Put, Record

__all__ = ["Seat"]

_WORN_DOCUMENTS: Final = 100
"""A composer is not called grown before it finished this many: its programs alone may be large."""

_LARGE: Final = 64 * 1024
"""Bytes of a record from which a message of its own, which is not copied, is the cheaper way."""


class Seat:
    """The pool's side of one process."""

    __slots__ = (
        "_config",
        "_held",
        "_missed",
        "_retiring",
        "cpu_seconds",
        "documents",
        "heads",
        "member",
        "relieved",
        "rss",
    )

    def __init__(self, member: Member[FromComposer], config: ComposerConfig, rss: int) -> None:
        self._config = config
        self._held = HeldBlobs(config.held_bytes)
        self._missed = 0
        self._retiring = False
        self.heads: dict[int, bytes] = {0: b""}
        """Bytes that it names by number."""
        self.member = member
        self.documents = 0
        """Documents that it finished."""
        self.cpu_seconds = 0.0
        self.rss = rss
        self.relieved = False
        """Whether its successor has joined."""

    @property
    def held_bytes(self) -> int:
        """Bytes of the blobs that it keeps."""
        return self._held.size

    def lacking(self, job: ComposeJob) -> list[str]:
        """The blobs of a document that it does not keep."""
        return self._held.missing(job.blobs)

    def supply(self, job: ComposeJob, blobs: Mapping[str, bytes]) -> None:
        """Give it what it lacks for a document, and let it forget what is too much then."""
        for name in self.lacking(job):
            kind = BlobKind.PROGRAM if name == job.program else BlobKind.PREPARED
            self.member.send(Put(name, kind, blobs[name]))
            self._held.put(name, len(blobs[name]))
        for name in self._held.surplus(job.blobs):
            self.member.send(Drop(name))

    def bring(self, ticket: int, record: bytes, *, interactive: bool) -> None:
        """Give it the record of a document that it is asked for later."""
        self.member.send_large(Record(ticket, interactive, b""), (record,))

    def compose(self, ticket: int, job: ComposeJob, *, brought: bool = False) -> None:
        """Ask it, which keeps all that is needed, for a document.

        Args:
            ticket: the document's.
            job: what it is made of.
            brought: whether it has the record.
        """
        record = job.record
        if brought:
            record = b""
        elif len(record) > _LARGE:
            self.bring(ticket, record, interactive=job.interactive)
            record = b""
        self.member.send(
            Compose(
                ticket,
                job.program,
                record,
                job.attributes,
                job.as_of,
                job.assets,
                job.engine,
                job.interactive,
                job.rows_field,
                job.links,
                job.run,
                job.press,
                job.mail,
            )
        )

    def told(self, rss: int, cpu_seconds: float) -> None:
        """It said what it costs."""
        self.rss = rss
        self.cpu_seconds = cpu_seconds

    def ping(self) -> bool:
        """Ask whether it still takes turns; False when too many such questions stayed unanswered."""
        if self._missed >= self._config.missed_pings:
            return False
        if self.member.usable:
            self._missed += 1
            self.member.send(Ping())
        return True

    def answered(self) -> None:
        """It does."""
        self._missed = 0

    def retire_if_grown(self) -> bool:
        """Ask for a successor where it has grown too large; it works until that one is there.

        Returns:
            Whether it was asked for, which happens once.
        """
        if self._retiring or self.rss <= self._config.max_rss or self.documents < _WORN_DOCUMENTS:
            return False
        self._retiring = True
        self.member.retire()
        return True
