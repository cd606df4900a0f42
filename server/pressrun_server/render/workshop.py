"""What a composer process needs to know about documents, so that its loop knows nothing of templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from pressrun_server.model.asset import HostedLink
from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.mail import MailOrder

__all__ = ["Arriving", "Composing", "Prepared", "Program", "Record", "Workshop"]

Prepared: TypeAlias = Any
Program: TypeAlias = Any


class Composing(Protocol):
    """One document in work: each step does at most one page's work and gives the next bytes, perhaps none."""

    @property
    def summary(self) -> ComposeSummary:
        """Known when it is finished."""

    @property
    def finished(self) -> bool:
        """Whether all bytes were given; a further step gives none, and does what serves later documents."""

    def __iter__(self) -> Iterator[bytes]:
        """The steps.

        Raises:
            PressrunError: from a step: the document can't be had.
        """


class Arriving(Protocol):
    """Rows of one document that come while it is made; a step is made only while it is not hungry."""

    @property
    def hungry(self) -> bool:
        """Whether more rows must come before the next step."""

    @property
    def held(self) -> int:
        """Rows that wait."""

    def feed(self, rows: bytes, *, last: bool) -> None:
        """Take in a JSON array of rows.

        Raises:
            PressrunError: it is none.
        """


class Record(Protocol):
    """A large record that came ahead of its document."""

    def read(self) -> None:
        """Read it; what is wrong with it is told when its document is made."""


class Workshop(Protocol):
    """Everything that a composer needs to know about documents; the real one is wired in `app.composer`."""

    @property
    def engine(self) -> str:
        """The engine digest."""

    def program(self, data: bytes) -> Program:
        """Load a program.

        Raises:
            PressrunError: it is none of this engine's.
        """

    def prepared(self, digest: str, data: bytes) -> Prepared:
        """Decode a prepared asset.

        Raises:
            PressrunError: it is none.
        """

    def record(self, data: bytes) -> Record:
        """What keeps a record until its document is made."""

    def rows(self) -> Arriving:
        """What takes the rows of a document in."""

    def inbox(self) -> Arriving:
        """What takes the documents of a print run in."""

    def run(self, order: bytes, documents: Any) -> Composing:
        """Begin a print run of the documents that an inbox takes in.

        Raises:
            PressrunError: it can't be begun.
        """

    def pressed(self, document: Any, order: bytes, program: str) -> Composing:
        """A document that was begun, as its printer wants it.

        Args:
            document: what `compose` gave.
            order: what is wanted (a PressOrder).
            program: digest of its program.
        """

    def compose(  # noqa: PLR0913 - all that decides its bytes
        self,
        program: Program,
        record: Any,
        *,
        assets: Mapping[str, Prepared],
        attributes: Mapping[str, str],
        as_of: datetime,
        engine: str,
        rows: Any = None,
        rows_field: str = "",
        links: Mapping[str, HostedLink] | None = None,
        mail: MailOrder | None = None,
    ) -> Composing:
        """Begin a document.

        Raises:
            PressrunError: it can't be begun.
        """
