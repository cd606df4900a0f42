"""AssetService: thin; the behaviour is in render.prefetch and assets."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.v1 import asset_service_pb2, asset_service_pb2_grpc, document_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import RenditionSpec
from pressrun_server.render.contents import ContentDesk
from pressrun_server.render.prefetch import AssetDesk, AssetOutcome, LicenceOutcome
from pressrun_server.render.registry import Registry
from pressrun_server.rpc.answering import Context, answering
from pressrun_server.rpc.conversion import output_channel, template_name
from pressrun_server.rpc.describing import asset_message, digest_message
from pressrun_server.rpc.pushing import pushed_content
from pressrun_server.rpc.status import status_of
from pressrun_sources.model import AssetRef, Rendition

__all__ = ["AssetService"]

_MOST_REFS = 1000
_MOST_DIGESTS = 10_000
_MOST_DOCUMENTS = 10**12
_DAY = 86_400.0
_FIELDS = ("width", "height", "fit", "format", "quality", "dpi", "color_space")


class AssetService(asset_service_pb2_grpc.AssetServiceServicer):
    """Looks after the assets.

    Args:
        desk: resolves and describes.
        registry: knows the templates to prefetch for.
        contents: takes what is pushed.
    """

    def __init__(self, desk: AssetDesk, registry: Registry, contents: ContentDesk | None) -> None:
        self._desk = desk
        self._contents = contents
        self._registry = registry

    async def Resolve(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.ResolveRequest, context: Context
    ) -> asset_service_pb2.ResolveResponse:
        """Turn refs into descriptors."""
        response = asset_service_pb2.ResolveResponse()
        async with answering(context, "Resolve"):
            refs, rendition = _refs(request)
            outcomes = await self._desk.resolve(refs, rendition)
            response.outcomes.extend(map(_message, outcomes))
        return response

    async def Prefetch(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.PrefetchRequest, context: Context
    ) -> asset_service_pb2.PrefetchResponse:
        """Fetch what a template can choose."""
        response = asset_service_pb2.PrefetchResponse()
        async with answering(context, "Prefetch"):
            published = await self._registry.found(template_name(request.template))
            channel = output_channel(request.output_channel)
            assert channel is not None
            response.outcomes.extend(map(_message, await self._desk.prefetch(published, channel)))
        return response

    async def Describe(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.DescribeRequest, context: Context
    ) -> asset_service_pb2.DescribeResponse:
        """Say what is known of an asset."""
        response = asset_service_pb2.DescribeResponse()
        async with answering(context, "Describe"):
            bad: list[Violation] = []
            ref = _ref(request.ref, "ref", bad)
            if bad:
                raise _invalid(bad)
            response.descriptors.extend(map(asset_message, await self._desk.describe(ref)))
        return response

    async def FindMissing(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.FindMissingRequest, context: Context
    ) -> asset_service_pb2.FindMissingResponse:
        """Say what is not here."""
        response = asset_service_pb2.FindMissingResponse()
        async with answering(context, "FindMissing"):
            refs, rendition = _refs(request, least=0)
            digests = _digests(request.digests)
            if not refs and not digests:
                raise _invalid([Violation("refs", "refs and digests are empty; name at least one asset or blob")])
            # Asked for in canonical form, answered as they were written.
            missing, blobs = await self._desk.missing(refs, rendition, digests)
            gone = frozenset(missing)
            response.refs.extend(text for text, ref in zip(request.refs, refs, strict=True) if ref in gone)
            response.digests.extend(map(digest_message, blobs))
        return response

    async def Invalidate(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.InvalidateRequest, context: Context
    ) -> asset_service_pb2.InvalidateResponse:
        """Make all nodes forget assets."""
        response = asset_service_pb2.InvalidateResponse()
        async with answering(context, "Invalidate"):
            count = len(request.refs) + len(request.sources)
            if not 1 <= count <= _MOST_REFS:
                raise _invalid(
                    [Violation("refs", f"refs and sources must have 1 to {_MOST_REFS} entries together, have {count}")]
                )
            bad: list[Violation] = []
            refs = [_ref(text, f"refs[{index}]", bad) for index, text in enumerate(request.refs)]
            if bad:
                raise _invalid(bad)
            response.renditions = await self._desk.invalidate(refs, list(request.sources))
        return response

    async def ReserveLicences(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.ReserveLicencesRequest, context: Context
    ) -> asset_service_pb2.ReserveLicencesResponse:
        """Hold uses of licences for a run."""
        response = asset_service_pb2.ReserveLicencesResponse()
        async with answering(context, "ReserveLicences"):
            wishes, seconds = _wishes(request)
            outcomes = await self._desk.reserve(wishes, request.tenant, request.run, seconds)
            for wish, outcome in zip(request.wishes, outcomes, strict=True):
                message = _licence_message(outcome)
                message.ref = wish.ref
                response.outcomes.append(message)
        return response

    async def PutContent(  # noqa: N802 - the contract's name
        self, request: asset_service_pb2.PutContentRequest, context: Context
    ) -> asset_service_pb2.PutContentResponse:
        """Keep content that is pushed."""
        response = asset_service_pb2.PutContentResponse()
        async with answering(context, "PutContent"):
            if self._contents is None:
                raise PressrunError(Reason.UNSUPPORTED, "this node keeps no content; push it to a node that does")
            kept = await self._contents.put(pushed_content(request))
            response.ref, response.version, response.media_type = kept.ref, kept.version, kept.media_type
            response.digest.CopyFrom(digest_message(kept.digest))
            response.created = kept.created
        return response


def _wishes(request: asset_service_pb2.ReserveLicencesRequest) -> tuple[list[tuple[str, int]], float]:
    bad: list[Violation] = []
    if not request.run:
        bad.append(Violation("run", "is missing: name the run, as attributes.run of its documents does"))
    if not 1 <= len(request.wishes) <= _MOST_REFS:
        bad.append(Violation("wishes", f"must have 1 to {_MOST_REFS} entries, has {len(request.wishes)}"))
    wishes = []
    for index, wish in enumerate(request.wishes):
        wishes.append((_ref(wish.ref, f"wishes[{index}].ref", bad), wish.documents))
        if not 0 <= wish.documents <= _MOST_DOCUMENTS:
            problem = f"must be from 0 to {_MOST_DOCUMENTS}, is {wish.documents}"
            bad.append(Violation(f"wishes[{index}].documents", problem))
    seconds = request.lifetime.ToNanoseconds() / 1e9 if request.HasField("lifetime") else _DAY
    if not 1 <= seconds <= 30 * _DAY:
        bad.append(Violation("lifetime", f"must be from a second to 30 days, is {seconds:g} s"))
    if bad:
        raise _invalid(bad)
    return wishes, seconds


def _licence_message(outcome: LicenceOutcome) -> asset_service_pb2.LicenceOutcome:
    message = asset_service_pb2.LicenceOutcome(ref=outcome.ref)
    if outcome.failure is not None:
        message.failure.CopyFrom(status_of(outcome.failure, limit=8 * 1024))
    if outcome.limit is not None:
        message.limit = outcome.limit
    if outcome.reserved is not None:
        message.granted, message.used = outcome.reserved.granted, outcome.reserved.used
        message.held = outcome.reserved.held
    return message


def _refs(
    request: asset_service_pb2.ResolveRequest | asset_service_pb2.FindMissingRequest, *, least: int = 1
) -> tuple[list[str], RenditionSpec]:
    bad: list[Violation] = []
    if not least <= len(request.refs) <= _MOST_REFS:
        raise _invalid([Violation("refs", f"must have {least} to {_MOST_REFS} entries, has {len(request.refs)}")])
    refs = [_ref(text, f"refs[{index}]", bad) for index, text in enumerate(request.refs)]
    wanted = {name: value for name in _FIELDS if (value := getattr(request.rendition, name))}
    try:
        Rendition(**wanted)
    except ValueError as error:
        bad.append(Violation("rendition", str(error)))
    if bad:
        raise _invalid(bad)
    return refs, RenditionSpec(**wanted)


def _digests(messages: Sequence[document_pb2.Digest]) -> list[Digest]:
    if len(messages) > _MOST_DIGESTS:
        raise _invalid([Violation("digests", f"must have at most {_MOST_DIGESTS} entries, has {len(messages)}")])
    digests: list[Digest] = []
    bad: list[Violation] = []
    for index, message in enumerate(messages):
        try:
            digests.append(Digest.parse(f"{message.sha256}-{message.size}"))
        except ValueError as error:
            bad.append(Violation(f"digests[{index}]", str(error)))
    if bad:
        raise _invalid(bad)
    return digests


def _ref(text: str, field: str, bad: list[Violation]) -> str:
    """The ref in the form in which it is known."""
    try:
        return str(AssetRef.parse(text))
    except ValueError as error:
        bad.append(Violation(field, str(error)))
        return text


def _invalid(bad: list[Violation]) -> PressrunError:
    return PressrunError(Reason.INVALID_REQUEST, f"{bad[0].field}: {bad[0].description}", violations=tuple(bad))


def _message(outcome: AssetOutcome) -> asset_service_pb2.AssetOutcome:
    message = asset_service_pb2.AssetOutcome(ref=outcome.ref, found_in=outcome.found_in)
    if outcome.failure is not None:
        message.failure.CopyFrom(status_of(outcome.failure, limit=8 * 1024))
    elif outcome.descriptor is not None:
        message.descriptor.CopyFrom(asset_message(outcome.descriptor))
    return message
