"""The source `smintio`.

Documented: methods and shapes of the Portals Frontend API, the fields of licence terms in CLAPI-C. Inferred, and
settings of the mapping: which fields of `rawData` say approval, region and licence, CLAPI-C's paths, what keys mean
here, and that unclear terms bar the use. Refs name the portal's asset id, e.g. `smintio:12:image:8812`. An asset whose
licence ended stays readable there; it is described with its window, and never used after it.

Not used: CLAPI-C's own binaries, whose paths are not public, so bytes come through the portal, licensed ones too; and
the push over Pusher, which says no more than that the feed has news: the feed is asked every minute (see
`PRESSRUN_SOURCES_POLL_SECONDS`), and a listener of the site may relay the push to `/hooks/smintio` as a Standard
Webhook.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pressrun_sources.candidates import Candidates, best, meets, ranked
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError
from pressrun_sources.hosted import Hosted, ends_of, public_url
from pressrun_sources.model import AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.smintio.auth import Keeper
from pressrun_sources.smintio.client import SmintioClient
from pressrun_sources.smintio.config import SmintioConfig
from pressrun_sources.smintio.description import describe_found, licence_id
from pressrun_sources.smintio.licences import Licences
from pressrun_sources.smintio.record import texts_of
from pressrun_sources.smintio.search import search_all
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.call import Expectation
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Vitals

__all__ = ["SmintioSource"]

_ID = re.compile(r"\d{1,10}:[a-z_]{1,32}:\S.*")


class SmintioSource:
    """A portal of Smint.io as a source. It gives originals; it makes no renditions."""

    def __init__(
        self,
        config: SmintioConfig,
        limits: TransportConfig,
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        name: str = "smintio",
        pauses: Pauses | None = None,
    ) -> None:
        self.name = name
        self._mapping = config.mapping
        self._transport = Transport(name, limits, config.origins(), observer, timing, pauses=pauses)
        self._keeper = Keeper(config, self._transport)
        self._client = SmintioClient(config, self._transport, self._keeper)
        self._licences = Licences(self._client)
        self._holders: dict[str, set[AssetRef]] = {}
        """The assets that were described, by their licences."""

    def __repr__(self) -> str:
        return f"<SmintioSource {self._transport!r}>"

    async def select(self, query: AssetQuery) -> AssetRef:
        """The first hit, in the portal's order, that is approved, licensed and in its rights."""
        return await best(self._candidates(query), query, self._now())

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The hits in the portal's order; see `Ranking.rank`."""
        return await ranked(self._candidates(query), query, self._now())

    @property
    def polled(self) -> bool:
        """Whether licences are read, whose feed tells of changes; the portal itself has no list of them."""
        return self._licences.configured

    async def changes(self, since: datetime) -> Sequence[tuple[AssetRef, str]]:
        """The assets whose licences changed, of those that were described here; see `Changing`."""
        changed = await self._licences.changed(since)
        return [(ref, mark) for uuid, mark in changed for ref in sorted(self._holders.get(uuid, ()))]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What the portal says now, within what the licence allows."""
        record = await self._client.asset(ref, self._check(ref))
        uuid = licence_id(record, self._mapping) if self._licences.configured else None
        if uuid is not None:
            self._holders.setdefault(uuid, set()).add(ref)
        transaction = await self._licences.transaction(uuid, ref) if uuid is not None else None
        return describe_found(record, transaction, ref, self._mapping, licensed=uuid is not None)

    @asynccontextmanager
    async def open(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - it makes none
    ) -> AsyncGenerator[StreamedBody, None]:
        """The bytes behind a download that is made now, held to the SHA-1 that was described."""
        ref = description.ref
        subject = self._check(ref)
        url = await self._client.download_url(ref, subject)
        sha1 = Expectation(description.etag.lower(), "sha1") if description.etag else None
        async with self._transport.stored(
            url, ref, subject, media_type=description.media_type, expectation=sha1
        ) as body:
            if description.size is not None and body.size not in (None, description.size):
                message = f"{subject} of {self.name} was replaced after it was described; try again"
                raise InvalidResponseError(self.name, ref, message, f"{body.size} bytes came", transient=True)
            yield body

    async def hosted(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - it makes none
    ) -> Hosted | None:
        """What the fields that the mapping names hold; see `Hosting`."""
        if not self._mapping.hosted_picture:
            return None
        ref = description.ref
        record = await self._client.asset(ref, self._check(ref))
        url, video = (
            public_url(next(iter(texts_of(record, path)), None)) if path else ""
            for path in (self._mapping.hosted_picture, self._mapping.hosted_video)
        )
        return Hosted(url, None, None, None, ends_of(description), video) if url else None

    async def check(self) -> None:
        """Log in, and ask what the search page can do; see `Source.check`."""
        await self._client.probe()

    def vitals(self) -> Vitals:
        """How the way to the system does."""
        return self._transport.vitals()

    async def close(self) -> None:
        """Give back connections."""
        await self._keeper.close()
        await self._transport.close()

    async def _candidates(self, query: AssetQuery) -> Candidates:
        """The hits that are there and whose fields meet all criteria: the portal's index may be behind."""
        wanted = {self._mapping.criteria.get(name, name): value for name, value in query.criteria}
        for identifier in await search_all(self._client, wanted, f"the search for {query}"):
            ref = AssetRef.of(self.name, identifier)
            if ref is None or not _ID.fullmatch(identifier):
                continue
            try:
                description = await self.describe(ref)
            except NotFoundError:
                continue
            if meets(description, dict(query.criteria)) and (
                query.locale is None or description.locale == query.locale
            ):
                yield description

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._transport.timing.wall(), UTC)

    def _check(self, ref: AssetRef) -> str:
        """The subject for messages, once the ref can be one of this source."""
        problem = None
        if ref.qualifiers:
            problem = f"the qualifier {ref.qualifiers[0][0]!r} is not known; none is"
        elif not _ID.fullmatch(ref.id):
            problem = f"ids are adapter:type:id, e.g. {self.name}:12:image:8812"
        if problem:
            raise InvalidReferenceError(self.name, ref, f"{ref} is not an asset of {self.name}: {problem}")
        return f"asset {ref.id!r}"
