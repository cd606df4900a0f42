"""The gRPC surface with fakes behind it: what the framework itself must do right."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from pressrun.v1 import (
    asset_service_pb2,
    asset_service_pb2_grpc,
    document_pb2,
    render_service_pb2,
    render_service_pb2_grpc,
    template_service_pb2,
    template_service_pb2_grpc,
)
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.bulk import BulkMeter
from pressrun_server.model.diagnostic import Diagnostic, Severity
from pressrun_server.model.template import CompiledTemplate
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.render.explaining import Explainer
from pressrun_server.render.prefetch import AssetDesk
from pressrun_server.rpc.asset_service import AssetService
from pressrun_server.rpc.config import RpcConfig
from pressrun_server.rpc.errors import ListenError
from pressrun_server.rpc.render_service import RenderService
from pressrun_server.rpc.server import RpcServer
from pressrun_server.rpc.template_service import TemplateService

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class _FakeCompiler:
    """Publishes what it is told to."""

    def __init__(self, bench: Any, make: SimpleNamespace) -> None:
        self.bench, self.make = bench, make
        self.error: Exception | None = None

    async def publish(self, _files: dict[str, bytes]) -> Any:
        if self.error is not None:
            raise self.error
        published, created = await self.bench.registry.publish(*self.make.entry(self.make.info("new")))
        return published, (Diagnostic(Severity.WARNING, "w", "careful"),), created

    async def check(self, _files: dict[str, bytes]) -> CompiledTemplate:
        return CompiledTemplate((), self.make.info("new"))


@pytest.fixture
async def surface(build: Callable[..., Any], make: SimpleNamespace) -> AsyncIterator[SimpleNamespace]:
    """A running server over a bench, and stubs."""
    bench = await build()
    config = RpcConfig(listen="127.0.0.1:0", max_receive_bytes=100_000, max_send_bytes=200_000)
    compiler, names = _FakeCompiler(bench, make), list[str]()
    desk = AssetDesk(bench.resolver, make.clock())

    async def note(published: Any) -> None:
        names.append(published.info.name)

    server = RpcServer(
        config,
        bench.metrics,
        render=RenderService(
            bench.pipeline,
            config,
            PipelineConfig(),
            None,
            Explainer(bench.pipeline, bench.resolver),
            None,
            BulkMeter(bench.metrics),
        ),  # type: ignore[arg-type]
        templates=TemplateService(compiler, bench.registry, note),  # type: ignore[arg-type]
        assets=AssetService(desk, bench.registry, None),
    )
    await server.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{server.port}")
    yield SimpleNamespace(
        bench=bench,
        server=server,
        channel=channel,
        compiler=compiler,
        names=names,
        render=render_service_pb2_grpc.RenderServiceStub(channel),
        templates=template_service_pb2_grpc.TemplateServiceStub(channel),
        assets=asset_service_pb2_grpc.AssetServiceStub(channel),
        health=health_pb2_grpc.HealthStub(channel),
    )
    await channel.close()
    await server.stop(0)


def _request(**changes: Any) -> document_pb2.DocumentRequest:
    template = document_pb2.TemplateRef(name="statement")
    return document_pb2.DocumentRequest(**{"request_id": "r", "record_json": b"{}", "template": template, **changes})


def _reason_of(error: grpc.aio.AioRpcError) -> str:
    metadata = error.trailing_metadata()
    assert metadata is not None
    data = dict(metadata)["grpc-status-details-bin"]
    assert isinstance(data, bytes)
    status = status_pb2.Status.FromString(data)
    assert status.message == error.details()
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


async def _failed(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:  # noqa: PT012 - either kind of call
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    return error.value


async def test_unary_document(surface: SimpleNamespace) -> None:
    """RenderUnary answers the whole document; one over the message limit is DOCUMENT_TOO_LARGE."""
    answer = await surface.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=_request()))
    assert answer.data == b"%PDF-body-end"
    assert answer.completion.manifest.document.size == 13
    assert answer.header.media_type == "application/pdf"
    surface.bench.composers.script = [b"x" * 100_000] * 3
    error = await _failed(surface.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=_request())))
    assert (error.code(), _reason_of(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "DOCUMENT_TOO_LARGE")
    assert surface.bench.composers.given_up == 0
    assert surface.bench.admission.active == 0


async def test_document_stream_and_resume(surface: SimpleNamespace, make: SimpleNamespace) -> None:
    """RenderDocument streams the bytes; with pins, offset and hash it goes on where the client stopped."""
    whole = [item async for item in surface.render.RenderDocument(
        render_service_pb2.RenderDocumentRequest(document=_request())
    )]  # fmt: skip
    body = b"".join(item.data for item in whole)
    assert body == b"%PDF-body-end"
    assert [item.HasField("header") for item in whole] == [True] + [False] * (len(whole) - 1)
    pins = whole[0].header.pins
    for offset in (3, 4, 9, 13):
        resumed = [item async for item in surface.render.RenderDocument(
            render_service_pb2.RenderDocumentRequest(
                document=_request(pins=document_pb2.Pins(
                    template_digest=pins.template_digest, engine_digest=pins.engine_digest, locale=pins.locale
                )),
                resume_offset=offset,
                resume_sha256=hashlib.sha256(body[:offset]).hexdigest(),
            )
        )]  # fmt: skip
        assert b"".join(item.data for item in resumed) == body[offset:]
        assert resumed[0].offset == offset
        assert resumed[-1].completion.manifest.document.size == 13
    for offset, sha256 in ((3, "0" * 64), (14, "0" * 64)):
        error = await _failed(surface.render.RenderDocument(
            render_service_pb2.RenderDocumentRequest(
                document=_request(pins=document_pb2.Pins(template_digest=pins.template_digest, engine_digest=make.engine)),
                resume_offset=offset,
                resume_sha256=sha256,
            )
        ))  # fmt: skip
        assert (error.code(), _reason_of(error)) == (grpc.StatusCode.FAILED_PRECONDITION, "RESUME_MISMATCH")


async def test_rpc_deadline_and_cancellation(surface: SimpleNamespace) -> None:
    """A deadline of the RPC and a client that leaves both end the work."""
    surface.bench.composers.script = [b"x", asyncio.Event(), b"y"]
    message = render_service_pb2.RenderDocumentRequest(document=_request())
    error = await _failed(surface.render.RenderDocument(message, timeout=0.1))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    call = surface.render.RenderDocument(message)
    async with asyncio.timeout(2):
        # The first bytes are here although the document is far from finished.
        assert (await call.read()).data == b"x"
        call.cancel()
        while surface.bench.admission.active:
            await asyncio.sleep(0.005)
    assert surface.bench.composers.given_up == 2


async def test_too_large_message_ends_the_stream(surface: SimpleNamespace) -> None:
    """A message over the limit ends its stream with RESOURCE_EXHAUSTED; the server goes on."""
    big = render_service_pb2.RenderRequestItem(document=_request(record_json=bytes(120_000)))
    call = surface.render.Render(iter([render_service_pb2.RenderRequest(items=[big])]))
    assert (await _failed(call)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await surface.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=_request()))).data
    assert surface.bench.admission.active == 0


async def test_many_diagnostics_arrive(surface: SimpleNamespace) -> None:
    """A bundle with hundreds of errors arrives as INVALID_ARGUMENT with a report, not as an error of the transport."""
    surface.compiler.error = TemplateInvalidError(
        tuple(Diagnostic(Severity.ERROR, "code", f"é wrong {n}", "hint", "a.css", n, 1) for n in range(500))
    )
    error = await _failed(surface.templates.Publish(template_service_pb2.PublishRequest()))
    assert (error.code(), _reason_of(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "TEMPLATE_INVALID")


async def test_publish_get_list_check(surface: SimpleNamespace) -> None:
    """TemplateService answers in the contract's words."""
    message = template_service_pb2.PublishRequest(files=[template_service_pb2.BundleFile(path="a", content=b"b")])
    answer = await surface.templates.Publish(message)
    assert (answer.created, answer.template.template.name, answer.diagnostics[0].code) == (True, "new", "w")
    assert answer.template.slots[0].refs == ["library:logo.png"]
    assert surface.names == ["new"]
    got = await surface.templates.Get(template_service_pb2.GetRequest(template=document_pb2.TemplateRef(name="new")))
    assert got.template == answer.template
    listed = await surface.templates.List(template_service_pb2.ListRequest(page_size=1))
    assert listed.templates[0].template.name == "new"
    listed = await surface.templates.List(template_service_pb2.ListRequest(page_token=listed.next_page_token))
    assert [each.template.name for each in listed.templates] == ["statement"]
    checked = await surface.templates.Check(template_service_pb2.CheckRequest(files=message.files))
    assert checked.template.template.name == "new"
    missing = await _failed(
        surface.templates.Get(template_service_pb2.GetRequest(template=document_pb2.TemplateRef(name="none")))
    )
    assert (missing.code(), _reason_of(missing)) == (grpc.StatusCode.NOT_FOUND, "TEMPLATE_NOT_FOUND")
    twice = template_service_pb2.CheckRequest(files=[*message.files, *message.files])
    assert (await _failed(surface.templates.Check(twice))).code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_assets_have_their_own_outcomes(surface: SimpleNamespace) -> None:
    """Each asset has an outcome of its own; a wrong ref fails the whole call with its place."""
    surface.bench.resolver.refused = frozenset({"library:bad.png"})
    refs = ["library:logo.png", "library:bad.png"]
    rendition = asset_service_pb2.Rendition(width=10)
    answer = await surface.assets.Resolve(asset_service_pb2.ResolveRequest(refs=refs, rendition=rendition))
    good, bad = answer.outcomes
    assert (good.ref, good.descriptor.media_type, good.found_in) == ("library:logo.png", "image/png", "source")
    assert good.descriptor.rendition.width == 10
    assert (bad.ref, bad.failure.code, bad.HasField("descriptor")) == ("library:bad.png", 9, False)
    for message in (
        asset_service_pb2.ResolveRequest(),
        asset_service_pb2.ResolveRequest(refs=["nonsense"]),
        asset_service_pb2.ResolveRequest(refs=refs, rendition=asset_service_pb2.Rendition(fit="stretch")),
        asset_service_pb2.ResolveRequest(refs=["library:x"] * 1001),
    ):
        assert (await _failed(surface.assets.Resolve(message))).code() is grpc.StatusCode.INVALID_ARGUMENT
    prefetch = asset_service_pb2.PrefetchRequest(template=document_pb2.TemplateRef(name="statement"))
    assert [each.ref for each in (await surface.assets.Prefetch(prefetch)).outcomes] == ["library:logo.png"]
    known = await surface.assets.Describe(asset_service_pb2.DescribeRequest(ref="library:logo.png"))
    assert known.descriptors[0].rights_until.ToDatetime().year == 2027
    unknown = await _failed(surface.assets.Describe(asset_service_pb2.DescribeRequest(ref="library:other.png")))
    assert unknown.code() is grpc.StatusCode.NOT_FOUND


async def test_defect_is_internal_without_its_text(surface: SimpleNamespace) -> None:
    """An exception nobody expected is INTERNAL and does not tell its text."""
    surface.compiler.error = RuntimeError("secret-value")
    error = await _failed(surface.templates.Publish(template_service_pb2.PublishRequest()))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret-value" not in str(error)


async def test_health_follows_each_service(surface: SimpleNamespace) -> None:
    """Health is told for the node and each service; what is not served is NOT_FOUND."""
    names = ("", "pressrun.v1.RenderService", "pressrun.v1.TemplateService", "pressrun.v1.AssetService")
    for serving in (False, True):
        for name in names:
            answer = await surface.health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == (SERVING if serving else NOT_SERVING)
        surface.server.serve()
    unknown = await _failed(surface.health.Check(health_pb2.HealthCheckRequest(service="x.Y")))
    assert unknown.code() is grpc.StatusCode.NOT_FOUND


async def test_watchers_outlive_each_other(surface: SimpleNamespace) -> None:
    """A watcher that stays hears of the drain although another one of the same service left before."""
    surface.server.serve()
    message = health_pb2.HealthCheckRequest(service="pressrun.v1.RenderService")
    leaves, stays = surface.health.Watch(message), surface.health.Watch(message)
    assert (await leaves.read()).status == SERVING
    assert (await stays.read()).status == SERVING
    leaves.cancel()
    await asyncio.sleep(0.05)
    surface.server.drain()
    assert (await asyncio.wait_for(stays.read(), 2)).status == NOT_SERVING
    stays.cancel()


async def test_reflection_and_channelz(surface: SimpleNamespace) -> None:
    """Tools find the services by reflection and the server by channelz."""
    stub = reflection_pb2_grpc.ServerReflectionStub(surface.channel)
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    answer = await call.read()
    served = {service.name for service in answer.list_services_response.service}
    assert {"pressrun.v1.RenderService", "grpc.health.v1.Health", "grpc.channelz.v1.Channelz"} <= served
    servers = await channelz_pb2_grpc.ChannelzStub(surface.channel).GetServers(channelz_pb2.GetServersRequest())
    assert servers.server


async def test_rpcs_are_counted_by_method_and_code(surface: SimpleNamespace) -> None:
    """Rate, errors and duration are counted; a method that is not served makes no series of its own."""
    await surface.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=_request()))
    await _failed(surface.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=_request(locale="?"))))
    unknown = surface.channel.unary_unary("/any.Thing/Random")
    assert (await _failed(unknown(b""))).code() is grpc.StatusCode.UNIMPLEMENTED
    value = surface.bench.metrics.registry.get_sample_value
    method = "RenderService/RenderUnary"
    assert value("pressrun_rpc_requests_total", {"method": method, "code": "OK"}) == 1
    assert value("pressrun_rpc_requests_total", {"method": method, "code": "INVALID_ARGUMENT"}) == 1
    assert value("pressrun_rpc_requests_total", {"method": "other", "code": "UNIMPLEMENTED"}) == 1
    assert value("pressrun_rpc_seconds_count", {"method": method}) == 2
    assert value("pressrun_rpcs_in_flight", {"method": method}) == 0


async def test_taken_port_says_what_to_do(surface: SimpleNamespace) -> None:
    """A second server on the same port fails with the setting to change, instead of sharing clients at random."""
    config = RpcConfig(listen=f"127.0.0.1:{surface.server.port}")
    second = RpcServer(config, surface.bench.metrics.__class__(), render=None, templates=None, assets=None)  # type: ignore[arg-type]
    second._register = ()
    with pytest.raises(ListenError, match="PRESSRUN_LISTEN"):
        await second.start()


async def test_drained_streams_end(surface: SimpleNamespace) -> None:
    """An open, idle Render stream ends with UNAVAILABLE when the node drains, and so does one opened afterwards."""
    surface.server.serve()
    surface.bench.composers.script = [b"%PDF"]
    call = surface.render.Render()
    await call.write(render_service_pb2.RenderRequest(
        items=[render_service_pb2.RenderRequestItem(document=_request())]
    ))  # fmt: skip
    assert (await call.read()).items[0].HasField("completion")
    surface.server.drain()
    assert (await asyncio.wait_for(call.read(), 2)).HasField("draining")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await asyncio.wait_for(call.read(), 2)
    assert (error.value.code(), _reason_of(error.value)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    await asyncio.wait_for(surface.server.idle(), 2)
    assert (await _failed(surface.render.Render())).code() is grpc.StatusCode.UNAVAILABLE


def test_errors_that_travel_are_pressruns(make: SimpleNamespace) -> None:
    """The asset outcomes of the desk are values, so that one failure can't hide the others."""
    resolver = make.resolver(refused=frozenset({"library:logo.png"}))
    desk = AssetDesk(resolver, make.clock())
    published = SimpleNamespace(selector=make.selector(make.info()))
    (outcome,) = asyncio.run(desk.prefetch(published, "print"))  # type: ignore[arg-type]
    assert isinstance(outcome.failure, PressrunError)
    assert outcome.failure.reason is Reason.ASSET_NOT_APPROVED
