"""Renditions that a source does not make are made by the node, at the size at which the template places them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from tests.integration.node.test_press import profile
from tests.unit.prepare.pictures import jpeg, rgb

from pressrun_client import Client
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)
TEMPLATE = """
name: renditions
version: "{version}"
html: r.html
schema: {{type: object}}
slots:
  photo: {{rules: [{{use: "library:photo.jpg"}}], renditions: {{print: {rendition}}}}}
"""
RENDITIONS = {
    "1": "{}",
    "2": "{dpi: 300}",
    "3": "{dpi: 300, color_space: cmyk}",
    "4": "{width: 5000}",
    "5": "{dpi: 600}",
}
HTML = b'<p>Photo</p><img src="asset:photo" alt="photo" style="width: 1in">'


async def test_at_the_placed_size(node: Node, library: Path) -> None:
    """A photo of 2,400 pixels placed at one inch leaves with 300, unless the template says otherwise."""
    photo = jpeg(rgb(2400, 1200), quality=95)
    (library / "photo.jpg").write_bytes(photo)
    (library / "photo.jpg.yaml").write_text("approval: approved")
    found = {}
    async with Client(node.address) as client:
        for version, rendition in RENDITIONS.items():
            manifest = TEMPLATE.format(version=version, rendition=rendition)
            await client.publish({"template.yaml": manifest.encode(), "r.html": HTML})
            document = await client.render(f"renditions@{version}", {}, as_of=AS_OF)
            (pin,) = document.manifest.pins.assets
            assert pin.digest.size == len(photo)  # what the source gave, whatever was made of it
            again = await client.render(f"renditions@{version}", {}, as_of=AS_OF, pins=document.manifest.pins)
            with pikepdf.open(io.BytesIO(document.content)) as pdf, pikepdf.open(io.BytesIO(again.content)) as same:
                found[version] = _image(pdf)
                # PDF/A-2 allows no CMYK beside sRGB alone, and nothing is claimed that is not so.
                inks = found[version][2] == "/DeviceCMYK"
                assert (b"pdfaid:part>2" in pdf.Root.Metadata.read_bytes()) != inks
                assert b"pdfuaid:part>1" in pdf.Root.Metadata.read_bytes()
                assert [warning.code for warning in document.warnings if warning.code == "NOT_ARCHIVAL"] == (
                    ["NOT_ARCHIVAL"] if inks else []
                )
                assert _image(same) == found[version]
    assert found == {
        "1": (300, 150, "/DeviceRGB"),
        "2": (300, 150, "/DeviceRGB"),
        "3": (300, 150, "/DeviceCMYK"),
        "4": (2400, 1200, "/DeviceRGB"),
        "5": (600, 300, "/DeviceRGB"),
    }


async def test_inks_with_a_profile_are_archival(node: Node, library: Path) -> None:
    """A CMYK picture whose profile says what its inks mean leaves PDF/A-2 as it is, and is warned of by nobody."""
    photo = jpeg(Image.new("CMYK", (200, 100), (90, 20, 0, 10)), icc_profile=profile())
    (library / "inks.jpg").write_bytes(photo)
    (library / "inks.jpg.yaml").write_text("approval: approved")
    template = TEMPLATE.format(version="inks", rendition="{}").replace("photo.jpg", "inks.jpg")
    async with Client(node.address) as client:
        await client.publish({"template.yaml": template.encode(), "r.html": HTML})
        document = await client.render("renditions@inks", {}, as_of=AS_OF)
    assert "NOT_ARCHIVAL" not in [warning.code for warning in document.warnings]
    with pikepdf.open(io.BytesIO(document.content)) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        assert (image.ColorSpace[0], image.ColorSpace[1].N) == ("/ICCBased", 4)
        assert b"pdfaid:part>2" in pdf.Root.Metadata.read_bytes()


def _image(pdf: pikepdf.Pdf) -> tuple[int, int, str]:
    (image,) = pdf.pages[0].get_images().values()
    return int(image.Width), int(image.Height), str(image.ColorSpace)
