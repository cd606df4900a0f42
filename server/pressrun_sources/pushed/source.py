"""The source `pushed`: versions of content that was pushed to this node.

The interface is ours. Of the versions of an id the newest approved one that is in effect now is described; where none
is, the newest of all, so that what is wrong with it is told. A version's effect ends where the next approved one's
begins, at the latest. The qualifier `version` means one version.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pressrun_sources.candidates import none_found
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError, UnavailableError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.protocol import MOST_RANKED
from pressrun_sources.pushed.shelf import Shelf
from pressrun_sources.pushed.version import Version
from pressrun_sources.transport.timing import Timing

__all__ = ["NAME", "PushedSource"]

NAME = "pushed"
_CHUNK = 256 * 1024
_MOST_VERSIONS = 1_000
_MOST_CONTENTS = 20_000


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

    def __init__(self, shelf: Shelf, timing: Timing | None = None) -> None:
        self._shelf = shelf
        self._timing = timing or Timing()
        self._contents: dict[str, tuple[Version, ...]] = {}
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
        return faults

    async def put(self, identifier: str, version: Version, data: bytes | None) -> tuple[Version, bool]:
        """Keep a version; says whether it is a new one. Pushing the same again changes nothing.

        Args:
            identifier: the content's id.
            version: what is said about it; its number is given here.
            data: the bytes; None for those of the newest version.

        Raises:
            NotFoundError: there are no bytes yet to say something else about.
            InvalidReferenceError: there are too many contents or versions.
            ValueError: the id cannot be one.
            OSError: it can't be stored.
        """
        ref = AssetRef(NAME, identifier)
        async with self._writing:
            versions = self._contents.get(identifier, ())
            if data is None:
                if not versions:
                    message = f"{NAME} has no content {identifier!r} yet; push its bytes first"
                    raise NotFoundError(NAME, ref, message)
                newest = versions[-1]
                version = replace(version, sha256=newest.sha256, size=newest.size, media_type=newest.media_type)
            if versions and versions[-1].same_as(version):
                return versions[-1], False
            if len(versions) >= _MOST_VERSIONS or (not versions and len(self._contents) >= _MOST_CONTENTS):
                message = f"{NAME} holds {_MOST_CONTENTS} contents of {_MOST_VERSIONS} versions at most; use another id"
                raise InvalidReferenceError(NAME, ref, message)
            numbered = replace(version, number=len(versions) + 1)
            grown = (*versions, numbered)
            await asyncio.to_thread(self._save, identifier, grown, data)
            self._contents[identifier] = grown
            return numbered, True

    async def select(self, query: AssetQuery) -> AssetRef:
        """The approved content in effect that meets all criteria; among several the one pushed last."""
        now, found = self._now(), self._found(query)
        for identifier, version in found:
            if version.approval is Approval.APPROVED and _in_effect(version, now):
                return AssetRef(NAME, identifier)
        raise none_found(query, len(found))

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The contents that meet all criteria, the one pushed last first; see `Ranking.rank`."""
        found = [AssetRef(NAME, identifier) for identifier, _ in self._found(query)]
        if not found:
            raise none_found(query, 0)
        return found[:MOST_RANKED]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What was said about the version that is in effect; see `Source.describe`."""
        version = self._version(ref)
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
        version = next((one for one in self._contents.get(ref.id, ()) if str(one.number) == description.version), None)
        if version is None:
            raise NotFoundError(NAME, ref, f"{NAME} has no version {description.version} of {ref.id!r}")
        try:
            data = await asyncio.to_thread(self._shelf.read, version)
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

    def _save(self, identifier: str, versions: tuple[Version, ...], data: bytes | None) -> None:
        kept = self._shelf.read(versions[-1]) if data is None else data
        if hashlib.sha256(kept).hexdigest() != versions[-1].sha256:
            raise ValueError("the bytes are not those that their digest names")
        self._shelf.save(identifier, versions, kept)

    def _version(self, ref: AssetRef) -> Version:
        self._check_open()
        versions = self._contents.get(ref.id, ())
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
