from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from typing import cast

import msgspec
import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from tests.unit.prepare.pictures import KINDS, SRGB, gray, jpeg, placed, png, raw_png, rgb, rgba, shown

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.prepare.image import image_task, prepare_image
from pressrun_server.prepare.media import MAX_BYTES
from pressrun_server.prepare.raster import check_pdf, rasterise


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, 0 to 255."""
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def text_of(prepared: PreparedImage, index: int = 0) -> bytes:
    """The dictionary of an object, each reference as `R`."""
    return b"".join(b"R" if isinstance(part, int) else part for part in prepared.objects[index].parts)


@pytest.mark.parametrize("kind", KINDS)
def test_looks_the_same_in_a_document(kind: str) -> None:
    """Each kind of file, placed in a PDF, looks in two engines of other makers as Pillow shows it."""
    data = KINDS[kind]
    pdf = placed(prepare_image(data))
    assert check_pdf(pdf)["warnings"] == []
    assert not check_pdf(pdf)["is_repaired"]
    with pypdfium2.PdfDocument(pdf) as document:
        pdfium = document[0].render(scale=1).to_pil()
    mupdf = Image.open(io.BytesIO(rasterise(pdf, dpi=72)[0]))
    # CMYK has no one true look without a profile; an inverted or shifted one would be off by more than 60.
    # JPEG decoders differ in how they smooth colours.
    tolerance = 30.0 if "cmyk" in kind else 4.0 if "jpeg" in kind else 1.5
    assert difference(mupdf, shown(data)) < tolerance
    assert difference(pdfium, shown(data)) < tolerance


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("png")])
def test_png_pixels_are_exact(kind: str) -> None:
    """What PNG holds is in the PDF pixel for pixel, colours and transparency apart."""
    with (
        Image.open(io.BytesIO(KINDS[kind])) as original,
        pikepdf.open(io.BytesIO(placed(prepare_image(KINDS[kind])))) as pdf,
    ):
        image = pikepdf.PdfImage(cast("pikepdf.Stream", pdf.pages[0].resources.XObject.I))
        wanted = original.convert("RGBA")
        assert image.as_pil_image().convert("RGB").tobytes() == wanted.convert("RGB").tobytes()
        alpha = wanted.getchannel("A")
        if "/SMask" in image.obj:
            mask = pikepdf.PdfImage(cast("pikepdf.Stream", image.obj.SMask)).as_pil_image().convert("L")
            assert mask.tobytes() == alpha.tobytes()
        else:
            assert alpha.getextrema() == (255, 255)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_bytes_give_equal_objects(kind: str) -> None:
    """Preparing is a function of the bytes; nothing of MuPDF's document or profiles gets in."""
    first = prepare_image(KINDS[kind])
    assert image_task(KINDS[kind]) == msgspec.msgpack.encode(first)
    assert all(len(item.stream or b"") < len(KINDS[kind]) * 3 + 4000 for item in first.objects)


def test_equal_bytes_give_equal_objects_in_every_process() -> None:
    """Another process, under another hash seed, makes the same objects."""
    code = (
        "import sys, hashlib\n"
        "from pressrun_server.prepare.image import image_task\n"
        "print(hashlib.sha256(image_task(sys.stdin.buffer.read())).hexdigest())\n"
    )
    data = KINDS["png palette, graded transparency"]
    found = {
        subprocess.run(
            [sys.executable, "-c", code], input=data, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


@pytest.mark.parametrize("kind", ["jpeg rgb", "jpeg progressive", "jpeg gray", "jpeg cmyk", "jpeg with profile"])
def test_jpeg_passes_through(kind: str) -> None:
    """A JPEG's own bytes are the stream, in the colours that it has."""
    prepared = prepare_image(KINDS[kind])
    assert prepared.objects[0].stream == KINDS[kind]
    text = text_of(prepared)
    assert b"/Filter/DCTDecode" in text
    wanted = {"jpeg gray": b"/DeviceGray", "jpeg cmyk": b"/DeviceCMYK", "jpeg with profile": b"[/ICCBased"}
    assert b"/ColorSpace" + wanted.get(kind, b"/DeviceRGB") in text
    assert (b"/Decode[1 0 1 0 1 0 1 0]" in text) == (kind == "jpeg cmyk")


def test_small_forms_stay_small() -> None:
    """Palettes, gray and single bits are not blown up to RGB."""
    cases = {
        "png 1 bit": (b"/BitsPerComponent 1", b"/DeviceGray"),
        "png gray": (b"/BitsPerComponent 8", b"/DeviceGray"),
        "png palette of 2": (b"/BitsPerComponent 1", b"[/Indexed/DeviceRGB 1 R]"),
        "png palette of 16": (b"/BitsPerComponent 4", b"[/Indexed/DeviceRGB 15 R]"),
        "png palette of 200": (b"/BitsPerComponent 8", b"[/Indexed/DeviceRGB"),
    }
    for kind, marks in cases.items():
        text = text_of(prepare_image(KINDS[kind]))
        assert all(mark in text for mark in marks), (kind, text)


def test_masks_are_as_small_as_they_can_be() -> None:
    """Full opacity needs no mask, and all-or-nothing a mask of one bit."""
    assert b"/SMask" not in text_of(prepare_image(KINDS["png opaque alpha"]))
    hard = prepare_image(KINDS["png palette, one colour transparent"])
    assert b"/SMask R" in text_of(hard)
    assert any(b"/BitsPerComponent 1/ColorSpace/DeviceGray" in text_of(hard, index) for index in range(1, 3))
    soft = prepare_image(KINDS["png rgba"])
    assert b"/BitsPerComponent 8/ColorSpace/DeviceGray" in text_of(soft, 1)


def test_compresses_better_than_the_file() -> None:
    """Objects of a drawing are no larger than a well-made PNG of it."""
    data = png(rgb(600, 400), optimize=True)
    assert sum(len(item.stream or b"") for item in prepare_image(data).objects) <= len(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stands_upright(orientation: int) -> None:
    """A photo whose camera was held otherwise is turned, pixels and resolution both."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = rgb()
    stored = upright.transpose(turns[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = orientation >= 5
    for data in (
        jpeg(stored, exif=exif, quality=95, subsampling=0, dpi=(200, 100)),
        png(stored, exif=exif, dpi=(200, 100)),
    ):
        prepared = prepare_image(data)
        assert (prepared.width, prepared.height) == upright.size
        assert (prepared.dpi_x, prepared.dpi_y) == ((100, 200) if turned else (200, 100))
        picture = Image.open(io.BytesIO(rasterise(placed(prepared), dpi=72)[0]))
        assert difference(picture, upright) < 3


def test_a_turned_cmyk_jpeg_stays_cmyk() -> None:
    """Turning re-codes a JPEG, but does not change its colour space."""
    exif = Image.Exif()
    exif[0x0112] = 3
    prepared = prepare_image(jpeg(rgb().convert("CMYK").rotate(180), exif=exif, quality=95))
    assert b"/DeviceCMYK" in text_of(prepared)
    picture = Image.open(io.BytesIO(rasterise(placed(prepared), dpi=72)[0]))
    assert difference(picture, rgb()) < 30


@pytest.mark.parametrize(
    ("bits", "color_type", "pixel", "shade"),
    [
        (16, 0, struct.pack(">H", 0x40FF), (0x40, 0x40, 0x40)),
        (16, 2, struct.pack(">HHH", 0x40FF, 0x8000, 0xFFFF), (0x40, 0x80, 0xFF)),
        (16, 4, struct.pack(">HH", 0x40FF, 0xFFFF), (0x40, 0x40, 0x40)),
        (16, 6, struct.pack(">HHHH", 0x40FF, 0x8000, 0xFFFF, 0xFFFF), (0x40, 0x80, 0xFF)),
    ],
)
def test_sixteen_bits_become_eight(bits: int, color_type: int, pixel: bytes, shade: tuple[int, int, int]) -> None:
    """The upper byte of each channel is kept; nothing is clipped."""
    prepared = prepare_image(raw_png(8, 8, bits, color_type, (b"\0" + pixel * 8) * 8))
    picture = Image.open(io.BytesIO(rasterise(placed(prepared), dpi=72)[0]))
    assert picture.getpixel((4, 4)) == shade
    assert b"/BitsPerComponent 8" in text_of(prepared)


def test_sixteen_bit_transparent_shade() -> None:
    """Of sixteen-bit gray exactly the named shade is transparent, not its neighbours that share the upper byte."""
    row = b"\0" + struct.pack(">HH", 0x40FF, 0x40FE) * 4
    prepared = prepare_image(raw_png(8, 8, 16, 0, row * 8, (b"tRNS", struct.pack(">H", 0x40FF))))
    picture = Image.open(io.BytesIO(rasterise(placed(prepared), dpi=72)[0]))
    assert [picture.getpixel((x, 4)) for x in (2, 3)] == [(255, 255, 255), (0x40, 0x40, 0x40)]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_low_bit_depths(bits: int) -> None:
    """Gray of 1, 2 and 4 bits keeps its shades."""
    most = 2**bits - 1
    shades = [most, 0, most // 2, most] * 4
    packed = 0
    for shade in shades:
        packed = packed << bits | shade
    data = raw_png(16, 4, bits, 0, (b"\0" + packed.to_bytes(16 * bits // 8, "big")) * 4)
    picture = Image.open(io.BytesIO(rasterise(placed(prepare_image(data)), dpi=72)[0]))
    assert [picture.getpixel((x, 2))[0] for x in range(4)] == [shade * 255 // most for shade in shades[:4]]  # type: ignore[index]


def test_interlaced_png() -> None:
    """The seven passes of an interlaced file come out as one picture."""
    # Pillow does not write interlaced files: this one has a single pixel, which is all of pass one.
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1)
    plain = raw_png(1, 1, 8, 2, b"\0\x10\x20\x30")
    interlaced = plain.replace(plain[16:29], header).replace(
        plain[29:33], struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    picture = Image.open(io.BytesIO(rasterise(placed(prepare_image(interlaced)), dpi=72)[0]))
    assert picture.getpixel((0, 0)) == (0x10, 0x20, 0x30)


@pytest.mark.parametrize(
    ("stated", "found"), [((300, 300), 300), ((0, 0), 72), (None, 72), ((30_000, 30_000), 72), ((96.5, 96.5), 96.5)]
)
def test_resolution(stated: tuple[float, float] | None, found: float) -> None:
    """The file's resolution is told, and 72 where it states none or nonsense."""
    options = {} if stated is None else {"dpi": stated}
    prepared = prepare_image(png(rgb(), **options))
    assert prepared.dpi_x == pytest.approx(found, abs=0.02)
    assert prepared.dpi_y == pytest.approx(found, abs=0.02)


def test_a_profile_of_the_right_kind_is_kept() -> None:
    """A file's own small profile comes along, deflated, byte for byte."""
    prepared = prepare_image(png(rgb(), icc_profile=SRGB))
    assert b"/N 3/Alternate/DeviceRGB" in text_of(prepared, 1)
    assert zlib.decompress(prepared.objects[1].stream or b"") == SRGB


@pytest.mark.parametrize(
    "profile",
    [
        b"not a profile",
        SRGB[:-1],
        SRGB[:16] + b"CMYK" + SRGB[20:],
        SRGB[:8] + b"\x05" + SRGB[9:],
        SRGB[:36] + b"xxxx" + SRGB[40:],
        (len(SRGB) + 70_000).to_bytes(4, "big") + SRGB[4:] + bytes(70_000),
    ],
    ids=["garbage", "cut", "other colours", "unknown version", "no signature", "too large"],
)
def test_a_profile_that_does_not_fit_is_left_out(profile: bytes) -> None:
    """A damaged, foreign or huge profile is replaced by the device's colours; the picture is still prepared."""
    for data in (png(rgb(), icc_profile=profile), jpeg(rgb(), icc_profile=profile)):
        prepared = prepare_image(data)
        assert len(prepared.objects) == 1
        assert b"/ColorSpace/DeviceRGB" in text_of(prepared)


def refused(data: bytes) -> PressrunError:
    """Why a file is refused."""
    with pytest.raises(PressrunError) as caught:
        prepare_image(data)
    return caught.value


PHOTO = jpeg(rgb(400, 300))
DRAWING = png(rgba().resize((400, 300)))


@pytest.mark.parametrize("data", [PHOTO, DRAWING], ids=["jpeg", "png"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.99])
def test_truncated_files(data: bytes, part: float) -> None:
    """A file that is cut off anywhere is refused, and says so."""
    error = refused(data[: int(len(data) * part)])
    assert error.reason is Reason.ASSET_INVALID
    assert "cut off" in error.message
    assert "upload it again" in error.message


def test_a_flipped_bit_in_a_png() -> None:
    """A PNG whose checksum is wrong is refused."""
    at = DRAWING.index(b"IDAT") + 100
    assert refused(DRAWING[:at] + bytes([DRAWING[at] ^ 4]) + DRAWING[at + 1 :]).reason is Reason.ASSET_INVALID


def test_html_named_png() -> None:
    """An error page that was saved as an image is called what it is."""
    error = refused(b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>")
    assert error.reason is Reason.ASSET_INVALID
    assert error.message.startswith("the file is HTML, not an image; give a PNG, a JPEG, an SVG or a PDF")


def test_bombs_are_refused_before_they_are_decoded() -> None:
    """50,000 x 50,000 white pixels in a few hundred kilobytes are refused by their header, in no time and memory."""
    row = bytes(1 + 50_000 // 8)
    squeeze = zlib.compressobj(9)
    data = b"".join(squeeze.compress(row * 1000) for _ in range(50)) + squeeze.flush()
    bomb = raw_png(50_000, 50_000, 1, 0, b"")
    at = bomb.index(b"IDAT")
    body = b"IDAT" + data
    bomb = bomb[: at - 4] + struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body)) + bomb[-12:]
    assert len(bomb) < 1_000_000
    error = refused(bomb)
    assert error.reason is Reason.ASSET_TOO_LARGE
    assert "50000 x 50000 pixels" in error.message


def test_a_bomb_behind_a_small_header() -> None:
    """A header that says 8 x 8 before 100 MB of pixels is decoded to 8 x 8, or refused; the rest is not unpacked."""
    code = """
import resource, sys
from pressrun_server.errors import PressrunError
from pressrun_server.prepare.image import prepare_image
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    prepare_image(data)
except PressrunError as error:
    print(error.reason)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000, "unpacked"
"""
    data = raw_png(8, 8, 8, 2, bytes(100_000_000))
    subprocess.run([sys.executable, "-c", code], input=data, check=True)


def test_too_many_bytes() -> None:
    """A file over the limit is refused before anything reads it."""
    assert refused(DRAWING + bytes(MAX_BYTES)).reason is Reason.ASSET_TOO_LARGE


def test_animation() -> None:
    """An animated PNG is refused rather than reduced to a frame that nobody chose."""
    error = refused(png(rgb(), save_all=True, append_images=[rgba().convert("RGB")]))
    assert error.reason is Reason.ASSET_INVALID
    assert "animated" in error.message


def test_a_photo_with_a_second_one_inside() -> None:
    """A camera's file of several pictures (MPO) shows the first one."""
    buffer = io.BytesIO()
    rgb().save(buffer, "MPO", save_all=True, append_images=[gray().convert("RGB")], quality=95)
    prepared = prepare_image(buffer.getvalue())
    picture = Image.open(io.BytesIO(rasterise(placed(prepared), dpi=72)[0]))
    assert difference(picture, rgb()) < 3


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_damage_gives_an_image_or_a_pressrun_error(data: st.DataObject) -> None:
    """However a file is damaged, preparing gives objects that hold together, or one of two reasons; nothing else."""
    content = bytearray(KINDS[data.draw(st.sampled_from(sorted(KINDS)))])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    reason, prepared = None, None
    try:
        prepared = prepare_image(bytes(content))
    except PressrunError as error:
        reason = error.reason
    if prepared is None:
        assert reason in {Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE}
    else:
        count = len(prepared.objects)
        assert all(0 <= part < count for item in prepared.objects for part in item.parts if isinstance(part, int))
        assert prepared.objects[0].stream
