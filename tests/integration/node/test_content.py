"""Content that is pushed to a real node: kept, checked by its bytes, and used by the next document."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from tests.integration.node.conftest import StartNode
from tests.unit.prepare.pictures import jpeg, png, rgb

from pressrun_client import AssetUnavailableError, Client, InvalidRequestError, LimitExceededError, RenderError

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEMPLATE = b"""
name: pushed
version: "1"
html: pushed.html
schema: {type: object}
slots:
  hero: {rules: [{use: "pushed:hero/spring"}], require: {tags: [brand]}}
"""
HTML = b'<p>Spring</p><img src="asset:hero" alt="hero">'
BRAND = [("compliance", "brand")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(start_node: StartNode) -> AsyncIterator[Client]:
    """A client of a node with a template that shows pushed content."""
    async with start_node("pushed") as node, Client(node.address) as found:
        await found.publish({"template.yaml": TEMPLATE, "pushed.html": HTML})
        yield found


async def _version(client: Client) -> tuple[str, str]:
    manifest = (await client.render("pushed", {})).manifest
    (pin,) = manifest.pins.assets
    return pin.version, pin.digest.sha256


async def test_the_next_document_uses_it(client: Client) -> None:
    """A push is used by the very next document, well within a second; a withdrawn one by none, cached or not."""
    with pytest.raises(AssetUnavailableError, match="has no content 'hero/spring'"):
        await client.render("pushed", {})
    for number, width in enumerate((40, 50, 60), 1):
        kept = await client.put_content("hero/spring", png(rgb(width, 20)), approval="approved", attributes=BRAND)
        answered = time.monotonic()
        assert await _version(client) == (str(number), kept.digest.sha256)
        assert time.monotonic() - answered < 1  # the promise itself, not a measurement
        assert (kept.ref, kept.version, kept.media_type) == ("pushed:hero/spring", str(number), "image/png")
    again = await client.put_content("hero/spring", png(rgb(60, 20)), approval="approved", attributes=BRAND)
    assert (again.created, again.version) == (False, "3")
    waiting = await client.put_content("hero/spring", jpeg(rgb(70, 20)), attributes=BRAND)
    assert (waiting.version, waiting.media_type) == ("4", "image/jpeg")
    assert (await _version(client))[0] == "3"
    await client.put_content("hero/spring", None, approval="approved", attributes=BRAND)
    assert await _version(client) == ("5", waiting.digest.sha256)
    await client.put_content("hero/spring", None, approval="retired", attributes=BRAND)
    with pytest.raises(RenderError) as caught:
        await client.render("pushed", {})
    assert caught.value.reason == "ASSET_NOT_APPROVED"


async def test_it_outlives_a_restart(start_node: StartNode) -> None:
    """Pushed content is there after a restart, without its sender."""
    async with start_node("kept") as node, Client(node.address) as client:
        await client.publish({"template.yaml": TEMPLATE, "pushed.html": HTML})
        kept = await client.put_content("hero/spring", png(rgb(44, 22)), approval="approved", attributes=BRAND)
        first = await client.render("pushed", {}, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    async with start_node("kept") as node, Client(node.address) as client:
        again = await client.render("pushed", {}, as_of=datetime(2026, 1, 1, tzinfo=UTC))
        assert again.content == first.content
        assert again.manifest.pins.assets[0].digest == kept.digest
        newer = await client.put_content("hero/spring", png(rgb(45, 22)), approval="approved", attributes=BRAND)
        assert (await _version(client)) == ("2", newer.digest.sha256)


@pytest.mark.parametrize(
    ("identifier", "content", "media_type", "says"),
    [
        ("a", b"GIF89a" + bytes(100), "", "is a GIF image, which is not taken"),
        ("a", png(rgb()), "image/jpeg", "is a PNG image, which is not image/jpeg"),
        ("a", png(rgb()), "text/plain", "is a PNG image, which is not text/plain"),
        ("a", b"<p>Terms</p>", "", "is needed"),
        ("a", b"<p>Terms</p>", "text/markdown", "is 'text/markdown'; valid: application/json, application/pdf"),
        ("a", b"[1]", "application/json", "is no JSON object"),
        ("a", b"abc\xff", "text/plain", "is not UTF-8 at byte 3"),
        ("a", b"a\x00b", "text/plain", "has the control character U+0000"),
        ("../a", b"x", "text/plain", "names between slashes"),
        ("", b"x", "text/plain", "must be 1 to 512 characters without controls"),
        ("a\nb", b"x", "text/plain", "must be 1 to 512 characters without controls"),
    ],
)
async def test_what_is_wrong_is_told(
    client: Client, identifier: str, content: bytes, media_type: str, says: str
) -> None:
    """What bytes are is found from them; what does not fit is refused by field, with what would be valid."""
    with pytest.raises(InvalidRequestError) as caught:
        await client.put_content(identifier, content, media_type=media_type)
    assert any(says in violation.description for violation in caught.value.violations)


async def test_a_locale_that_is_none(client: Client) -> None:
    """What would never be chosen by its language is refused."""
    with pytest.raises(InvalidRequestError, match="locale must be a BCP 47 tag"):
        await client.put_content("a", b"x", media_type="text/plain", locale="de_AT!")


async def test_damaged_and_large(client: Client) -> None:
    """An image that can't be decoded is refused before it is kept, and so is what is too large."""
    whole = png(rgb(200, 200))
    with pytest.raises(AssetUnavailableError) as caught:
        await client.put_content("broken", whole[: len(whole) // 2], approval="approved")
    assert caught.value.reason == "ASSET_INVALID"
    with pytest.raises(RenderError) as large:
        await client.put_content("long", b"x" * 300_000, media_type="text/plain")
    assert large.value.reason == "ASSET_TOO_LARGE"
    assert isinstance(large.value, LimitExceededError | AssetUnavailableError)
    with pytest.raises(AssetUnavailableError):
        await client.put_content("broken", None, approval="approved")
    with pytest.raises(InvalidRequestError):
        await client.put_content(
            "x", b"x", effective_from=datetime(2026, 1, 2, tzinfo=UTC), effective_until=datetime(2026, 1, 1, tzinfo=UTC)
        )


async def test_the_command(client: Client, tmp_path: Path) -> None:
    """`pressrun content put` pushes a file, and approves what was pushed."""
    (tmp_path / "terms.html").write_text("<p>Terms</p>")

    async def put(*arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from pressrun_client.cli import main; main()", "content", "put", "terms/card",
            *arguments, "--target", client.config.target, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode, output.decode().strip()

    assert await put("terms.html", "--from", "2026-01-01", "--locale", "en") == (
        0,
        "pushed:terms/card: version 1, pending, text/html, 12 B",
    )
    assert await put("--approval", "approved") == (0, "pushed:terms/card: version 2, approved, text/html, 12 B")
    assert await put("--approval", "approved") == (
        0,
        "pushed:terms/card: unchanged: version 2, approved, text/html, 12 B",
    )
    code, text = await put("--from", "soon")
    assert (code, "is no ISO 8601 moment" in text) == (2, True)
