"""Pages of several sizes in the languages of printers, each on its own paper."""

from __future__ import annotations

import re

import pymupdf
import pytest
from PIL import Image
from tests.integration.node.test_printer_files import apart, pcl_pages, pwg_pages

from pressrun_server.prepare.printerfiles import printer_file
from pressrun_server.prepare.tasks import PrinterOrder

SIZES = {
    "A4": (595.276, 841.89),
    "A4 turned": (841.89, 595.276),
    "A5": (419.528, 595.276),
    "A6": (297.638, 419.528),
    "letter": (612, 792),
    "legal": (612, 1008),
    "none": (400, 300),
    "DL": (311.811, 623.622),
}
PAPERS = [26, 101, 25, 24, 2, 3, 101, 90]
DPI = 75


def _document() -> pymupdf.Document:
    found = pymupdf.open()  # type: ignore[no-untyped-call]
    for name, (width, height) in SIZES.items():
        page = found.new_page(width=width, height=height)
        page.insert_text((20, height - 20), name, fontsize=30)
        page.draw_rect(pymupdf.Rect(width / 2, 20, width - 20, height / 2), fill=(0, 0, 0))  # type: ignore[no-untyped-call]
    return found


def _file(data: bytes, form: str, *, gray: bool, numbers: tuple[int, ...], first: bool = True) -> bytes:
    return printer_file(PrinterOrder(pdf=data, pages=numbers, format=form, dpi=DPI, gray=gray, first=first))


@pytest.mark.parametrize(("form", "gray"), [("pwg", False), ("pwg", True), ("pcl", True)])
def test_each_page_has_its_size(form: str, gray: bool) -> None:  # noqa: FBT001
    """Pages of several sizes are as large as those of the PDF and show the same, whether made at once or one by one."""
    pdf = _document()
    data = pdf.tobytes()
    whole = _file(data, form, gray=gray, numbers=tuple(range(len(SIZES))))
    parts = [_file(data, form, gray=gray, numbers=(number,), first=not number) for number in range(len(SIZES))]
    assert b"".join(parts) == whole
    pages = pwg_pages(whole) if form == "pwg" else pcl_pages(whole)
    for made, page in zip(pages, pdf, strict=True):
        drawn = page.get_pixmap(dpi=DPI, alpha=False)
        shown = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.samples)
        assert abs(made.width - shown.width) <= 8
        sheet = Image.new("L", shown.size, 255)
        sheet.paste(made.convert("L"), (0, 0))
        assert apart(sheet, shown) < 3


def test_papers_have_their_numbers() -> None:
    """A page that is as large as a paper of PCL asks for it, and any other for one of its own width and height."""
    made = _file(_document().tobytes(), "pcl", gray=True, numbers=tuple(range(len(SIZES))))
    assert [int(number) for number in re.findall(rb"\x1b&l(\d+)A", made)] == PAPERS
    asked = re.findall(rb"\x1b&f(\d+)I\x1b&f(\d+)J", made)
    for (width, height), (across, down) in zip(SIZES.values(), asked, strict=True):
        assert abs(int(across) - 10 * width) <= 15
        assert abs(int(down) - 10 * height) <= 15
