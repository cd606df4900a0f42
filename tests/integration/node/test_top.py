"""`pressrun top` against a node at work."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")
_COMMAND = [sys.executable, "-c", "from pressrun_client.cli import main; main(prog_name='pressrun')", "top"]


async def _top(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    return process.returncode, out.decode(), error.decode()


async def test_it_shows_what_is_rendered(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """What is rendered meanwhile shows as documents, phases, cache and sources; a node that is away is told."""
    watching = asyncio.create_task(_top(node.http_address, "--once", "--interval", "3"))
    number = 0
    while not watching.done():
        number += 1
        await caller.documents(document(f"{number}"))
        await asyncio.sleep(0.05)
    code, text, error = await watching
    assert (code, error) == (0, "")
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert "1 of 1 nodes" in text
    assert float(lines["statement"][1]) > 1
    assert lines["lay_out"][2] in {"ms", "us"}
    assert lines["memory"][1] == "100.0%"
    assert {"core-dam", "cloudinary", "disk", node.http_address} <= lines.keys()


async def test_what_is_away(node: Node) -> None:
    """With --once the exit code tells that a node does not answer; where none does, there is nothing to show."""
    code, text, _ = await _top(node.http_address, "127.0.0.1:9", "--once", "--interval", "0.5")
    assert code == 1
    assert "! 127.0.0.1:9 does not answer" in text
    code, text, error = await _top("127.0.0.1:9", "--once")
    assert (code, text) == (1, "")
    assert "127.0.0.1:9 does not answer" in error
    code, _, error = await _top("ftp://x", "--once")
    assert code == 2
    assert "give host, host:port" in error


async def test_it_goes_on_in_a_terminal(node: Node) -> None:
    """In a terminal the view is kept up to date in place until Ctrl-C, which leaves the terminal as it was."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "50"}
    command = [*_COMMAND, node.http_address, "--interval", "0.5"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    loop, told = asyncio.get_running_loop(), bytearray()
    loop.add_reader(ours, lambda: told.extend(_available(ours)))
    try:
        async with asyncio.timeout(20):
            while told.count(b"documents/s") < 6:  # three times: a line of it, and two tables
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        loop.remove_reader(ours)
        os.close(ours)
    assert b"\x1b[?1049h" in told
    assert b"Traceback" not in told


def _available(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other side is closed
        return b""
