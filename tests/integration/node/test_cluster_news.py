"""Changes and leases in a cluster of two nodes with one source and a Redis of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
import pytest_asyncio
from click.testing import CliRunner
from tests.integration.node.conftest import StartNode
from tests.servers.redis_server import RedisServer
from tests.unit.prepare.pictures import png, rgb

from pressrun_client import AssetUnavailableError, BlockingClient, Client, InvalidRequestError, LicenceOutcome, Missing
from pressrun_client.cli import main
from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

BANNER = "cloudinary:statement/banner-premier"
TEMPLATE = """
name: {name}
version: "1"
html: page.html
schema: {{type: object}}
slots:
  hero: {{rules: [{{use: "{ref}"}}]}}
"""
HTML = b'<p>Spring</p><img src="asset:hero" alt="hero">'
LEASE = 3.0


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds, far longer than it should take."""
    async with asyncio.timeout(30):
        while not await check():
            await asyncio.sleep(0.02)


class _Speaker:
    """One node and its client."""

    def __init__(self, node: Node, client: Client) -> None:
        self.node = node
        self.client = client

    async def publish(self, name: str, ref: str) -> None:
        """A template with one slot."""
        await self.client.publish({"template.yaml": TEMPLATE.format(name=name, ref=ref).encode(), "page.html": HTML})

    async def version(self, name: str) -> str:
        """The version of the asset in a document; `refused` where there is none."""
        try:
            document = await self.client.render(name, {})
        except AssetUnavailableError:
            return "refused"
        (pin,) = document.manifest.pins.assets
        return pin.version


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(
    start_node: StartNode, redis_server: RedisServer, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[SimpleNamespace]:
    """Nodes A and B, each with a cache of its own, and the Redis through which they hear each other."""
    shared = {
        "events_redis": redis_server.url,
        "sources_hook_secrets": STANDARD_SECRET,
        "asset_lease_seconds": str(LEASE),
        "library_path": str(tmp_path),
    }
    async with AsyncExitStack() as stack:
        made = []
        for name in "ab":
            node = await stack.enter_async_context(start_node(f"{request.node.name}-{name}", **shared))
            made.append(_Speaker(node, await stack.enter_async_context(Client(node.address))))
        yield SimpleNamespace(a=made[0], b=made[1], redis=redis_server, folder=tmp_path)


def put(folder: Path, *, approval: str = "approved", version: str = "1", regulated: str = "N") -> None:
    """A picture of the library."""
    (folder / "rules.png").write_bytes(png(rgb()))
    text = f'approval: {approval}\nversion: "{version}"\nattributes: {{regulated: "{regulated}"}}\n'
    (folder / "rules.png.yaml").write_text(text)


async def test_a_webhook_at_one_node_is_news_at_the_other(cluster: SimpleNamespace, sandbox: Sandbox) -> None:
    """A replaced banner that node A is told of is in the next document of node B, a withdrawn one in none of its."""
    admin = f"{sandbox.settings.cloudinary.api_base_url}/__sandbox__"
    a, b = cluster.a, cluster.b

    async def do(operation: str, body: dict[str, object]) -> None:
        async with aiohttp.ClientSession() as session, session.post(f"{admin}/{operation}", json=body) as answer:
            assert answer.status == 200

    for speaker in (a, b):
        await speaker.publish("news", BANNER)
    first = await b.version("news")
    try:
        await do("hooks", {"url": f"http://{a.node.http_address}/hooks/cloudinary"})
        await do("do/new-version", {"asset": "statement/banner-premier"})

        async def replaced() -> bool:
            return await b.version("news") != first

        await eventually(replaced)
        await do("do/approval", {"asset": "statement/banner-premier", "approval": "retired"})

        async def withdrawn() -> bool:
            return await b.version("news") == "refused"

        await eventually(withdrawn)
        # While the others can't be told, the sender is asked to come again, and what it said is not lost.
        cluster.redis.pause()
        assert sandbox.cloudinary.hooks.last is not None
        await do("do/edit", {"asset": "statement/banner-premier", "metadata": {"approval": "approved"}})
        body, headers = sandbox.cloudinary.hooks.last
        url = f"http://{a.node.http_address}/hooks/cloudinary"
        async with aiohttp.ClientSession() as session:
            async with session.post(url, data=body, headers=headers) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            cluster.redis.resume()

            async def taken() -> bool:
                async with session.post(url, data=body, headers=headers) as answer:
                    return answer.status == 204

            await eventually(taken)

        async def back() -> bool:
            return await b.version("news") not in {"refused", first}

        await eventually(back)
    finally:
        cluster.redis.resume()
        await do("hooks", {})
        sandbox.cloudinary.reset()


async def test_invalidate(cluster: SimpleNamespace) -> None:
    """What a client or the command line calls changed is asked for again by all nodes; wrong names are told."""
    put(cluster.folder)
    a, b = cluster.a, cluster.b
    for speaker in (a, b):
        await speaker.publish("told", "library:rules.png")
        assert await speaker.version("told") == "1"
    put(cluster.folder, version="2")
    assert [await speaker.version("told") for speaker in (a, b)] == ["1", "1"]
    assert await a.client.invalidate(["library:rules.png?any=variant"]) == 1
    assert await a.version("told") == "2"

    async def heard() -> bool:
        return await b.version("told") == "2"

    await eventually(heard)
    put(cluster.folder, version="3")
    line = ["cache", "invalidate", "--source", "library", "--target", b.node.address]
    done = await asyncio.to_thread(CliRunner().invoke, main, line)
    assert (done.exit_code, done.output) == (0, "forgotten: all of library (1 renditions known)\n")
    assert await b.version("told") == "3"

    async def heard_too() -> bool:
        return await a.version("told") == "3"

    await eventually(heard_too)
    for refs, sources, words in (
        ([], [], "refs and sources must have 1 to 1000 entries together, have 0"),
        (["rules.png"], [], r"refs\[0\].*source is missing"),
        (["dropbox:rules.png"], [], r"refs\[0\]: names the source 'dropbox'; valid: .*library"),
        ([], ["library:rules.png"], r"sources\[0\]: names the source"),
    ):
        with pytest.raises(InvalidRequestError, match=words):
            await a.client.invalidate(refs, sources=sources)
    line = ["cache", "stats", "--metrics", f"http://{a.node.http_address}/metrics", "--data-dir", str(cluster.folder)]
    told = await asyncio.to_thread(CliRunner().invoke, main, line)
    assert "feed of changes: heard; 1 told, 1 heard, 0 waiting\n" in told.output
    cluster.redis.pause()
    try:
        with pytest.raises(AssetUnavailableError, match="the other nodes can't be told at present"):
            await a.client.invalidate(["library:rules.png"])
    finally:
        cluster.redis.resume()


async def test_find_missing(cluster: SimpleNamespace) -> None:
    """What a node would have to ask a source for is told in bulk, without asking one; so are blobs."""
    put(cluster.folder)
    client = cluster.a.client
    ref = "library:rules.png"
    assert await client.find_missing([ref, "library:never.png"]) == Missing((ref, "library:never.png"))
    (outcome,) = await client.resolve_assets([ref])
    assert outcome.descriptor is not None
    digest = outcome.descriptor.digest
    gone = type(digest)("0" * 64, 7)
    assert await client.find_missing(["library:never.png", ref], digests=[gone, digest]) == Missing(
        ("library:never.png",), (gone,)
    )

    def blocking() -> Missing:
        with BlockingClient(cluster.a.node.address) as other:
            other.invalidate([ref])
            return other.find_missing([ref], digests=[digest])

    assert await asyncio.to_thread(blocking) == Missing((ref,))
    line = ["asset", "missing", ref, "--target", cluster.a.node.address]
    done = await asyncio.to_thread(CliRunner().invoke, main, line)
    assert (done.exit_code, done.output) == (1, f"{ref}\n")
    for refs, digests, words in (
        ([], [], "refs and digests are empty"),
        (["x"], [], r"refs\[0\]"),
        ([], [type(digest)("abc", 1)], r"digests\[0\].*64 hexadecimal"),
        ([ref] * 1001, [], "0 to 1000 entries, has 1001"),
    ):
        with pytest.raises(InvalidRequestError, match=words):
            await client.find_missing(refs, digests=digests)


async def test_a_run_reserves_what_its_licence_allows(cluster: SimpleNamespace) -> None:
    """A run has what it reserved at one node at the other one too, and others what is left; the rest is refused."""
    a, b, ref = cluster.a, cluster.b, "library:stock.png"
    (cluster.folder / "stock.png").write_bytes(png(rgb()))
    attributes = 'attributes: {licence_volume: "5"}'
    (cluster.folder / "stock.png.yaml").write_text(f'approval: approved\nversion: "1"\n{attributes}\n')
    for speaker in (a, b):
        await speaker.publish("stock", ref)
    (outcome,) = await a.client.reserve_licences("spring", {ref: 3}, lifetime=timedelta(hours=1))
    assert outcome == LicenceOutcome(ref, granted=True, limit=5, used=0, held=3)

    async def made(speaker: _Speaker, name: str, **attributes: str) -> bool:
        try:
            await speaker.client.render("stock", {}, communication_id=name, attributes=attributes)
        except AssetUnavailableError as error:
            assert "allows 5 documents, which are used up or reserved" in str(error)
            return False
        return True

    assert [await made(b, str(number)) for number in range(3)] == [True, True, False]
    assert [await made(b, f"s{number}", run="spring") for number in range(4)] == [True, True, True, False]
    assert await made(a, "s0", run="spring")  # made again

    def refused() -> tuple[bool, str]:
        with BlockingClient(b.node.address) as client:
            (found,) = client.reserve_licences("summer", {ref: 1})
        line = ["asset", "reserve", ref, "--run", "summer", "--documents", "1", "--target", a.node.address]
        done = CliRunner().invoke(main, line)
        assert done.exit_code == 1
        return found.granted, done.output

    assert await asyncio.to_thread(refused) == (False, f"{ref}: NOT reserved, 5 used and 0 held of 5\n")
    (unknown, free) = await a.client.reserve_licences("spring", {"library:never.png": 1, "library:stock.png": 0})
    assert unknown.error is not None
    assert (unknown.granted, free.granted) == (False, True)
    for run, wishes, words in (
        ("", {ref: 1}, "run: is missing"),
        ("spring", {}, "1 to 1000 entries, has 0"),
        ("spring", {"x": -1}, r"wishes\[0\]"),
    ):
        with pytest.raises(InvalidRequestError, match=words):
            await a.client.reserve_licences(run, wishes)
    with pytest.raises(InvalidRequestError, match="lifetime: must be from a second to 30 days"):
        await a.client.reserve_licences("spring", {ref: 1}, lifetime=timedelta(days=31))


async def test_a_partitioned_node_stops_using_a_withdrawn_asset(cluster: SimpleNamespace) -> None:
    """With the feed cut off a regulated asset is used for a lease at most, and others as before; then all is asked again."""
    a, b, folder = cluster.a, cluster.b, cluster.folder
    put(folder, regulated="Y")
    (folder / "logo.png").write_bytes(png(rgb()))
    (folder / "logo.png.yaml").write_text('approval: approved\nversion: "1"\n')
    await b.publish("regulated", "library:rules.png")
    await b.publish("other", "library:logo.png")
    assert [await b.version("regulated"), await b.version("other")] == ["1", "1"]
    (described,) = await b.client.describe_asset("library:rules.png")
    assert described.regulated
    # Withdrawn without a word: as long as the feed is heard, nothing is known of it, also long after a lease.
    await asyncio.sleep(LEASE * 1.5)
    put(folder, regulated="Y", approval="retired")
    (folder / "logo.png.yaml").write_text('approval: approved\nversion: "2"\n')
    assert await b.version("regulated") == "1"
    cluster.redis.pause()
    try:

        async def refused() -> bool:
            return await b.version("regulated") == "refused"

        await eventually(refused)
        assert await b.version("other") == "1"
        with pytest.raises(AssetUnavailableError):
            await a.client.invalidate(["library:rules.png"])
    finally:
        cluster.redis.resume()

    async def asked_again() -> bool:
        return await b.version("other") == "2"

    await eventually(asked_again)
    put(folder, regulated="Y", version="2")
    await a.client.invalidate(["library:rules.png"])

    async def back() -> bool:
        return await b.version("regulated") == "2"

    await eventually(back)
