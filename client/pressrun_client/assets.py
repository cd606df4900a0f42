"""What the client asks of a node's assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from pressrun.v1 import asset_service_pb2, asset_service_pb2_grpc
from pressrun_client.conversion.asset import rendition_message, to_descriptor, to_licence_outcome, to_outcome
from pressrun_client.conversion.content import content_message, to_kept_content
from pressrun_client.conversion.manifest import to_digest
from pressrun_client.conversion.request import OUTPUT_CHANNELS, template_message
from pressrun_client.diagnostic import Violation
from pressrun_client.errors import InvalidRequestError
from pressrun_client.models.asset import AssetDescriptor, AssetOutcome, KeptContent, LicenceOutcome, Missing, Rendition
from pressrun_client.models.manifest import Digest
from pressrun_client.models.template import TemplateRef
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["AssetCalls"]

_Answer = TypeVar("_Answer")


class AssetCalls:
    """The part of `Client` that is about assets."""

    def _assets(self) -> asset_service_pb2_grpc.AssetServiceStub:
        raise NotImplementedError

    async def _call(self, method: grpc.aio.UnaryUnaryMultiCallable[Any, _Answer], request: Message) -> _Answer:
        raise NotImplementedError

    async def resolve_assets(self, refs: Sequence[str], *, rendition: Rendition | None = None) -> list[AssetOutcome]:
        """Turns asset refs into descriptors, fetching what the node does not hold. One outcome for each, in order.

        Args:
            refs: e.g. `cloudinary:statement/banner-premier`; 1 to 1,000.
            rendition: the rendition of all of them; None for the originals.

        Raises:
            InvalidRequestError: there are no refs, too many, or one that is none.
            RenderError: the node cannot be reached.
        """
        request = asset_service_pb2.ResolveRequest(
            refs=list(refs), rendition=None if rendition is None else rendition_message(rendition)
        )
        response = await self._call(self._assets().Resolve, request)
        return [to_outcome(outcome) for outcome in response.outcomes]

    async def prefetch(
        self, template: TemplateRef | str, *, output_channel: OutputChannel = OutputChannel.PRINT
    ) -> list[AssetOutcome]:
        """Fetches and prepares the assets that a template can choose, so that its first document finds them.

        Raises:
            TemplateNotFoundError: there is no such template.
            RenderError: the node cannot be reached.
        """
        channel = OUTPUT_CHANNELS.get(output_channel)
        if channel is None:
            fault = Violation("output_channel", f"is {output_channel!r}; valid are {', '.join(OUTPUT_CHANNELS)}")
            raise InvalidRequestError("The request is wrong.", violations=(fault,))
        request = asset_service_pb2.PrefetchRequest(template=template_message(template), output_channel=channel)
        response = await self._call(self._assets().Prefetch, request)
        return [to_outcome(outcome) for outcome in response.outcomes]

    async def describe_asset(self, ref: str) -> list[AssetDescriptor]:
        """What the node knows about an asset now, without asking its source; one descriptor for each rendition.

        Raises:
            AssetUnavailableError: the node does not know it.
            RenderError: the node cannot be reached.
        """
        response = await self._call(self._assets().Describe, asset_service_pb2.DescribeRequest(ref=ref))
        return [to_descriptor(descriptor) for descriptor in response.descriptors]

    async def find_missing(
        self, refs: Sequence[str] = (), *, rendition: Rendition | None = None, digests: Sequence[Digest] = ()
    ) -> Missing:
        """Says which assets and blobs the node does not hold, shared tiers included, without asking a source.

        Args:
            refs: asset refs; at most 1,000.
            rendition: the rendition of all of them; None for the originals.
            digests: blobs; at most 10,000.

        Raises:
            InvalidRequestError: there is nothing to look for, too much, or a ref or a digest is none.
            RenderError: the node cannot be reached.
        """
        request = asset_service_pb2.FindMissingRequest(
            refs=list(refs), rendition=None if rendition is None else rendition_message(rendition)
        )
        for digest in digests:
            request.digests.add(sha256=digest.sha256, size=digest.size)
        response = await self._call(self._assets().FindMissing, request)
        return Missing(tuple(response.refs), tuple(map(to_digest, response.digests)))

    async def invalidate(self, refs: Sequence[str] = (), *, sources: Sequence[str] = ()) -> int:
        """Makes all nodes of the cluster forget what they know of assets, so that the next document has sources asked.

        It may be sent again safely.

        Args:
            refs: asset refs, each in all its variants and renditions.
            sources: names of sources, for everything of theirs.

        Returns:
            Renditions of which the node that was asked knew something.

        Raises:
            InvalidRequestError: nothing is named, too much, a ref that is none, or a source that the node has not.
            AssetUnavailableError: that node has forgotten them, but cannot tell the others at present.
            RenderError: the node cannot be reached.
        """
        request = asset_service_pb2.InvalidateRequest(refs=list(refs), sources=list(sources))
        return int((await self._call(self._assets().Invalidate, request)).renditions)

    async def reserve_licences(
        self, run: str, documents: Mapping[str, int], *, tenant: str = "", lifetime: timedelta = timedelta(days=1)
    ) -> list[LicenceOutcome]:
        """Holds uses of assets whose licence allows a number of documents for a run, before it begins.

        Documents whose `attributes` name the run use what it holds. It may be sent again safely: it replaces that.

        Args:
            run: as `attributes["run"]` of its documents.
            documents: by asset ref how many documents will use it, beside those that did; 0 gives back what is held.
            tenant: of its documents.
            lifetime: after which what was not used is given back.

        Raises:
            InvalidRequestError: a field is wrong.
            RenderError: the node cannot be reached.
        """
        request = asset_service_pb2.ReserveLicencesRequest(run=run, tenant=tenant)
        request.lifetime.FromTimedelta(lifetime)
        for ref, number in documents.items():
            request.wishes.add(ref=ref, documents=number)
        response = await self._call(self._assets().ReserveLicences, request)
        return [to_licence_outcome(outcome) for outcome in response.outcomes]

    async def put_content(  # noqa: PLR0913 - one for each fact about it
        self,
        identifier: str,
        content: bytes | None,
        *,
        media_type: str = "",
        approval: str = "pending",
        effective_from: datetime | None = None,
        effective_until: datetime | None = None,
        territories: Sequence[str] = (),
        locale: str = "",
        name: str = "",
        attributes: Iterable[tuple[str, str]] = (),
    ) -> KeptContent:
        """Pushes content, an image or an approved text block, as the asset `pushed:IDENTIFIER`; it is used at once.

        Each push makes a new version; pushing the same again changes nothing, so it may be sent again safely.

        Args:
            identifier: its id, e.g. `terms/credit-card`.
            content: the bytes; None for those of the newest version, e.g. to approve or to retire it.
            media_type: found from the bytes of an image; text needs it: `text/plain` or `text/html`; so do a
                brand's tokens: `application/json`.
            approval: `approved`, `pending`, `rejected` or `retired`.
            effective_from: the first moment at which it may be used; None: at once. Aware.
            effective_until: the first moment at which it may no longer be used; None: no limit. Aware.
            territories: where it may be used; empty: everywhere.
            locale: its language.
            name: its name for people.
            attributes: metadata for queries and requirements; a name with several values comes once for each.

        Raises:
            InvalidRequestError: a field is wrong, or the bytes are not what they are said to be.
            AssetUnavailableError: there are no bytes to keep, or the image is damaged.
            LimitExceededError: it is too large.
            RenderError: the node cannot be reached, or cannot store it.
        """
        request = content_message(
            identifier,
            content,
            media_type=media_type,
            approval=approval,
            effective_from=effective_from,
            effective_until=effective_until,
            territories=territories,
            locale=locale,
            name=name,
            attributes=attributes,
        )
        return to_kept_content(await self._call(self._assets().PutContent, request))
