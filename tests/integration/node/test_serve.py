"""The command `serve` as a process: start, readiness, drain, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pressrun.v1 import render_service_pb2
from pressrun_server.app.loops import LOOPS, UVLOOP

pytestmark = pytest.mark.asyncio(loop_scope="module")

_COMMAND = (sys.executable, "-P", "-c", "from pressrun_server.cli import serve; serve()")
_SECRET = "swordfish-0123456789"


def _children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _runs_uvloop(pid: int) -> bool:
    return "/uvloop/" in Path(f"/proc/{pid}/maps").read_text()


@contextlib.asynccontextmanager
async def _served(folder: Path, env: dict[str, str], *options: str) -> AsyncIterator[SimpleNamespace]:
    port_file = folder / "ports.json"
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--composers", "1",
        "--data-dir", str(folder / "data"), "--log-format", "json", "--port-file", str(port_file), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **env},
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(20):
            while not any(line.startswith("ready on ") for line in lines):
                line = (await process.stdout.readline()).decode()
                assert line, lines
                lines.append(line)
        yield SimpleNamespace(process=process, lines=lines, **json.loads(port_file.read_text()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def env(sandbox: Any, tmp_path: Path) -> dict[str, str]:
    """Points a node at the sandbox."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("fields:\n  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED]}\n")
    return {
        **sandbox.settings.environment(),
        "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
        "PRESSRUN_CORE_DAM_MAPPING_FILE": str(mapping),
    }


@pytest.mark.parametrize("loop", LOOPS)
async def test_serve_drains_and_ends(
    loop: str,
    env: dict[str, str],
    tmp_path: Path,
    speak: Any,
    statement: dict[str, bytes],
    document: Callable[..., Any],
) -> None:
    """SIGTERM under load: probes turn, admitted documents finish, new ones go elsewhere, exit code 0, nothing is left.

    On either event loop.
    """
    async with _served(tmp_path, {**env, "PRESSRUN_EVENT_LOOP": loop}) as served:
        printed = "".join(served.lines)
        assert f"event_loop = {loop}\n" in printed
        assert _runs_uvloop(served.pid) is (loop == UVLOOP)
        assert f"ready on {served.grpc}" in printed
        assert "data_dir = " in printed
        assert env["PRESSRUN_CLOUDINARY_API_SECRET"] not in printed
        assert served.pid == served.process.pid
        children = _children(served.pid)
        assert len(children) == 4  # a composer, two preparers, a reader
        async with speak(SimpleNamespace(address=served.grpc)) as caller, aiohttp.ClientSession() as session:
            await caller.publish(statement)
            health = health_pb2_grpc.HealthStub(caller.channel)
            watch = health.Watch(health_pb2.HealthCheckRequest(service="pressrun.v1.RenderService"))
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            async with session.get(f"http://{served.http}/readyz") as answer:
                assert answer.status == 200

            large = json.loads(document().record_json)
            large["transactions"] *= 800
            long = document("long", record=json.dumps(large).encode())
            call = caller.render.Render()
            await call.write(render_service_pb2.RenderRequest(
                items=[render_service_pb2.RenderRequestItem(document=long)]
            ))  # fmt: skip
            parts = list((await call.read()).items)
            served.process.send_signal(signal.SIGTERM)
            assert (await asyncio.wait_for(watch.read(), 2)).status == health_pb2.HealthCheckResponse.NOT_SERVING
            async with session.get(f"http://{served.http}/readyz") as answer:
                assert (answer.status, await answer.text()) == (503, "draining\n")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await caller.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=document()))
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            with pytest.raises(grpc.aio.AioRpcError) as ended:  # noqa: PT012 - the stream ends after some messages
                while (response := await call.read()) is not grpc.aio.EOF:
                    parts.extend(response.items)
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
            assert parts[-1].HasField("completion")
            assert sum(len(part.data) for part in parts) == parts[-1].completion.manifest.document.size
        assert await asyncio.wait_for(served.process.wait(), 10) == 0
        rest = (await served.process.stdout.read()).decode()
        assert not any(_alive(child) for child in children)
        events = [json.loads(line)["event"] for line in rest.splitlines() if line.startswith("{")]
        assert next(event for event in events if event != "warmed") == "stopping"
        assert events[-1] == "stopped"
        # Nothing of a customer's record may be in the log.
        assert large["customer"]["name"] not in rest


async def test_second_signal_stops_at_once(
    env: dict[str, str], tmp_path: Path, speak: Any, statement: dict[str, bytes], document: Callable[..., Any]
) -> None:
    """A second signal does not wait for documents; the exit code says that some were left."""
    async with _served(tmp_path, env) as served, speak(SimpleNamespace(address=served.grpc)) as caller:
        await caller.publish(statement)
        large = json.loads(document().record_json)
        large["transactions"] *= 1500
        long = document("long", record=json.dumps(large).encode())
        call = caller.render.RenderDocument(render_service_pb2.RenderDocumentRequest(document=long))
        await call.read()
        children = _children(served.pid)
        served.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.1)
        served.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(served.process.wait(), 5) == 1
        assert not any(_alive(child) for child in children)


async def test_taken_port_ends_with_3(env: dict[str, str], tmp_path: Path, node: Any) -> None:
    """A node that can't listen says so in one line with the setting, ends with 3 and leaves no process."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, "--listen", node.address, "--http-listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "data"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **env},
    )  # fmt: skip
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 3
    assert f"can't listen on {node.address}" in errors.decode()
    assert "PRESSRUN_LISTEN" in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_health_follows_readiness(node: Any, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is no longer ready, e.g. without a living composer, is NOT_SERVING until it is ready again."""
    health = health_pb2_grpc.HealthStub(caller.channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(service=""))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    with monkeypatch.context() as patch:
        patch.setattr(type(node._composers), "alive", 0)
        assert node.problem() == "no composer process is alive"
        assert (await asyncio.wait_for(watch.read(), 3)).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert (await asyncio.wait_for(watch.read(), 3)).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()
