"""Data Matrix symbols are read back by a reader that others wrote."""

from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pressrun_server.emit.datamatrix import LONGEST, data_matrix


def read(text: str, scale: int = 4) -> tuple[int, str]:
    """The side of a text's symbol, and what a reader sees in it."""
    modules = data_matrix(text)
    side = len(modules)
    image = Image.new("L", (side + 4, side + 4), 255)
    for row, line in enumerate(modules):
        for column, dark in enumerate(line):
            if dark:
                image.putpixel((column + 2, row + 2), 0)
    found = zxingcpp.read_barcodes(
        image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST),
        formats=zxingcpp.BarcodeFormat.DataMatrix,
    )
    assert len(found) == 1
    return side, found[0].text


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=LONGEST))
def test_is_read_back(text: str) -> None:
    """Any text gives a symbol that says it."""
    assert read(text)[1] == text


@pytest.mark.parametrize(
    ("digits", "side"), [(6, 10), (10, 12), (16, 14), (24, 16), (36, 18), (44, 20), (60, 22), (72, 24), (88, 26)]
)
def test_all_sizes(digits: int, side: int) -> None:
    """Each size holds what the standard says, and one digit more needs the next."""
    text = ("0123456789" * 9)[:digits]
    assert read(text) == (side, text)
    if digits < 2 * LONGEST:
        assert read(text + "7")[0] == side + 2


def test_damage_is_mended() -> None:
    """The error correction is right: a symbol with a few modules turned over is still read."""
    text = "00001234000100020"
    modules = [list(row) for row in data_matrix(text)]
    for row, column in ((3, 4), (7, 9), (9, 5)):
        modules[row][column] = not modules[row][column]
    image = Image.new("L", (24, 24), 255)
    for row, line in enumerate(modules):
        for column, dark in enumerate(line):
            image.putpixel((column + 3, row + 3), 0 if dark else 255)
    found = zxingcpp.read_barcodes(image.resize((240, 240), Image.Resampling.NEAREST))
    assert [code.text for code in found] == [text]


def test_what_does_not_fit() -> None:
    """Other characters and longer texts are refused with what would fit."""
    with pytest.raises(ValueError, match="not ASCII"):
        data_matrix("Zoë")
    with pytest.raises(ValueError, match="the most is 44"):
        data_matrix("x" * 45)
