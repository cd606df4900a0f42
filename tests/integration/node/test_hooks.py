"""Webhooks of the stand-ins, sent to a node that renders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from tests.integration.node.conftest import StartNode

from pressrun_client import AssetUnavailableError, Client
from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET
from pressrun_server.http import hooks

pytestmark = pytest.mark.asyncio(loop_scope="module")

BANNER = "statement/banner-premier"
TEMPLATE = b"""
name: hooked
version: "1"
html: hooked.html
schema: {type: object}
slots:
  hero: {rules: [{use: "cloudinary:statement/banner-premier"}]}
"""
HTML = b'<p>Spring</p><img src="asset:hero" alt="hero">'


async def _post(url: str, body: dict[str, object]) -> tuple[int, str | None]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, answer.headers.get("X-Sandbox-Hook")


async def _raw(address: str, path: str, header: bytes) -> bytes:
    """The status of a request with a header that a client would refuse to send."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST %s HTTP/1.1\r\nHost: node\r\n%s\r\nContent-Length: 2\r\n\r\n{}" % (path.encode(), header))
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    return status


async def _version(client: Client) -> tuple[str, str]:
    (pin,) = (await client.render("hooked", {})).manifest.pins.assets
    return pin.version, pin.digest.sha256


async def test_news_is_used_at_once(sandbox: Sandbox, start_node: StartNode, value: Callable[..., Any]) -> None:
    """A replaced banner is in the next document, a withdrawn one in none; what is not believed is refused and counted."""
    admin = f"{sandbox.settings.cloudinary.api_base_url}/__sandbox__"
    async with start_node("hooks") as node, Client(node.address) as client:
        hook = f"http://{node.http_address}/hooks/cloudinary"
        await client.publish({"template.yaml": TEMPLATE, "hooked.html": HTML})
        first = await _version(client)
        assert await _post(f"{admin}/do/new-version", {"asset": BANNER}) == (200, "None")
        assert await _version(client) == first
        assert await _post(f"{admin}/hooks", {"url": hook}) == (200, None)
        assert await _post(f"{admin}/do/new-version", {"asset": BANNER}) == (200, "204")
        second = await _version(client)
        assert second[0] != first[0]
        assert await _post(f"{admin}/do/approval", {"asset": BANNER, "approval": "retired"}) == (200, "204")
        with pytest.raises(AssetUnavailableError):
            await _version(client)
        assert sandbox.cloudinary.hooks.last is not None
        body, headers = sandbox.cloudinary.hooks.last
        async with aiohttp.ClientSession() as session:
            async with session.post(hook, data=body, headers=headers) as answer:
                assert answer.status == 204
            async with session.post(hook, data=body + b" ", headers=headers) as answer:
                assert (answer.status, await answer.text()) == (401, "not accepted\n")
            async with session.post(hook.replace("cloudinary", "dropbox"), data=body, headers=headers) as answer:
                assert answer.status == 401
        assert await value(node, "pressrun_hooks_total", source="cloudinary", result="taken") == 2
        assert await _raw(node.http_address, "/hooks/cloudinary", b"X-Cld-Signature: \xff\xfe") == b"401"
        for result, times in (("replayed", 1), ("signature", 2)):
            assert await value(node, "pressrun_hooks_total", source="cloudinary", result=result) == times
        assert await value(node, "pressrun_hooks_total", source="unknown", result="unknown") == 1
        await _post(f"{admin}/hooks", {})
        sandbox.cloudinary.reset()


async def test_senders_that_misbehave(
    start_node: StartNode, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, value: Callable[..., Any]
) -> None:
    """A body that breaks off, dawdles, is packed or is no HTTP is the sender's fault, and fills no log with tracebacks."""
    monkeypatch.setattr(hooks, "_BODY_SECONDS", 0.2)
    async with start_node("hooks-broken") as node:
        host, _, port = node.http_address.rpartition(":")

        async def send(head: bytes, body: bytes, *, leave: bool = False) -> bytes:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"POST /hooks/cloudinary HTTP/1.1\r\nHost: node\r\n%s\r\n\r\n%s" % (head, body))
            await writer.drain()
            status = b"" if leave else (await reader.readline()).split()[1]
            writer.close()
            await writer.wait_closed()
            return status

        assert await send(b"Content-Length: 100", b"{") == b"408"
        assert await send(b"Transfer-Encoding: chunked", b"ZZ\r\n") == b"400"
        assert await send(b"Content-Length: 5\r\nContent-Encoding: gzip", b"hello") == b"401"
        monkeypatch.undo()
        await send(b"Content-Length: 100", b"{", leave=True)
        async with asyncio.timeout(20):
            while await value(node, "pressrun_http_requests_total", route="/hooks/{source}", code="400") < 1:
                await asyncio.sleep(0.02)
        assert await value(node, "pressrun_http_requests_total", route="/hooks/{source}", code="500") == 0
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.fact("iconik.webhook-envelope", "http.standard-webhooks")
async def test_other_systems(sandbox: Sandbox, start_node: StartNode, value: Callable[..., Any]) -> None:
    """The unsigned messages of iconik and those of a site's own listener are taken by their secrets."""
    settings = {
        "sources_hook_iconik_secret": sandbox.iconik.options.hook_secret,
        "sources_hook_iconik_domain": sandbox.iconik.options.system_domain_id,
        "sources_hook_secrets": STANDARD_SECRET,
    }
    bodies: dict[str, tuple[str, str, dict[str, object]]] = {
        "iconik": (sandbox.settings.iconik.base_url, "block", {"asset": "0b0f2d3e-9d11-41f0-8a01-000000000001"}),
        "http": (sandbox.settings.http.base_url, "edit", {"item": "logos/meridian.png", "metadata": {}}),
        "smintio": (sandbox.settings.smintio.origin, "edit", {"asset": "12:image:8812", "raw": {}}),
    }
    async with start_node("hooks-others", **settings) as node:
        for name, (origin, operation, body) in bodies.items():
            await _post(f"{origin}/__sandbox__/hooks", {"url": f"http://{node.http_address}/hooks/{name}"})
            assert await _post(f"{origin}/__sandbox__/do/{operation}", body) == (200, "204")
            assert await value(node, "pressrun_hooks_total", source=name, result="taken") == 1
            await _post(f"{origin}/__sandbox__/hooks", {})
        sandbox.reset()
