"""The source `library`: files of a folder, described by sidecars.

Nothing here is documented by anyone else; the format is ours (see `sidecar`). A file's version is the SHA-256 of its
bytes unless its sidecar names one, so that every machine with the same folder says the same. Files are read in
threads, because a folder may be a network disk.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import BinaryIO, TypeVar

from pressrun_sources.candidates import none_found
from pressrun_sources.errors import InvalidReferenceError, UnavailableError
from pressrun_sources.library.body import LibraryBody
from pressrun_sources.library.config import LibraryConfig
from pressrun_sources.library.errors import too_large
from pressrun_sources.library.files import Folder, Stamp, digest_of, stamp_of
from pressrun_sources.library.handle import Handle
from pressrun_sources.library.request import Request
from pressrun_sources.library.sidecar import Sidecar
from pressrun_sources.media import format_of, media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.protocol import MOST_RANKED
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.timing import Timing

__all__ = ["LibrarySource"]

T = TypeVar("T")

_REMEMBERED = 4096


class LibrarySource:
    """A folder as a source. It gives originals only: whoever prepares an asset makes the rendition."""

    def __init__(
        self,
        config: LibraryConfig,
        limits: TransportConfig,
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        name: str = "library",
    ) -> None:
        self.name = name
        self._config = config
        self._limits = limits
        self._observer = observer
        self._timing = timing or Timing()
        self._folder = Folder(config.path)
        self._digests: OrderedDict[tuple[str, Stamp], str] = OrderedDict()
        self._closed = False

    def __repr__(self) -> str:
        return f"<LibrarySource {self._config.path}>"

    async def select(self, query: AssetQuery) -> AssetRef:
        """The approved file whose sidecar meets all criteria; see `Source.select`."""
        return AssetRef(self.name, await self._answer(None, lambda: self._select(query)))

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The files whose sidecars meet all criteria, the highest version first; see `Ranking.rank`."""
        found = await self._answer(None, lambda: self._rank(query))
        return [AssetRef(self.name, identifier) for identifier in found]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What the file and its sidecar say; see `Source.describe`."""
        return await self._answer(ref, lambda: self._describe(ref))

    @asynccontextmanager
    async def open(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - files come as they are
    ) -> AsyncGenerator[LibraryBody, None]:
        """The file's bytes; see `Source.open`."""
        request = self._request(description.ref)
        handle = Handle(lambda: self._open(description.ref))
        body = LibraryBody(request, description, handle, self._limits)
        try:
            await body.open()
            yield body
        finally:
            body.release()

    async def check(self) -> None:
        """Return when the folder can be read; see `Source.check`."""
        await self._answer(None, self._folder.check)

    async def close(self) -> None:
        """Nothing is held; later calls are refused all the same."""
        self._closed = True

    async def _answer(self, ref: AssetRef | None, work: Callable[[], T]) -> T:
        request = self._request(ref)
        with request.translated():
            async with asyncio.timeout(self._limits.timeout):
                result = await asyncio.to_thread(work)
        request.finish("ok")
        return result

    def _request(self, ref: AssetRef | None) -> Request:
        if self._closed:
            raise UnavailableError(self.name, ref, f"{self.name} is closed", "called after close", transient=False)
        return Request(self.name, ref, self._observer, self._timing)

    def _select(self, query: AssetQuery) -> str:
        found = self._found(query)
        candidates = [(version, identifier) for version, identifier, usable in found if usable]
        if not candidates:
            raise none_found(query, len(found))
        newest = max(version for version, _ in candidates)
        return min(identifier for version, identifier in candidates if version == newest)

    def _rank(self, query: AssetQuery) -> list[str]:
        candidates = sorted(self._found(query), key=lambda found: found[1])
        candidates.sort(key=lambda found: found[0], reverse=True)
        if len(candidates) > MOST_RANKED:
            candidates.sort(key=lambda found: found[2], reverse=True)
        if not candidates:
            raise none_found(query, 0)
        return [identifier for _, identifier, _ in candidates[:MOST_RANKED]]

    def _found(self, query: AssetQuery) -> list[tuple[str, str, bool]]:
        """Version, id, and whether it may be used now, of each file that meets the criteria."""
        found: list[tuple[str, str, bool]] = []
        for number, identifier in enumerate(self._folder.identifiers()):
            if number >= self._config.max_files:
                message = f"{self.name} holds more than {self._config.max_files} files, too many to select among"
                raise InvalidReferenceError(self.name, None, f"{message}; name the asset by its path")
            sidecar = self._folder.sidecar(identifier)
            meets = all(pair in sidecar.attributes for pair in query.criteria)
            if meets and query.locale in {None, sidecar.locale}:
                found.append((sidecar.version or "", identifier, self._usable(sidecar)))
        return found

    def _usable(self, sidecar: Sidecar) -> bool:
        now = datetime.fromtimestamp(self._timing.wall(), UTC)
        if sidecar.deleted or (sidecar.approval or self._config.default_approval) is not Approval.APPROVED:
            return False
        begun = sidecar.rights_from is None or now >= sidecar.rights_from
        return begun and (sidecar.rights_until is None or now < sidecar.rights_until)

    def _describe(self, ref: AssetRef) -> AssetDescription:
        with self._open(ref) as stream:
            stamp = stamp_of(stream)
            digest = self._digest(ref.id, stamp, stream)
        sidecar = self._folder.sidecar(ref.id)
        extension = ref.id.rpartition(".")[2]
        return AssetDescription(
            ref=ref,
            asset_id=f"sha256:{digest}",
            version=sidecar.version or digest[:16],
            etag=digest,
            media_type=media_type_of(extension),
            size=stamp.size,
            width=None,
            height=None,
            approval=sidecar.approval or self._config.default_approval,
            rights_from=sidecar.rights_from,
            rights_until=sidecar.rights_until,
            territories=sidecar.territories,
            locale=sidecar.locale,
            deleted=sidecar.deleted,
            name=sidecar.name or ref.id.rpartition("/")[2],
            attributes=tuple(sorted({*sidecar.attributes, ("format", format_of(extension))})),
        )

    def _digest(self, identifier: str, stamp: Stamp, stream: BinaryIO) -> str:
        key = (identifier, stamp)
        found = self._digests.get(key)
        if found is None:
            if stamp.size > self._limits.max_bytes:
                raise too_large(self.name, AssetRef(self.name, identifier), self._limits.max_bytes)
            found = self._digests[key] = digest_of(stream)
            if len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)
        return found

    def _open(self, ref: AssetRef) -> BinaryIO:
        if ref.qualifiers:
            message = f"{self.name} knows no qualifiers; write {self.name}:{ref.id}"
            raise InvalidReferenceError(self.name, ref, message)
        try:
            if self._folder.is_sidecar(ref.id):
                raise FileNotFoundError("is a sidecar")
            return self._folder.open(ref.id)
        except ValueError as error:
            message = f"{ref.id!r} is not the path of a file in {self.name}; write e.g. {self.name}:logos/acme.png"
            raise InvalidReferenceError(self.name, ref, message, str(error)) from error
