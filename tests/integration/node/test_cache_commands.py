from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.servers.redis_server import RedisServer

from pressrun_client.cli import main
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOGO = "core-dam:7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"


async def cache(*arguments: str, data: Path) -> Result:
    """Run `pressrun cache`, in a thread: it has a loop of its own, and the node's goes on."""
    environ = {"PRESSRUN_DATA_DIR": str(data), "PRESSRUN_CACHE_REDIS": ""}
    return await asyncio.to_thread(CliRunner().invoke, main, ["cache", *arguments], env=environ)


async def test_the_commands_tell_and_do_what_they_say(
    start_node: Callable[..., AbstractAsyncContextManager[Node]],
    speak: Callable[[Node], AbstractAsyncContextManager[Any]],
    statement: dict[str, bytes],
    document: Callable[..., Any],
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    """A node is warmed; its folder and its Redis are counted, listed, shown, verified and emptied while it runs."""
    data = tmp_path / "data"
    async with start_node("told", data_dir=str(data), cache_redis=redis_server.url) as node, speak(node) as caller:
        await caller.publish(statement)
        target, redis = ("--target", node.address), ("--cache-redis", redis_server.url)
        warmed = await cache("warm", *target, data=data)
        assert re.search(r"^statement@\S+: (\d+) assets: \1 from source$", warmed.output, re.MULTILINE), warmed.output
        again = await cache("warm", "statement", *target, data=data)
        assert "from memory" in again.output
        assert again.exit_code == 0
        while node_waits(node):
            await asyncio.sleep(0.01)

        stats = (await cache("stats", *redis, data=data)).output
        assert re.search(r"disk +[1-9]\d* blobs, \d+\.\d [KM]iB, the oldest unused for \d+ s\n", stats), stats
        assert re.search(r"known +[1-9]\d* renditions of assets, [1-9]\d* prepared, 1 templates\n", stats), stats
        assert re.search(r"redis +[1-9]\d* keys, \d+\.\d [KM]iB, no maxmemory, 0 evicted\n", stats), stats
        async with asyncio.timeout(30):
            while True:  # what the template shows in a browser is warmed as well
                live = (await cache("stats", "--metrics", f"http://{node.http_address}/metrics", data=data)).output
                if ", 0 being brought" in live:
                    break
        assert re.search(r"^memory +[1-9]", live, re.MULTILINE), live
        assert re.search(r"^redis +\d", live, re.MULTILINE), live
        # The node of this test writes its log to the same place.
        head = next(line for line in live.splitlines() if line.startswith("tier"))
        assert head.split() == [
            "tier", "hits", "misses", "blobs", "held", "limit", "evicted", "damaged", "errors", "dropped", "idle", "read"
        ]  # fmt: skip

        assert re.search(r"^assets: [1-9]\d* renditions known, 0 being brought$", live, re.MULTILINE), live
        assert re.search(r"^requests saved: \d+ in this process, \d+ by others$", live, re.MULTILINE), live
        assert "feed of changes" not in live, "this node has none"

        listed = (await cache("ls", data=data)).output
        assert "program of statement@" in listed
        assert f"bytes of {LOGO} (" in listed
        assert f"prepared {LOGO} (" in listed
        assert len((await cache("ls", "--limit", "2", data=data)).output.splitlines()) == 2

        shown = (await cache("show", LOGO, *redis, data=data)).output
        assert re.search(r"approval +approved\n", shown), shown
        assert len(re.findall(r"(?:bytes|prepared) +[0-9a-f]{64}-\d+ in disk and redis\n", shown)) >= 2, shown
        unknown = await cache("show", "library:never", data=data)
        assert (unknown.exit_code, "nothing is known here" in unknown.stderr) == (1, True)

        planned = (await cache("evict", LOGO, "--dry-run", *redis, data=data)).output
        assert re.match(r"would remove [1-9]\d* blobs, .* from disk\nwould remove \d+ blobs from redis://", planned), (
            planned
        )
        evicted = await cache("evict", LOGO, *redis, data=data)
        assert re.match(r"removed [1-9]\d* blobs, .* from disk\nremoved \d+ blobs from redis://", evicted.output)
        assert "in no tier" in (await cache("show", LOGO, *redis, data=data)).output
        first = (await caller.documents(document("r1")))["r1"]
        assert first.completion is not None, "what is in memory is used"

    await check_the_folder(data)


async def check_the_folder(data: Path) -> None:
    """Damage is found and taken away, what nobody used and what is left is removed."""
    whole = await cache("verify", data=data)
    assert (whole.exit_code, whole.output.endswith("; 0 damaged\n")) == (0, True)
    victim = next((data / "blobs" / "blobs").rglob("*-*"))
    victim.write_bytes(b"x" * victim.stat().st_size)
    found = await cache("verify", data=data)
    assert (found.exit_code, f"damaged: {victim.name}\n" in found.output) == (1, True)
    await cache("verify", "--quarantine", data=data)
    assert not victim.exists()
    assert "quarantine  1 damaged blobs" in (await cache("stats", data=data)).output
    assert (await cache("verify", data=data)).exit_code == 0

    old = next((data / "blobs" / "blobs").rglob("*-*"))
    os.utime(old, (time.time() - 40 * 86_400,) * 2)
    assert "would remove 1 blobs" in (await cache("evict", "--unused-days", "30", "--dry-run", data=data)).output
    assert old.exists()
    assert "removed 1 blobs" in (await cache("evict", "--unused-days", "30", data=data)).output
    assert not old.exists()
    await cache("evict", "--all", data=data)
    assert "disk        0 blobs, 0 B\n" in (await cache("stats", data=data)).output


def node_waits(node: Node) -> bool:
    """Whether blobs of the node wait to be written to Redis."""
    assert node.store is not None
    return node.store.stats()[-1].waiting > 0


async def test_wrong_uses_are_told(tmp_path: Path, redis_server: RedisServer) -> None:
    """A folder that is none, a Redis that is away, an address that is no node's and an eviction of nothing say so."""
    redis_server.stop()
    nowhere = await cache("stats", data=tmp_path / "nowhere")
    assert (nowhere.exit_code, "--data-dir" in nowhere.stderr) == (2, True)
    away = await cache("stats", "--cache-redis", redis_server.url, data=tmp_path)
    assert (away.exit_code, "does not answer" in away.stderr) == (1, True)
    for url, says in (("file:///etc/passwd", "no address of metrics"), ("http://127.0.0.1:9/metrics", "can't be read")):
        wrong = await cache("stats", "--metrics", url, data=tmp_path)
        assert wrong.exit_code
        assert says in wrong.stderr
    assert "say what to remove" in (await cache("evict", data=tmp_path)).stderr
    for days in ("nan", "inf", "-1", "soon"):
        assert (await cache("evict", "--unused-days", days, data=tmp_path)).exit_code == 2
    assert "neither a digest nor a ref" in (await cache("evict", "library:x", data=tmp_path)).stderr
    assert "is not the URL of a Redis" in (await cache("ls", "--cache-redis", "http://x", data=tmp_path)).stderr


async def test_what_is_not_known_is_not_told(tmp_path: Path) -> None:
    """A Redis that is away is not said to be emptied, and what is no metrics is said to be none."""
    digest = f"{'0' * 64}-1"
    gone = await cache("evict", digest, "--cache-redis", "redis://127.0.0.1:1/0", data=tmp_path)
    assert (gone.exit_code, "does not answer" in gone.stderr, "from redis" in gone.output) == (1, True, False)
    for content in (b"hello\n{{{", b"\xff\xfe"):
        server = await asyncio.start_server(lambda r, w, content=content: _serve(r, w, content), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            wrong = await cache("stats", "--metrics", f"http://127.0.0.1:{port}/", data=tmp_path)
        assert (wrong.exit_code, "gives no metrics" in wrong.stderr) == (1, True), wrong.exception
    server = await asyncio.start_server(lambda r, w: _serve(r, w, b"", b"220 mail.example ESMTP\r\n"), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        wrong = await cache("stats", "--metrics", f"http://127.0.0.1:{port}/", data=tmp_path)
    assert (wrong.exit_code, "gives no metrics" in wrong.stderr) == (1, True), wrong.exception
    wrong = await cache("stats", "--metrics", "http://[bad", data=tmp_path)
    assert (wrong.exit_code, "Invalid IPv6 URL" in wrong.stderr) == (1, True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes, status: bytes = b"HTTP/1.0 200 OK\r\n"
) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(status + b"Content-Length: %d\r\n\r\n" % len(content) + content)
    writer.close()
