"""The template and asset services of a fake node."""

from __future__ import annotations

import hashlib
from typing import Any

import grpc

from pressrun.v1 import asset_service_pb2, document_pb2, template_service_pb2
from pressrun.v1.asset_service_pb2_grpc import AssetServiceServicer
from pressrun.v1.template_service_pb2_grpc import TemplateServiceServicer
from pressrun_client.testing.answers import FakeFailure
from pressrun_client.testing.render import abort

__all__ = ["FakeAssetService", "FakeTemplateService"]

_Context = grpc.aio.ServicerContext[Any, Any]


class FakeTemplateService(TemplateServiceServicer):
    """Keeps whatever is published; understands of a bundle only `name:` and `version:` of template.yaml."""

    def __init__(self) -> None:
        self.published: dict[tuple[str, str], template_service_pb2.TemplateInfo] = {}
        """What was published, by name and version."""
        self.diagnostics: list[template_service_pb2.Diagnostic] = []
        """What to say of every bundle from now on; an error among them refuses it."""

    async def Publish(  # noqa: N802 - the name in the contract
        self, request: template_service_pb2.PublishRequest, context: _Context
    ) -> template_service_pb2.PublishResponse:
        """Refuses a bundle with errors, and other files under a name and version that are taken."""
        if self._errors():
            failure = FakeFailure(
                code="INVALID_ARGUMENT",
                reason="TEMPLATE_INVALID",
                message="the bundle has errors; correct them and publish it again",
                diagnostics=tuple(self.diagnostics),
            )
            await abort(context, failure.status())
        info = _describe(request.files)
        key = (info.template.name, info.template.version)
        known = self.published.get(key)
        if known is not None and known.template.digest != info.template.digest:
            failure = FakeFailure(
                code="ALREADY_EXISTS",
                reason="TEMPLATE_CONFLICT",
                message=f"{'@'.join(key)} has other files; raise `version`",
            )
            await abort(context, failure.status())
        self.published[key] = info
        return template_service_pb2.PublishResponse(template=info, diagnostics=self.diagnostics, created=known is None)

    async def Check(  # noqa: N802 - the name in the contract
        self, request: template_service_pb2.CheckRequest, context: _Context
    ) -> template_service_pb2.CheckResponse:
        """Says what it was told to say."""
        del context
        template = None if self._errors() else _describe(request.files)
        return template_service_pb2.CheckResponse(diagnostics=self.diagnostics, template=template)

    async def Get(  # noqa: N802 - the name in the contract
        self, request: template_service_pb2.GetRequest, context: _Context
    ) -> template_service_pb2.GetResponse:
        """Finds by name and version, or the version published last."""
        wanted = request.template
        found = [
            info
            for (name, version), info in self.published.items()
            if name == wanted.name and wanted.version in ("", version)
        ]
        if not found:
            name = f"{wanted.name}@{wanted.version}" if wanted.version else wanted.name
            failure = FakeFailure(
                code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND", message=f"there is no template {name}; publish it"
            )
            await abort(context, failure.status())
        return template_service_pb2.GetResponse(template=found[-1])

    async def List(  # noqa: N802 - the name in the contract
        self, request: template_service_pb2.ListRequest, context: _Context
    ) -> template_service_pb2.ListResponse:
        """Pages through all of them."""
        del context
        infos = [self.published[key] for key in sorted(self.published)]
        start, size = int(request.page_token or 0), request.page_size or 100
        more = str(start + size) if start + size < len(infos) else ""
        return template_service_pb2.ListResponse(templates=infos[start : start + size], next_page_token=more)

    def _errors(self) -> bool:
        return any(each.severity == template_service_pb2.SEVERITY_ERROR for each in self.diagnostics)


class FakeAssetService(AssetServiceServicer):
    """Knows the assets that it was told of."""

    def __init__(self) -> None:
        self.known: dict[str, asset_service_pb2.AssetDescriptor] = {}
        """The assets, by ref."""
        self.prefetched: list[document_pb2.TemplateRef] = []
        """The templates whose assets were asked for."""
        self.invalidated: list[str] = []
        """The assets and sources (as `source:`) that were invalidated."""

    def add(self, ref: str, content: bytes = b"asset", media_type: str = "image/png") -> None:
        """Makes an asset known."""
        digest = document_pb2.Digest(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        descriptor = asset_service_pb2.AssetDescriptor(
            ref=ref, asset_id=f"id-{ref}", version="1", digest=digest, media_type=media_type, approval="approved"
        )
        descriptor.fetched_at.GetCurrentTime()
        self.known[ref] = descriptor

    async def Resolve(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.ResolveRequest, context: _Context
    ) -> asset_service_pb2.ResolveResponse:
        """An outcome for each ref."""
        del context
        response = asset_service_pb2.ResolveResponse()
        for ref in request.refs:
            outcome = self._outcome(ref)
            if outcome.HasField("descriptor"):
                outcome.descriptor.rendition.CopyFrom(request.rendition)
            response.outcomes.append(outcome)
        return response

    async def Prefetch(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.PrefetchRequest, context: _Context
    ) -> asset_service_pb2.PrefetchResponse:
        """An outcome for each known asset."""
        del context
        self.prefetched.append(request.template)
        return asset_service_pb2.PrefetchResponse(outcomes=[self._outcome(ref) for ref in self.known])

    async def Describe(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.DescribeRequest, context: _Context
    ) -> asset_service_pb2.DescribeResponse:
        """The one rendition that it knows."""
        if request.ref not in self.known:
            await abort(context, _unknown(request.ref).status())
        return asset_service_pb2.DescribeResponse(descriptors=[self.known[request.ref]])

    async def FindMissing(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.FindMissingRequest, context: _Context
    ) -> asset_service_pb2.FindMissingResponse:
        """What it was not told of."""
        del context
        held = {descriptor.digest.sha256 for descriptor in self.known.values()}
        return asset_service_pb2.FindMissingResponse(
            refs=[ref for ref in request.refs if ref not in self.known],
            digests=[digest for digest in request.digests if digest.sha256 not in held],
        )

    async def Invalidate(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.InvalidateRequest, context: _Context
    ) -> asset_service_pb2.InvalidateResponse:
        """Notes it; what is known stays known, as of a source that has the same version still."""
        del context
        self.invalidated += [*request.refs, *(f"{source}:" for source in request.sources)]
        count = sum(ref in self.known for ref in request.refs)
        return asset_service_pb2.InvalidateResponse(renditions=count)

    async def ReserveLicences(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.ReserveLicencesRequest, context: _Context
    ) -> asset_service_pb2.ReserveLicencesResponse:
        """Grants what is known, without a limit."""
        del context
        response = asset_service_pb2.ReserveLicencesResponse()
        for wish in request.wishes:
            outcome = response.outcomes.add(ref=wish.ref, granted=wish.ref in self.known)
            if not outcome.granted:
                outcome.failure.CopyFrom(_unknown(wish.ref).status())
        return response

    async def PutContent(  # noqa: N802 - the name in the contract
        self, request: asset_service_pb2.PutContentRequest, context: _Context
    ) -> asset_service_pb2.PutContentResponse:
        """Makes the content known, as version 1."""
        del context
        ref = f"pushed:{request.id}"
        self.add(ref, request.content, request.media_type or "image/png")
        known = self.known[ref]
        return asset_service_pb2.PutContentResponse(
            ref=ref, version=known.version, digest=known.digest, media_type=known.media_type, created=True
        )

    def _outcome(self, ref: str) -> asset_service_pb2.AssetOutcome:
        if ref in self.known:
            return asset_service_pb2.AssetOutcome(ref=ref, descriptor=self.known[ref], found_in="memory")
        return asset_service_pb2.AssetOutcome(ref=ref, failure=_unknown(ref).status())


def _unknown(ref: str) -> FakeFailure:
    return FakeFailure(
        code="NOT_FOUND",
        reason="ASSET_NOT_FOUND",
        message=f"there is no asset {ref}; check its id",
        metadata={"ref": ref},
    )


def _describe(files: Any) -> template_service_pb2.TemplateInfo:
    contents = {file.path: bytes(file.content) for file in files}
    keys: dict[str, str] = {}
    for line in contents.get("template.yaml", b"").decode().splitlines():
        key, _, value = line.partition(":")
        keys[key] = value.strip().strip('"')
    digest = hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()
    ref = document_pb2.TemplateRef(name=keys.get("name", "unnamed"), version=keys.get("version", "1"), digest=digest)
    info = template_service_pb2.TemplateInfo(
        template=ref,
        locales=["en-GB"],
        default_locale="en-GB",
        output_channels=[document_pb2.OUTPUT_CHANNEL_PRINT],
        record_schema_json='{"type": "object"}',
    )
    info.published_at.GetCurrentTime()
    return info
