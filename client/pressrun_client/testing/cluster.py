"""Several fake nodes behind one target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from pressrun.v1 import document_pb2
from pressrun_client.testing.answers import Answer
from pressrun_client.testing.node import FakeNode

__all__ = ["FakeCluster"]


class FakeCluster:
    """Fake nodes for tests of callers that must survive what happens to a cluster.

    Args:
        nodes: how many.

    Example:
        A run that loses a node in the middle::

            async with FakeCluster(3) as cluster, Client(cluster.target) as client:
                cluster.nodes[0].answer = BreakStream()
                documents = await my_service.print_all(client)
                assert cluster.received_ids() >= {document.request_id for document in documents}
    """

    def __init__(self, nodes: int = 3) -> None:
        self.nodes = [FakeNode() for _ in range(nodes)]
        """The nodes; each can be stopped, started again, drained and given answers of its own."""

    @property
    def target(self) -> str:
        """All nodes, as a client's target."""
        return ",".join(node.target for node in self.nodes)

    def answer(self, value: Answer | Iterable[Answer] | Callable[[document_pb2.DocumentRequest], Answer]) -> None:
        """Lets all nodes answer alike; an iterable is shared by them."""
        shared = iter(value) if isinstance(value, Iterable) else value
        for node in self.nodes:
            node.answer = shared

    def received_ids(self) -> set[str]:
        """The documents that came to any node."""
        return {request.request_id for node in self.nodes for request in node.received}

    async def __aenter__(self) -> Self:
        for node in self.nodes:
            await node.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for node in self.nodes:
            await node.stop()
