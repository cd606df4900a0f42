from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from pressrun_loadtest.cli import sandbox as command
from pressrun_loadtest.sandbox import Ports, Sandbox, Seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = {
    "PRESSRUN_CORE_DAM_BASE_URL",
    "PRESSRUN_CORE_DAM_TOKEN_URL",
    "PRESSRUN_CORE_DAM_CLIENT_ID",
    "PRESSRUN_CORE_DAM_CLIENT_SECRET",
    "PRESSRUN_CLOUDINARY_CLOUD_NAME",
    "PRESSRUN_CLOUDINARY_API_BASE_URL",
    "PRESSRUN_CLOUDINARY_DELIVERY_BASE_URL",
    "PRESSRUN_CLOUDINARY_API_KEY",
    "PRESSRUN_CLOUDINARY_API_SECRET",
    "PRESSRUN_CLOUDINARY_SIGNATURE_ALGORITHM",
    "PRESSRUN_ICONIK_BASE_URL",
    "PRESSRUN_ICONIK_APP_ID",
    "PRESSRUN_ICONIK_AUTH_TOKEN",
    "PRESSRUN_ICONIK_VIEW_ID",
    "PRESSRUN_HTTP_SOURCE_BASE_URL",
    "PRESSRUN_HTTP_SOURCE_TOKEN",
    "PRESSRUN_SMINTIO_API_URL",
    "PRESSRUN_SMINTIO_AUTHORITY_URL",
    "PRESSRUN_SMINTIO_CLAPI_URL",
    "PRESSRUN_SMINTIO_PORTAL_ID",
    "PRESSRUN_SMINTIO_SEARCH_PAGE_ID",
    "PRESSRUN_SMINTIO_CLIENT_ID",
    "PRESSRUN_SMINTIO_CLIENT_SECRET",
}
PICTURE = "/sandbox/image/upload/c_limit,w_50/statement/banner-premier.jpg"


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_settings_describe_the_running_sandbox(sandbox: Sandbox) -> None:
    """The settings name six loopback addresses and give a node's environment; secrets stay out of the repr."""
    environment = sandbox.settings.environment()
    assert set(environment) == NAMES
    origins = {urlsplit(value).netloc for value in environment.values() if value.startswith("http")}
    assert len(origins) == 6
    assert all(origin.startswith("127.0.0.1:") for origin in origins)
    assert environment["PRESSRUN_CORE_DAM_CLIENT_SECRET"] not in repr(sandbox.settings)
    assert environment["PRESSRUN_CLOUDINARY_API_SECRET"] not in repr(sandbox.settings)


async def test_nothing_is_left_behind(seed: Seed, call: Callable[..., Any]) -> None:
    """After the block no port listens, no thread and no task runs, even with a request still hanging."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    async with Sandbox(seed=seed) as running:
        settings = running.settings
        delivery = call(settings.cloudinary.delivery_base_url)
        assert (await delivery("GET", PICTURE)).status == 200
        await delivery("POST", "/__sandbox__/faults", json={"kind": "hang"})
        hanging = asyncio.create_task(delivery("GET", PICTURE))
        await asyncio.sleep(0.05)
    await asyncio.wait([hanging], timeout=1)
    assert hanging.done()
    assert hanging.exception() is not None
    for base in (settings.core_dam.origin, settings.cloudinary.api_base_url, settings.cloudinary.delivery_base_url):
        with socket.socket() as probe:
            assert probe.connect_ex((urlsplit(base).hostname or "", urlsplit(base).port or 0)) != 0
    assert asyncio.all_tasks() == tasks
    assert set(threading.enumerate()) <= threads
    with pytest.raises(RuntimeError, match="does not run"):
        _ = running.settings


async def test_given_ports_are_used_and_can_be_used_again(seed: Seed) -> None:
    """The sandbox listens on the ports it is told, also right after another one stopped there."""
    ports = Ports(free_port(), free_port(), free_port())
    for _ in range(2):
        async with Sandbox(seed=seed, ports=ports) as running:
            assert running.settings.core_dam.origin == f"http://127.0.0.1:{ports.core_dam}"
            assert running.settings.cloudinary.api_base_url == f"http://127.0.0.1:{ports.cloudinary_api}"
            assert running.settings.cloudinary.delivery_base_url == f"http://127.0.0.1:{ports.cloudinary_delivery}"


async def test_taken_port_is_named_and_nothing_stays_bound(seed: Seed) -> None:
    """When the last port is taken, the error names it and the first ports are free again."""
    first = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with Sandbox(seed=seed, ports=Ports(first, 0, port)):
                pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", first))


async def test_two_sandboxes_have_states_of_their_own(seed: Seed, call: Callable[..., Any]) -> None:
    """A change in one sandbox does not show in another of the same seed."""
    async with Sandbox(seed=seed) as one, Sandbox(seed=seed) as two:
        for running, status in ((one, 404), (two, 200)):
            delivery = call(running.settings.cloudinary.delivery_base_url)
            if running is one:
                await delivery("POST", "/__sandbox__/do/delete", json={"asset": "statement/banner-premier"})
            assert (await delivery("GET", PICTURE)).status == status


def test_command_runs_until_told_to_stop(seed_file: Path) -> None:
    """`pressrun sandbox` prints a node's environment, serves, and ends cleanly on SIGTERM."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "pressrun_loadtest.sandbox", "--seed", str(seed_file), "--core-dam-port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = dict(process.stdout.readline().strip().split("=", 1) for _ in NAMES)
        assert set(lines) == NAMES
        assert lines["PRESSRUN_CORE_DAM_BASE_URL"] == f"http://127.0.0.1:{port}/otmmapi/v6"
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /otmmapi/v6/sessions HTTP/1.0\r\n\r\n")
            assert b" 401 " in connection.recv(100)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_command_explains_its_options_and_errors(tmp_path: Path) -> None:
    """Help lists the options; a seed that cannot be loaded ends with a plain message."""
    assert "--cloudinary-delivery-port" in CliRunner().invoke(command, ["--help"]).output
    (tmp_path / "seed.yaml").write_text("core_dam: {model: {id: x}}", encoding="utf-8")
    result = CliRunner().invoke(command, ["--seed", str(tmp_path / "seed.yaml")])
    assert result.exit_code == 1
    assert "core_dam.model: the field name is missing" in result.output


def test_sandbox_is_an_independent_witness() -> None:
    """Importing the sandbox loads nothing of client, sources, node or gateway."""
    code = (
        "import sys, pressrun_loadtest.sandbox, pressrun_loadtest.cli\n"
        "bad = ('pressrun.', 'pressrun_client', 'pressrun_sources', 'pressrun_server', 'pressrun_gateway')\n"
        "print([name for name in sys.modules if name.startswith(bad)])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
