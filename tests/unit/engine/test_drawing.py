from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pikepdf
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pressrun_server.emit import drawing
from pressrun_server.emit.drawing import matrix_path
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.page import Matrix
from pressrun_server.template.qr import LEVELS, _capacity, _Frame, _penalty, qr
from pressrun_server.template.scale import scale

Compose = Callable[..., Any]

CODE = "<pr-barcode value='{{ text }}' alt='Code of {{ text }}' style='width: 40mm'></pr-barcode>"
CHART = (
    "<pr-chart items='bar in bars' value='bar.value' label='{{ bar.name }}' tick='{{ value | number(0) }}'"
    " bar-color='#ff0000' line-color='#0000ff' axis-color='#00ff00' alt='Bars'></pr-chart>"
)
SIZE = "pr-chart { width: 100mm; height: 50mm; font-size: 6pt }"


def read(made: Any) -> list[str]:
    """What a reader finds on the first page as it is printed."""
    pixmap = made.pdf[0].get_pixmap(dpi=200)
    picture = Image.open(io.BytesIO(pixmap.tobytes("png")))
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def bars(*values: object) -> dict[str, Any]:
    """A record of that many bars."""
    return {"bars": [{"name": f"N{index}", "value": value} for index, value in enumerate(values)]}


@pytest.mark.parametrize(
    "text", ["https://meridianbank.example/s/1708-000000/141", "1", "Zoë Żółć Ωμέγα Жук (x) \\", "A" * 700]
)
def test_a_code_says_what_the_record_says(composed: Compose, text: str) -> None:
    """A reader gets the record's text back from the printed page, and its figure has the alternative text."""
    made = composed(CODE, "@page { size: A4; margin: 20mm }", {"text": text})
    assert read(made) == [text]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        figure = pdf.Root.StructTreeRoot.K[0].K[0]
        assert str(figure.Alt) == f"Code of {text}"


@pytest.mark.parametrize("text", ["", "x" * 4000])
def test_a_text_that_is_no_code(composed: Compose, text: str) -> None:
    """An empty text, or one that fits no code, is an error of the record that names the place and what to do."""
    with pytest.raises(PressrunError) as caught:
        composed(CODE, "", {"text": text})
    assert caught.value.reason is Reason.INVALID_RECORD
    assert "t.html:2:1" in str(caught.value)
    assert "shorten" in str(caught.value) or "pr-if" in str(caught.value)


def test_bars_are_as_high_as_their_values(composed: Compose) -> None:
    """Bars stand on the line at zero, in proportion, negative ones below it; no bar leaves the chart."""
    made = composed(CHART, SIZE, bars("10.00", "20.00", "-5", 15))
    red = [item["rect"] for item in made.pdf[0].get_drawings() if item["fill"] == (1.0, 0.0, 0.0)]
    heights = [round(rect.height, 1) for rect in red]
    assert [round(height / heights[0], 1) for height in heights] == [1.0, 2.0, 0.5, 1.5]
    zero = red[0].y1
    assert [round(rect.y1 - zero, 1) for rect in (red[0], red[1], red[3])] == [0.0, 0.0, 0.0]
    assert round(red[2].y0 - zero, 1) == 0.0
    assert len({round(rect.width, 1) for rect in red}) == 1


def test_a_chart_says_what_it_shows(composed: Compose) -> None:
    """Labels of bars and ticks are text in the locale's form, inside one figure with an alternative text."""
    made = composed(CHART, SIZE, bars(1000, 4500, 3000), locales=["de-DE"], default_locale="de-DE", locale="de-DE")
    words = made.text().split()
    assert words == ["0", "1.000", "2.000", "3.000", "4.000", "5.000", "N0", "N1", "N2"]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        assert [str(kid.S) for kid in pdf.Root.StructTreeRoot.K[0].K] == ["/Figure"]


def test_crowded_labels_are_thinned(composed: Compose) -> None:
    """Labels that would run into each other are shown at every second bar, every third, ...; no two overlap."""
    made = composed(CHART, "pr-chart { width: 60mm; height: 40mm; font-size: 8pt }", bars(*range(1, 31)))
    labels = [word for word in made.pdf[0].get_text("words") if word[4].startswith("N")]
    assert 3 < len(labels) < 30
    assert all(before[2] < after[0] for before, after in itertools.pairwise(labels))


def test_a_chart_of_nothing(composed: Compose) -> None:
    """A chart without bars, or of zeros, is an empty axis."""
    assert composed(CHART, SIZE, bars()).text() == "0 1"
    assert "N0" in composed(CHART, SIZE, bars(0)).text()


@pytest.mark.parametrize(("value", "says"), [("x", "not one"), (None, "null"), ("1e99", "digits")])
def test_a_value_that_is_no_number(composed: Compose, value: object, says: str) -> None:
    """A bar whose value is no number is an error of the record."""
    with pytest.raises(PressrunError, match=says):
        composed(CHART, SIZE, bars(1, value))


def test_too_many_bars(composed: Compose) -> None:
    """A chart of thousands of bars is refused, with the limit."""
    with pytest.raises(PressrunError, match="366"):
        composed(CHART, SIZE, bars(*range(1000)))


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("<pr-barcode value='x'></pr-barcode>", "alt", "alt"),
        ("<pr-barcode alt=''></pr-barcode>", "attribute", "value"),
        ("<pr-barcode value='x' alt='' type='ean'></pr-barcode>", "attribute", "valid: qr"),
        ("<pr-barcode value='x' alt='' level='X'></pr-barcode>", "attribute", "valid: L, M, Q, H"),
        ("<pr-chart alt=''></pr-chart>", "attribute", "items"),
        (CHART.replace("alt='Bars'", ""), "alt", "alt"),
        (CHART.replace("bar.value", "bar."), "expression", ""),
        (CHART.replace("'#ff0000'", "'none of these'"), "attribute", "bar-color"),
        (CHART.replace("items=", "itms="), "attribute", "items"),
        (CHART.replace("pr-chart", "pr-chrt"), "unknown-element", "pr-chart"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_publish(compiled: Callable[..., Any], body: str, code: str, says: str) -> None:
    """A drawing that can't be made is a diagnostic with place and hint."""
    template = compiled(body)
    assert template.info is None
    assert any(
        item.code == code and says in f"{item.message} {item.hint}" and item.line == 2 for item in template.diagnostics
    ), [str(item) for item in template.diagnostics]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.decimals(-(10**12), 10**12, places=2), max_size=40))
def test_a_scale_takes_in_all_values(values: list[Decimal]) -> None:
    """Ticks are even, few, include zero and enclose every value."""
    ticks = scale(values)
    assert 2 <= len(ticks) <= 7
    assert Decimal(0) in ticks
    assert all(ticks[0] <= value <= ticks[-1] for value in values)
    assert len({after - before for before, after in itertools.pairwise(ticks)}) == 1


def picture(side: int, modules: bytes) -> Image.Image:
    """A code as a picture with its quiet zone."""
    small = Image.new("L", (side + 8, side + 8), 255)
    for y, x in itertools.product(range(side), repeat=2):
        if modules[y * (side // 8 + 1) + x // 8] << x % 8 & 0x80:
            small.putpixel((x + 4, y + 4), 0)
    return small.resize((small.width * 4, small.height * 4), Image.Resampling.NEAREST)


@pytest.mark.parametrize("level", LEVELS)
def test_every_size_of_a_code_is_read(level: str) -> None:
    """A text that fills a code of any version and level is read back; the code is as small as another encoder's."""
    for version in range(1, 41, 3):
        text = "".join(chr(97 + (index * index + version) % 26) for index in range(_capacity(version, level) - 3))
        side, modules = qr(text, level)
        assert [code.text for code in zxingcpp.read_barcodes(picture(side, modules))] == [text]
        other = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
        assert memoryview(other.to_image(scale=1, add_quiet_zones=False)).shape == (side, side)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(
    st.text(min_size=1, max_size=300) | st.text("0123456789", min_size=1) | st.text("ABC $%*+-./:09", min_size=1),
    st.sampled_from(LEVELS),
)
def test_any_text_is_read_back(text: str, level: str) -> None:
    """Whatever the text, a reader gives the same bytes back."""
    text = text.encode("utf-8", "replace").decode()
    side, modules = qr(text, level)
    [code] = zxingcpp.read_barcodes(picture(side, modules))
    assert code.bytes == text.encode()


def plain_penalty(rows: list[str]) -> int:
    """ISO/IEC 18004, 7.8.3.1, word by word."""
    side, found = len(rows), 0
    for line in (*rows, *map("".join, zip(*rows, strict=True))):
        found += sum(size - 2 for _, run in itertools.groupby(line) if (size := len(list(run))) > 4)
        for at in range(side - 6):
            if line[at : at + 7] == "1011101":
                found += 40 * (line[max(at - 4, 0) : at] == "0000")
                found += 40 * (line[at + 7 : at + 11] == "0000")
    for y, x in itertools.product(range(side - 1), repeat=2):
        found += 3 * (len({rows[y][x], rows[y][x + 1], rows[y + 1][x], rows[y + 1][x + 1]}) == 1)
    dark = "".join(rows).count("1")
    return found + 10 * (abs(dark * 20 - side * side * 10) // (side * side))


@given(side=st.sampled_from([21, 25]), data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_penalty_of_a_symbol(side: int, data: st.DataObject) -> None:
    """What is counted on whole numbers is what the standard counts on rows and columns."""
    parts = ["1011101", "0000", "11111", "000000", "10", "1"]
    pieces = data.draw(st.lists(st.sampled_from(parts), min_size=side * side))
    text = "".join(pieces)[: side * side]
    rows = [text[at : at + side] for at in range(0, side * side, side)]
    dark = int("".join(row.ljust((side // 8 + 1) * 8, "0") for row in rows), 2)
    frame = _Frame(side)
    assert _penalty(frame, dark, *frame.unlike(dark), 1 << 30) == plain_penalty(rows)


def test_the_path_of_a_code_is_the_same_however_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small codes are written from pieces for each place, larger ones from pieces for any row."""
    for text in ("1", "HTTPS", "https://meridianbank.example/s/1708-000000/141"):
        side, modules = qr(text, "M")
        code = Matrix(side, modules, 1000, 0)
        monkeypatch.setattr(drawing, "_MOST_SHARED", 200)
        quick = matrix_path(code, 5, 7)
        monkeypatch.setattr(drawing, "_MOST_SHARED", 0)
        assert matrix_path(code, 5, 7) == quick
