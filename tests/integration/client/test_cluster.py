"""The client against several nodes, of which some go away."""

from __future__ import annotations

from collections import Counter

import pytest

from pressrun.v1 import document_pb2
from pressrun_client import Client, ClientConfig, Document, Progress, RenderRequest
from pressrun_client.testing import BreakStream, FakeCluster, FakeDocument, FakeFailure
from pressrun_client.testing.answers import Answer


def _requests(count: int) -> list[RenderRequest]:
    return [RenderRequest("a", b"{}", request_id=f"d{number}") for number in range(count)]


def _config(cluster: FakeCluster) -> ClientConfig:
    return ClientConfig(target=cluster.target, backoff_initial=0.01, max_in_flight=12)


async def test_documents_are_spread_over_all_nodes() -> None:
    """One stream of documents uses each node of the target, with its share of the window and no more."""
    async with FakeCluster(3) as cluster, Client(config=_config(cluster)) as client:
        cluster.answer(FakeDocument(delay=0.02))
        told: list[Progress] = []
        results = [result async for result in client.render_stream(_requests(60), on_progress=told.append)]
        assert [progress.done for progress in told] == list(range(1, 61))
        assert (told[-1].failed, told[-1].sent_again) == (0, 0)
        assert told[-1].size == sum(len(result.content) for result in results if isinstance(result, Document))
        assert told[-1].rate > 0
        assert sorted(result.request_id for result in results) == sorted(f"d{n}" for n in range(60))
        assert all(result.ok for result in results)
        assert [node.streams for node in cluster.nodes] == [1, 1, 1]
        assert all(len(node.received) >= 10 for node in cluster.nodes)
        assert all(node.most_unanswered <= 4 for node in cluster.nodes)


@pytest.mark.parametrize("failure", [BreakStream(), FakeFailure(code="UNAVAILABLE", reason="DRAINING")])
async def test_a_node_that_goes_away_costs_no_document(failure: Answer) -> None:
    """Whatever one node does from the tenth document on, each document comes once, from some node."""
    async with FakeCluster(3) as cluster, Client(config=_config(cluster)) as client:
        cluster.answer(FakeDocument(delay=0.005))

        def broken(_: document_pb2.DocumentRequest) -> Answer:
            return failure if len(cluster.nodes[0].received) > 10 else FakeDocument(delay=0.005)

        cluster.nodes[0].answer = broken
        counted: Counter[str] = Counter()
        async for result in client.render_stream(_requests(100)):
            assert result.ok, result
            counted[result.request_id] += 1
            if len(counted) == 20:
                await cluster.nodes[0].set_serving(serving=False)
        assert counted == Counter({f"d{n}": 1 for n in range(100)})


async def test_a_node_that_stalls_holds_only_its_share() -> None:
    """While one node answers nothing, the others go on; what it holds comes in the end."""
    async with FakeCluster(2) as cluster, Client(config=_config(cluster)) as client:
        cluster.nodes[1].answer = FakeDocument()
        cluster.nodes[0].answer = FakeDocument(delay=0.8)
        assert all([result.ok async for result in client.render_stream(_requests(80))])
        assert len(cluster.nodes[0].received) <= 12
        assert len(cluster.nodes[1].received) >= 60
