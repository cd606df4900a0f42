"""Pages that link to pictures where their system shows them, in a browser that gets them there."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from tests.browser.chromium import Chromium
from tests.browser.pages import AS_OF, SAMPLES

from pressrun_loadtest.samples import load_bundle
from pressrun_loadtest.sandbox import Sandbox
from pressrun_server.authoring.standin import StandIn, read_names
from pressrun_server.model.spec import OutputChannel, OutputFormat, RenderSpec, TemplateName
from pressrun_server.render.local import LocalEngine
from pressrun_sources.build import build_registry
from pressrun_sources.config import from_env

HELD = b"web: {width: 1400, format: jpg, quality: 80}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser made of a page."""

    requests: list[str]
    pictures: list[dict[str, Any]]
    """From where each came, and how wide it is shown."""


async def statement(sandbox: Sandbox) -> bytes:
    """The page of a statement whose banner is linked to at Cloudinary."""
    folder = SAMPLES / "assets"
    names = read_names(folder)
    environ = {"PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true", **sandbox.settings.environment()}
    only = {name: text for name, text in environ.items() if "CORE_DAM" not in name}
    sources = build_registry(from_env(only)).completed(lambda name: StandIn(name, folder, names, lambda *_: None))
    files = load_bundle(SAMPLES / "statement")
    assert files["template.yaml"].count(HELD) == 1
    described = files["template.yaml"].replace(HELD, HELD.replace(b"}", b", hosted: true}"))
    async with LocalEngine(sources) as engine:
        info, _ = await engine.publish({**files, "template.yaml": described})
        spec = RenderSpec(
            request_id="linked",
            template=TemplateName(info.name, info.version),
            record=files["samples/everyday-en.json"],
            locale="en-GB",
            channel=OutputChannel.WEB,
            format=OutputFormat.HTML,
            attributes={},
            as_of=AS_OF,
        )
        html, manifest = await engine.render(spec)
    assert not manifest.warnings
    return html


async def test_a_browser_takes_the_width_that_it_needs(browser: Chromium) -> None:
    """A telephone fetches a narrower picture than a desk; the policy lets both come, and nothing else is fetched."""
    async with Sandbox() as sandbox:
        html = await statement(sandbox)
        telephone, desk = [await asyncio.to_thread(look, browser, html, width) for width in (360, 1280)]
        origin = sandbox.settings.environment()["PRESSRUN_CLOUDINARY_DELIVERY_BASE_URL"]
    assert len(html) < 60_000
    for seen, widths in ((telephone, {350, 700}), (desk, {1400})):
        (banner,) = (picture for picture in seen.pictures if not picture["from"].startswith("data:"))
        assert banner["width"] > 0, "it was shown"
        (across,) = (int(found) for found in re.findall(r"\bw_(\d+)", banner["from"]))
        assert across in widths
        assert seen.requests == [banner["from"]]
        assert banner["from"].startswith(f"{origin}/")


def look(browser: Chromium, html: bytes, width: int) -> Seen:
    """Open a page in a window of a width."""
    with browser.page(html, width) as page:
        page.load()
        pictures = page.evaluate("[...document.images].map(one => ({from: one.currentSrc, width: one.naturalWidth}))")
        return Seen(page.requests(), pictures)
