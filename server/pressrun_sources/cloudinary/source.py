"""The source `cloudinary`.

Documented: the Admin API and the search that describe assets; delivery URLs that are built here, without a call, and
whose signature covers everything but the version. Inferred, and settings of the mapping: which metadata says approval,
rights, language and region. Refs name the public id; the qualifiers `type` and `resource_type` say where it lives when
that is not `upload` and `image`. A delivery URL of an old version gives the newest file, so the record is read
again when the bytes are there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from yarl import URL

from pressrun_sources.candidates import Candidates, best, ranked
from pressrun_sources.cloudinary.client import CloudinaryClient
from pressrun_sources.cloudinary.config import CloudinaryConfig
from pressrun_sources.cloudinary.confirmed import ConfirmedBody
from pressrun_sources.cloudinary.description import as_single, describe_record
from pressrun_sources.cloudinary.rights import says_rights
from pressrun_sources.cloudinary.search import told, wanted_metadata
from pressrun_sources.cloudinary.transformation import transformation_of
from pressrun_sources.cloudinary.url import DeliveryUrls
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError
from pressrun_sources.hosted import Hosted, ends_of, shown_size
from pressrun_sources.media import media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition
from pressrun_sources.shape import integer_in, text_in
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Vitals

__all__ = ["CloudinarySource"]

_QUALIFIERS = {"type": ("upload", "private", "authenticated"), "resource_type": ("image", "video", "raw")}
_MAX_ID = 255
_FILM = "mp4"


class CloudinarySource:
    """Cloudinary as a source. It makes every rendition that the service can make."""

    def __init__(
        self,
        config: CloudinaryConfig,
        limits: TransportConfig,
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        name: str = "cloudinary",
        pauses: Pauses | None = None,
    ) -> None:
        self.name = name
        self._config = config
        self._transport = Transport(name, limits, config.origins(), observer, timing, pauses=pauses)
        self._client = CloudinaryClient(config, self._transport)
        self._urls = DeliveryUrls(
            config.delivery_url(), config.api_secret, config.signature_algorithm, config.long_signatures
        )

    def __repr__(self) -> str:
        return f"<CloudinarySource {self._config.cloud_name} {self._transport!r}>"

    async def select(self, query: AssetQuery) -> AssetRef:
        """The approved image that meets all criteria; among several the last uploaded, then the first asset id."""
        return await best(self._candidates(query), query, self._now())

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """The approved images that meet all criteria, the last uploaded first; see `Ranking.rank`."""
        return await ranked(self._candidates(query), query, self._now())

    async def _candidates(self, query: AssetQuery) -> Candidates:
        """The approved images that meet all criteria, in order."""
        try:
            wanted = wanted_metadata(query, self._config.mapping)
        except ValueError as error:
            raise InvalidReferenceError(self.name, None, f"{self.name} cannot search: {error}") from error
        records = await self._client.search(wanted, f"the search for {query}")
        now = self._now()
        found: list[tuple[str, AssetDescription]] = []
        for record in records:
            public_id = text_in(record, "public_id")
            if public_id and all(value in told(record, name) for name, value in wanted.items()):
                ref = AssetRef.of(self.name, public_id, _qualifiers(record))
                if ref is None:
                    continue
                description = describe_record(record, ref, self._config.mapping, now)
                if description.approval is Approval.APPROVED and not description.deleted:
                    found.append((text_in(record, "uploaded_at") or "", description))
        found.sort(key=lambda pair: pair[1].asset_id)
        found.sort(key=lambda pair: pair[0], reverse=True)
        for _, description in found:
            yield description

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """What the record of the asset says now."""
        subject = self._check(ref)
        resource_type, type_ = ref.qualifier("resource_type", "image"), ref.qualifier("type", "upload")
        record = await self._client.resource(ref, resource_type, type_, subject)
        return describe_record(record, ref, self._config.mapping, self._now())

    @property
    def most_reviewed(self) -> int:
        """Of which the records come in one call; see `Reviewing`."""
        return self._config.mapping.reviewed

    async def review(self, known: Mapping[AssetRef, str]) -> Mapping[AssetRef, AssetDescription | None]:
        """What a list of the assets' records says now; see `Reviewing.review`."""
        records = await self._client.resources(known.values(), f"{len(known)} assets")
        by_id = {text_in(record, "asset_id"): record for record in records}
        found: dict[AssetRef, AssetDescription | None] = {}
        for ref, asset_id in known.items():
            record = by_id.get(asset_id)
            # Renamed, or moved to another type, it is no longer what the ref means.
            # Of a deleted asset a placeholder without bytes may be left, and lists have no other mark of it.
            if record is None or not _names(record, ref) or not integer_in(record, "bytes"):
                found[ref] = None
            elif says_rights(record):
                # One record that can't be read must not keep the others from being renewed.
                with suppress(InvalidResponseError):
                    found[ref] = describe_record(as_single(record), ref, self._config.mapping, self._now())
        return found

    @asynccontextmanager
    async def open(self, description: AssetDescription, rendition: Rendition) -> AsyncGenerator[ConfirmedBody, None]:
        """The bytes behind the rendition's delivery URL; an error that passes where the file was replaced meanwhile."""
        url, subject, media_type = self._delivery(description, rendition)

        async def confirm() -> None:
            now = await self.describe(description.ref)
            if now.version != description.version:
                message = f"{subject} of {self.name} was replaced after it was described; try again"
                raise InvalidResponseError(
                    self.name, description.ref, message, f"version {now.version} is there", transient=True
                )

        async with self._client.deliver(url, description.ref, subject, media_type) as body:
            yield ConfirmedBody(body, confirm)

    async def hosted(self, description: AssetDescription, rendition: Rendition) -> Hosted | None:
        """The delivery URL of the rendition, and of a video's own file; see `Hosting`.

        It names the version, so that a replaced file has another URL. It is built here, without a call.
        """
        url, _, media_type = self._delivery(description, rendition)
        ref = description.ref
        video = ""
        if ref.qualifier("resource_type", "image") == "video":
            video = str(self._film(description))
        width, height = shown_size(description, rendition)
        film = media_type_of(_FILM) or ""
        return Hosted(str(url), media_type, width, height, ends_of(description), video, film if video else "")

    async def check(self) -> None:
        """Ping the Admin API; see `Source.check`."""
        await self._client.ping()

    def vitals(self) -> Vitals:
        """How the way to the system does."""
        return self._transport.vitals()

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    def _delivery(self, description: AssetDescription, rendition: Rendition) -> tuple[URL, str, str | None]:
        """The URL, the subject for messages, and the media type that should come."""
        ref = description.ref
        subject = self._check(ref)
        resource_type = ref.qualifier("resource_type", "image")
        own = next((value for name, value in description.attributes if name == "format"), None)
        try:
            if resource_type == "raw" and rendition != Rendition():
                raise ValueError("rendition: a raw file is delivered as it is; ask for the original")  # noqa: TRY301
            still = self._config.mapping.video_still if resource_type == "video" else ""
            transformation, extension = transformation_of(rendition, own, still=still)
        except ValueError as error:
            raise InvalidReferenceError(self.name, ref, f"{self.name} cannot make {subject} so: {error}") from error
        # The public id of a raw file has its extension already.
        url = self._url(description, transformation, None if resource_type == "raw" else extension)
        return url, subject, media_type_of(extension) if extension else description.media_type

    def _film(self, description: AssetDescription) -> URL:
        """The URL of a video itself, in the format that every player takes."""
        own = next((value for name, value in description.attributes if name == "format"), None)
        return self._url(description, "" if own == _FILM else f"f_{_FILM}", _FILM)

    def _url(self, description: AssetDescription, transformation: str, extension: str | None) -> URL:
        ref, type_ = description.ref, description.ref.qualifier("type", "upload")
        return self._urls.build(
            ref.id,
            resource_type=ref.qualifier("resource_type", "image"),
            type_=type_,
            transformation=transformation,
            version=description.version,
            extension=extension,
            signed=self._config.sign_urls or type_ != "upload",
        )

    def _check(self, ref: AssetRef) -> str:
        """The subject for messages, once the ref can be one of this source."""
        problem = None
        for name, value in ref.qualifiers:
            valid = _QUALIFIERS.get(name)
            if valid is None:
                problem = f"the qualifier {name!r} is not known; valid are {', '.join(_QUALIFIERS)}"
            elif value not in valid:
                problem = f"the qualifier {name} is {value!r}, valid are {', '.join(valid)}"
        if len(ref.id) > _MAX_ID or any(part in ("", ".", "..") for part in ref.id.split("/")):
            problem = f"a public id has up to {_MAX_ID} characters, and names between its slashes, e.g. cards/offer_en"
        if problem:
            raise InvalidReferenceError(self.name, ref, f"{ref} is not an asset of {self.name}: {problem}")
        return f"asset {ref.id!r}"

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._transport.timing.wall(), UTC)


def _qualifiers(record: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """What a ref must say beyond the public id."""
    usual = (("resource_type", "image"), ("type", "upload"))
    pairs = ((name, text_in(record, name) or default, default) for name, default in usual)
    return tuple((name, value) for name, value, default in pairs if value != default)


def _names(record: Mapping[str, object], ref: AssetRef) -> bool:
    """Whether a ref means the asset of a record."""
    place = f"/{ref.qualifier('resource_type', 'image')}/{ref.qualifier('type', 'upload')}/"
    return text_in(record, "public_id") == ref.id and place in (text_in(record, "secure_url") or "")
