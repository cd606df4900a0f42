"""The calls of OTMM REST that the connector needs, with log-in, and with one further try after a 401.

Documented: paths, parameters and answers; paging by `after` and `hit_count`. Inferred: that
`contains_invalid_conditions` must be an error, because a condition left out could let an unapproved asset through.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from yarl import URL

from pressrun_sources.core_dam.auth import Keeper
from pressrun_sources.core_dam.config import AuthMode, CoreDamConfig
from pressrun_sources.core_dam.search import LATEST, Condition, condition, search_form
from pressrun_sources.errors import InvalidReferenceError, InvalidResponseError
from pressrun_sources.model import AssetRef
from pressrun_sources.shape import integer_in, mapping_in, sequence_in, text_in
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.call import Call, Credentials, Expectation
from pressrun_sources.transport.client import Transport

__all__ = ["CoreDamClient"]

Asset = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CoreDamClient:
    """OTMM REST over a transport."""

    config: CoreDamConfig
    transport: Transport
    keeper: Keeper

    async def search(
        self, groups: Sequence[Sequence[Condition]], subject: str, ref: AssetRef | None, *, folder: str = ""
    ) -> list[Asset]:
        """All hits of a search, page by page; of a folder and those below it, where one is named.

        Raises:
            InvalidReferenceError: there are more hits than `max_pages` pages hold.
            InvalidResponseError: the system left out a condition, or the answer cannot be read.
            SourceError: as the vocabulary says.
        """
        mapping, found = self.config.mapping, list[Asset]()
        for _ in range(mapping.max_pages):
            form = search_form(mapping, groups, after=len(found), limit=mapping.page_size, folder=folder)
            page, total = await self._search_page(form, subject, ref)
            found += page
            if len(found) >= total or not page:
                return found
        most = mapping.page_size * mapping.max_pages
        message = f"{subject} finds more than {most} assets in {self.transport.source}; add a criterion"
        raise InvalidReferenceError(self.transport.source, ref, message)

    async def recent(self, since: datetime, subject: str) -> list[Asset]:
        """The newest versions that were updated at or after a moment, the last updated first.

        Raises:
            InvalidReferenceError: there are more than `max_pages` pages hold.
            InvalidResponseError: the system does not sort by the field that the mapping names.
            SourceError: as the vocabulary says.
        """
        mapping, found, last = self.config.mapping, list[Asset](), ""
        latest = condition(LATEST, mapping.text_operator, "Y")
        for page in range(mapping.max_pages):
            form = search_form(
                mapping, [[latest]], after=page * mapping.page_size, limit=mapping.page_size,
                sort=f"desc_{mapping.updated}",
            )  # fmt: skip
            hits, _ = await self._search_page(form, subject, None)
            for hit in hits:
                updated = text_in(hit, "date_last_updated") or ""
                if last and updated > last:
                    message = f"{self.transport.source} cannot be asked what has changed"
                    detail = f"the hits are not in the order of changes.updated={mapping.updated!r} of the mapping"
                    raise InvalidResponseError(self.transport.source, None, message, detail)
                last = updated
                # Times are text of one form, in UTC and whole seconds.
                if updated < since.strftime("%Y-%m-%dT%H:%M:%SZ"):
                    return found
                found.append(hit)
            if len(hits) < mapping.page_size:
                return found
        most = mapping.page_size * mapping.max_pages
        message = f"more than {most} assets of {self.transport.source} changed since {since.isoformat()}"
        raise InvalidReferenceError(self.transport.source, None, message)

    async def asset(self, asset_id: str, subject: str, ref: AssetRef) -> Asset:
        """One version of an asset by its own id, with everything known about it.

        Raises:
            SourceError: as the vocabulary says.
        """
        url = self._url(self.config.mapping.asset_path, asset_id).with_query(load_type="full", level_of_detail="full")
        answer = await self.keeper.authorised(
            ("GET", url), lambda credentials: self._fetch(Call("GET", url, subject, ref, credentials=credentials))
        )
        return mapping_in(mapping_in(answer, "asset_resource"), "asset")

    @asynccontextmanager
    async def contents(
        self, asset_id: str, kind: str | None, subject: str, ref: AssetRef, media_type: str | None, md5: str | None
    ) -> AsyncGenerator[StreamedBody, None]:
        """The bytes of a version: its master, or the rendition of a kind.

        Raises:
            SourceError: as the vocabulary says.
        """
        url = self._url(self.config.mapping.contents_path, asset_id)
        if kind is not None:
            url = url.with_query(rendition_type=kind)
        expectation = Expectation(md5) if md5 is not None else None
        async with AsyncExitStack() as stack:

            def enter(credentials: Credentials) -> Awaitable[StreamedBody]:
                call = Call("GET", url, subject, ref, credentials=credentials)
                return stack.enter_async_context(
                    self.transport.stream(call, media_type=media_type, expectation=expectation)
                )

            yield await self.keeper.authorised(("GET", url), enter)

    async def probe(self) -> None:
        """The cheapest call that shows whether the credentials are good.

        Raises:
            SourceError: as the vocabulary says.
        """
        if self.config.auth_mode is AuthMode.OTMM_SESSION:
            url = self._url(self.config.mapping.sessions_path, "")
            await self.keeper.authorised(
                ("GET", url), lambda credentials: self._fetch(Call("GET", url, "the session", credentials=credentials))
            )
            return
        form = search_form(self.config.mapping, (), after=0, limit=1)
        await self._search_page(form, "the search", None)

    async def _search_page(
        self, form: Mapping[str, str], subject: str, ref: AssetRef | None
    ) -> tuple[Sequence[Asset], int]:
        url = self._url(self.config.mapping.search_path, "")
        answer = await self.keeper.authorised(
            ("POST", url, subject),
            lambda credentials: self._fetch(Call("POST", url, subject, ref, credentials=credentials, form=form)),
        )
        resource = mapping_in(answer, "search_result_resource")
        result = mapping_in(resource, "search_result")
        total = integer_in(result, "total_hit_count")
        source = self.transport.source
        if total is None:
            message = f"{source} gave an answer about {subject} that cannot be read"
            raise InvalidResponseError(source, ref, message, "search_result_resource.search_result is missing")
        if result.get("contains_invalid_conditions") is not False:
            message = f"{source} could not apply every condition of {subject}, so its answer is not used"
            detail = "contains_invalid_conditions; check field ids and operators in PRESSRUN_CORE_DAM_MAPPING_FILE"
            raise InvalidResponseError(source, ref, message, detail)
        return sequence_in(resource, "asset_list"), total

    async def _fetch(self, call: Call) -> Mapping[str, object]:
        return (await self.transport.fetch(call)).json

    def _url(self, path: str, identifier: str) -> URL:
        return URL(f"{self.config.base_url}{path.replace('{id}', quote(identifier, safe=''))}", encoded=True)
