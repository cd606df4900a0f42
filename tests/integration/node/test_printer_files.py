"""PCL and PWG raster from a real node, read back by readers of our own and compared with what MuPDF shows of the PDF."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pymupdf
import pytest
from PIL import Image, ImageChops, ImageFilter

from pressrun.v1 import document_pb2
from pressrun_client import (
    Client,
    ImageOptions,
    InvalidRequestError,
    OutputChannel,
    OutputFormat,
    PrintOptions,
    RenderRequest,
    UnsupportedError,
    VerifyResult,
)
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
COMMAND = re.compile(rb"\x1b([&*])([a-z])((?:[-+]?\d+[a-z])*)([-+]?\d*)([A-Z])|\x1bE|\x0c")


def pwg_pages(data: bytes) -> list[Image.Image]:
    """The pages of a PWG raster file (PWG 5102.4, 4.3 and 4.4)."""
    assert data[:4] == b"RaS2"
    at, pages = 4, []
    while at < len(data):
        header = data[at : at + 1796]
        at += 1796
        width, height, _, _, bits, line = struct.unpack(">6I", header[372:396])
        rows = bytearray()
        while len(rows) < line * height:
            repeat, row = data[at] + 1, bytearray()
            at += 1
            while len(row) < line:
                count, unit = data[at], bits // 8
                at += 1
                if count < 128:
                    row += data[at : at + unit] * (count + 1)
                    at += unit
                else:
                    row += data[at : at + unit * (257 - count)]
                    at += unit * (257 - count)
            assert len(row) == line
            rows += row * repeat
        pages.append(Image.frombytes("RGB" if bits == 24 else "L", (width, height), bytes(rows[: line * height])))
    return pages


def pcl_pages(data: bytes) -> list[Image.Image]:
    """The pages of a PCL file with one picture each (PCL 5 reference, chapter 15)."""
    assert data.startswith(b"\x1bE")
    assert data.count(b"\x1bE", 1) == 0
    at, mode, seed, y = 0, 0, b"", 0
    pages, rows = [], {}
    while at < len(data):
        command = COMMAND.match(data, at)
        assert command is not None, data[at : at + 20]
        at = command.end()
        if command[0] == b"\x0c":
            width, height = max(map(len, rows.values())), max(rows) + 1
            pixels = b"".join(
                bytes(255 - byte for byte in rows.get(row, b"").ljust(width, b"\0")) for row in range(height)
            )
            pages.append(Image.frombytes("1", (width * 8, height), pixels))
            rows, seed, y = {}, b"", 0
        if not command[1]:
            continue
        parts = [*re.findall(rb"([-+]?\d+)([a-z])", command[3]), (command[4] or b"0", command[5].lower())]
        for value, letter in parts:
            name, number = command[1] + command[2] + letter, int(value)
            if name == b"*bm":
                mode = number
            elif name == b"*bw":
                seed = unpacked(mode, data[at : at + number], seed)
                at += number
                rows[y] = seed
                y += 1
            elif name in {b"*by", b"*py"}:
                y += number
    return pages


def unpacked(mode: int, data: bytes, seed: bytes) -> bytes:
    """A row by its compression: none, PackBits, or the difference to the row before."""
    if mode == 0:
        return data
    out, at, place = bytearray() if mode == 2 else bytearray(seed), 0, 0
    while at < len(data):
        count = data[at]
        at += 1
        if mode == 2 and count < 128:
            out += data[at : at + count + 1]
            at += count + 1
        elif mode == 2 and count > 128:
            out += data[at : at + 1] * (257 - count)
            at += 1
        elif mode == 3:
            length, offset = (count >> 5) + 1, count & 31
            while offset >= 31 and (offset - 31) % 255 == 0:
                offset += data[at]
                at += 1
                if data[at - 1] != 255:
                    break
            place += offset
            out[place : place + length] = data[at : at + length]
            at, place = at + length, place + length
    return bytes(out)


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one page, 0 to 255, seen from some distance."""
    size = (210, 297)
    shown = [
        each.convert("L").filter(ImageFilter.BoxBlur(3)).resize(size, Image.Resampling.BOX) for each in (one, other)
    ]
    histogram = ImageChops.difference(*shown).histogram()
    return sum(count * level for level, count in enumerate(histogram)) / (size[0] * size[1])


def wanted(document: Callable[..., Any], form: OutputFormat, **image: Any) -> RenderRequest:
    """The sample's record for a printer."""
    options = ImageOptions(**image) if image else None
    return RenderRequest("statement@1", document().record_json, as_of=AS_OF, output_format=form, image=options)


@pytest.mark.parametrize(("form", "gray"), [("pwg", False), ("pwg", True), ("pcl", False)])
async def test_pages_for_printers(node: Node, caller: Any, document: Callable[..., Any], form: str, gray: bool) -> None:  # noqa: FBT001
    """All pages are there, in their resolution and colours, and show what the PDF shows; the same bytes each time."""
    del caller
    image = {"dpi": 150, **({"gray": True} if gray else {})}
    async with Client(node.address) as client:
        paper = await client.render_request(wanted(document, OutputFormat.PDF))
        made = await client.render_request(wanted(document, OutputFormat(form), **image))
        again = await client.verify(made, document().record_json)
    assert again.result is VerifyResult.SAME_BYTES
    assert made.media_type == {"pwg": "image/pwg-raster", "pcl": "application/vnd.hp-PCL"}[form]
    assert (made.pages, made.manifest.output_format.value) == (2, form)
    pages = pwg_pages(made.content) if form == "pwg" else pcl_pages(made.content)
    assert [page.mode for page in pages] == [("1" if form == "pcl" else "L" if gray else "RGB")] * 2
    with pymupdf.open(stream=paper.content, filetype="pdf") as pdf:  # type: ignore[no-untyped-call]
        for page, sheet in zip(pages, pdf, strict=True):
            drawn = sheet.get_pixmap(dpi=150, alpha=False)
            shown = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples)
            assert abs(page.width - shown.width) <= 8
            assert page.height <= shown.height + 1
            whole = Image.new("L", shown.size, 255)
            whole.paste(page.convert("L"), (0, 0))
            assert apart(whole, shown) < (1.0 if form == "pwg" else 6.0)
            assert apart(whole.rotate(180), shown) > 10


async def test_some_pages_and_sheets(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A range has its pages; what a printer wants of sheets is in its language, too."""
    del caller
    async with Client(node.address) as client:
        one = await client.render_request(
            wanted(document, OutputFormat.PWG, dpi=150, first_page=2, last_page=2, gray=True)
        )
        both = await client.render_request(wanted(document, OutputFormat.PWG, dpi=150, gray=True))
        sheet = await client.render_request(
            replace(
                wanted(document, OutputFormat.PCL, dpi=75),
                print_options=PrintOptions(imposition="2-up"),  # type: ignore[arg-type]
            )
        )
    first, second = pwg_pages(both.content)
    assert pwg_pages(one.content)[0].tobytes() == second.tobytes() != first.tobytes()
    (side,) = pcl_pages(sheet.content)
    assert side.width > side.height


async def test_what_is_not_made(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """AFP and PostScript are refused with what to do instead; fields of pictures mean nothing here."""
    answers = await caller.documents(
        document("afp", output_format=document_pb2.OUTPUT_FORMAT_AFP),
        document("ps", output_format=document_pb2.OUTPUT_FORMAT_POSTSCRIPT),
    )
    assert answers["afp"].failure.code == answers["ps"].failure.code == 12
    assert "AFP is not made" in answers["afp"].failure.message
    assert "ask for PDF" in answers["afp"].failure.message
    assert "ask for PDF" in answers["ps"].failure.message
    async with Client(node.address) as client:
        for form in (OutputFormat.AFP, OutputFormat.POSTSCRIPT):
            with pytest.raises(UnsupportedError, match="ask for PDF"):
                await client.render_request(wanted(document, form))
    wrong = {"dpi": {"dpi": 123}, "width": {"width": 100}, "quality": {"quality": 5}}
    async with Client(node.address) as client:
        for field, image in wrong.items():
            with pytest.raises(InvalidRequestError) as error:
                await client.render_request(wanted(document, OutputFormat.PCL, **image))
            assert [violation.field for violation in error.value.violations] == [f"image.{field}"]
        with pytest.raises(Exception, match="mobile"):
            await client.render_request(
                replace(wanted(document, OutputFormat.PCL), output_channel=OutputChannel.MOBILE)
            )
