"""Real nodes as processes on loopback ports, to which bad things are done."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from pressrun_client import Client
from pressrun_loadtest.demo.procfs import tree_resident_bytes
from pressrun_loadtest.redis_server import RedisServer
from pressrun_loadtest.samples import statement_path
from pressrun_loadtest.sandbox import Sandbox

_COMMAND = (sys.executable, "-P", "-c", "from pressrun_server.cli import serve; serve()")
_MAPPING = "fields:\n  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED]}\n"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def own_resident_bytes(pid: int) -> int:
    """Resident bytes of one process.

    Raises:
        OSError: it is gone.
    """
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Served:
    """One node; it keeps its port and its data over restarts."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.target = f"127.0.0.1:{_free_port()}"
        self._env = env
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    @property
    def pid(self) -> int:
        """Of the front."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until it serves."""
        self.starts += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = self.folder / "ports.json"
        ports.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_COMMAND, "--listen", self.target, "--http-listen", "127.0.0.1:0", "--composers", "1",
                "--data-dir", str(self.folder / "data"), "--log-format", "json", "--port-file", str(ports),
                stdout=log, stderr=log, env={**os.environ, **self._env},
            )  # fmt: skip
        async with asyncio.timeout(60):
            while not ports.exists() or not ports.read_text():
                assert self._process.returncode is None, (self.folder / "log").read_text()[-2000:]
                await asyncio.sleep(0.02)
        assert json.loads(ports.read_text())["grpc"] == self.target

    def signal(self, number: int) -> None:
        """Send a signal to the front."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the end."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), 60)

    async def kill(self) -> None:
        """Kill -9, and wait."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def restart(self) -> int:
        """Drain, end and start again; the exit code."""
        self.signal(signal.SIGTERM)
        code = await self.ended()
        await self.start()
        return code

    async def replace(self, **settings: str) -> None:
        """Drain, end and start again on an empty disk with other settings, as a pod of a roll-out does."""
        self.signal(signal.SIGTERM)
        assert await self.ended() == 0
        shutil.rmtree(self.folder / "data")
        self._env = {**self._env, **settings}
        await self.start()

    def resident(self) -> int:
        """Resident bytes of all its processes."""
        return tree_resident_bytes(self.pid)

    def processes(self) -> dict[tuple[str, int], int]:
        """Resident bytes of each process, by what it is and its id."""
        found = {("front", self.pid): own_resident_bytes(self.pid)}
        for child in map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{child}/cmdline").read_text()
                kind = "composer" if "composer" in command else "reader" if "records" in command else "preparer"
                found[kind, child] = own_resident_bytes(child)
        return found

    def descriptors(self) -> int:
        """Open descriptors of the front."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def crash_composers(self) -> None:
        """Let its composers die as native code does."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            if "composer" in Path(f"/proc/{child}/cmdline").read_text():
                os.kill(int(child), signal.SIGSEGV)


class Link:
    """A way to one node that can become slow, or pass nothing while it stays open, as a partition does."""

    def __init__(self, target: str) -> None:
        self._to = target
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        """Seconds by which each piece is late."""
        self.target = ""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.target = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Pass nothing any more."""
        self._open.clear()

    def mend(self) -> None:
        """Pass everything again, also what was held."""
        self._open.set()

    async def close(self) -> None:
        """End."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._to.rpartition(":")
        try:
            up_reader, up_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.transport.abort()
            return
        pair = [
            asyncio.ensure_future(self._forward(reader, up_writer)),
            asyncio.ensure_future(self._forward(up_reader, writer)),
        ]
        self._tasks.update(pair)
        await asyncio.wait(pair, return_when=asyncio.FIRST_COMPLETED)
        for task in pair:
            task.cancel()
        await asyncio.gather(*pair, return_exceptions=True)
        self._tasks.difference_update(pair)
        for each in (writer, up_writer):
            each.transport.abort()

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._open.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            sink.write(data)
            await sink.drain()


class Cluster:
    """Several nodes, and the two Redis that they share."""

    def __init__(self, nodes: list[Served], cache: RedisServer, events: RedisServer) -> None:
        self.nodes = nodes
        self.cache = cache
        self.events = events
        self.links = [Link(node.target) for node in nodes]

    @property
    def target(self) -> str:
        """All of them."""
        return ",".join(node.target for node in self.nodes)

    @property
    def linked(self) -> str:
        """All of them, each by its link."""
        return ",".join(link.target for link in self.links)


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """Three nodes with the sample template, a Redis for blobs and one for events, and the sandbox as their sources."""
    servers = []
    for name, policy in (("cache", "allkeys-lru"), ("events", "noeviction")):
        folder = tmp_path / f"redis-{name}"
        folder.mkdir()
        servers.append(RedisServer(folder, "--maxmemory", "128mb", "--maxmemory-policy", policy))
    async with Sandbox() as sandbox:
        mapping = tmp_path / "mapping.yaml"
        mapping.write_text(_MAPPING)
        env = {
            **sandbox.settings.environment(),
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
            "PRESSRUN_CORE_DAM_MAPPING_FILE": str(mapping),
            "PRESSRUN_PREPARERS": "1",
            "PRESSRUN_CACHE_REDIS": servers[0].url,
            "PRESSRUN_EVENTS_REDIS": servers[1].url,
            "PRESSRUN_CLUSTER_KEY": "a secret of this cluster",
        }
        made = Cluster([Served(tmp_path / f"node{number}", env) for number in range(3)], *servers)
        try:
            for server in servers:
                await asyncio.to_thread(server.start)
            await asyncio.gather(*(node.start() for node in made.nodes), *(link.start() for link in made.links))
            for node in made.nodes:
                async with Client(node.target) as client:
                    await client.publish(statement_path())
            yield made
        finally:
            for link in made.links:
                await link.close()
            for node in made.nodes:
                if node.starts:
                    node.signal(signal.SIGCONT)
                    await node.kill()
            for server in servers:
                server.stop()
