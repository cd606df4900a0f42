"""What a printer wants, from a real node: bleed, marks, sides, codes, output intent, in documents and in runs."""

from __future__ import annotations

import hashlib
import io
import re
import struct
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pymupdf
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image

from pressrun_client import (
    Client,
    CodePlace,
    Imposition,
    InvalidRequestError,
    OutputChannel,
    PrintOptions,
    RenderRequest,
    RunData,
    RunEntry,
    RunOptions,
    VerifyResult,
)
from pressrun_loadtest.records import generate, generate_small
from pressrun_server.app.config import ConfigError, NodeConfig
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
MM = 72 / 25.4
A4 = (595.276, 841.89)
BACKED = {
    "template.yaml": b'name: backed\nversion: "1"\nschema: {type: object}\nlocales: [en-GB]\nhtml: t.html\n',
    "t.html": b"""<html><head><title>Backed</title><style>@page { size: A4; margin: 0 }
.edge { background: #004488; color: #ffffff; height: 60mm } .in { background: #cc0000; margin: 20mm; height: 30mm }
</style></head><body><div class="edge"><p>{{ name }}</p></div><div class="in"></div></body></html>""",
}


def profile(condition: str = "Test", space: bytes = b"CMYK", kind: bytes = b"prtr") -> bytes:
    """A CMYK profile of a printer: a table of two points an ink, which knows nothing of any real press."""
    lab = []
    for index in range(16):
        cyan, magenta, yellow, black = (index >> bit & 1 for bit in (3, 2, 1, 0))
        light = max(255 - 80 * (cyan + magenta + yellow) - 230 * black, 0)
        lab += [light, 128 + 50 * magenta - 40 * cyan, 128 + 60 * yellow - 40 * cyan]
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    curve = bytes(range(256))
    table = (
        b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + curve * 4 + bytes(max(min(v, 255), 0) for v in lab) + curve * 3
    )
    text = b"desc\0\0\0\0" + struct.pack(">I", len(condition) + 1) + condition.encode() + b"\0" + bytes(78)
    tags = [
        (b"desc", text),
        (b"cprt", b"text\0\0\0\0none\0"),
        (b"A2B0", table),
        (b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)),
    ]
    start = 128 + 4 + 12 * len(tags)
    directory, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        directory += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, kind, space, b"Lab ", b"acsp") + bytes(28)
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + directory + body


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def press(
    start_node: Any, tmp_path_factory: pytest.TempPathFactory, statement: Any, speak: Any
) -> AsyncIterator[Node]:
    """A node that knows a printing condition."""
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "TEST39.icc").write_bytes(profile())
    (folder / "readme.txt").write_text("no profile")
    async with start_node("press", output_profiles=str(folder)) as node:
        async with speak(node) as caller:
            await caller.publish(statement)
            await caller.publish(BACKED)
        yield node


def request(document: Callable[..., Any], **options: Any) -> RenderRequest:
    """The sample's record, for a printer."""
    return RenderRequest("statement@1", document().record_json, as_of=AS_OF, print_options=PrintOptions(**options))


def boxes(page: Any, name: str) -> list[float]:
    """A box of a page, rounded."""
    return [round(float(value), 1) for value in page.obj[name]]


def picture(data: bytes, page: int, dpi: int = 100) -> Image.Image:
    """A page as pixels."""
    with pymupdf.open(stream=data, filetype="pdf") as document:  # type: ignore[no-untyped-call]
        assert not document.is_repaired
        drawn = document[page].get_pixmap(dpi=dpi, alpha=False)
        return Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples)


async def test_bleed_and_marks(press: Node) -> None:
    """Areas that reach the edge go on to the end of the bleed, others do not; marks stand outside of it."""
    options = PrintOptions(bleed_mm=3, crop_marks=True, registration_marks=True)
    async with Client(press.address) as client:
        made = await client.render("backed@1", {"name": "Zoë"}, as_of=AS_OF, print_options=options)
        plain = await client.render("backed@1", {"name": "Zoë"}, as_of=AS_OF)
    with pikepdf.open(io.BytesIO(made.content)) as pdf:
        (page,) = pdf.pages
        media, trim, bleed = (boxes(page, name) for name in ("/MediaBox", "/TrimBox", "/BleedBox"))
        assert "/StructTreeRoot" not in pdf.Root
    margin = trim[0]
    assert [round(trim[2] - trim[0], 1), round(trim[3] - trim[1], 1)] == [round(side, 1) for side in A4]
    assert bleed == pytest.approx([margin - 3 * MM, margin - 3 * MM, trim[2] + 3 * MM, trim[3] + 3 * MM], abs=0.2)
    assert media == pytest.approx([0, 0, A4[0] + 2 * margin, A4[1] + 2 * margin], abs=0.2)
    shown = picture(made.content, 0, 72)
    blue, white, red = (0, 68, 136), (255, 255, 255), (204, 0, 0)
    inside = round(margin)
    assert shown.getpixel((inside - 7, inside + 40)) == blue  # left of the page, within the bleed
    assert shown.getpixel((inside + 300, inside - 7)) == blue
    assert shown.getpixel((inside - 12, inside + 40)) == white  # beyond the bleed
    assert shown.getpixel((inside + 300, inside - 12)) == white
    assert shown.getpixel((inside - 4, inside + 400)) == white  # what ends inside the page ends there
    assert shown.getpixel((inside + 100, inside + round(95 * MM))) == red
    # Crop marks are on the lines of the page's edges, outside of the bleed and inside of the sheet.
    strip = picture(made.content, 0, 300).convert("L")
    x, y = round(margin / 72 * 300), round((margin - 3 * MM - 4.5 * MM) / 72 * 300)
    assert min(strip.getpixel((x + offset, y)) for offset in range(-2, 3)) < 100
    assert min(strip.getpixel((x + offset, y)) for offset in range(20, 60)) == 255
    page = picture(made.content, 0, 72).crop((inside, inside, inside + 595, inside + 841))
    alone = picture(plain.content, 0, 72).crop((0, 0, 595, 841))
    assert abs(page.resize((40, 56)).getpixel((20, 8))[0] - alone.resize((40, 56)).getpixel((20, 8))[0]) < 4  # type: ignore[index, operator]


async def test_codes_of_each_sheet(press: Node, document: Callable[..., Any]) -> None:
    """Each front says document, sheet, sheets and the end; OMR bars say the same; backs have none; odd ends are padded."""
    long = next(iter(generate(5, 1, 190)))
    options = PrintOptions(duplex=True, omr=CodePlace(), data_matrix=CodePlace(8, 30), first_number=41)
    requests = [
        RenderRequest("statement@1", document().record_json, request_id="short", as_of=AS_OF),
        RenderRequest("backed@1", {"name": "one page"}, request_id="one", as_of=AS_OF),
        RenderRequest(
            "statement@1",
            long["record"],
            request_id="long",
            as_of=AS_OF,
            locale=long["locale"],
            attributes=long["attributes"],
        ),
    ]
    async with Client(press.address) as client:
        data, entries = await run(client, requests, print_options=options)
        alone = [await client.render_request(each) for each in requests]
    assert [entry.pages % 2 for entry in entries] == [0, 0, 0]
    assert [entry.pages - single.pages for entry, single in zip(entries, alone, strict=True)] == [
        single.pages % 2 for single in alone
    ]
    for number, entry in enumerate(entries, 41):
        sheets = entry.pages // 2
        for side in range(entry.pages):
            if 3 < side < entry.pages - 2:
                continue
            shown = picture(data, entry.first_page - 1 + side, 150)
            mine = [code.text for code in zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormat.DataMatrix)]
            sheet = side // 2 + 1
            assert mine == ([f"{number:08d}{sheet:04d}{sheets:04d}{int(sheet == sheets)}"] if side % 2 == 0 else [])
            bars = omr(shown, 150)
            if side % 2:
                assert bars == ""
                continue
            assert bars[:2] == "11"
            assert bars[2] == str(int(sheet == sheets))
            assert bars[3:6] == "".join(str(sheet >> bit & 1) for bit in range(3))
            assert bars.count("1") % 2 == 0
    assert entries[2].pages > 4


async def run(client: Client, requests: list[RenderRequest], **options: Any) -> tuple[bytes, list[Any]]:
    """The only file of a run, and its entries."""
    data, entries = b"", []
    async with client.render_run("press", requests, options=RunOptions(as_of=AS_OF, **options)) as running:
        async for part in running:
            if isinstance(part, RunData):
                data += part.data
            elif isinstance(part, RunEntry):
                assert part.error is None
                entries.append(part)
    return data, entries


def omr(shown: Image.Image, dpi: int) -> str:
    """The bars at their usual place, 1 where there is one; nothing where there are none."""
    gray = shown.convert("L")
    x = round((5 + 3.5) / 25.4 * dpi)
    found = ""
    for index in range(7):
        y = (100 / 25.4 + index / 6 + 0.5 / 72) * dpi
        found += str(int(min(gray.getpixel((x, round(y) + offset)) for offset in (-1, 0, 1)) < 128))
    return found if "1" in found else ""


async def test_a_code_on_a_dark_area(press: Node) -> None:
    """A code is read wherever it stands: it brings the blank paper around it along."""
    options = PrintOptions(bleed_mm=3, data_matrix=CodePlace(60, 20))
    async with Client(press.address) as client:
        made = await client.render("backed@1", {"name": "Zoë"}, as_of=AS_OF, print_options=options)
    (code,) = zxingcpp.read_barcodes(picture(made.content, 0, 200), formats=zxingcpp.BarcodeFormat.DataMatrix)
    assert code.text == "00000001000100011"


async def test_pages_on_sides(press: Node) -> None:
    """2-up, 4-up and booklets have all pages, each once, scaled and in the order of their kind."""
    long = next(iter(generate(6, 1, 150)))
    wanted = RenderRequest(
        "statement@1", long["record"], as_of=AS_OF, locale=long["locale"], attributes=long["attributes"]
    )
    async with Client(press.address) as client:
        alone = await client.render_request(wanted)
        made = {}
        for imposition in (Imposition.TWO_UP, Imposition.FOUR_UP, Imposition.BOOKLET):
            options = PrintOptions(imposition=imposition)
            made[imposition] = await client.render(
                "statement@1", long["record"], as_of=AS_OF, locale=long["locale"], attributes=long["attributes"],
                print_options=options,
            )  # fmt: skip
    count = alone.pages
    assert count > 4
    with pymupdf.open(stream=alone.content, filetype="pdf") as pdf:  # type: ignore[no-untyped-call]
        texts = [" ".join(page.get_text().split()) for page in pdf]
    halves = {Imposition.TWO_UP: 2, Imposition.FOUR_UP: 4, Imposition.BOOKLET: 2}
    for imposition, cells in halves.items():
        found = []
        with pymupdf.open(stream=made[imposition].content, filetype="pdf") as pdf:  # type: ignore[no-untyped-call]
            for page in pdf:
                width, height = page.rect.width, page.rect.height
                assert (width > height) == (cells == 2)
                for cell in range(cells):
                    across, down = cell % 2, cell // 2
                    rows = 2 if cells == 4 else 1
                    clip = pymupdf.Rect(
                        across * width / 2, down * height / rows, (across + 1) * width / 2, (down + 1) * height / rows
                    )  # type: ignore[no-untyped-call]
                    found.append(" ".join(page.get_text(clip=clip).split()))
        order = list(range(count))
        if imposition is Imposition.BOOKLET:
            padded = -(-count // 4) * 4
            order = []
            for sheet in range(padded // 4):
                order += [padded - 1 - 2 * sheet, 2 * sheet, 2 * sheet + 1, padded - 2 - 2 * sheet]
        expected = [texts[index] if index < count else "" for index in order]
        assert found[: len(expected)] == expected
        assert not any(found[len(expected) :])


async def test_output_intent_and_pdf_x(press: Node, document: Callable[..., Any]) -> None:
    """The structure that PDF/X-4 asks for is there: intent with its profile, boxes, colours, metadata that agree."""
    async with Client(press.address) as client:
        made = await client.render_request(request(document, output_condition="TEST39", pdf_x4=True, bleed_mm=3))
        again = await client.verify(made, document().record_json, document=made.content)
        plain = await client.render_request(RenderRequest("statement@1", document().record_json, as_of=AS_OF))
    assert again.result is VerifyResult.SAME_BYTES
    used = made.manifest.output_profile
    assert used is not None
    assert (used.size, used.sha256) == (len(profile()), hashlib.sha256(profile()).hexdigest())
    with pikepdf.open(io.BytesIO(made.content)) as pdf:
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFX"
        assert str(intent.OutputConditionIdentifier) == "TEST39"
        assert intent.DestOutputProfile.N == 4
        assert bytes(intent.DestOutputProfile.read_bytes()) == profile()
        packet = pdf.Root.Metadata.read_bytes().decode()
        assert "<pdfxid:GTS_PDFXVersion>PDF/X-4</pdfxid:GTS_PDFXVersion>" in packet
        assert "<pdf:Trapped>False</pdf:Trapped>" in packet
        assert pdf.docinfo.Trapped == "/False"
        assert str(pdf.docinfo.Title) in packet
        assert re.search(r"<xmp:CreateDate>2026-10-01T00:00:00Z</xmp:CreateDate>", packet)
        assert str(pdf.docinfo.CreationDate) == "D:20261001000000Z"
        assert len(pdf.trailer.ID) == 2
        assert "/Encrypt" not in pdf.trailer
        for page in pdf.pages:
            trim, bleed, media = (boxes(page, name) for name in ("/TrimBox", "/BleedBox", "/MediaBox"))
            assert media[0] <= bleed[0] <= trim[0] < trim[2] <= bleed[2] <= media[2]
            assert "/ArtBox" not in page.obj
            assert page.obj.Resources.ColorSpace.DefaultRGB[0] == "/ICCBased"
            assert "/Annots" not in page.obj
        for item in pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor":
                assert "/FontFile2" in item
    with pymupdf.open(stream=made.content) as one, pymupdf.open(stream=plain.content) as other:  # type: ignore[no-untyped-call]
        assert [page.get_text() for page in one] == [page.get_text() for page in other]


async def test_what_is_wrong_is_said(press: Node, node: Node, document: Callable[..., Any], tmp_path: Path) -> None:
    """Options that can't be, or not together, are violations of their fields; bad profiles stop the node at its start."""
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"bleed_mm": 26}, "bleed_mm", "0 to 25 mm"),
        ({"bleed_mm": float("nan")}, "bleed_mm", "0 to 25 mm"),
        ({"imposition": Imposition.TWO_UP, "crop_marks": True}, "imposition", "leave bleed and marks out"),
        ({"omr": CodePlace(-1, 5)}, "omr", "upper left corner"),
        ({"omr": CodePlace(400, 400)}, "omr", "x_mm is at most 202, y_mm at most 271"),
        ({"data_matrix": CodePlace(205, 30)}, "data_matrix", "on the sheet whole"),
        ({"output_condition": "FOGRA39"}, "output_condition", "it has TEST39"),
        ({"pdf_x4": True}, "pdf_x4", "set output_condition"),
        ({"first_number": -1}, "first_number", "1 or more"),
        ({"first_number": 41}, "first_number", "set omr or data_matrix"),
    ]
    async with Client(press.address) as client:
        for options, field, said in wrong:
            with pytest.raises(InvalidRequestError) as error:
                await client.render_request(request(document, **options))
            (violation,) = error.value.violations
            assert violation.field == f"print.{field}"
            assert said in violation.description
        with pytest.raises(InvalidRequestError) as error:
            await client.render(
                "statement@1", document().record_json, output_channel=OutputChannel.WEB, print_options=PrintOptions()
            )
        assert [violation.field for violation in error.value.violations] == ["print"]
    async with Client(node.address) as client:
        with pytest.raises(InvalidRequestError, match=r"PRESSRUN_OUTPUT_PROFILES|not valid"):
            await client.render_request(request(document, output_condition="TEST39"))
    shown = press.config.redacted()["pipeline.profiles"]
    assert shown == "TEST39"
    for name, data in {"text.icc": b"nothing", "rgb.icc": profile(space=b"RGB ", kind=b"mntr")}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(data)
        with pytest.raises(ConfigError, match="PRESSRUN_OUTPUT_PROFILES"):
            NodeConfig.from_env({"PRESSRUN_DATA_DIR": str(tmp_path), "PRESSRUN_OUTPUT_PROFILES": str(folder)})


async def test_small_runs_for_inserting_machines(press: Node) -> None:
    """Many customers' documents with codes: each sheet says whose it is, and nobody's text is on another's sheet."""
    items = list(generate_small(21, 12))
    requests = [
        RenderRequest(
            "statement@1",
            item["record"],
            request_id=item["request_id"],
            locale=item["locale"],
            attributes=item["attributes"],
            as_of=AS_OF,
        )
        for item in items
    ]
    async with Client(press.address) as client:
        data, entries = await run(client, requests, print_options=PrintOptions(data_matrix=CodePlace()))
    with pymupdf.open(stream=data, filetype="pdf") as pdf:  # type: ignore[no-untyped-call]
        for number, (entry, item) in enumerate(zip(entries, items, strict=True), 1):
            assert entry.pages == 2
            for sheet in (1, 2):
                shown = picture(data, entry.first_page - 2 + sheet, 150)
                (code,) = zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormat.DataMatrix)
                assert code.text == f"{number:08d}{sheet:04d}0002{int(sheet == 2)}"
            text = pdf[entry.first_page - 1].get_text()
            assert item["record"]["customer"]["number"] in text
            assert not any(other["record"]["customer"]["number"] in text for other in items if other is not item)
