"""The calls of the Admin API and of delivery that the connector needs.

Documented: paths, Basic authentication, paging by `next_cursor`, up to 100 assets of one call by their ids with the
`fields` that are named (the vendor's model lists them; `moderation` stands there for `moderation_status`), statuses 420
and 429 for too many calls with the header `X-FeatureRateLimit-Reset`, and the reason for a refused delivery in
`X-Cld-Error`. Inferred: 423 is worth a retry; a 401 or 403 of delivery is about the asset, not about this service.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlencode

from yarl import URL

from pressrun_sources.cloudinary.config import CloudinaryConfig
from pressrun_sources.cloudinary.search import search_body
from pressrun_sources.cloudinary.url import encode_public_id
from pressrun_sources.errors import DeniedError, InvalidReferenceError, InvalidResponseError
from pressrun_sources.model import AssetRef
from pressrun_sources.shape import sequence_in, text_in
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.call import Call, Credentials, basic
from pressrun_sources.transport.client import Transport

__all__ = ["CloudinaryClient"]

Record = Mapping[str, object]
_REVIEWED = (
    "resource_type",
    "version",
    "format",
    "bytes",
    "width",
    "height",
    "etag",
    "status",
    "filename",
    "secure_url",
    "moderation",
    "access_control",
    "metadata",
)
"""All that a description is made of, as far as a list can have it."""


@dataclass(frozen=True, slots=True)
class CloudinaryClient:
    """Admin API and delivery over a transport."""

    config: CloudinaryConfig
    transport: Transport

    async def resource(self, ref: AssetRef, resource_type: str, type_: str, subject: str) -> Record:
        """The record of one asset.

        Raises:
            SourceError: as the vocabulary says.
        """
        path = f"resources/{resource_type}/{type_}/{encode_public_id(ref.id)}"
        return await self._get(path, subject, ref)

    async def resources(self, asset_ids: Collection[str], subject: str) -> Sequence[Record]:
        """The records of up to 100 assets by their asset ids; those that are not there are left out.

        Raises:
            InvalidReferenceError: the service does not take such a question.
            SourceError: as the vocabulary says.
        """
        query = [("asset_ids[]", asset_id) for asset_id in asset_ids]
        query += [("max_results", str(len(asset_ids))), ("fields", ",".join(_REVIEWED))]
        call = Call(
            "GET",
            self._url(f"resources/by_asset_ids?{urlencode(query)}"),
            subject,
            credentials=self._credentials(),
            status_errors={400: InvalidReferenceError},
        )
        return sequence_in((await self.transport.fetch(call)).json, "resources")

    async def search(self, wanted: Mapping[str, str], subject: str) -> list[Record]:
        """All approved images with this metadata, page by page.

        Raises:
            InvalidReferenceError: there are more than `max_pages` pages hold, or the service refuses the expression.
            SourceError: as the vocabulary says.
        """
        mapping, cursor, found = self.config.mapping, None, list[Record]()
        for _ in range(mapping.max_pages):
            call = Call(
                "POST",
                self._url("resources/search"),
                subject,
                credentials=self._credentials(),
                json=search_body(wanted, mapping, cursor),
                status_errors={400: InvalidReferenceError},
            )
            answer = (await self.transport.fetch(call)).json
            if not isinstance(answer.get("resources"), list):
                message = f"{self.transport.source} gave an answer about {subject} that cannot be read"
                raise InvalidResponseError(self.transport.source, None, message, "resources is missing")
            found += sequence_in(answer, "resources")
            cursor = text_in(answer, "next_cursor")
            if cursor is None:
                return found
        most = mapping.page_size * mapping.max_pages
        message = f"{subject} finds more than {most} assets in {self.transport.source}; add a criterion"
        raise InvalidReferenceError(self.transport.source, None, message)

    def deliver(
        self, url: URL, ref: AssetRef, subject: str, media_type: str | None
    ) -> AbstractAsyncContextManager[StreamedBody]:
        """The bytes behind a delivery URL; errors come on entering.

        Raises:
            SourceError: as the vocabulary says.
        """
        refused = {400: InvalidReferenceError, 401: DeniedError, 403: DeniedError}
        call = Call("GET", url, subject, ref, status_errors=refused, reason_header="X-Cld-Error", secret_url=True)
        return self.transport.stream(call, media_type=media_type)

    async def ping(self) -> None:
        """The call that shows whether the credentials are good.

        Raises:
            SourceError: as the vocabulary says.
        """
        await self._get("ping", "the ping", None)

    async def _get(self, path: str, subject: str, ref: AssetRef | None) -> Record:
        call = Call("GET", self._url(path), subject, ref, credentials=self._credentials())
        return (await self.transport.fetch(call)).json

    def _url(self, path: str) -> URL:
        return URL(f"{self.config.api_url()}/{path}", encoded=True)

    def _credentials(self) -> Credentials:
        headers = basic(self.config.api_key, self.config.api_secret)
        return Credentials(headers, frozenset({self.config.api_base_url.origin()}))
