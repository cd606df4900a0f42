"""A page of a PDF as letterhead or insert: drawn as it is, fit for a tagged archive document, or refused by name."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pikepdf
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFile

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

HTML = """<html lang="en"><title>L</title><style>@page { size: 100mm 80mm; margin: 0 } div { position: absolute; font-family: sans-serif }</style>
<div style="left: 0; top: 0; width: 100mm; height: 18mm; background: linear-gradient(90deg, #0b6b66, #14262b)"></div>
<div style="left: 8mm; top: 5mm; color: white; font-size: 18pt">Meridian</div>
<div style="left: 20mm; top: 40mm; font-size: 30pt; color: rgba(11, 107, 102, .1); transform: rotate(-20deg)">COPY</div>
<h1 style="position: absolute; top: 60mm; left: 8mm">Tagged</h1>"""


def letterhead() -> bytes:
    """A tagged page of another program, with a gradient, transparency and an embedded font."""
    strict = ImageFile.LOAD_TRUNCATED_IMAGES
    import weasyprint  # noqa: PLC0415 - see below

    ImageFile.LOAD_TRUNCATED_IMAGES = strict  # it lets Pillow take files that are cut off, for the whole process
    data: bytes = weasyprint.HTML(string=HTML).write_pdf(pdf_variant="pdf/ua-1")
    return data


def changed(change: Callable[[pikepdf.Pdf], None], data: bytes | None = None) -> bytes:
    """A letterhead with something done to it."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(data or letterhead())) as pdf:
        change(pdf)
        pdf.save(buffer)
    return buffer.getvalue()


def document(data: bytes, body: str = "<p>x</p>", css: str = "", size: str = "100mm 80mm") -> bytes:
    """A document of two pages with the page behind each."""
    files = {
        "template.yaml": json.dumps(
            {"name": "l", "version": "1", "html": "l.html", "schema": {"type": "object"}, "title": "L",
             "slots": {"head": {"rules": [{"use": "library:head.pdf"}]}}}
        ).encode(),
        "l.html": f"<style>@page {{ size: {size}; margin: 25mm; background-image: url(asset:head) }} {css}</style>"
        f"<body>{body}</body>".encode(),
    }  # fmt: skip
    compiled = compile_bundle(files)
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    assert compiled.diagnostics == ()
    assets = {"head": (Digest.of(data), prepare_image(data))}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    program = LoadedProgram.load(compiled.programs["en-GB"])
    return b"".join(Composition(program, b"{}", assets=assets, attributes={}, as_of=moment, engine="0"))


def picture(data: bytes, page: int = 0) -> Image.Image:
    """A page as pixels."""
    pixmap = pymupdf.open(stream=data)[page].get_pixmap(dpi=72)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_it_is_behind_all_pages_as_it_is(turn: int) -> None:
    """The picture is the page's own, turned as its viewer would, below what the template paints."""
    data = changed(lambda pdf: pdf.pages[0].rotate(turn, relative=True))
    size = "80mm 100mm" if turn == 90 else "100mm 80mm"
    made = document(data, "<div></div><div></div>", "div { height: 26mm; break-inside: avoid }", size)
    for page in range(2):
        difference = ImageChops.difference(picture(made, page), picture(data))
        assert max(high for _, high in difference.getextrema()) < 48, difference.getbbox()


def test_it_is_an_artifact_that_says_nothing(tmp_path: Any) -> None:
    """Nothing of its own structure is left, and none of it is in the document's."""
    (tmp_path / "l.pdf").write_bytes(document(letterhead()))
    with pikepdf.open(tmp_path / "l.pdf") as pdf:
        assert [str(kid.S) for kid in pdf.Root.StructTreeRoot.K[0].K] == ["/P"]
        forms = [item for item in pdf.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Form"]
        assert forms
        for form in forms:
            operators = {str(instruction.operator) for instruction in pikepdf.parse_content_stream(form)}
            assert not operators & {"BMC", "BDC", "EMC", "MP", "DP"}
            assert not {"/StructParents", "/Metadata"} & set(form.keys())


def test_an_image_of_a_page(tmp_path: Any) -> None:
    """The same file is a picture with a width and an alternative text where a template has <img>."""
    data = letterhead()
    (tmp_path / "l.pdf").write_bytes(document(data, "<img src='asset:head' alt='A page' style='width: 50mm'>"))
    with pikepdf.open(tmp_path / "l.pdf") as pdf:
        assert str(pdf.Root.StructTreeRoot.K[0].K[0].Alt) == "A page"
    prepared = prepare_image(data)
    assert (prepared.width, prepared.height, prepared.vector) == (378, 302, True)
    assert prepared == prepare_image(data)


def _field(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Annots = pikepdf.Array(
        [
            pdf.make_indirect(
                pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[0, 0, 9, 9])
            )
        ]
    )


def _layer(pdf: pikepdf.Pdf) -> None:
    layer = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name="a"))
    form = pdf.make_stream(b"0 0 9 9 re f", Subtype=pikepdf.Name.Form, BBox=[0, 0, 9, 9], OC=layer)
    pdf.pages[0].Resources.XObject = pikepdf.Dictionary(L=form)


def _content(content: bytes) -> Callable[[pikepdf.Pdf], None]:
    return lambda pdf: pdf.pages[0].contents_add(pdf.make_stream(content))


def _bare_font(pdf: pikepdf.Pdf) -> None:
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    pdf.pages[0].Resources.Font = pikepdf.Dictionary(H=pdf.make_indirect(font))


def _nameless(pdf: pikepdf.Pdf) -> None:
    for font in pdf.pages[0].Resources.Font.values():
        del font["/ToUnicode"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda pdf: pdf.add_blank_page(), "has 2 pages; a letterhead or an insert is one"),
        (_field, "has form fields or notes on it; flatten it"),
        (_layer, "has layers; flatten it"),
        (_content(b"0 1 0 0 k 0 0 9 9 re f"), "has colours in plain CMYK"),
        (_content(b"/DeviceCMYK cs 0 1 0 0 sc 0 0 9 9 re f"), "has colours in plain CMYK"),
        (_content(b"BI /W 1 /H 1 /BPC 8 /CS /CMYK ID aaaa EI"), "has colours in plain CMYK"),
        (_bare_font, "uses the font Helvetica without bringing it"),
        (_nameless, "does not say which characters the font"),
    ],
)
def test_what_would_spoil_the_document_is_refused(change: Callable[[pikepdf.Pdf], None], says: str) -> None:
    """With what is wrong and what to do."""
    with pytest.raises(PressrunError, match=says) as caught:
        prepare_image(changed(change))
    assert caught.value.reason is Reason.ASSET_INVALID


def test_an_encrypted_page() -> None:
    """A page that needs a password is refused."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(letterhead())) as pdf:
        pdf.save(buffer, encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(PressrunError, match="is encrypted"):
        prepare_image(buffer.getvalue())


def _drawn(data: bytes, *filters: str) -> bytes:
    """A page that is drawn by these bytes, which are coded so often."""

    def draw(pdf: pikepdf.Pdf) -> None:
        stream = pikepdf.Stream(pdf, data)
        stream.Filter = pikepdf.Array([pikepdf.Name(name) for name in filters])
        pdf.pages[0].Contents = pdf.make_indirect(stream)

    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        draw(pdf)
        pdf.save(buffer, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return buffer.getvalue()


@pytest.mark.parametrize("times", [1, 2])
def test_a_page_that_unpacks_to_more_than_it_may(times: int) -> None:
    """A small file of much drawing is refused before it is unpacked, however often it is packed."""
    data = zlib.compress(b"0 0 9 9 re f " * 1_000_000, 9)
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    with pytest.raises(PressrunError, match="drawn by more than 8388608 bytes") as caught:
        prepare_image(_drawn(data, *["/FlateDecode"] * times))
    assert caught.value.reason is Reason.ASSET_TOO_LARGE
    few = _drawn(zlib.compress(b"0 0 9 9 re f " * 1000), "/FlateDecode")
    assert prepare_image(few).vector


def test_a_page_that_is_cut_off() -> None:
    """What is left of a file is not taken for it: here the page is there, and what it shows is not."""
    whole = _drawn(b"0 0 9 9 re f")
    with pytest.raises(PressrunError, match="is damaged or cut off"):
        prepare_image(whole[: whole.index(b"0 0 9 9 re f")])


def test_old_coding_is_coded_anew() -> None:
    """LZW, which archives refuse, is written anew; the picture stays."""
    pixels = bytes(range(48))

    def add(pdf: pikepdf.Pdf) -> None:
        image = pikepdf.Stream(pdf, b"\x80" + pixels[:0] + b"\x0b\x60\x50\x22\x0c\x0c\x85\x01")
        image.stream_dict = pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=9, Height=1, BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceGray, Filter=pikepdf.Name.LZWDecode,
        )  # fmt: skip
        pdf.pages[0].Resources.XObject = pikepdf.Dictionary(Z=pdf.make_indirect(image))

    prepared = prepare_image(changed(add))
    texts = [b"".join(part for part in item.parts if isinstance(part, bytes)) for item in prepared.objects]
    assert not any(b"LZW" in text for text in texts)


_SMALL = changed(lambda _pdf: None)


@given(st.lists(st.tuples(st.integers(0, len(_SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_are_an_answer(changes: list[tuple[int, int]]) -> None:
    """Whatever is changed, there is an image or an error of the asset."""
    data = bytearray(_SMALL)
    for at, value in changes:
        data[at] = value
    try:
        prepare_image(bytes(data))
    except PressrunError as error:
        assert error.reason in {Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE}
