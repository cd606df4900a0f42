"""The calls of iconik that the connector needs.

Documented: paths that end in a slash, the headers App-ID and Auth-Token, pages, 404 for metadata that was never
written. Inferred: that the store behind a signed URL needs, and should see, no header of iconik; that a 403 there means
an ended or refused signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yarl import URL

from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError, NotFoundError
from pressrun_sources.iconik.config import IconikConfig
from pressrun_sources.model import AssetRef
from pressrun_sources.shape import mapping_in, sequence_in, text_in
from pressrun_sources.transport.call import Call, Credentials
from pressrun_sources.transport.client import Transport

__all__ = ["IconikClient"]

Record = Mapping[str, object]
_FILES = 100
_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class IconikClient:
    """The API and the store over a transport."""

    config: IconikConfig
    transport: Transport

    async def asset(self, ref: AssetRef, subject: str) -> Record:
        """The record of an asset."""
        return await self._get(f"assets/v1/assets/{ref.id}/", subject, ref)

    async def approval(self, ref: AssetRef, version: str, subject: str) -> Record:
        """The approval of one version; empty where none was ever asked for."""
        path = f"assets/v1/assets/{ref.id}/versions/{version}/approvals/request/"
        try:
            return await self._get(path, subject, ref)
        except NotFoundError:
            return {}

    async def metadata(self, ref: AssetRef, subject: str) -> Record:
        """The values of the configured view by field; empty where none was ever written."""
        path = f"metadata/v1/assets/{ref.id}/views/{self.config.view_id}/"
        try:
            return mapping_in(await self._get(path, subject, ref), "metadata_values")
        except NotFoundError:
            return {}

    async def files(self, ref: AssetRef, version: str, kind: str, subject: str) -> Sequence[Record]:
        """The `files` or `keyframes` of a version, with signed URLs."""
        path = f"files/v1/assets/{ref.id}/versions/{version}/{kind}/"
        query, found = {"generate_signed_url": "true", "per_page": str(_FILES)}, list[Record]()
        while True:
            page = sequence_in(await self._get(path, subject, ref, query), "objects")
            found += page
            last = text_in(page[-1], "id") if page else None
            # The files' lists go on behind the last one that came; of a film there may be hundreds of keyframes.
            if len(page) < _FILES or last is None or len(found) >= _MOST_FILES:
                return found
            query["last_id"] = last

    async def publish(self, ref: AssetRef, kind: str, identifier: str, subject: str) -> Record:
        """Make a keyframe or a proxy public for good; its record then.

        Args:
            ref: the asset.
            kind: `keyframes` or `proxies`.
            identifier: of the keyframe or proxy.
            subject: for messages.
        """
        url = self._url(f"files/v1/assets/{ref.id}/{kind}/{identifier}/public/")
        # Twice is the same as once.
        call = Call("POST", url, subject, ref, credentials=self._credentials(), json={}, repeatable=True)
        return (await self.transport.fetch(call)).json

    async def search(self, body: Mapping[str, object], subject: str) -> list[Record]:
        """All hits of a search, page by page.

        Raises:
            InvalidReferenceError: there are more than `max_pages` pages hold, or the filter is refused.
        """
        mapping, found = self.config.mapping, list[Record]()
        for page in range(1, mapping.max_pages + 1):
            query = {
                "page": str(page),
                "per_page": str(mapping.page_size),
                "generate_signed_url": "false",
                "save_search_history": "false",
            }
            call = Call(
                "POST",
                self._url("search/v1/search/").with_query(query),
                subject,
                credentials=self._credentials(),
                json=body,
                status_errors={400: InvalidReferenceError},
            )
            answer = (await self.transport.fetch(call)).json
            if not isinstance(answer.get("objects"), list):
                message = f"{self.transport.source} gave an answer about {subject} that cannot be read"
                raise InvalidResponseError(self.transport.source, None, message, "objects is missing")
            found += sequence_in(answer, "objects")
            if text_in(answer, "next_url") is None:
                return found
        most = mapping.page_size * mapping.max_pages
        message = f"{subject} finds more than {most} assets in {self.transport.source}; add a criterion"
        raise InvalidReferenceError(self.transport.source, None, message)

    async def ping(self) -> None:
        """The call that shows whether the token is good."""
        await self._get("auth/v1/auth/token/", "the token", None)

    async def _get(
        self, path: str, subject: str, ref: AssetRef | None, query: Mapping[str, str] | None = None
    ) -> Record:
        url = self._url(path)
        call = Call("GET", url.with_query(query) if query else url, subject, ref, credentials=self._credentials())
        return (await self.transport.fetch(call)).json

    def _url(self, path: str) -> URL:
        return URL(f"{self.config.base_url}/API/{path}".replace("//API", "/API"), encoded=True)

    def _credentials(self) -> Credentials:
        headers = {"App-ID": self.config.app_id, "Auth-Token": self.config.auth_token}
        return Credentials(headers, self.config.origins())
