"""The source `iconik`.

Documented: search, records, versions, approval for each version, metadata by view, files and keyframes with signed
URLs. Inferred, and settings of the mapping: which metadata says rights, language, region and life cycle, and that the
newest *approved* one among the newest versions is the one to use. Refs name the asset's UUID; the qualifier `version`
pins one version. Signed URLs are asked for anew at every `open` and never kept.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pressrun_sources.candidates import Candidates, best, ranked
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError
from pressrun_sources.hosted import Hosted, ends_of, public_url
from pressrun_sources.iconik.client import IconikClient
from pressrun_sources.iconik.config import IconikConfig
from pressrun_sources.iconik.description import Found, approval_of, describe_found, meets_all
from pressrun_sources.iconik.rendition import choose_film, choose_keyframe, choose_original, choose_proxy
from pressrun_sources.iconik.search import changes_body, search_body, wanted_metadata
from pressrun_sources.media import media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.shape import flag_in, integer_in, mapping_in, sequence_in, text_in
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Vitals

__all__ = ["IconikSource"]

_RANKED = 5
"""Candidates of one query; each takes several calls."""
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class IconikSource:
    """iconik as a source. It gives originals, and of a video its poster; it makes no renditions."""

    def __init__(
        self,
        config: IconikConfig,
        limits: TransportConfig,
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        name: str = "iconik",
        pauses: Pauses | None = None,
    ) -> None:
        self.name = name
        self._mapping = config.mapping
        self._transport = Transport(
            name, limits, config.origins(), observer, timing, pauses=pauses, window=self._mapping.rate_window_s
        )
        self._client = IconikClient(config, self._transport)

    def __repr__(self) -> str:
        return f"<IconikSource {self._transport!r}>"

    async def select(self, query: AssetQuery) -> AssetRef:
        """The asset with an approved version that meets all criteria; among several the last changed."""
        return await best(self._candidates(query), query, self._now())

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The assets with an approved version that meet all criteria, the last changed first; see `Ranking.rank`."""
        return await ranked(self._candidates(query), query, self._now(), _RANKED)

    async def _hits(self, query: AssetQuery) -> Sequence[Mapping[str, object]]:
        """What the index has, the last changed first, then by id."""
        hits = await self._client.search(search_body(self._wanted(query)), f"the search for {query}")
        ordered = sorted(hits, key=lambda hit: text_in(hit, "id") or "")
        ordered.sort(key=lambda hit: text_in(hit, "date_modified") or "", reverse=True)
        return ordered

    async def _candidates(self, query: AssetQuery) -> Candidates:
        """Those of the hits that are approved and still meet the criteria; each is read again, as the index lags."""
        wanted = self._wanted(query)
        for hit in await self._hits(query):
            identifier = text_in(hit, "id") or ""
            if not _UUID.fullmatch(identifier):
                continue
            ref = AssetRef(self.name, identifier)
            try:
                found = await self._find(ref, f"asset {identifier!r}")
            except NotFoundError:
                # The index is behind: the asset has gone since.
                continue
            if meets_all(found, wanted):
                description = describe_found(found, ref, self._mapping)
                if description.approval is Approval.APPROVED and not description.deleted:
                    yield description

    def _wanted(self, query: AssetQuery) -> Mapping[str, str]:
        try:
            return wanted_metadata(query, self._mapping)
        except ValueError as error:
            raise InvalidReferenceError(self.name, None, f"{self.name} cannot search: {error}") from error

    polled = True

    async def changes(self, since: datetime) -> Sequence[tuple[AssetRef, str]]:
        """The assets that were modified; also beside webhooks, since a lost one is not sent again. See `Changing`."""
        hits = await self._client.search(changes_body(since), "the search for changes")
        return [
            (AssetRef(self.name, identifier), text_in(hit, "date_modified") or "")
            for hit in hits
            if _UUID.fullmatch(identifier := text_in(hit, "id") or "")
        ]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """The newest approved version, or the newest where none is; or the one that the qualifier `version` pins."""
        found = await self._find(ref, self._check(ref))
        return describe_found(found, ref, self._mapping)

    @asynccontextmanager
    async def open(self, description: AssetDescription, rendition: Rendition) -> AsyncGenerator[StreamedBody, None]:  # noqa: ARG002 - it makes none
        """The described file, behind a URL that is signed now."""
        ref = description.ref
        subject = self._check(ref)
        version, _, wanted = description.version.partition("/")
        file = await self._file(ref, version, subject)
        url = text_in(file, "url") if text_in(file, "id") == wanted else None
        if url is None:
            message = f"{self.name} has no bytes of {subject} at present; try again later"
            raise NotFoundError(self.name, ref, message, f"file {wanted} of version {version} has gone or has no URL")
        async with self._transport.stored(url, ref, subject, media_type=description.media_type) as body:
            yield body

    async def hosted(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - it makes none
    ) -> Hosted | None:
        """The public link of a picture's proxy, or of a poster or keyframe; and of a video's proxy. See `Hosting`."""
        if self._mapping.public_links == "never":
            return None
        ref = description.ref
        subject, version = self._check(ref), description.version.partition("/")[0]
        proxies = await self._client.files(ref, version, "proxies", subject)
        film = await self._public(ref, "proxies", choose_film(proxies), subject)
        picture = await self._public(ref, "proxies", choose_proxy(proxies), subject)
        if picture is None:
            still = choose_keyframe(await self._client.files(ref, version, "keyframes", subject))
            picture = await self._public(ref, "keyframes", still, subject)
        if picture is None:
            return None
        size = mapping_in(picture, "resolution")
        return Hosted(
            public_url(text_in(picture, "url")),
            _type_of(picture),
            integer_in(size, "width"),
            integer_in(size, "height"),
            ends_of(description),
            public_url(text_in(film, "url")) if film else "",
            (_type_of(film) or "") if film else "",
        )

    async def _public(
        self, ref: AssetRef, kind: str, chosen: Mapping[str, object] | None, subject: str
    ) -> Mapping[str, object] | None:
        """The record of a keyframe or proxy whose link is for everybody, made so where the mapping says so."""
        identifier = text_in(chosen, "id") if chosen else None
        if chosen is None or identifier is None:
            return None
        if not flag_in(chosen, "is_public"):
            if self._mapping.public_links != "make":
                return None
            # What comes back names the link alone, or all of the record.
            chosen = {**chosen, **await self._client.publish(ref, kind, identifier, subject)}
        return chosen if flag_in(chosen, "is_public") and public_url(text_in(chosen, "url")) else None

    async def check(self) -> None:
        """Ask whether the token is good; see `Source.check`."""
        await self._client.ping()

    def vitals(self) -> Vitals:
        """How the way to the system does."""
        return self._transport.vitals()

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    async def _find(self, ref: AssetRef, subject: str) -> Found:
        asset = await self._client.asset(ref, subject)
        pinned = ref.qualifier("version", "")
        # Where the newest one stands in the list is not documented, so the time of creation orders it.
        versions = [v for v in sequence_in(asset, "versions") if text_in(v, "status") == "ACTIVE"]
        versions.sort(key=lambda v: text_in(v, "date_created") or "", reverse=True)
        ids = [identifier for v in versions if _UUID.fullmatch(identifier := text_in(v, "id") or "")]
        ids = [identifier for identifier in ids if not pinned or identifier == pinned]
        if not ids:
            raise NotFoundError(self.name, ref, f"{self.name} has no active version of {subject}; check the id")
        chosen, approval = ids[0], approval_of(await self._client.approval(ref, ids[0], subject), ids[0])
        for older in ids[1 : self._mapping.versions] if approval is not Approval.APPROVED else ():
            state = approval_of(await self._client.approval(ref, older, subject), older)
            if state is Approval.APPROVED:
                chosen, approval = older, state
                break
        metadata = await self._client.metadata(ref, subject)
        return Found(asset, chosen, approval, metadata, await self._file(ref, chosen, subject))

    async def _file(self, ref: AssetRef, version: str, subject: str) -> Mapping[str, object]:
        file = choose_original(await self._client.files(ref, version, "files", subject))
        file = file or choose_proxy(await self._client.files(ref, version, "proxies", subject))
        file = file or choose_keyframe(await self._client.files(ref, version, "keyframes", subject))
        if file is None:
            message = f"{self.name} has neither a picture nor a poster of {subject} yet; try again later"
            raise InvalidResponseError(self.name, ref, message, f"version {version}", transient=True)
        return file

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._transport.timing.wall(), UTC)

    def _check(self, ref: AssetRef) -> str:
        """The subject for messages, once the ref can be one of this source."""
        unknown = [name for name, _ in ref.qualifiers if name != "version"]
        problem = None
        if unknown:
            problem = f"the qualifier {unknown[0]!r} is not known; valid is version"
        elif not all(_UUID.fullmatch(text) for text in (ref.id, ref.qualifier("version", ref.id))):
            problem = f"ids are UUIDs, e.g. {self.name}:0b0f2d3e-9d11-41f0-8a01-000000000001"
        if problem:
            raise InvalidReferenceError(self.name, ref, f"{ref} is not an asset of {self.name}: {problem}")
        return f"asset {ref.id!r}"


def _type_of(file: Mapping[str, object]) -> str | None:
    named = text_in(file, "filename") or text_in(file, "name") or ""
    return media_type_of(named.rpartition(".")[2])
