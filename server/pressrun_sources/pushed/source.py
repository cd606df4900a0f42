"""The source `pushed`: versions of content that was pushed to this node, or to another of its cluster.

The interface is ours. Of the versions of an id the newest approved one that is in effect now is described; where none
is, the newest of all, so that what is wrong with it is told. A version's effect ends where the next approved one's
begins, at the latest. The qualifier `version` means one version.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pressrun_sources.candidates import none_found
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError, UnavailableError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.protocol import MOST_RANKED
from pressrun_sources.pushed.peers import Peers, PeersAwayError
from pressrun_sources.pushed.shelf import Shelf
from pressrun_sources.pushed.version import Version
from pressrun_sources.transport.timing import Timing

__all__ = ["NAME", "PushedSource"]

NAME = "pushed"
_CHUNK = 256 * 1024
_MOST_VERSIONS = 1_000
_MOST_CONTENTS = 20_000
_ATTEMPTS = 50
"""At a number that other nodes push to as well."""


@dataclass(frozen=True, slots=True)
class _Body:
    """An `AssetBody` over bytes that are here."""

    data: bytes
    media_type: str
    etag: str | None

    @property
    def size(self) -> int | None:
        return len(self.data)

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.data), _CHUNK):
            yield self.data[start : start + _CHUNK]


class PushedSource:
    """Pushed content as a source; `start` before anything else."""

    name = NAME

    def __init__(self, shelf: Shelf, timing: Timing | None = None, *, peers: Peers | None = None) -> None:
        self._shelf = shelf
        self._peers = peers
        self._timing = timing or Timing()
        self._contents: dict[str, tuple[Version, ...]] = {}
        self._learned: set[str] = set()
        self._writing = asyncio.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"<PushedSource {len(self._contents)} contents>"

    async def start(self) -> list[str]:
        """Read what was pushed before; says what could not be read.

        Raises:
            OSError: the folder can't be read.
        """
        self._contents, faults = await asyncio.to_thread(self._shelf.load)
        if self._peers is not None:
            with contextlib.suppress(PeersAwayError):
                await self._join(self._peers)
        return faults

    async def put(self, identifier: str, version: Version, data: bytes | None) -> tuple[Version, bool]:
        """Keep a version; says whether it is a new one. Pushing the same again changes nothing.

        Args:
            identifier: the content's id.
            version: what is said about it; its number is given here.
            data: the bytes; None for those of the newest version.

        Raises:
            NotFoundError: there are no bytes yet to say something else about.
            UnavailableError: it cannot be shared with the other nodes at present, so it was not kept.
            InvalidReferenceError: there are too many contents or versions.
            ValueError: the id cannot be one.
            OSError: it can't be stored.
        """
        ref = AssetRef(NAME, identifier)
        async with self._writing:
            try:
                for _ in range(_ATTEMPTS):
                    grown, created = await self._grown(ref, version, data)
                    if not created or await self._shared(identifier, grown, data):
                        break
                else:
                    raise PeersAwayError("other nodes were quicker each time")  # noqa: TRY301 - as if it were away
            except PeersAwayError as error:
                message = f"{NAME} cannot share {identifier!r} with the other nodes, so it was not kept; push it again"
                raise UnavailableError(NAME, ref, message, str(error)) from error
            if created:
                # A later version of bytes that were pushed to another node: they come here with it.
                kept = data if data is not None else await self._data(grown[-1])
                await asyncio.to_thread(self._save, identifier, grown, kept)
                self._contents[identifier] = grown
            return grown[-1], created

    def learned(self, identifier: str) -> bool:
        """Whether versions of a content came from other nodes since this was asked before."""
        known = identifier in self._learned
        self._learned.discard(identifier)
        return known

    async def _grown(self, ref: AssetRef, version: Version, data: bytes | None) -> tuple[tuple[Version, ...], bool]:
        """The versions with a new one at the end; or as they are, where it says nothing new."""
        versions = await self._versions(ref.id, strict=True)
        if data is None:
            if not versions:
                raise NotFoundError(NAME, ref, f"{NAME} has no content {ref.id!r} yet; push its bytes first")
            newest = versions[-1]
            version = replace(version, sha256=newest.sha256, size=newest.size, media_type=newest.media_type)
        if versions and versions[-1].same_as(version):
            return versions, False
        if len(versions) >= _MOST_VERSIONS or (not versions and len(self._contents) >= _MOST_CONTENTS):
            message = f"{NAME} holds {_MOST_CONTENTS} contents of {_MOST_VERSIONS} versions at most; use another id"
            raise InvalidReferenceError(NAME, ref, message)
        return (*versions, replace(version, number=len(versions) + 1)), True

    async def _shared(self, identifier: str, grown: tuple[Version, ...], data: bytes | None) -> bool:
        """Give the other nodes the new version; False where one of them was quicker."""
        if self._peers is None:
            return True
        if data is not None:
            await self._peers.keep(grown[-1].sha256, data)
        return await self._peers.extend(identifier, len(grown) - 1, grown)

    async def _join(self, peers: Peers) -> None:
        """Take what the others have, and give them what only this node has; the longer history counts."""
        counts = {identifier: len(versions) for identifier, versions in self._contents.items()}
        theirs = await peers.records(counts)
        for identifier, versions in theirs.items():
            self._learn(identifier, versions)
        for identifier, versions in list(self._contents.items()):
            shared = theirs.get(identifier) or await peers.record(identifier)
            if len(shared) < len(versions):
                await self._give(peers, identifier, len(shared), versions)

    async def _give(self, peers: Peers, identifier: str, there: int, versions: tuple[Version, ...]) -> None:
        """Share a longer history than the others have: this node was alone, or what is shared was lost."""
        for version in versions:
            with contextlib.suppress(OSError, ValueError):
                await peers.keep(version.sha256, await asyncio.to_thread(self._shelf.read, version))
        await peers.extend(identifier, there, versions)

    async def _versions(self, identifier: str, *, strict: bool = False) -> tuple[Version, ...]:
        """The versions of a content as the cluster has them; as this node does, where that cannot be asked.

        Raises:
            PeersAwayError: it cannot be asked, and `strict`.
        """
        mine = self._contents.get(identifier, ())
        if self._peers is None:
            return mine
        try:
            shared = await self._peers.record(identifier)
        except PeersAwayError:
            if strict:
                raise
            return mine
        if self._learn(identifier, shared):
            return shared
        mine = self._contents.get(identifier, ())
        if strict and len(shared) < len(mine):
            await self._give(self._peers, identifier, len(shared), mine)
        return mine

    async def _all(self) -> None:
        """Hear of what was pushed to other nodes."""
        if self._peers is not None:
            known = {identifier: len(versions) for identifier, versions in self._contents.items()}
            with contextlib.suppress(PeersAwayError):
                for identifier, versions in (await self._peers.records(known)).items():
                    self._learn(identifier, versions)

    def _learn(self, identifier: str, versions: tuple[Version, ...]) -> bool:
        """Take what others have of a content, where it is more than is here; says whether it is."""
        longer = len(versions) > len(self._contents.get(identifier, ()))
        if longer:
            self._contents[identifier] = versions
            self._learned.add(identifier)
        return longer

    async def _data(self, version: Version) -> bytes:
        """The bytes of a version, from the others where this node has not had them yet.

        Raises:
            OSError, ValueError: they can't be had; the text says why.
        """
        try:
            return await asyncio.to_thread(self._shelf.read, version)
        except FileNotFoundError:
            if self._peers is None:
                raise
        try:
            data = await self._peers.data(version.sha256)
        except PeersAwayError as error:
            raise ValueError(f"they are on another node, and what is shared cannot be reached: {error}") from error
        if data is None or hashlib.sha256(data).hexdigest() != version.sha256:
            raise ValueError("they are on no node any more; push the content again")
        await asyncio.to_thread(self._shelf.keep, version.sha256, data)
        return data

    async def select(self, query: AssetQuery) -> AssetRef:
        """The approved content in effect that meets all criteria; among several the one pushed last."""
        await self._all()
        now, found = self._now(), self._found(query)
        for identifier, version in found:
            if version.approval is Approval.APPROVED and _in_effect(version, now):
                return AssetRef(NAME, identifier)
        raise none_found(query, len(found))

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The contents that meet all criteria, the one pushed last first; see `Ranking.rank`."""
        await self._all()
        found = [AssetRef(NAME, identifier) for identifier, _ in self._found(query)]
        if not found:
            raise none_found(query, 0)
        return found[:MOST_RANKED]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What was said about the version that is in effect; see `Source.describe`."""
        version = self._version(ref, await self._versions(ref.id))
        return AssetDescription(
            ref=ref,
            asset_id=f"{ref.id}@{version.number}",
            version=str(version.number),
            etag=version.sha256,
            media_type=version.media_type,
            size=version.size,
            width=None,
            height=None,
            approval=version.approval,
            rights_from=version.effective_from,
            rights_until=version.effective_until,
            territories=version.territories,
            locale=version.locale,
            deleted=False,
            name=version.name or ref.id.rpartition("/")[2],
            attributes=version.attributes,
        )

    @asynccontextmanager
    async def open(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - content comes as it was pushed
    ) -> AsyncGenerator[_Body, None]:
        """The bytes of the described version; see `Source.open`."""
        self._check_open()
        ref = description.ref
        versions = await self._versions(ref.id)
        version = next((one for one in versions if str(one.number) == description.version), None)
        if version is None:
            raise NotFoundError(NAME, ref, f"{NAME} has no version {description.version} of {ref.id!r}")
        try:
            data = await self._data(version)
        except (OSError, ValueError) as error:
            message = f"the bytes of {ref.id!r} version {version.number} cannot be read; push the content again"
            raise InvalidResponseError(NAME, ref, message, str(error)) from error
        yield _Body(data, version.media_type, version.sha256)

    async def check(self) -> None:
        """The folder is this node's own."""
        self._check_open()

    async def close(self) -> None:
        """Nothing is held; later calls are refused all the same."""
        self._closed = True

    def _save(self, identifier: str, versions: tuple[Version, ...], data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != versions[-1].sha256:
            raise ValueError("the bytes are not those that their digest names")
        self._shelf.save(identifier, versions, data)

    def _version(self, ref: AssetRef, versions: tuple[Version, ...]) -> Version:
        self._check_open()
        wanted = ref.qualifier("version", "")
        if any(name != "version" for name, _ in ref.qualifiers):
            raise InvalidReferenceError(NAME, ref, f"{ref}: {NAME} knows the qualifier version only")
        if wanted:
            versions = tuple(version for version in versions if str(version.number) == wanted)
        if not versions:
            raise NotFoundError(NAME, ref, f"{NAME} has no content {ref.id!r}; push it, or check the id")
        return versions[0] if wanted else _current(versions, self._now())

    def _found(self, query: AssetQuery) -> list[tuple[str, Version]]:
        self._check_open()
        now = self._now()
        found = []
        for identifier, versions in self._contents.items():
            version = _current(versions, now)
            meets = all(pair in version.attributes for pair in query.criteria)
            if meets and query.locale in {None, version.locale}:
                found.append((identifier, version))
        found.sort(key=lambda pair: pair[0])
        found.sort(key=lambda pair: pair[1].pushed_at, reverse=True)
        return found

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError(NAME, None, f"{NAME} is closed", "called after close", transient=False)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._timing.wall(), UTC)


def _in_effect(version: Version, now: datetime) -> bool:
    begun = version.effective_from is None or version.effective_from <= now
    return begun and (version.effective_until is None or now < version.effective_until)


def _current(versions: tuple[Version, ...], now: datetime) -> Version:
    """The version that is in effect, with its end where the next one begins."""
    newest = versions[-1]
    if newest.approval is Approval.RETIRED:
        # Retiring content withdraws it; an older version must not come back in its place.
        return newest
    end: datetime | None = None
    for version in reversed(versions):
        if version.approval is Approval.RETIRED:
            break
        if version.approval is not Approval.APPROVED:
            continue
        if _in_effect(version, now):
            ends = [moment for moment in (version.effective_until, end) if moment is not None]
            return replace(version, effective_until=min(ends, default=None))
        if version.effective_from is not None and version.effective_from > now:
            end = version.effective_from if end is None else min(end, version.effective_from)
    return newest
