from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from pressrun_loadtest.demo.sheet import SheetLayout, save_sheet

LAYOUT = SheetLayout(columns=4, page=(100, 141), margin=20, gap=10, caption=30)


def test_twelve_pages_make_three_rows_of_four() -> None:
    """Every page has its place inside the margins, and no two touch, captions included."""
    width, height = LAYOUT.size(12)
    places = [LAYOUT.place(index) for index in range(12)]
    assert len({x for x, _ in places}) == 4
    assert len({y for _, y in places}) == 3
    assert min(places) == (20, 20)
    assert max(x for x, _ in places) + 100 + 20 == width
    assert max(y for _, y in places) + 141 + 30 + 20 == height
    columns = sorted({x for x, _ in places})
    assert {right - left for left, right in pairwise(columns)} == {110}
    rows = sorted({y for _, y in places})
    assert {below - above for above, below in pairwise(rows)} == {141 + 30 + 10}


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (4, 4, 1), (5, 4, 2), (9, 4, 3)])
def test_a_sheet_is_as_large_as_its_pages_need(count: int, columns: int, rows: int) -> None:
    """No empty column and no empty row."""
    assert LAYOUT.size(count) == (40 + columns * 110 - 10, 40 + rows * 181 - 10)


def test_pages_stand_at_their_places_with_their_colours(tmp_path: Path) -> None:
    """Each picture is found where the layout says; one of another size is fitted in and centred."""
    colours = [(200, 10 * number, 40) for number in range(5)]
    pictures = []
    for number, colour in enumerate(colours):
        size = (140, 70) if number == 4 else (100, 141)
        Image.new("RGB", size, colour).save(path := tmp_path / f"{number}.png")
        pictures.append(path)
    save_sheet(tmp_path / "sheet.png", pictures, [("Premier", "de-DE · é ß")] * 5)
    with Image.open(tmp_path / "sheet.png") as sheet:
        layout = SheetLayout(columns=4, page=(100, 141))
        assert sheet.size == layout.size(5)
        for index, colour in enumerate(colours):
            x, y = layout.place(index)
            assert sheet.getpixel((x + 50, y + 70)) == colour
        x, y = layout.place(4)
        assert sheet.getpixel((x + 50, y + 5)) == (255, 255, 255)
        x, y = layout.place(0)
        caption = sheet.crop((x, y + 141 + 4, x + 100, y + 141 + layout.caption))
        colours_of_caption = caption.getcolors(maxcolors=10_000)
        assert colours_of_caption is not None
        assert len(colours_of_caption) > 5


@pytest.mark.parametrize("captions", [[], [("a", "b")] * 2])
def test_a_sheet_without_pictures_or_with_other_captions_is_refused(
    tmp_path: Path, captions: list[tuple[str, str]]
) -> None:
    """The message says how many there were of each."""
    pictures = [] if not captions else [tmp_path / "one.png"]
    with pytest.raises(ValueError, match=rf"got {len(captions)} and {len(pictures)}"):
        save_sheet(tmp_path / "sheet.png", pictures, captions)
