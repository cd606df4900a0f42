"""Turns an image file into PDF objects; runs in a preparer, because it decodes what strangers made.

Pillow proves that the file decodes and normalises it; PyMuPDF makes the objects. A JPEG goes in as it is. Other
pixels are compressed by libdeflate behind PNG predictors, because its bytes are the same on every processor, which
zlib-ng's (Pillow's) are not. MuPDF's own colour profiles, which it adds to every image, are replaced by the file's
profile or by the plain device colours.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import Any, Final

import deflate
import msgspec
import pymupdf
from PIL import Image

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.prepared import PdfObject, PreparedImage
from pressrun_server.prepare.drawing import read_drawing
from pressrun_server.prepare.imagefile import ImageFile, open_image
from pressrun_server.prepare.media import DRAWING, MAX_PIXELS, PDF, recognise
from pressrun_server.prepare.paint import number_text
from pressrun_server.prepare.pdfobjects import take_objects
from pressrun_server.prepare.pdfpage import prepare_page
from pressrun_server.prepare.pngfile import chunks

__all__ = ["deflated", "image_task", "prepare_image"]

_new_document: Any = pymupdf.open  # its types are incomplete
_LEVELS: Final = ((1024 * 1024, 12), (4 * 1024 * 1024, 9), (32 * 1024 * 1024, 6), (MAX_PIXELS * 4, 2))
"""Compression level by bytes: a logo goes into every document, so it may take its time; the largest image would take
minutes so, and has a time limit."""
_TRY_BOTH: Final = 4 * 1024 * 1024
"""Pixels up to which compression is tried without predictors too: flat drawings are often smaller without."""
_DEVICE: Final = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}
_QUALITY: Final = 95
"""Of a JPEG that had to be turned or re-coded."""


def image_task(payload: bytes) -> bytes:
    """The preparer's task `image`: an image file's bytes to an encoded PreparedImage.

    Raises:
        PressrunError: as `prepare_image` does.
    """
    return msgspec.msgpack.encode(prepare_image(payload))


def prepare_image(data: bytes) -> PreparedImage:
    """Make an image's PDF objects; equal bytes give equal objects.

    JPEG keeps its bytes, gray, RGB or CMYK (with the inverted Decode array that Adobe's CMYK needs), unless it must be
    turned upright or is of a coding that PDF lacks. PNG becomes 1-bit or 8-bit gray, a palette, or RGB, with a soft
    mask where anything is transparent; 16 bits become 8. A colour profile of up to 64 KiB is kept. SVG and a page of
    PDF become forms.

    Raises:
        PressrunError: ASSET_INVALID: no PNG, JPEG, SVG or PDF, damaged, cut off or animated, or with what is not
            supported; ASSET_TOO_LARGE: over 64 MiB or 64 megapixels, found in the header before anything is decoded;
            over 2 MiB of drawing.
    """
    kind = recognise(data).media_type
    if kind == DRAWING:
        return _drawing(data)
    if kind == PDF:
        return prepare_page(data)
    file = open_image(data)
    with _new_document() as document:
        is_jpeg = file.header.media_type == "image/jpeg"
        root = _jpeg(document, file, data) if is_jpeg else _raster(document, file)
        objects = take_objects(document, root)
    return PreparedImage(
        width=file.pixels.width,
        height=file.pixels.height,
        dpi_x=file.dpi[0],
        dpi_y=file.dpi[1],
        objects=objects,
    )


def _drawing(data: bytes) -> PreparedImage:
    """A drawing as a form XObject that fills the unit square (PDF 32000-1, 8.10)."""
    vector = read_drawing(data)
    content = deflated("".join(vector.content).encode("ascii"))
    width, height = number_text(vector.width), number_text(vector.height)
    states = "".join(f"/G{name}<</ca {fill}/CA {stroke}>>" for (fill, stroke), name in vector.alphas.items())
    text = (
        f"<</Type/XObject/Subtype/Form/BBox[0 0 {width} {height}]/Matrix[{1 / vector.width:.9f} 0 0"
        f" {1 / vector.height:.9f} 0 0]/Resources<</ExtGState<<{states}>>>>/Filter/FlateDecode/Length {len(content)}>>"
    )
    return PreparedImage(
        width=max(round(vector.width), 1),
        height=max(round(vector.height), 1),
        dpi_x=96,
        dpi_y=96,
        objects=(PdfObject((text.encode(),), content),),
        vector=True,
    )


def _jpeg(document: Any, file: ImageFile, data: bytes) -> int:
    """The image object of a JPEG."""
    if not file.passes:
        buffer = io.BytesIO()
        pixels = file.pixels if file.pixels.mode in {"L", "RGB", "CMYK"} else file.pixels.convert("RGB")
        pixels.save(buffer, "JPEG", quality=_QUALITY, subsampling=0, optimize=True)
        data = buffer.getvalue()
    page = document.new_page()
    try:
        root: int = page.insert_image(page.rect, stream=data)
    except Exception as error:  # MuPDF's own classes, of which PyMuPDF promises none
        raise PressrunError(
            Reason.ASSET_INVALID,
            "the file is a JPEG image that cannot be placed in a PDF; save it anew and upload it again",
            detail=f"{type(error).__name__}: {error}"[:300],
        ) from error
    channels = len(file.pixels.getbands())
    document.xref_set_key(root, "ColorSpace", _color_space(document, file.profile, channels))
    return root


def _raster(document: Any, file: ImageFile) -> int:
    """The image object of anything else, with its soft mask."""
    pixels, alpha = _split(file.pixels)
    scan = _scan(pixels)
    del pixels
    channels = 3 if scan.palette is not None else scan.channels
    space = _color_space(document, file.profile, channels)
    if scan.palette is not None:
        lookup = _stream(document, "<<>>", deflated(scan.palette))
        space = f"[/Indexed {space} {len(scan.palette) // 3 - 1} {lookup} 0 R]"
    mask = ""
    if alpha is not None:
        number = _stream(document, *_image(_scan(alpha), "/DeviceGray", ""))
        mask = f"/SMask {number} 0 R"
    return _stream(document, *_image(scan, space, mask))


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours, and what is transparent of them; None where nothing is."""
    if image.mode == "P" and "transparency" in image.info:
        alpha = image.convert("RGBA").getchannel("A")
        del image.info["transparency"]
    elif image.mode in {"LA", "RGBA"}:
        alpha = image.getchannel("A")
        image = image.convert("L" if image.mode == "LA" else "RGB")
    else:
        return image, None
    counts = alpha.histogram()
    total = image.width * image.height
    if counts[255] == total:
        return image, None
    if counts[0] + counts[255] == total:
        alpha = alpha.convert("1", dither=Image.Dither.NONE)
    return image, alpha


@dataclass(frozen=True, slots=True)
class _Scan:
    """Pixels as PDF wants them."""

    width: int
    height: int
    bits: int
    channels: int
    palette: bytes | None
    data: bytes
    predicted: bool
    """Whether each row starts with the number of its PNG predictor."""


def _scan(image: Image.Image) -> _Scan:
    """Let Pillow write an uncompressed PNG, for its row filters and packing, and compress what is in it.

    How the uncompressed PNG is framed does not matter to the result, so no bytes of Pillow's zlib get into it.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0, icc_profile=None, exif=b"")
    header, palette, rows = _unframe(buffer.getbuffer())
    buffer.close()
    bits, color_type = header
    channels = {0: 1, 2: 3, 3: 1}[color_type]
    data = deflated(rows)
    predicted = True
    if image.width * image.height <= _TRY_BOTH and (bits == 8 or image.mode == "1"):  # noqa: PLR2004 - a whole byte
        plain = deflated(image.tobytes())
        if len(plain) <= len(data):
            data, predicted = plain, False
    return _Scan(image.width, image.height, bits, channels, palette, data, predicted)


def _unframe(png: memoryview) -> tuple[tuple[int, int], bytes | None, bytes]:
    """Bit depth and colour type, palette, and the inflated rows of a PNG that Pillow just wrote."""
    header = (0, 0)
    palette = None
    inflate = zlib.decompressobj()
    rows: list[bytes] = []
    for name, body in chunks(png):
        if name == b"IHDR":
            header = (body[8], body[9])
        elif name == b"PLTE":
            palette = bytes(body)
        elif name == b"IDAT":
            rows.append(inflate.decompress(body))
    png.release()
    return header, palette, b"".join(rows)


def _image(scan: _Scan, space: str, more: str) -> tuple[str, bytes]:
    """Dictionary and stream of an image object."""
    parameters = ""
    if scan.predicted:
        parameters = (
            f"/DecodeParms<</Predictor 15/Colors {scan.channels}/BitsPerComponent {scan.bits}/Columns {scan.width}>>"
        )
    text = (
        f"<</Type/XObject/Subtype/Image/Width {scan.width}/Height {scan.height}/BitsPerComponent {scan.bits}"
        f"/ColorSpace {space}{parameters}{more}>>"
    )
    return text, scan.data


def _color_space(document: Any, profile: bytes | None, channels: int) -> str:
    """The profile that the file brings, or the plain colours of the device."""
    if profile is None:
        return _DEVICE[channels]
    text = f"<</N {channels}/Alternate{_DEVICE[channels]}>>"
    return f"[/ICCBased {_stream(document, text, deflated(profile))} 0 R]"


def deflated(data: bytes) -> bytes:
    """Compressed as hard as its size allows; the same bytes on every processor."""
    level = next(level for most, level in _LEVELS if len(data) <= most)
    return bytes(deflate.zlib_compress(data, level))


def _stream(document: Any, text: str, data: bytes) -> int:
    """Add an object with a stream that is deflated already; `text` is its dictionary without Filter and Length."""
    number: int = document.get_new_xref()
    document.update_object(number, "<<>>")
    document.update_stream(number, data, new=True, compress=False)
    document.update_object(number, f"{text.removesuffix('>>')}/Filter/FlateDecode/Length {len(data)}>>")
    return number
