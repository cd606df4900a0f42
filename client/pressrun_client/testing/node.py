"""A node in the same process, for tests of code that calls the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.asset_service_pb2_grpc import add_AssetServiceServicer_to_server
from pressrun.v1.render_service_pb2_grpc import add_RenderServiceServicer_to_server
from pressrun.v1.template_service_pb2_grpc import add_TemplateServiceServicer_to_server
from pressrun_client.testing.answers import Answer, FakeDocument
from pressrun_client.testing.render import FakeRenderService
from pressrun_client.testing.services import FakeAssetService, FakeTemplateService

__all__ = ["FakeNode"]

_SERVICE = "pressrun.v1.RenderService"


class FakeNode:
    """A real gRPC server on a free loopback port whose answers the test scripts.

    Set `answer` to one answer for all documents, to several that are given in turn (the last stays), or to a function
    of the request. Look at `received` and its neighbours afterwards.

    Args:
        port: the port to listen on; 0 for a free one.
        message_limit: bytes of the largest message to accept.

    Example:
        A caller that must survive a node that is full at first::

            async with FakeNode() as node, Client(node.target) as client:
                full = FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=0.01)
                node.answer = [full, FakeDocument(content=b"%PDF-1.7")]
                document = await my_service.print_statement(client)
                assert document.content == b"%PDF-1.7"
                assert len(node.received) == 2
    """

    def __init__(self, *, port: int = 0, message_limit: int = 16 * 1024 * 1024) -> None:
        self._port = port
        self._message_limit = message_limit
        self._server: grpc.aio.Server | None = None
        health_services: Any = health  # the package has no types
        self._health = health_services.aio.HealthServicer()
        self._turns: Iterator[Answer] | None = None
        self._last: Answer = FakeDocument()
        self._function: Callable[[document_pb2.DocumentRequest], Answer] | None = None
        self.templates = FakeTemplateService()
        """The template service; `diagnostics` and `published` may be set."""
        self.assets = FakeAssetService()
        """The asset service; `add` makes assets known."""
        self.received: list[document_pb2.DocumentRequest] = []
        """The documents received, repeats included, in order."""
        self.messages: list[render_service_pb2.RenderRequest] = []
        """The messages received on Render streams."""
        self.cancelled: list[str] = []
        """The documents cancelled on Render streams, by request_id."""
        self.streams = 0
        """How many Render streams were opened."""
        self.streams_left = 0
        """How many of them the client left before their end."""
        self.unanswered = 0
        """Documents received on Render streams and not yet answered."""
        self.most_unanswered = 0
        """The most that there were at any time."""

    @property
    def answer(self) -> Answer | Iterable[Answer] | Callable[[document_pb2.DocumentRequest], Answer]:
        """What the next documents get."""
        return self._function or self._last

    @answer.setter
    def answer(self, value: Answer | Iterable[Answer] | Callable[[document_pb2.DocumentRequest], Answer]) -> None:
        self._turns = self._function = None
        if callable(value):
            self._function = value
        elif isinstance(value, Iterable):
            self._turns = iter(value)
        else:
            self._last = value

    @property
    def target(self) -> str:
        """Where the node listens."""
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Starts to listen; again after `stop`, on the same port."""
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self._message_limit),
                ("grpc.max_send_message_length", self._message_limit),
                ("grpc.so_reuseport", 0),
            ]
        )
        add_RenderServiceServicer_to_server(FakeRenderService(self), server)
        add_TemplateServiceServicer_to_server(self.templates, server)
        add_AssetServiceServicer_to_server(self.assets, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        await self.set_serving(serving=True)
        self._port = server.add_insecure_port(f"127.0.0.1:{self._port}")
        await server.start()
        self._server = server

    async def stop(self, grace: float | None = None) -> None:
        """Goes away; at once, or when its calls have ended or the grace is over."""
        if self._server is not None:
            await self._server.stop(grace)
            self._server = None

    async def set_serving(self, *, serving: bool) -> None:
        """Sets what the health service says."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        await self._health.set(_SERVICE, status)

    async def wait_for(self, true: Callable[[], bool], *, timeout: float = 2.0) -> None:  # noqa: ASYNC109 - asked often
        """Waits until something is true of the node, e.g. that it has received a document.

        Raises:
            TimeoutError: it did not become true.
        """
        async with asyncio.timeout(timeout):
            while not true():  # noqa: ASYNC110 - a test may ask anything, so there is no event to wait for
                await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def next_answer(self, request: document_pb2.DocumentRequest) -> Answer:
        """The answer to a document."""
        if self._function is not None:
            return self._function(request)
        if self._turns is not None:
            self._last = next(self._turns, self._last)
        return self._last
