"""Pictures of pages from a real node: of print and for telephones, one or many, drawn by its preparers."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pymupdf
import pytest
from PIL import Image, ImageChops

from pressrun.v1 import document_pb2
from pressrun_client import (
    Client,
    ImageOptions,
    InvalidRequestError,
    LimitExceededError,
    OutputChannel,
    OutputFormat,
    RenderRequest,
    UnsupportedError,
    VerifyResult,
)
from pressrun_server.app.node import Node
from pressrun_server.model.pictures import PictureSpec
from pressrun_server.prepare.errors import PreparerCrashedError
from pressrun_server.prepare.tasks import TaskName
from pressrun_server.render.config import PictureConfig
from pressrun_server.render.pictures import Pictures

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
KINDS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
A4 = 297 / 210


def asked(document: Callable[..., Any], form: str = "png", /, **image: Any) -> RenderRequest:
    """The sample's record as pictures."""
    return RenderRequest(
        "statement@1",
        document().record_json,
        output_format=OutputFormat(form),
        as_of=AS_OF,
        image=ImageOptions(**image) if image else None,
    )


def opened(data: bytes) -> Image.Image:
    """A picture, read to its end."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("form", KINDS)
async def test_a_page_is_what_print_shows(node: Node, caller: Any, document: Callable[..., Any], form: str) -> None:
    """A picture has the width and density asked for, and shows the page of the PDF of the same record."""
    del caller
    async with Client(node.address) as client:
        paper = await client.render_request(replace(asked(document), output_format=OutputFormat.PDF, image=None))
        made = await client.render_request(asked(document, form, width=360, density=2, first_page=2, quality=95))
    assert made.media_type == f"image/{form}"
    picture = opened(made.content)
    assert (picture.format, picture.mode, picture.size) == (KINDS[form], "RGB", (720, round(720 * A4)))
    with pymupdf.open(stream=paper.content) as pdf:  # type: ignore[no-untyped-call]
        page = pdf[1]
        scale = pymupdf.Matrix(720 / page.rect.width, round(720 * A4) / page.rect.height)  # type: ignore[no-untyped-call]
        drawn = page.get_pixmap(matrix=scale, alpha=False)
        paged = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples)
    difference = ImageChops.difference(picture, paged).convert("L")
    histogram = difference.histogram()
    apart = sum(count * level for level, count in enumerate(histogram)) / (picture.width * picture.height)
    assert apart == 0 if form == "png" else apart < 2.0
    manifest = made.manifest
    assert (manifest.pages, manifest.output_format.value) == (1, form)
    assert manifest.document.sha256 == hashlib.sha256(made.content).hexdigest()
    assert manifest.image == ImageOptions(first_page=2, width=360, density=2, quality=95)
    assert made.timings.raster > 0
    assert made.pictures() == {2: made.content}
    with pytest.raises(ValueError, match="application/pdf"):
        paper.pictures()


async def test_all_pages_come_in_a_zip_file(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A range is a ZIP file with a picture a page, by any unzipper's reading; it is the same file each time."""
    del caller
    async with Client(node.address) as client:
        made = await client.render_request(asked(document, dpi=50, first_page=1, last_page=-1))
        again = await client.render_request(asked(document, dpi=50, first_page=1, last_page=2))
        single = await client.render_request(asked(document, dpi=50, first_page=2))
    assert made.media_type == "application/zip"
    assert made.content == again.content
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["page-0001.png", "page-0002.png"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    pictures = made.pictures()
    assert list(pictures) == [1, 2]
    assert pictures[2] == single.content
    assert made.pages == 2
    assert [opened(data).size for data in pictures.values()] == [(round(8.2677 * 50), round(11.6929 * 50))] * 2


async def test_for_telephones(node: Node, caller: Any, document: Callable[..., Any], statement: Any) -> None:
    """The output channel mobile has pictures of the same pages, where the template offers it."""
    yaml = statement["template.yaml"].decode()
    without = re.sub(r"(?ms)^summary:.*?^strings:", "strings:", yaml).replace(", mobile]", "]")
    without = without.replace("name: statement", "name: paper")
    html = statement["statement.html"].replace(b' mobile"', b'"')
    await caller.publish({**statement, "template.yaml": without.encode(), "statement.html": html})
    async with Client(node.address) as client:
        wanted = asked(document, "webp", width=120, density=3)
        printed = await client.render_request(wanted)
        pocket = await client.render_request(replace(wanted, output_channel=OutputChannel.MOBILE))
        with pytest.raises(InvalidRequestError, match="mobile"):
            await client.render_request(replace(wanted, template="paper@1", output_channel=OutputChannel.MOBILE))
    assert pocket.content == printed.content
    assert opened(pocket.content).width == 360
    assert pocket.manifest.output_channel is OutputChannel.MOBILE


async def test_a_picture_is_made_again(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Its pins give the same picture; Verify says so, and says when its bytes were changed."""
    del caller
    record = document().record_json
    async with Client(node.address) as client:
        made = await client.render_request(asked(document, "jpeg", width=200, quality=60))
        again = await client.render_request(
            replace(asked(document, "jpeg", width=200, quality=60), pins=made.manifest.pins)
        )
        assert again.content == made.content
        found = await client.verify(made, record, document=made.content)
        assert found.result is VerifyResult.SAME_BYTES
        changed = await client.verify(made, record, document=made.content[:-9] + b"123456789")
        assert changed.altered
        assert changed.difference is not None
        assert changed.difference.offset == len(made.content) - 9


async def test_what_is_wrong_is_said(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Sizes and pages out of bounds are violations of their fields, with what would be valid."""
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "width": ({"width": 4097}, "must be 16 to 4096 CSS pixels"),
        "density": ({"density": 9.0}, "must be 0.5 to 4"),
        "dpi": ({"dpi": 1200}, "must be 10 to 600 dpi"),
        "quality": ({"quality": 101}, "must be 1 to 100"),
        "first_page": ({"first_page": -2}, "pages count from 1"),
        "last_page": ({"first_page": 3, "last_page": 2}, "must be 3 or more"),
    }
    async with Client(node.address) as client:
        for field, (image, said) in wrong.items():
            with pytest.raises(InvalidRequestError) as error:
                await client.render_request(asked(document, **image))
            (violation,) = error.value.violations
            assert violation.field == f"image.{field}"
            assert said in violation.description
        with pytest.raises(InvalidRequestError) as error:
            await client.render_request(asked(document, width=100, dpi=100))
        assert [violation.field for violation in error.value.violations] == ["image.dpi"]
        for image in ({"first_page": 3}, {"last_page": 3}):
            with pytest.raises(InvalidRequestError, match="the document has 2 pages"):
                await client.render_request(asked(document, **image))
        with pytest.raises(LimitExceededError, match="pixels"):
            await client.render_request(asked(document, width=4096, density=4))
        with pytest.raises(InvalidRequestError) as error:
            await client.render_request(replace(asked(document), output_format=OutputFormat.PDF, image=ImageOptions()))
        assert error.value.violations[0].field == "image"
        with pytest.raises(UnsupportedError, match="web"):
            await client.render_request(replace(asked(document), output_channel=OutputChannel.WEB))
    answers = await caller.documents(document("a", output_format=document_pb2.OUTPUT_FORMAT_PNG), document("b"))
    assert answers["a"].data.startswith(b"\x89PNG")
    assert answers["b"].data.startswith(b"%PDF-")


async def test_one_that_is_given_up(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Pictures that nobody wants any more leave the line; others go on, and no slot of the node is lost."""
    del caller
    async with Client(node.address) as client:
        many = [
            asyncio.create_task(client.render_request(asked(document, dpi=200, last_page=-1, first_page=1)))
            for _ in range(8)
        ]
        await asyncio.sleep(0.15)
        for task in many:
            task.cancel()
        assert set(map(type, await asyncio.gather(*many, return_exceptions=True))) == {asyncio.CancelledError}
        async with asyncio.timeout(10):
            made = await client.render_request(asked(document, width=64))
        assert opened(made.content).width == 64
        pipeline: Any = node._pipeline
        async with asyncio.timeout(5):
            while pipeline._admission.active:
                await asyncio.sleep(0.01)


class _Dying:
    """Preparers of which the first one dies over each task, or all."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths
        self.tasks = 0

    async def run(self, task: TaskName, payload: bytes, *, timeout: float) -> bytes:  # noqa: ASYNC109 - the interface
        self.tasks += 1
        assert payload
        assert timeout > 0
        if self.tasks <= self.deaths:
            raise PreparerCrashedError(task, "signal 9")
        return msgspec.msgpack.encode([b"a picture"])


@pytest.mark.parametrize("deaths", [0, 1, 2])
async def test_a_preparer_that_dies_costs_no_picture(deaths: int) -> None:
    """Pages are drawn once more where the process that drew them was ended; what kills two is a failure."""
    preparers = _Dying(deaths)
    pictures = Pictures(preparers, PictureConfig())
    drawn = pictures.draw(b"%PDF", range(1), PictureSpec(), "png", AS_OF)
    if deaths < 2:
        assert [data async for data in drawn] == [b"a picture"]
    else:
        with pytest.raises(PreparerCrashedError, match="'pictures' died"):
            [data async for data in drawn]
    assert preparers.tasks == min(deaths + 1, 2)
