"""The calls of Smint.io's Portals Frontend API that the connector needs.

Documented: `POST …/execute/{method}` with a JSON list that holds one JSON text, the background task that answers,
`result_string` as JSON text, polling at a fixed interval of at least a second, 401 and 403 answered by one renewal.
Inferred: the interval by default; that a task's state `error` may pass. A bearer token goes to `.smint.io` and our own
addresses alone; what a download URL leads to gets none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yarl import URL

from pressrun_sources.errors import (
    InvalidResponseError,
    NotFoundError,
    TimedOutError,
)
from pressrun_sources.model import AssetRef
from pressrun_sources.shape import mapping_in, sequence_in, text_in
from pressrun_sources.smintio.auth import Keeper
from pressrun_sources.smintio.config import SmintioConfig
from pressrun_sources.transport.call import Call, Credentials
from pressrun_sources.transport.client import Transport

__all__ = ["SmintioClient"]

Record = Mapping[str, object]
_ENDED = ("completed", "error")


@dataclass(frozen=True, slots=True)
class SmintioClient:
    """The portal over a transport."""

    config: SmintioConfig
    transport: Transport
    keeper: Keeper

    async def asset(self, ref: AssetRef, subject: str) -> Record:
        """The data object of one asset."""
        parameters = {"assetId": {"id": ref.id}, "isPageEvent": False}
        answer = await self._execute("portalsContext/IAssetsRead", "getAssetAsync", parameters, subject, ref)
        found = mapping_in(answer, "assetDataObject")
        if text_in(found, "uuid") is None:
            raise self._unreadable(subject, ref, "assetDataObject.uuid is missing")
        return found

    async def search(self, parameters: Mapping[str, object], subject: str) -> Record:
        """One page of a search."""
        return await self._execute(f"{self._page()}/assetsSearch/0", "searchAssetsAsync", parameters, subject, None)

    async def allowed_values(self, filter_id: str, subject: str) -> Sequence[Record]:
        """The values of a filter whose values are not in the filter model."""
        parameters = {"formItemDefinitionId": filter_id, "maxResultCount": 1000, "currentFilters": {"values": []}}
        method = "getFormItemDefinitionAllowedValuesAsync"
        answer = await self._execute(f"{self._page()}/assetsSearch/0", method, parameters, subject, None)
        return sequence_in(answer, "allowedValues")

    async def download_url(self, ref: AssetRef, subject: str) -> str:
        """A URL of the configured item of an asset, made now."""
        interface, ids = "portalsContext/IAssetsDownload", [{"id": ref.id}]
        answer = await self._execute(interface, "getAssetsDownloadsForAssetsAsync", {"assetIds": ids}, subject, ref)
        wanted = self.config.mapping.download_item
        items = [
            item
            for group in sequence_in(answer, "assetDownloadGroups")
            for item in sequence_in(group, "assetDownloadItems")
            if text_in(item, "itemId") == wanted
        ]
        if not items:
            message = f"{self.transport.source} has no bytes of {subject} to download"
            raise NotFoundError(self.transport.source, ref, message, f"no download item {wanted!r}")
        parameters = {"assetIds": ids, "assetDownloadItems": items[:1], "immediatelyDownload": True}
        answer = await self._execute(interface, "initiateAssetsDownloadForAssetsAsync", parameters, subject, ref)
        url = text_in(mapping_in(answer, "assetDownloadUrl"), "url")
        if url is None:
            raise self._unreadable(subject, ref, "assetDownloadUrl.url is missing")
        return url

    async def probe(self) -> None:
        """The cheapest call that shows whether the token is good."""
        if not self.config.search_page_id:
            self.keeper.discard(await self.keeper.credentials())
            await self.keeper.credentials()
            return
        await self._execute(f"{self._page()}/assetsSearch/0", "getFeatureSupportAsync", None, "the search page", None)

    async def _execute(
        self, place: str, method: str, parameters: Mapping[str, object] | None, subject: str, ref: AssetRef | None
    ) -> Record:
        """What a method gives, when its task has ended."""
        url = URL(f"{self._portal()}/{place}/execute/{method}", encoded=True)
        body = [] if parameters is None else [json.dumps(parameters, ensure_ascii=False)]
        task = await self._fetch("POST", url, subject, ref, body)
        timing = self.transport.timing
        deadline = timing.monotonic() + self.transport.config.timeout
        while text_in(task, "state") not in _ENDED:
            identifier = text_in(task, "uuid")
            if identifier is None:
                raise self._unreadable(subject, ref, "a task without uuid and state")
            if timing.monotonic() >= deadline:
                source = self.transport.source
                message = f"{source} did not finish {subject} in time; try again later"
                raise TimedOutError(source, ref, message, f"{method}: task {identifier}")
            await timing.sleep(self.config.mapping.poll_seconds)
            task = await self._fetch("GET", URL(f"{self.config.api_url}/backgroundTasks/{identifier}"), subject, ref)
        if text_in(task, "state") == "error":
            message = f"{self.transport.source} could not finish {subject}; try again later"
            raise InvalidResponseError(self.transport.source, ref, message, f"{method}: state error", transient=True)
        try:
            result = json.loads(text_in(task, "result_string") or "{}")
        except ValueError as error:
            raise self._unreadable(subject, ref, f"{method}: result_string is no JSON") from error
        if not isinstance(result, dict):
            raise self._unreadable(subject, ref, f"{method}: result_string is no object")
        return result

    async def _fetch(
        self, method: str, url: URL, subject: str, ref: AssetRef | None, body: list[str] | None = None
    ) -> Record:
        async def ask(credentials: Credentials) -> Record:
            sent = json.dumps(body) if body is not None and self.config.mapping.body_encoding == "string" else body
            call = Call(method, url, subject, ref, credentials=credentials, json=sent)
            return (await self.transport.fetch(call)).json

        return await self.keeper.authorised((method, url, subject), ask)

    def _portal(self) -> str:
        return f"{self.config.api_url}/portals/{self.config.portal_id}"

    def _page(self) -> str:
        return f"pageConfigurations/{self.config.search_page_id}"

    def _unreadable(self, subject: str, ref: AssetRef | None, why: str) -> InvalidResponseError:
        message = f"{self.transport.source} gave an answer about {subject} that cannot be read"
        return InvalidResponseError(self.transport.source, ref, message, why)
