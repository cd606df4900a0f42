"""The one interface behind which every source stands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from pressrun_sources.model import AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.transport.vitals import Vitals

__all__ = ["MOST_RANKED", "AssetBody", "Changing", "Ranking", "Reviewing", "Source", "Watched"]

MOST_RANKED = 20
"""Candidates that a source gives for one query."""


class AssetBody(Protocol):
    """The bytes of a rendition while they arrive; given by `Source.open`, whose context owns the release."""

    @property
    def media_type(self) -> str:
        """The type that the source says; not checked against the bytes."""
        ...

    @property
    def size(self) -> int | None:
        """How many bytes will come, where the source says so."""
        ...

    @property
    def etag(self) -> str | None:
        """The source's own mark of these bytes, without quotes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, once.

        A body whose iteration ends without an error is whole: it has the announced size, is within the limit, and
        agrees with the checksum where the source gave one. The time that the reader takes does not count against
        the source's time limit.

        Raises:
            UnavailableError: the connection broke, or the body ended early.
            TimedOutError: no byte came for the read timeout, or the whole took longer than the timeout.
            TooLargeError: more bytes came than are allowed.
            InvalidResponseError: the bytes do not agree with their checksum or size.
            RuntimeError: `chunks` was called before.
        """
        ...


class Source(Protocol):
    """The connector to one system. Safe to use from many tasks of one event loop.

    Every method may raise `UnavailableError` (also: after `close`), `TimedOutError`, `RateLimitedError`,
    `UnauthenticatedError` (the system refuses this service's credentials), `InvalidResponseError` (its answer cannot
    be understood) and `MisconfiguredError` (only the operator can help); the lists below name what comes on top.
    """

    @property
    def name(self) -> str:
        """The name by which refs mean this source."""
        ...

    async def select(self, query: AssetQuery) -> AssetRef:
        """The approved asset that meets all criteria; among several always the same one.

        Raises:
            NotFoundError: none meets them.
            InvalidReferenceError: a criterion is not known here, or far too many assets meet them.
            DeniedError: this service may not search.
        """
        ...

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What the system says now about the newest version.

        An asset that is retired, unapproved or out of its rights is described, not refused: to judge is the caller's.
        Where nothing has changed since the last description (HTTP answers 304), the new one is equal to it, and bytes
        that were opened for that need not be opened again; `fresh_until`, which does not count for that, moves on.

        Raises:
            NotFoundError: there is no such asset.
            InvalidReferenceError: the id or a qualifier cannot be one of this source.
            DeniedError: this service may not see it.
        """
        ...

    def open(self, description: AssetDescription, rendition: Rendition) -> AbstractAsyncContextManager[AssetBody]:
        """The bytes of a rendition of what was described; errors come on entering.

        A source gives the nearest rendition it has, which may be larger or of another format where the system does
        not transform: what comes is read from the bytes.

        Raises:
            NotFoundError: the asset has gone since.
            InvalidReferenceError: the system cannot make this rendition.
            DeniedError: this service may not have the bytes.
            TooLargeError: the bytes are announced as more than allowed.
        """
        ...

    async def check(self) -> None:
        """Return when the system is reachable and accepts the credentials.

        Raises:
            DeniedError: the credentials are accepted but allow nothing.
        """
        ...

    async def close(self) -> None:
        """Give back connections. May be called again; other methods then raise `UnavailableError`."""
        ...


@runtime_checkable
class Ranking(Protocol):
    """A source that can give several candidates for a query. One that cannot gives what `Source.select` finds."""

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The assets that meet all criteria, the best first, at most `MOST_RANKED`.

        The first one that is approved and in its rights is what `Source.select` gives. Others may be neither: to judge
        is the caller's, who knows for when and where it asks.

        Raises:
            NotFoundError: none meets them.
            InvalidReferenceError: a criterion is not known here, or far too many assets meet them.
            DeniedError: this service may not search.
        """
        ...


@runtime_checkable
class Reviewing(Protocol):
    """A source that can be asked about many assets in one call: for a system that counts calls."""

    @property
    def most_reviewed(self) -> int:
        """Assets of one call; below 2 it is set up not to be asked so."""
        ...

    async def review(self, known: Mapping[AssetRef, str]) -> Mapping[AssetRef, AssetDescription | None]:
        """What the system says now about assets that were described before.

        Of an asset that the system does not name any more the description is None: it may be gone, and has to be
        described. One that the answer leaves out is there, but less is told of it than its description needs.

        Args:
            known: by ref the `asset_id` of the last description; `most_reviewed` of them at most.
        """
        ...


@runtime_checkable
class Changing(Protocol):
    """A source that can be asked what has changed: for a system that pushes nothing, or whose pushes may be lost."""

    @property
    def polled(self) -> bool:
        """Whether it is set up so that asking makes sense."""
        ...

    async def changes(self, since: datetime) -> Sequence[tuple[AssetRef, str]]:
        """The assets that changed at or after a moment, each with a mark that is another one after a further change.

        Raises:
            InvalidReferenceError: far too many changed; ask for what is newer.
            DeniedError: this service may not search.
        """
        ...


@runtime_checkable
class Watched(Protocol):
    """A source with a system behind it whose state can be told."""

    def vitals(self) -> Vitals:
        """How the way to the system does at this moment; quick, asks nobody."""
        ...
