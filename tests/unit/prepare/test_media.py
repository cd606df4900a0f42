from __future__ import annotations

import io
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.unit.prepare.pictures import KINDS, a_pdf, raw_png, rgb

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.media import MAX_PIXELS, inspect_image, recognise


def saved(form: str) -> bytes:
    """The picture in a format."""
    buffer = io.BytesIO()
    rgb().save(buffer, form)
    return buffer.getvalue()


CASES = {
    "image/gif": saved("GIF"),
    "image/webp": saved("WEBP"),
    "image/tiff": saved("TIFF"),
    "image/bmp": saved("BMP"),
    "application/pdf": a_pdf({1: b"<</Type/Catalog>>"}),
    "image/svg+xml": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "text/html": b"  <!DOCTYPE HTML><html></html>",
    "application/xml": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "application/json": b'{"error": "not found"}',
    "text/plain": "no such asset: Stra\u00dfe".encode(),
    "application/zip": b"PK\x03\x04" + bytes(40),
    "application/octet-stream": bytes(range(256)),
    "application/x-empty": b"",
}


@pytest.mark.parametrize("media_type", [name for name in CASES if name not in {"image/svg+xml", "application/pdf"}])
def test_recognises_and_refuses_what_is_no_png_or_jpeg(media_type: str) -> None:
    """Each format is called by its name, and the message says what would be valid."""
    kind = recognise(CASES[media_type])
    assert kind.media_type == media_type
    with pytest.raises(PressrunError, match="give a PNG, a JPEG, an SVG or a PDF") as caught:
        inspect_image(CASES[media_type])
    assert caught.value.reason is Reason.ASSET_INVALID
    assert kind.words in caught.value.message
    assert ("not an image" in caught.value.message) != media_type.startswith("image/")


@pytest.mark.parametrize("kind", KINDS)
def test_reads_headers_as_pillow_does(kind: str) -> None:
    """Size and colours of every kind of file agree with Pillow's."""
    header = inspect_image(KINDS[kind])
    with Image.open(io.BytesIO(KINDS[kind])) as image:
        assert (header.width, header.height) == image.size
        wanted = {"1": "gray", "L": "gray", "LA": "gray", "CMYK": "cmyk"}.get(image.mode, "srgb")
        assert header.color_space == wanted
        assert header.media_type == Image.MIME[image.format or ""]


def test_pixel_budget() -> None:
    """The largest size passes, one column more does not."""
    side = 8192
    assert side * side == MAX_PIXELS
    assert inspect_image(raw_png(side, side, 8, 2, b"")).width == side
    with pytest.raises(PressrunError, match="8193 x 8192 pixels") as caught:
        inspect_image(raw_png(side + 1, side, 8, 2, b""))
    assert caught.value.reason is Reason.ASSET_TOO_LARGE


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_no_pixels(size: tuple[int, int]) -> None:
    """An image without pixels has a damaged header."""
    with pytest.raises(PressrunError, match="header is damaged"):
        inspect_image(raw_png(*size, 8, 2, b""))


def test_hostile_segments_take_no_time() -> None:
    """Millions of tiny JPEG segments are given up, not walked."""
    data = b"\xff\xd8" + b"\xff\xe0\x00\x02" * 4_000_000
    start = time.perf_counter()
    with pytest.raises(PressrunError, match="header is damaged"):
        inspect_image(data)
    assert time.perf_counter() - start < 0.5


def test_a_jpeg_segment_of_no_length_ends() -> None:
    """A segment whose length is less than its own field does not make the walk stand still."""
    with pytest.raises(PressrunError, match="header is damaged"):
        inspect_image(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 100)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<", b"RIFF"]))
def test_any_bytes(data: bytes, head: bytes) -> None:
    """Whatever the bytes are, they are called something, and inspecting them gives a header or a reason."""
    content = head + data
    assert recognise(content).words
    reason, header = None, None
    try:
        header = inspect_image(content)
    except PressrunError as error:
        reason = error.reason
    if header is None:
        assert reason in {Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE}
    else:
        assert 0 < header.width * header.height <= MAX_PIXELS


def test_a_png_with_a_foreign_first_chunk() -> None:
    """A PNG must start with its header."""
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBB", 13, b"IDAT", 5, 5, 8, 2)
    with pytest.raises(PressrunError, match="a PNG image, but its header is damaged"):
        inspect_image(data)


def test_decodes_nothing() -> None:
    """The front may use it: importing it loads neither Pillow nor PyMuPDF."""
    heavy = ("PIL", "pymupdf", "deflate")
    code = f"import sys, pressrun_server.prepare.media; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
