"""The source `core-dam`.

Documented (OTMM REST v6): a new `asset_id` for each version under one `original_asset_id`; searches, contents, log-ins.
Inferred, and therefore settings of the mapping: which field says approval, language and region, which operator compares
text, and that the newest *approved* version is the one to use. Refs name the `original_asset_id`; the qualifier
`asset_id` pins one version. Queries name metadata as the mapping does, and by `folder` the id of a folder.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from yarl import URL

from pressrun_sources.candidates import Candidates, best, ranked
from pressrun_sources.core_dam.auth import Keeper
from pressrun_sources.core_dam.client import CoreDamClient
from pressrun_sources.core_dam.config import CoreDamConfig
from pressrun_sources.core_dam.description import approval_of, describe_asset
from pressrun_sources.core_dam.mapping import FieldPath
from pressrun_sources.core_dam.metadata import Metadata
from pressrun_sources.core_dam.rendition import choose_rendition
from pressrun_sources.core_dam.search import LATEST, ORIGINAL_ID, Condition, condition, either
from pressrun_sources.errors import InvalidReferenceError, MisconfiguredError, NotFoundError
from pressrun_sources.hosted import Hosted, ends_of, public_url, shown_size
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.shape import flag_in, integer_in, text_in
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Vitals

__all__ = ["CoreDamSource"]

Asset = Mapping[str, object]
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_MAX_ID = 255
_FOLDER = "folder"
"""The one criterion that is no metadata: the id of a folder, in which or below which the asset lies."""


class CoreDamSource:
    """Core DAM as a source. It gives masters, and its own thumbnails and previews where they are configured."""

    def __init__(
        self,
        config: CoreDamConfig,
        limits: TransportConfig,
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        name: str = "core-dam",
        pauses: Pauses | None = None,
    ) -> None:
        self.name = name
        self._mapping = config.mapping
        self._transport = Transport(name, limits, config.origins(), observer, timing, pauses=pauses)
        self._keeper = Keeper(config, self._transport)
        self._client = CoreDamClient(config, self._transport, self._keeper)

    def __repr__(self) -> str:
        return f"<CoreDamSource {self._transport!r}>"

    async def select(self, query: AssetQuery) -> AssetRef:
        """The approved asset that meets all criteria; among several the one of the highest version, then asset id."""
        return await best(self._candidates(query), query, self._now())

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The approved assets that meet all criteria, the highest version first; see `Ranking.rank`."""
        return await ranked(self._candidates(query), query, self._now())

    async def _candidates(self, query: AssetQuery) -> Candidates:
        """The approved assets that meet all criteria, in order."""
        operator, rule = self._mapping.text_operator, self._mapping.approval
        if rule is None:
            message = f"{self.name} cannot select assets: it is not set up which of them are approved"
            detail = "PRESSRUN_CORE_DAM_MAPPING_FILE has no fields.approval"
            raise MisconfiguredError(self.name, None, message, detail)
        wanted, folder = self._wanted(query), dict(query.criteria).get(_FOLDER, "")
        # Of all versions: a newer one that waits for its own approval hides an older approved one otherwise.
        groups: list[Sequence[Condition]] = [[condition(LATEST, operator, "Y")]] if self._mapping.versions == 1 else []
        groups += [[condition(path, operator, value)] for path, value in wanted]
        if rule.path is not None:
            approved = [key for key, state in rule.keys.items() if state is Approval.APPROVED]
            groups.append(either([condition(rule.path, operator, key) for key in approved]))
        hits = await self._client.search(groups, f"the search for {query}", None, folder=folder)
        now = self._now()
        best: dict[AssetRef, Asset] = {}
        for hit in sorted(hits, key=_number):
            identifier = text_in(hit, "original_asset_id")
            # The operator may be a looser one than equality, so what came back is compared again.
            ref = AssetRef.of(self.name, identifier or "")
            if ref is not None and _meets(hit, wanted) and self._approval(hit) is Approval.APPROVED:
                best[ref] = hit
        found: list[AssetDescription] = []
        for ref, hit in best.items():
            # What became of an asset after this version decides whether it may be used still.
            chosen = hit if _latest(hit) else self._chosen(await self._versions(ref, f"asset {ref.id!r}"))
            if chosen is not None and _meets(chosen, wanted):
                description = describe_asset(chosen, ref, self._mapping, now)
                if description.approval is Approval.APPROVED and not description.deleted:
                    found.append(description)
        for description in sorted(found, key=lambda one: (-int(one.version), one.asset_id)):
            yield description

    @property
    def polled(self) -> bool:
        """Whether the mapping names the field of the last update."""
        return bool(self._mapping.updated)

    async def changes(self, since: datetime) -> Sequence[tuple[AssetRef, str]]:
        """The assets that were updated; one that was deleted is in no search, so it is missed. See `Changing`."""
        hits = await self._client.recent(since, "the search for changes")
        return [
            (ref, f"{hit.get('version')}/{hit.get('date_last_updated')}")
            for hit in hits
            if (ref := AssetRef.of(self.name, text_in(hit, "original_asset_id") or "")) is not None
        ]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """The newest approved version of an original asset id, or the one that the qualifier `asset_id` pins.

        Where none is approved, the newest. A version that waits for its approval, or was denied it, leaves an older one
        in use; a retired one does not.
        """
        subject, pinned = self._check(ref), ref.qualifier("asset_id", "")
        if pinned:
            asset = await self._client.asset(pinned, subject, ref)
            newest = asset if text_in(asset, "original_asset_id") == ref.id else None
        else:
            newest = self._chosen(await self._versions(ref, subject))
            if newest is not None and "master_content_info" not in newest:
                # Not every load type brings the content's size and checksum along.
                newest = await self._client.asset(text_in(newest, "asset_id") or "", subject, ref)
        if newest is None:
            raise NotFoundError(self.name, ref, f"{self.name} has no {subject}; check the id")
        return describe_asset(newest, ref, self._mapping, self._now())

    async def _versions(self, ref: AssetRef, subject: str) -> list[Asset]:
        """The versions of an asset, the newest first; that one alone where older ones are never used."""
        operator = self._mapping.text_operator
        own, latest = [condition(ORIGINAL_ID, operator, ref.id)], [condition(LATEST, operator, "Y")]
        for groups in ([own, latest],) if self._mapping.versions == 1 else ([own], [own, latest]):
            hits = await self._client.search(groups, subject, ref)
            mine = [hit for hit in hits if text_in(hit, "original_asset_id") == ref.id]
            mine.sort(key=_number, reverse=True)
            if not mine or _latest(mine[0]):
                return mine
            # The pages of many versions moved while they were read, for a newer one came: that one alone, then.
        # Without the latest one nobody knows what became of the asset.
        return []

    def _approval(self, version: Asset) -> Approval:
        return approval_of(version, self._mapping)

    def _chosen(self, versions: Sequence[Asset]) -> Asset | None:
        """The newest approved version behind none but those that wait or were denied it; else the newest."""
        for version in versions[: self._mapping.versions]:
            approval = self._approval(version)
            if approval is Approval.APPROVED:
                return version
            if approval not in (Approval.PENDING, Approval.REJECTED):
                break
        return versions[0] if versions else None

    @asynccontextmanager
    async def open(self, description: AssetDescription, rendition: Rendition) -> AsyncGenerator[StreamedBody, None]:
        """The master, or the system's own rendition where it is large enough and exists."""
        ref = description.ref
        subject = self._check(ref)
        kind = choose_rendition(description, rendition, self._mapping.renditions)
        etag = description.etag or ""
        md5 = etag.lower() if _MD5.fullmatch(etag) else None
        async with AsyncExitStack() as stack:
            body: StreamedBody | None = None
            if kind is not None:
                try:
                    body = await stack.enter_async_context(
                        self._client.contents(description.asset_id, kind, subject, ref, None, None)
                    )
                except NotFoundError:
                    # Not every asset has every rendition; the master will do.
                    kind = None
            if body is None:
                body = await stack.enter_async_context(
                    self._client.contents(description.asset_id, None, subject, ref, description.media_type, md5)
                )
            yield body

    async def hosted(self, description: AssetDescription, rendition: Rendition) -> Hosted | None:
        """The address in the delivery network, which has the newest version alone; see `Hosting`.

        None for an older version. The sizes are asked for by the parameters that the mapping names; without them the
        network shows what it has.
        """
        ref = description.ref
        asset = await self._client.asset(description.asset_id, self._check(ref), ref)
        base = public_url(text_in(asset, "delivery_service_url"))
        if not base or not _latest(asset):
            return None
        given = {"width": rendition.width, "height": rendition.height, "format": rendition.format}
        names = self._mapping.delivery
        query = {names[name]: str(value) for name, value in given.items() if value is not None and name in names}
        url = str(URL(base).update_query(query)) if query else base
        size = shown_size(description, rendition) if query else (description.width, description.height)
        return Hosted(url, None if query else description.media_type, *size, ends_of(description))

    async def check(self) -> None:
        """Log in and make the cheapest call; see `Source.check`."""
        await self._client.probe()

    def vitals(self) -> Vitals:
        """How the way to the system does."""
        return self._transport.vitals()

    async def close(self) -> None:
        """Give back connections and stop a log-in under way."""
        await self._keeper.close()
        await self._transport.close()

    def _check(self, ref: AssetRef) -> str:
        """The subject for messages, once the ref can be one of this source."""
        unknown = [name for name, _ in ref.qualifiers if name != "asset_id"]
        pinned = ref.qualifier("asset_id", "")
        problem = None
        if unknown:
            problem = f"the qualifier {unknown[0]!r} is not known; valid is asset_id"
        elif any(len(text) > _MAX_ID or "/" in text or text in (".", "..") for text in (ref.id, pinned)):
            problem = f"an id has up to {_MAX_ID} characters and no slash, e.g. {self.name}:7f20c0ffee44"
        if problem:
            raise InvalidReferenceError(self.name, ref, f"{ref} is not an asset of {self.name}: {problem}")
        return f"asset {ref.id!r}"

    def _wanted(self, query: AssetQuery) -> list[tuple[FieldPath, str]]:
        known: Mapping[str, FieldPath] = self._mapping.criteria()
        pairs = [pair for pair in query.criteria if pair[0] != _FOLDER]
        pairs += [("language", query.locale)] if query.locale else []
        for name, _ in pairs:
            if name not in known:
                valid = ", ".join(sorted({*known, _FOLDER}))
                message = f"{name!r} is not a criterion of {self.name}; valid are {valid}"
                raise InvalidReferenceError(self.name, None, message, "PRESSRUN_CORE_DAM_MAPPING_FILE, fields")
        return [(known[name], value) for name, value in pairs]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._transport.timing.wall(), UTC)


def _number(hit: Asset) -> int:
    return integer_in(hit, "version") or 0


def _meets(hit: Asset, wanted: Sequence[tuple[FieldPath, str]]) -> bool:
    metadata = Metadata(hit)
    return all(value in metadata.values(path) for path, value in wanted)


def _latest(hit: Mapping[str, object]) -> bool:
    return "latest_version" not in hit or flag_in(hit, "latest_version")
