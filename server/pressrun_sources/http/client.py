"""The requests that the HTTP connector makes.

Documented: HEAD, conditional requests and their validators (RFC 9110 sections 8.8, 9.3.2, 13), `Want-Repr-Digest`
(RFC 9530). Our choice: what an endpoint offers beside the bytes (metadata, search), as the mapping says.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from yarl import URL

from pressrun_sources.errors import InvalidReferenceError
from pressrun_sources.http.config import HttpConfig
from pressrun_sources.http.grant import Grant
from pressrun_sources.http.mapping import pointed
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.call import Call, Credentials
from pressrun_sources.transport.client import Answer, Transport

__all__ = ["HttpClient", "validators"]

T = TypeVar("T")
_WANTED = {"Want-Repr-Digest": "sha-256=10"}
# RFC 3986's path characters beside the unreserved ones, without percent, question mark and hash.
_RESERVED = "/:@!$&'()*+,;="


def validators(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The request headers that ask whether what came with these headers has changed."""
    asked = {"If-None-Match": headers.get("ETag", ""), "If-Modified-Since": headers.get("Last-Modified", "")}
    return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class HttpClient:
    """The endpoint over a transport."""

    config: HttpConfig
    transport: Transport
    grant: Grant | None = None
    """Gets tokens, where the endpoint wants such."""

    async def head(self, ref: AssetRef, subject: str, known: Mapping[str, str]) -> Answer:
        """The headers of an asset, where they changed since those known; by GET where HEAD is not served."""
        refused = {405: InvalidReferenceError, 501: InvalidReferenceError}
        url = self._url(self.config.mapping.asset, ref.id)
        headers = {**_WANTED, **validators(known)}
        try:
            return await self._asked(
                "HEAD",
                url,
                lambda mine: self.transport.head(self._call("HEAD", url, subject, ref, headers, mine, refused)),
            )
        except InvalidReferenceError:
            return await self._asked(
                "GET",
                url,
                lambda mine: self.transport.head(self._call("GET", url, subject, ref, headers, mine)),
            )

    async def metadata(self, ref: AssetRef, subject: str, known: Mapping[str, str]) -> Answer:
        """The metadata of an asset, where it changed since the headers known."""
        url = self._url(self.config.mapping.metadata, ref.id)
        return await self._asked(
            "GET",
            url,
            lambda mine: self.transport.fetch(self._call("GET", url, subject, ref, validators(known), mine)),
        )

    def address(self, ref: AssetRef) -> URL:
        """Where an asset is."""
        return self._url(self.config.mapping.asset, ref.id)

    @asynccontextmanager
    async def download(self, ref: AssetRef, subject: str, media_type: str | None) -> AsyncGenerator[StreamedBody, None]:
        """The bytes of an asset; errors come on entering."""
        url = self._url(self.config.mapping.asset, ref.id)
        async with AsyncExitStack() as stack:

            def enter(mine: Credentials) -> Awaitable[StreamedBody]:
                call = self._call("GET", url, subject, ref, _WANTED, mine)
                return stack.enter_async_context(self.transport.stream(call, media_type=media_type))

            yield await self._asked("GET", url, enter)

    async def search(self, wanted: Mapping[str, str], subject: str) -> list[str]:
        """The ids of all hits; see `_pages`."""
        return [identifier for identifier, _ in await self._pages(self.config.mapping.search_path, wanted, subject)]

    async def changes(self, since: str, subject: str) -> list[tuple[str, str]]:
        """The ids of what changed, and their marks; see `_pages`."""
        mapping = self.config.mapping
        found = await self._pages(mapping.changes_path, {"since": since}, subject)
        return [(identifier, str(pointed(item, mapping.changes_mark) or "")) for identifier, item in found]

    async def _pages(self, path: str, wanted: Mapping[str, str], subject: str) -> list[tuple[str, object]]:
        """The ids of all items of a list, and the items, page by page.

        Raises:
            InvalidReferenceError: there are more than `max_pages` pages, or the endpoint refuses a criterion.
        """
        mapping, found, cursor = self.config.mapping, list[tuple[str, object]](), ""
        for _ in range(mapping.max_pages):
            query = dict(wanted) | ({mapping.search_cursor: cursor} if cursor else {})
            url = URL(f"{self.config.base_url}{path}", encoded=True).with_query(query)
            answer = await self._listed(url, subject)
            items = pointed(answer, mapping.search_items)
            for item in items if isinstance(items, list) else []:
                identifier = pointed(item, mapping.search_id)
                if isinstance(identifier, str) and identifier:
                    found.append((identifier, item))
            following = pointed(answer, mapping.search_next)
            if not isinstance(following, str) or following in ("", cursor):
                return found
            cursor = following
        message = f"{subject} has more than {mapping.max_pages} pages in {self.transport.source}; add a criterion"
        raise InvalidReferenceError(self.transport.source, None, message)

    async def ping(self) -> None:
        """Ask for the base URL; whatever is there, the credentials must be accepted."""
        url = URL(f"{self.config.base_url}/", encoded=True)
        refused = {404: InvalidReferenceError, 405: InvalidReferenceError}
        try:
            await self._asked(
                "HEAD",
                url,
                lambda mine: self.transport.head(self._call("HEAD", url, "the endpoint", None, {}, mine, refused)),
            )
        except InvalidReferenceError:
            return

    async def _listed(self, url: URL, subject: str) -> Mapping[str, object]:
        refused = {400: InvalidReferenceError}
        answer = await self._asked(
            "GET",
            url,
            lambda mine: self.transport.fetch(self._call("GET", url, subject, None, {}, mine, refused)),
        )
        return answer.json

    async def _asked(self, method: str, url: URL, ask: Callable[[Credentials], Awaitable[T]]) -> T:
        """What a call gives with what says who asks."""
        if self.grant is not None:
            return await self.grant.authorised((method, url), ask)
        config = self.config
        return await ask(Credentials(config.secret_headers(), config.origins(), config.certificate))

    def _url(self, path: str, identifier: str) -> URL:
        expanded = path.replace("{id}", quote(identifier, safe="")).replace("{+id}", quote(identifier, safe=_RESERVED))
        return URL(f"{self.config.base_url}{expanded}", encoded=True)

    def _call(
        self,
        method: str,
        url: URL,
        subject: str,
        ref: AssetRef | None,
        headers: Mapping[str, str],
        credentials: Credentials,
        errors: Mapping[int, type[InvalidReferenceError]] | None = None,
    ) -> Call:
        return Call(
            method,
            url,
            subject,
            ref,
            headers=headers,
            credentials=credentials,
            status_errors=errors or {},
            conditional="If-None-Match" in headers or "If-Modified-Since" in headers,
        )
