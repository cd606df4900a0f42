"""Every flow of every system, from the sandbox through a real node to a document."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import shutil
import sys
from itertools import takewhile
from pathlib import Path

import aiohttp
import cloudinary
import cloudinary.api
import cloudinary.uploader
import pymupdf
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image
from tests.integration.gallery.conftest import listen

from pressrun_client import AssetUnavailableError, Client, Document
from pressrun_client.cli import main
from pressrun_loadtest.gallery.flows import SEED, Flow, bundle, flows
from pressrun_loadtest.gallery.press import differences, render
from pressrun_loadtest.gallery.systems import Systems
from pressrun_loadtest.sandbox import Sandbox
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOWS = {flow.name: flow for flow in flows()}
LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"
BOATS = "0b0f2d3e-9d11-41f0-8a01-000000000101"


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())
async def test_flow(client: Client, node: Node, sandbox: Sandbox, flow: Flow) -> None:
    """A document holds the assets that its flow expects, byte for byte, and its manifest says why."""
    systems = Systems.of(sandbox.settings.node_environment(), f"http://{node.http_address}")
    for before in takewhile(lambda one: one is not flow, FLOWS.values()) if flow.once else ():
        if before.once:
            await render(client, before)
    try:
        document = await render(client, flow, systems)
        assert differences(flow, document) == []
        assert document.manifest.pages == 1
    finally:
        for change in flow.changes:
            await systems.reset(change.source)
            await client.invalidate(sources=[change.source])


@pytest.mark.parametrize(
    "name", [name for name, flow in FLOWS.items() if flow.films and flow.suffix == "pdf" and not flow.changes]
)
async def test_still_leads_to_its_film(client: Client, name: str) -> None:
    """Beside the still of a film its caption leads to the film at the system that has it, and anybody can open it."""
    document = await render(client, FLOWS[name])
    (film,) = (pin.hosted_video for pin in document.manifest.pins.assets if pin.slot in FLOWS[name].films)
    pdf = pymupdf.open(stream=document.content, filetype="pdf")
    assert [link["uri"] for link in pdf[0].get_links()] == [film]
    async with aiohttp.ClientSession() as session, session.get(film) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert (await client.verify(document, json.dumps(FLOWS[name].record, ensure_ascii=False))).ok


async def _do(origin: str, operation: str, body: dict[str, object]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{origin}/__sandbox__/do/{operation}", json=body) as answer,
    ):
        assert answer.status == 200, await answer.text()
        assert answer.headers["X-Sandbox-Hook"] == "204"


def _slot(document: Document, slot: str) -> tuple[str, str]:
    """Version and digest of what a slot holds."""
    (pin,) = (pin for pin in document.manifest.pins.assets if pin.slot == slot)
    return pin.version, pin.digest.sha256


async def test_change_event_of_a_regulated_asset(client: Client, node: Node, sandbox: Sandbox) -> None:
    """The regulated logo is replaced, then retired: the next document shows the new one, and then there is none."""
    flow, dam = FLOWS["dam-renewal"], sandbox.settings.core_dam.origin
    first = _slot(await render(client, flow), "logo")
    await listen(dam, node, "core-dam")
    new = (SEED.parent / "seal.png").read_bytes()
    body = {"asset": LOGO, "data": base64.b64encode(new).decode(), "metadata": {"ACME.FIELD.APPROVAL": "APPROVED"}}
    await _do(dam, "new-version", body)
    version, digest = _slot(await render(client, flow), "logo")
    assert (version, digest) == ("4", hashlib.sha256(new).hexdigest())
    assert version != first[0]
    await _do(dam, "approval", {"asset": LOGO, "value": "RETIRED"})
    with pytest.raises(AssetUnavailableError, match="its approval is 'retired'"):
        await render(client, flow)
    sandbox.core_dam.reset()


async def test_status_and_version_updates_of_media(client: Client, node: Node, sandbox: Sandbox) -> None:
    """In iconik a newer approved version is used at once, and a blocked asset no more."""
    flow, origin = FLOWS["iconik-campaign"], sandbox.settings.iconik.base_url
    await listen(origin, node, "iconik")
    await _do(origin, "approval", {"asset": BOATS, "status": "APPROVED"})
    third = hashlib.sha256((SEED.parent / "banner-retired.png").read_bytes()).hexdigest()
    assert _slot(await render(client, flow), "hero")[1] == third
    await _do(origin, "block", {"asset": BOATS})
    with pytest.raises(AssetUnavailableError):
        await render(client, flow)
    sandbox.iconik.reset()


async def test_licence_cancelled(client: Client, node: Node, sandbox: Sandbox) -> None:
    """Stock whose approval is taken back is replaced by the next picture, and the manifest says why."""
    flow, origin = FLOWS["smintio-licensed"], sandbox.settings.smintio.origin
    await listen(origin, node, "smintio")
    await _do(origin, "edit", {"asset": "12:image:2001", "raw": {"approvalStatus": "retired"}})
    document = await render(client, flow)
    hero = next(decision for decision in document.manifest.decisions if decision.slot == "hero")
    assert hero.ref == "smintio:12:image:2002"
    assert [one.brief for one in hero.refused] == ["not tagged brand-2026", "not approved"]
    sandbox.smintio.reset()


async def test_an_upload_is_used_at_once(client: Client, node: Node, sandbox: Sandbox) -> None:
    """What the vendor's own package uploads is in the next document: the system tells the node by its webhook."""
    flow, settings = FLOWS["cloudinary-region"], sandbox.settings.cloudinary
    before = _slot(await render(client, flow), "hero")
    await listen(settings.api_base_url, node, "cloudinary")
    cloudinary.config(
        cloud_name=settings.cloud_name,
        api_key=settings.api_key,
        api_secret=settings.api_secret,
        upload_prefix=settings.api_base_url,
    )
    metadata = {"approval": "approved", "segment": ["premier"], "region": ["ES"], "offer_code": "travel"}
    file = str(SEED.parent / "stock-lake.png")
    try:
        uploaded = await asyncio.to_thread(
            cloudinary.uploader.upload, file, public_id="offers/lake", metadata=metadata, moderation="manual"
        )
        assert _slot(await render(client, flow), "hero") == before  # nobody has approved it yet
        await asyncio.to_thread(
            cloudinary.api.update, "offers/lake", moderation_status="approved", upload_prefix=settings.api_base_url
        )
        document = await render(client, flow)
        pin = next(pin for pin in document.manifest.pins.assets if pin.slot == "hero")
        assert (pin.ref, pin.version) == ("cloudinary:offers/lake", str(uploaded["version"]))
        assert (pin.asset_id, pin.etag) == (uploaded["asset_id"], uploaded["etag"])
    finally:
        cloudinary.reset_config()
        sandbox.cloudinary.reset()
        await client.invalidate(sources=["cloudinary"])


async def _pressrun(*line: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from pressrun_client.cli import main; main()", *line,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_gap_report(client: Client, tmp_path: Path) -> None:
    """`pressrun gaps` says for each language and product line which assets are there, stood in for, or missing."""
    await client.invalidate(sources=["core-dam"])  # what another test had withdrawn is back
    record = tmp_path / "record.json"
    record.write_text(json.dumps(FLOWS["dam-onboarding"].record))
    line = ["gaps", "gallery-core-dam@1", str(record), "--target", client.config.target, "--each", "product=home,boat"]
    line += ["--locale", "en-GB", "--locale", "fr-CA"]
    for name, value in (FLOWS["dam-onboarding"].attributes | {"group": "nobody"}).items():
        line += ["--attribute", f"{name}={value}"] if name != "product" else []
    code, output = await _pressrun(*line)
    assert code == 1
    rows = [row.split() for row in output.replace("(the document)", "whole").splitlines()]
    assert rows[0] == ["product", "slot", "en-GB", "fr-CA"]
    told = {(row[0], row[1]): row[2:] for row in rows[1:-1]}
    assert told["home", "whole"] == ["there", "fr-FR"]
    assert told["home", "logo"] == told["boat", "logo"] == ["there", "there"]
    assert told["home", "visual"] == told["boat", "visual"] == ["en", "fr"]
    assert told["home", "hero"] == ["there", "fails"]  # it may not be used in Canada
    assert told["boat", "hero"] == ["fails", "fails"]
    assert told["boat", "terms"] == told["home", "insert"] == ["nothing", "nothing"]
    gaps = sum(cell not in ("there", "-") for cells in told.values() for cell in cells)
    assert rows[-1] == [str(gaps), "gaps"]
    code, output = await _pressrun(*line, "--json")
    assert (code, json.loads(output)["gaps"]) == (1, gaps)
    code, output = await _pressrun(*line[:5], "--each", "product=", "--locale", "en")
    assert code == 2
    assert "product has no values" in output


@pytest.mark.timeout(180)
async def test_command(tmp_path: Path) -> None:
    """`pressrun gallery` leaves a document, its decisions and its page for each flow, and says that all are right."""
    chosen = ("dam-renewal", "iconik-mobile", "cloudinary-web", "dam-changed")
    line = [
        "gallery",
        "--out",
        str(tmp_path),
        "--width",
        "200",
        *(word for name in chosen for word in ("--only", name)),
    ]
    code, output = await _pressrun(*line)
    assert code == 0, output
    assert output.splitlines()[-1] == f"{len(chosen)} documents in {tmp_path}, 0 wrong"
    for name in chosen:
        flow = FLOWS[name]
        if flow.suffix == "pdf":
            assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        if flow.suffix != "html" or shutil.which("chromium"):
            assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        if flow.hosted and shutil.which("chromium"):
            with Image.open(tmp_path / f"{name}.png") as page:
                # The picture at the head of the page, which the browser had from the system.
                assert page.convert("RGB").getpixel((page.width // 2, page.height // 6)) != (255, 255, 255)
        assert "slot logo: rule 1" in (tmp_path / f"{name}.txt").read_text()
    assert "there is no such document" in CliRunner().invoke(main, ["gallery", "--only", "none"]).output


async def test_every_slot_is_checked() -> None:
    """Every flow names all slots of its template, so that no picture goes unchecked."""
    for flow in FLOWS.values():
        slots = set(yaml.safe_load(bundle(flow.template)["template.yaml"])["slots"])
        assert set(flow.expect) == slots
