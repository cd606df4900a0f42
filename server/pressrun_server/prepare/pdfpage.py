"""One page of a PDF, a letterhead or an insert, as a form that any document can take in; runs in a preparer.

Its vectors and fonts stay as they are. What would break PDF/A-2u or PDF/UA-1 in the document that takes it in is taken
out where nothing of the picture is lost (marked content, since a letterhead is an artifact; metadata; LZW), and refused
by name where something would be: fonts that are not embedded or say no characters, CMYK without a profile, layers, form
fields. Facts: PDF 32000-1, 8.10 (forms), 14.6 (marked content); ISO 19005-2, 6.1.7, 6.2.4, 6.2.11.
"""

from __future__ import annotations

import contextlib
import io
import warnings
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pikepdf
import pymupdf

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.prepared import PdfObject, PreparedImage
from pressrun_server.prepare.pdfobjects import take_objects

__all__ = ["MAX_PAGE", "prepare_page"]

MAX_PAGE: Final = 8 * 1024 * 1024
"""Bytes that the file may have."""
_MOST_OBJECTS: Final = 5000
_MOST_CONTENT: Final = 8 * 1024 * 1024
"""Bytes of one stream of drawing, unpacked; what is more takes longer than any document waits."""
_DAMAGED: Final = "is damaged or cut off; save it anew and upload it again"
_open: Any = pymupdf.open  # its types are incomplete
_MARKED: Final = frozenset({"BMC", "BDC", "EMC", "MP", "DP"})
_PLAIN_CMYK: Final = frozenset({"k", "K"})
_DROPPED: Final = (
    "/Metadata",
    "/PieceInfo",
    "/LastModified",
    "/StructParent",
    "/StructParents",
    "/OPI",
    "/Alternates",
    "/TR",
    "/TR2",
)
_KEPT_FILTERS: Final = frozenset({"/FlateDecode", "/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode", "/JPXDecode"})
_SHOWN: Final = frozenset({"/Link", "/Popup"})
"""Annotations that show nothing by themselves."""


def prepare_page(data: bytes) -> PreparedImage:
    """Make a PDF page's objects; equal bytes give equal objects.

    Raises:
        PressrunError: ASSET_INVALID: damaged, encrypted, of several pages, or of what cannot be taken in, with what to
            do; ASSET_TOO_LARGE: over 8 MiB or 5,000 objects.
    """
    if len(data) > MAX_PAGE:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE, f"the PDF has {len(data)} bytes; the most is {MAX_PAGE}; simplify it"
        )
    if b"startxref" not in data:
        raise _wrong(_DAMAGED)  # what is left of it may be put together again, without what it showed
    try:
        with warnings.catch_warnings(action="error"), pikepdf.open(io.BytesIO(data)) as source, pikepdf.new() as target:
            width, height, form = _form(source)
            for count, item in enumerate(_below(form), 1):
                if count > _MOST_OBJECTS:
                    raise PressrunError(
                        Reason.ASSET_TOO_LARGE, f"the PDF page has more than {_MOST_OBJECTS} objects; simplify it"
                    )
                _clean(item)
            inner = target.copy_foreign(source.make_indirect(form))
            root = target.make_stream(
                f"q {1 / width:.9f} 0 0 {1 / height:.9f} 0 0 cm /P Do Q".encode(),
                Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 1, 1],
                Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=inner)),
            )  # fmt: skip
            target.add_blank_page()
            target.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(R=root))
            whole = io.BytesIO()
            target.save(whole, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    except pikepdf.PasswordError as error:
        raise _wrong("is encrypted; save it without a password", error) from error
    except (pikepdf.PdfError, UserWarning, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _wrong(_DAMAGED, error) from error
    return PreparedImage(
        width=max(round(width * 96 / 72), 1),
        height=max(round(height * 96 / 72), 1),
        dpi_x=96,
        dpi_y=96,
        objects=_objects(whole.getvalue()),
        vector=True,
    )


def _form(source: pikepdf.Pdf) -> tuple[float, float, pikepdf.Object]:
    """The page's size in points, and the page as a form from its lower left corner."""
    if len(source.pages) != 1:
        raise _wrong(f"has {len(source.pages)} pages; a letterhead or an insert is one: give each page as a file")
    page = source.pages[0]
    for annotation in page.obj.get("/Annots", pikepdf.Array()):
        if str(annotation.get("/Subtype", "")) not in _SHOWN:
            raise _wrong("has form fields or notes on it; flatten it (print it to a PDF) and upload that")
    contents = page.obj.get("/Contents", pikepdf.Array())
    _measure(*(contents if isinstance(contents, pikepdf.Array) else [contents]))
    form = page.as_form_xobject()
    left, bottom, right, top = (float(edge) for edge in form.BBox)
    turned = [float(part) for part in form.get("/Matrix", [1, 0, 0, 1, 0, 0])]
    corners = [(turned[0] * x + turned[2] * y + turned[4], turned[1] * x + turned[3] * y + turned[5])
               for x, y in ((left, bottom), (right, bottom), (left, top), (right, top))]  # fmt: skip
    x0, y0 = min(x for x, _ in corners), min(y for _, y in corners)
    width, height = max(x for x, _ in corners) - x0, max(y for _, y in corners) - y0
    if width <= 0 or height <= 0:
        raise _wrong("has a page without an area; save it anew")
    form.Matrix = pikepdf.Array([*turned[:4], turned[4] - x0, turned[5] - y0])
    return width, height, form


def _below(root: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """An object and all dictionaries and streams that it leads to, each once."""
    seen: set[tuple[int, int]] = set()
    todo: list[Any] = [root]  # numbers and truth values come as those of Python
    while todo:
        item = todo.pop()
        if not isinstance(item, pikepdf.Object):
            continue
        if item.is_indirect:
            if item.objgen in seen:
                continue
            seen.add(item.objgen)
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            for key in _DROPPED:
                if key in item:
                    del item[key]
            yield item
            todo += [item[key] for key in item.keys() if key != "/Parent"]  # noqa: SIM118 - of no plain dict
        elif isinstance(item, pikepdf.Array):
            todo += list(item)
        elif isinstance(item, pikepdf.Name) and item == pikepdf.Name.DeviceCMYK:
            raise _wrong("has colours in plain CMYK, which mean something else on each press; save it in RGB")


def _clean(item: pikepdf.Object) -> None:
    """Make one dictionary or stream fit to be taken in."""
    if "/OC" in item:
        raise _wrong("has layers; flatten it (print it to a PDF) and upload that")
    if item.get("/Type") == pikepdf.Name.Font:
        _check_font(item)
    if item.get("/Interpolate"):
        del item["/Interpolate"]
    if not isinstance(item, pikepdf.Stream):
        return
    filters = item.get("/Filter", pikepdf.Array())
    names = {str(name) for name in (filters if isinstance(filters, pikepdf.Array) else [filters])}
    kind = item.get("/Subtype")
    shows = kind == pikepdf.Name.Form or item.get("/PatternType") == 1
    if shows:
        _unmark(item)
    elif not names <= _KEPT_FILTERS:
        item.write(item.read_bytes())


def _unmark(stream: pikepdf.Object) -> None:
    """Take marked content out: all of it is an artifact of the document that shows it (PDF 32000-1, 14.8.2.2)."""
    _measure(stream)
    kept = []
    for instruction in pikepdf.parse_content_stream(stream):
        operator = str(instruction.operator)
        named = operator in {"cs", "CS"} and instruction.operands[0] == pikepdf.Name.DeviceCMYK
        if operator in _PLAIN_CMYK or named or (operator == "INLINE IMAGE" and "CMYK" in repr(instruction.operands[0])):
            raise _wrong("has colours in plain CMYK, which mean something else on each press; save it in RGB")
        if operator not in _MARKED:
            kept.append(instruction)
    stream.write(pikepdf.unparse_content_stream(kept))


def _measure(*streams: pikepdf.Object) -> None:
    """See that what draws is not too much once it is unpacked, before it is."""
    if sum(_unpacked(stream) for stream in streams) > _MOST_CONTENT:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE,
            f"the PDF page is drawn by more than {_MOST_CONTENT} bytes, which is the most; simplify it",
        )


def _unpacked(stream: pikepdf.Object) -> int:
    """The bytes of a stream, counted up to one more than there may be."""
    data, filters = stream.read_raw_bytes(), stream.get("/Filter", pikepdf.Array())
    for name in filters if isinstance(filters, pikepdf.Array) else [filters]:
        if name != pikepdf.Name.FlateDecode:
            break  # older codings are left to the limits of the process
        with contextlib.suppress(zlib.error):  # whoever reads it says so
            data = zlib.decompressobj().decompress(data, _MOST_CONTENT + 1)
    return len(data)


def _check_font(font: pikepdf.Object) -> None:
    """A font must be embedded, and its codes must say characters."""
    kind = font.get("/Subtype")
    if kind in {pikepdf.Name.CIDFontType0, pikepdf.Name.CIDFontType2}:
        return  # looked at with the font that it belongs to
    name = str(font.get("/BaseFont", "a font"))[1:].rpartition("+")[2]
    described = font
    if kind == pikepdf.Name.Type0:
        described = font.DescendantFonts[0]
    if kind != pikepdf.Name.Type3:
        descriptor = described.get("/FontDescriptor", pikepdf.Dictionary())
        if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
            raise _wrong(f"uses the font {name} without bringing it; embed all fonts when you save it")
    if "/ToUnicode" not in font and (kind == pikepdf.Name.Type0 or "/Encoding" not in font):
        raise _wrong(f"does not say which characters the font {name} shows; save it with text as text, or as outlines")


def _objects(data: bytes) -> tuple[PdfObject, ...]:
    with _open(stream=data, filetype="pdf") as document:
        found = document.xref_get_key(document[0].xref, "Resources/XObject/R")
        return take_objects(document, int(found[1].split()[0]))


def _wrong(problem: str, error: Exception | None = None) -> PressrunError:
    detail = f"{type(error).__name__}: {error}"[:300] if error is not None else ""
    return PressrunError(Reason.ASSET_INVALID, f"the PDF {problem}", detail=detail)
