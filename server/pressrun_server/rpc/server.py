"""The gRPC server of a node: services, health, reflection, channelz, limits, start and stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_channelz.v1._async import ChannelzServicer
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from pressrun.v1 import (
    asset_service_pb2,
    asset_service_pb2_grpc,
    render_service_pb2,
    render_service_pb2_grpc,
    template_service_pb2,
    template_service_pb2_grpc,
)
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.rpc.asset_service import AssetService
from pressrun_server.rpc.config import RpcConfig
from pressrun_server.rpc.errors import ListenError
from pressrun_server.rpc.health import Health
from pressrun_server.rpc.metering import Metering
from pressrun_server.rpc.render_service import RenderService
from pressrun_server.rpc.template_service import TemplateService

__all__ = ["RpcServer"]

_SERVICES = tuple(
    descriptor.full_name
    for module in (render_service_pb2, template_service_pb2, asset_service_pb2)
    for descriptor in module.DESCRIPTOR.services_by_name.values()
)


class RpcServer:
    """Everything that is spoken over gRPC.

    Args:
        config: settings.
        metrics: where RPCs are counted.
        render: RenderService.
        templates: TemplateService.
        assets: AssetService.
    """

    def __init__(
        self,
        config: RpcConfig,
        metrics: Catalogue,
        *,
        render: RenderService,
        templates: TemplateService,
        assets: AssetService,
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._render = render
        self._register: tuple[Callable[[grpc.aio.Server], None], ...] = (
            lambda server: render_service_pb2_grpc.add_RenderServiceServicer_to_server(render, server),
            lambda server: template_service_pb2_grpc.add_TemplateServiceServicer_to_server(templates, server),
            lambda server: asset_service_pb2_grpc.add_AssetServiceServicer_to_server(assets, server),
        )
        self._health = Health(_SERVICES)
        self._server: grpc.aio.Server | None = None
        self.port = 0
        """The port, once started."""

    async def start(self) -> None:
        """Listen and serve; health says NOT_SERVING until `serve`.

        Raises:
            ListenError: the address can't be had.
        """
        config = self._config
        server = grpc.aio.server(
            interceptors=(Metering(self._metrics),),
            options=_options(config),
            maximum_concurrent_rpcs=config.max_rpcs,
        )
        for register in self._register:
            register(server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        served = [*_SERVICES, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name]
        if config.channelz:
            channelz_pb2_grpc.add_ChannelzServicer_to_server(ChannelzServicer(), server)
            served.append(channelz_pb2.DESCRIPTOR.services_by_name["Channelz"].full_name)
        if config.reflection:
            reflection.enable_server_reflection((*served, reflection.SERVICE_NAME), server)
        try:
            self.port = server.add_insecure_port(config.listen)
        except RuntimeError as error:
            raise ListenError(config.listen, "PRESSRUN_LISTEN") from error
        await server.start()
        self._server = server

    def serve(self, *, serving: bool = True) -> None:
        """Tell clients whether the node is ready."""
        self._health.set(serving=serving)

    def drain(self) -> None:
        """Tell clients to go elsewhere; idle Render streams end, others as soon as they are idle."""
        self._health.set(serving=False)
        self._render.drain()

    async def idle(self) -> None:
        """Wait until no Render stream is open; after `drain` they end by themselves."""
        await self._render.idle()

    async def stop(self, grace: float) -> None:
        """Stop; RPCs that are not over after `grace` seconds are cancelled."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(grace)


def _options(config: RpcConfig) -> list[tuple[str, Any]]:
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", config.max_receive_bytes),
        ("grpc.max_send_message_length", config.max_send_bytes),
        # Two nodes on one port would share clients at random instead of telling the operator.
        ("grpc.so_reuseport", 0),
        ("grpc.server.max_pending_requests", config.pending_calls),
        ("grpc.server.max_pending_requests_hard_limit", config.pending_calls),
        ("grpc.keepalive_time_ms", _ms(config.keepalive_seconds)),
        ("grpc.keepalive_timeout_ms", _ms(config.keepalive_timeout_seconds)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _ms(config.min_ping_seconds)),
        ("grpc.enable_channelz", int(config.channelz)),
    ]
    if config.max_connection_age_seconds:
        options += [
            ("grpc.max_connection_age_ms", _ms(config.max_connection_age_seconds)),
            ("grpc.max_connection_age_grace_ms", _ms(config.max_connection_age_grace_seconds)),
        ]
    return options


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
