"""The source `http`: any endpoint that serves approved logos, terms, disclosures and text blocks.

Documented: caching (RFC 9111, RFC 5861), conditional requests (RFC 9110), digests (RFC 9530). Our choice, and settings
of the mapping: paths, metadata, search. Refs name the id that the path template takes, e.g. `http:terms/2026.txt`.

A description asks with the validators of the last one (HEAD, and GET for metadata), so that an unchanged asset costs no
body. `open` gives only the bytes that were described: an endpoint has no older versions.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from multidict import CIMultiDict

from pressrun_sources.candidates import Candidates, best, meets, ranked
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError
from pressrun_sources.hosted import Hosted, ends_of
from pressrun_sources.http.caching import Freshness, freshness
from pressrun_sources.http.client import HttpClient
from pressrun_sources.http.config import HttpConfig
from pressrun_sources.http.description import describe_found, marks
from pressrun_sources.http.grant import Grant
from pressrun_sources.model import AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.call import Expectation
from pressrun_sources.transport.client import Answer, Transport
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Vitals

__all__ = ["HttpSource"]

_KEPT = 4096
"""Answers whose headers are kept for conditional requests."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the last description came from."""

    head: Mapping[str, str]
    mark: str
    metadata: Mapping[str, object] | None
    metadata_head: Mapping[str, str]


class HttpSource:
    """An HTTP endpoint as a source. It gives originals; it makes no renditions."""

    def __init__(
        self,
        config: HttpConfig,
        limits: TransportConfig,
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        name: str = "http",
        pauses: Pauses | None = None,
    ) -> None:
        self.name = name
        self._mapping = config.mapping
        self._credentials = bool(config.secret_headers() or config.grant or config.certificate)
        self._transport = Transport(name, limits, config.called(), observer, timing, pauses=pauses)
        self._grant = Grant(config.grant, config, self._transport) if config.grant is not None else None
        self._client = HttpClient(config, self._transport, self._grant)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def __repr__(self) -> str:
        return f"<HttpSource {self._transport!r}>"

    async def select(self, query: AssetQuery) -> AssetRef:
        """The first hit, in the endpoint's order, that is approved and in its rights."""
        return await best(self._candidates(query), query, self._now())

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The hits in the endpoint's order; see `Ranking.rank`."""
        return await ranked(self._candidates(query), query, self._now())

    @property
    def polled(self) -> bool:
        """Whether the mapping names where changes are listed."""
        return bool(self._mapping.changes_path)

    async def changes(self, since: datetime) -> Sequence[tuple[AssetRef, str]]:
        """What the endpoint lists as changed; see `Changing`."""
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        listed = await self._client.changes(moment, "the list of changes")
        return [(ref, mark) for identifier, mark in listed if (ref := AssetRef.of(self.name, identifier)) is not None]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What the endpoint says now; an unchanged asset costs no body."""
        subject = self._check(ref)
        kept = self._kept.get(ref.id)
        timing = self._transport.timing
        begun = timing.monotonic()
        head = await self._client.head(ref, subject, kept.head if kept else {})
        headers = _merged(kept.head if kept and head.unchanged else {}, head)
        spans = [self._freshness(headers, timing.monotonic() - begun)]
        mark = kept.mark if kept and head.unchanged else await self._mark(ref, subject, headers)
        metadata, metadata_head = None, CIMultiDict[str]()
        if self._mapping.metadata:
            begun = timing.monotonic()
            answer = await self._client.metadata(ref, subject, kept.metadata_head if kept else {})
            metadata_head = _merged(kept.metadata_head if kept and answer.unchanged else {}, answer)
            spans.append(self._freshness(metadata_head, timing.monotonic() - begun))
            metadata = kept.metadata if kept and answer.unchanged else answer.json
        description = describe_found(ref, headers, metadata, mark, self._mapping)
        self._keep(ref.id, _Kept(headers, mark, metadata, metadata_head))
        return self._until(description, spans)

    @asynccontextmanager
    async def open(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - it makes none
    ) -> AsyncGenerator[StreamedBody, None]:
        """The described bytes; an error that passes with a new description where other ones are there by now."""
        ref = description.ref
        subject = self._check(ref)
        kind, _, mark = description.asset_id.partition(":")
        async with self._client.download(ref, subject, description.media_type) as body:
            if kind == "read":
                body.expect(Expectation(mark, "sha256"))
            elif marks(body.headers).get(kind) != mark:
                message = f"{subject} of {self.name} was replaced after it was described; try again"
                raise InvalidResponseError(self.name, ref, message, f"another {kind} came", transient=True)
            yield body

    async def hosted(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - it makes none
    ) -> Hosted | None:
        """The address of the asset, where the mapping says that it is public; see `Hosting`."""
        if not self._mapping.public:
            return None
        self._check(description.ref)
        url = str(self._client.address(description.ref))
        size = description.width, description.height
        return Hosted(url, description.media_type, *size, ends_of(description))

    async def check(self) -> None:
        """Ask for the base URL; see `Source.check`."""
        await self._client.ping()

    def vitals(self) -> Vitals:
        """How the way to the system does."""
        return self._transport.vitals()

    async def close(self) -> None:
        """Give back connections."""
        if self._grant is not None:
            await self._grant.close()
        await self._transport.close()

    async def _mark(self, ref: AssetRef, subject: str, headers: Mapping[str, str]) -> str:
        found = marks(headers)
        if found:
            return ":".join(next(iter(found.items())))
        # Neither validator nor digest: only the bytes themselves can tell whether they changed.
        digest = hashlib.sha256()
        async with self._client.download(ref, subject, None) as body:
            async for chunk in body.chunks():
                digest.update(chunk)
        return f"read:{digest.hexdigest()}"

    async def _candidates(self, query: AssetQuery) -> Candidates:
        """The hits that are there and, as far as their metadata tells, meet all criteria."""
        if not self._mapping.search_path:
            message = f"{self.name} cannot search; name the asset by its id, or set search in the mapping"
            raise InvalidReferenceError(self.name, None, message)
        wanted = dict(query.criteria)
        if query.locale:
            wanted[self._mapping.search_language] = query.locale
        for identifier in await self._client.search(wanted, f"the search for {query}"):
            try:
                description = await self.describe(AssetRef(self.name, identifier))
            except (NotFoundError, InvalidReferenceError, ValueError):
                # Gone since, or an id that no asset of ours can have.
                continue
            if meets(description, dict(query.criteria)) and (
                query.locale is None or description.locale in {None, query.locale}
            ):
                yield description

    def _freshness(self, headers: Mapping[str, str], delay: float) -> Freshness:
        now = self._transport.timing.wall()
        return freshness(headers, now=now, delay=delay, credentials=self._credentials)

    def _until(self, description: AssetDescription, spans: Sequence[Freshness]) -> AssetDescription:
        """With the moments up to which all of the answers may be used."""
        now = datetime.fromtimestamp(self._transport.timing.wall(), UTC)
        fresh = [span.fresh for span in spans if span.fresh is not None]
        stale = [(span.fresh or 0.0) + span.stale for span in spans if span.stale is not None]
        return replace(
            description,
            fresh_until=now + timedelta(seconds=min(fresh)) if fresh else None,
            stale_until=now + timedelta(seconds=min(stale)) if stale else None,
        )

    def _keep(self, identifier: str, kept: _Kept) -> None:
        self._kept[identifier] = kept
        self._kept.move_to_end(identifier)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._transport.timing.wall(), UTC)

    def _check(self, ref: AssetRef) -> str:
        """The subject for messages, once the ref can be one of this source."""
        problem = None
        if ref.qualifiers:
            problem = f"the qualifier {ref.qualifiers[0][0]!r} is not known; none is"
        elif "\\" in ref.id or any(part in ("", ".", "..") for part in ref.id.split("/")):
            problem = f"an id has no empty, . or .. part and no backslash, e.g. {self.name}:terms/2026.txt"
        if problem:
            raise InvalidReferenceError(self.name, ref, f"{ref} is not an asset of {self.name}: {problem}")
        return f"asset {ref.id!r}"


def _merged(known: Mapping[str, str], answer: Answer) -> CIMultiDict[str]:
    """The stored headers brought up to date (RFC 9111 section 3.2); fields that are lists become one line."""
    merged, fresh = CIMultiDict(known), CIMultiDict[str]()
    for name, value in answer.headers.items():
        if name.lower() == "content-length" and answer.unchanged:
            continue  # that of an answer without a body
        fresh[name] = f"{fresh[name]}, {value}" if name in fresh else value
    merged.update(fresh)
    return merged
