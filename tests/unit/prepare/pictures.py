"""Images of every kind that a DAM may give, made by Pillow, and PDFs around what was prepared of them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms, ImageDraw

from pressrun_server.model.prepared import PreparedImage

__all__ = ["KINDS", "SRGB", "a_pdf", "gray", "jpeg", "placed", "png", "raw_png", "rgb", "rgba", "shown"]


def rgb(width: int = 96, height: int = 64) -> Image.Image:
    """Something that shows turning, mirroring, swapped channels and inversion: four corners, a ramp, an arrow."""
    image = Image.new("RGB", (width, height), "white")
    ramp = Image.linear_gradient("L").resize((width, height // 4))
    image.paste(Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.FLIP_TOP_BOTTOM), ramp)), (0, height // 2))
    draw = ImageDraw.Draw(image)
    size = height // 4
    for corner, color in (((0, 0), "red"), ((width - size, 0), "lime"), ((0, height - size), "blue")):
        draw.rectangle((*corner, corner[0] + size - 1, corner[1] + size - 1), fill=color)
    draw.polygon([(width // 2, 2), (width // 2 + 9, 20), (width // 2 - 9, 20)], fill="black")
    return image


def gray() -> Image.Image:
    """The same without colours."""
    return rgb().convert("L")


def rgba() -> Image.Image:
    """The same, fading to transparent at the bottom."""
    image = rgb()
    fade = Image.linear_gradient("L").resize(image.size).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return Image.merge("RGBA", (*image.split(), fade))


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""A colour profile."""


def png(image: Image.Image, **options: Any) -> bytes:
    """As a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def jpeg(image: Image.Image, **options: Any) -> bytes:
    """As a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **{"quality": 90, **options})
    return buffer.getvalue()


def raw_png(width: int, height: int, bits: int, color_type: int, data: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG file by hand: for what Pillow does not write, and for lies. `data` is deflated here; `more` are chunks."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*one) for one in more), chunk(b"IDAT", zlib.compress(data))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def _with_adobe_marker_removed(data: bytes) -> bytes:
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def _cmyk() -> Image.Image:
    return rgb().convert("CMYK")


def _palette(**options: Any) -> bytes:
    return png(rgb().quantize(16), **options)


KINDS: dict[str, bytes] = {
    "png rgb": png(rgb()),
    "png rgba": png(rgba()),
    "png gray": png(gray()),
    "png gray and alpha": png(Image.merge("LA", (gray(), rgba().getchannel("A")))),
    "png 1 bit": png(rgb().convert("1")),
    "png palette of 16": _palette(),
    "png palette of 2": png(rgb().quantize(2)),
    "png palette of 200": png(rgb().quantize(200)),
    "png palette, one colour transparent": _palette(transparency=0),
    "png palette, graded transparency": _palette(transparency=bytes(range(0, 256, 16))),
    "png rgb, one colour transparent": png(rgb(), transparency=(255, 255, 255)),
    "png gray, one shade transparent": png(gray(), transparency=255),
    "png 1 bit, white transparent": png(rgb().convert("1"), transparency=255),
    "png with profile": png(rgb(), icc_profile=SRGB, dpi=(300, 300)),
    "png opaque alpha": png(rgb().convert("RGBA")),
    "jpeg rgb": jpeg(rgb(), dpi=(150, 150)),
    "jpeg progressive": jpeg(rgb(), progressive=True),
    "jpeg gray": jpeg(gray()),
    "jpeg cmyk": jpeg(_cmyk()),
    "jpeg cmyk without Adobe's marker": _with_adobe_marker_removed(jpeg(_cmyk())),
    "jpeg with profile": jpeg(rgb(), icc_profile=SRGB),
}
"""A file of each kind, by name; all show the picture of `rgb`."""


def shown(data: bytes) -> Image.Image:
    """What a file looks like on white, as Pillow sees it."""
    image = Image.open(io.BytesIO(data))
    image.load()
    if "transparency" in image.info or image.mode in {"LA", "RGBA"}:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def placed(prepared: PreparedImage, *, first: int = 3) -> bytes:
    """A PDF of one page with the image, a pixel to a point, written as a composer would, under other numbers."""
    numbers = [first + 3 * index for index in range(len(prepared.objects))]
    objects: dict[int, bytes] = {}
    for number, item in zip(numbers, prepared.objects, strict=True):
        text = b"".join(b"%d 0 R" % numbers[part] if isinstance(part, int) else part for part in item.parts)
        stream = b"" if item.stream is None else b"\nstream\n" + item.stream + b"\nendstream"
        objects[number] = text + stream
    width, height = prepared.width, prepared.height
    content = b"q %d 0 0 %d 0 0 cm /I Do Q" % (width, height)
    last = numbers[-1]
    objects[1] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[2] = b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (last + 1)
    objects[last + 1] = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<</XObject<</I %d 0 R>>>>>>"
        % (
            width,
            height,
            last + 2,
            numbers[0],
        )
    )
    objects[last + 2] = b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content)
    return a_pdf(objects)


def a_pdf(objects: dict[int, bytes]) -> bytes:
    """A PDF of these objects; number 1 is the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    table = [b"0000000000 65535 f \n"]
    size = max(objects) + 1
    for number in range(1, size):
        if number in objects:
            table.append(b"%010d 00000 n \n" % len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
        else:
            table.append(b"0000000000 00000 f \n")
    start = len(out)
    out += b"xref\n0 %d\n%s" % (size, b"".join(table))
    return bytes(out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))
