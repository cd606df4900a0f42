from __future__ import annotations

import io

import msgspec
import pymupdf
import pytest
from PIL import Image
from tests.unit.prepare.pictures import KINDS, placed

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.image import prepare_image
from pressrun_server.prepare.raster import check_pdf, check_task, rasterise

AES_256 = 5
"""MuPDF's number of the encryption."""


@pytest.fixture(scope="module")
def document() -> bytes:
    """Three pages with text, one of them landscape."""
    with pymupdf.open() as pdf:  # type: ignore[no-untyped-call]
        for number, size in enumerate([(200, 300), (300, 200), (200, 300)]):
            pdf.new_page(width=size[0], height=size[1]).insert_text((20, 40), f"page {number + 1} of 3")
        pdf.set_metadata({"title": "Three pages"})
        return bytes(pdf.tobytes())


def test_draws_the_pages_that_are_asked_for(document: bytes) -> None:
    """Pictures come in the order asked for, on white, in the resolution asked for."""
    pictures = [Image.open(io.BytesIO(data)) for data in rasterise(document, pages=[1, 0], dpi=144)]
    assert [picture.size for picture in pictures] == [(600, 400), (400, 600)]
    assert all(picture.mode == "RGB" and picture.getpixel((1, 1)) == (255, 255, 255) for picture in pictures)
    assert all(min(picture.convert("L").tobytes()) < 60 for picture in pictures)
    assert len(rasterise(document, dpi=20)) == 3
    assert rasterise(document, pages=[]) == []


def test_the_same_page_gives_the_same_picture(document: bytes) -> None:
    """Drawing is deterministic."""
    assert rasterise(document, pages=[0]) == rasterise(document, pages=[0])


def test_says_what_a_document_holds(document: bytes) -> None:
    """Pages, sizes, text, fonts and metadata are found, in plain values that travel between processes."""
    facts = check_pdf(document)
    assert facts["pages"] == 3
    assert facts["sizes"] == [(200, 300), (300, 200), (200, 300)]
    assert [text.strip() for text in facts["text"]] == ["page 1 of 3", "page 2 of 3", "page 3 of 3"]
    assert facts["fonts"][0] == {"name": "Helvetica", "type": "Type1", "embedded": False}
    assert facts["metadata"]["title"] == "Three pages"
    assert (facts["is_repaired"], facts["warnings"], facts["images"], facts["tagged"]) == (False, [], 0, False)
    assert msgspec.msgpack.decode(check_task(document))["text"] == facts["text"]


def test_counts_images() -> None:
    """Images of pages are counted once each."""
    assert check_pdf(placed(prepare_image(KINDS["png rgba"])))["images"] == 1


def test_tells_a_mended_document(document: bytes) -> None:
    """A file whose cross-reference table is wrong opens, but is not taken for sound."""
    broken = document.replace(b"startxref", b"startxxxx")
    assert check_pdf(broken)["is_repaired"]


def test_reports_what_mupdf_says_about_a_damaged_stream() -> None:
    """An image whose data is damaged shows as a warning, and the warning is not carried to the next document."""
    good = placed(prepare_image(KINDS["png gray"]))
    with pymupdf.open(stream=good, filetype="pdf") as pdf:  # type: ignore[no-untyped-call]
        page = pdf[0]
        pdf.update_stream(page.get_contents()[0], b"q 10 0 0 10 0 0 cm /I Do Q Q Q /Nix Do BT /F0 (x) Tj ET")
        bad = bytes(pdf.tobytes())
    assert check_pdf(bad)["warnings"] != []
    assert check_pdf(good)["warnings"] == []


@pytest.mark.parametrize("data", [b"", b"<html></html>", KINDS["jpeg rgb"], b"%PDF-1.7\nnothing follows"])
def test_refuses_what_is_no_pdf(data: bytes) -> None:
    """Other bytes are refused, and nothing is printed."""
    with pytest.raises(PressrunError) as caught:
        check_pdf(data)
    assert caught.value.reason is Reason.INVALID_REQUEST


def test_refuses_an_encrypted_pdf() -> None:
    """A document that needs a password is refused."""
    with pymupdf.open() as pdf:  # type: ignore[no-untyped-call]
        pdf.new_page()
        data = bytes(pdf.tobytes(encryption=AES_256, owner_pw="a", user_pw="b"))
    with pytest.raises(PressrunError, match="encrypted"):
        check_pdf(data)


def test_names_a_page_that_is_not_there(document: bytes) -> None:
    """A page number out of range is named, with the count."""
    for wrong in (3, -1):
        with pytest.raises(PressrunError, match=f"has 3 pages, counted from 0; {wrong} is none"):
            rasterise(document, pages=[0, wrong])


@pytest.mark.parametrize("dpi", [0, -5, 5000])
def test_resolution_has_limits(document: bytes, dpi: float) -> None:
    """A resolution out of range is refused."""
    with pytest.raises(PressrunError, match="not a number from 1 to 1200"):
        rasterise(document, dpi=dpi)


def test_pictures_have_a_budget() -> None:
    """A page as large as a house is not drawn at full resolution."""
    with pymupdf.open() as pdf:  # type: ignore[no-untyped-call]
        pdf.new_page(width=14_000, height=14_000)
        data = bytes(pdf.tobytes())
    with pytest.raises(PressrunError, match="ask for a lower dpi") as caught:
        rasterise(data, dpi=300)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


def test_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """MuPDF's complaints do not reach standard output or error."""
    with pytest.raises(PressrunError):
        check_pdf(b"%PDF-1.7\nnothing")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
