"""E-mails: what mail clients need, what Python's email package reads, and what no record can do to them."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from typing import Any, cast
from xml.etree.ElementTree import Element

import pytest
import tinyhtml5
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.unit.engine.conftest import bundle
from tests.unit.engine.test_mime import defects, parsed
from tests.unit.engine.test_webpage import EVERYWHERE, NASTY, ROW, ROWS, WORDS
from tests.unit.prepare.pictures import png, rgb

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.mail import MailOrder
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.model.template import RenditionSpec, program_key
from pressrun_server.model.webpage import Graph
from pressrun_server.prepare.picture import prepare_picture
from pressrun_server.render.mail_composition import LoadedMailProgram
from pressrun_server.render.programs import begin, load
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.mailfigures import chart_file
from pressrun_server.template.mailstyle import _dark
from pressrun_server.template.scale import scale

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)
MAIL = RenditionSpec(screen=True, mail=True)
CHANNELS = {"channels": ["print", "email"]}
SLOT = {"slots": {"pic": {"rules": [{"use": "library:a.png"}], "otherwise": "omit"}}}


def program_of(body: str, css: str = "", **more: Any) -> LoadedMailProgram:
    """The program of a body."""
    template = compile_bundle(bundle(body, css, **{**CHANNELS, **more}))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = load(template.programs[program_key("en-GB", "email")])
    assert isinstance(program, LoadedMailProgram)
    return program


def made(
    program: LoadedMailProgram, record: Any = None, pictures: dict[str, PreparedPicture] | None = None, **more: Any
) -> tuple[bytes, tuple[RenderWarning, ...]]:
    """A message's bytes, and what there is to say about it."""
    assets = {slot: (Digest.of(picture.data), picture) for slot, picture in (pictures or {}).items()}
    composing = begin(
        program, json.dumps(record or {}).encode(), assets=assets, attributes={}, as_of=AS_OF, engine="e" * 64, **more
    )
    data = b"".join(composing)
    assert composing.summary.size == len(data)
    assert composing.summary.sha256 == hashlib.sha256(data).hexdigest()
    return data, composing.summary.warnings


def read(data: bytes) -> EmailMessage:
    """A message, which is held to what mail may be."""
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    message = parsed(data)
    assert not defects(message)
    return message


def message_of(body: str, css: str = "", record: Any = None, **more: Any) -> EmailMessage:
    """The message that a body makes."""
    return read(made(program_of(body, css, **more), record)[0])


def html_of(message: EmailMessage) -> str:
    """Its HTML."""
    part = message.get_body(("html",))
    assert part is not None
    return cast("str", part.get_content())


def text_of(message: EmailMessage) -> str:
    """Its plain text."""
    part = message.get_body(("plain",))
    assert part is not None
    return cast("str", part.get_content()).replace("\r\n", "\n")


def tree(page: str) -> Element:
    """HTML as a client reads it."""
    return tinyhtml5.parse(page, namespace_html_elements=False)


def card(page: str) -> Element:
    """The cell that holds the message."""
    return next(cell for cell in tree(page).iter("td") if cell.get("class") == "cd")


def test_a_message_has_both_forms() -> None:
    """Plain text first and HTML behind it, each with all that is said; headers in the language that is asked for."""
    message = message_of(
        "<main><h1>Hello</h1><p>Dear {{ name }},</p><ul><li>one</li><li>two</li></ul></main>",
        record={"name": "Zoë"},
        email={"subject": "For {{ name }}", "preheader": "Read me, {{ name }}"},
    )
    assert message["Subject"] == "For Zoë"
    assert message["MIME-Version"] == "1.0"
    assert message["Content-Language"] == "en-GB"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert text_of(message) == "Hello\n=====\n\nDear Zoë,\n\n- one\n- two\n"
    page = html_of(message)
    assert " ".join(" ".join(card(page).itertext()).split()) == "Hello Dear Zoë, one two"
    body = tree(page).find("body")
    assert body is not None
    hidden = body.find("div")
    assert hidden is not None
    assert hidden.get("aria-hidden") == "true"
    assert "".join(hidden.itertext()).startswith("Read me, Zoë")


def test_without_email_in_the_description_the_title_is_the_subject() -> None:
    """A template that only offers the output channel makes a message, too."""
    message = message_of("<p>x</p>", title="Notice {{ n }}", record={"n": 7})
    assert message["Subject"] == "Notice 7"
    assert "aria-hidden" not in html_of(message)


def test_looks_stand_on_the_elements() -> None:
    """Every look is inline, in whole pixels; nothing of it needs a style sheet, a script or a fetch."""
    page = html_of(
        message_of(
            '<main><p class="a">x <a href="https://a.example/">go</a></p><h2>y</h2></main>',
            "body { font-size: 10pt } .a { color: #123456; margin: 0 0 5pt 0; font-size: 15pt } h2 { letter-spacing: 1pt }",
        )
    )
    paragraph = card(page).find(".//p")
    assert paragraph is not None
    assert paragraph.get("style") == "font-size:24px;line-height:29px;color:#123456;margin:0 0 8px"
    link = paragraph.find("a")
    assert link is not None
    assert link.get("style") == "color:#123456;text-decoration:underline"
    heading = card(page).find(".//h2")
    assert heading is not None
    assert "letter-spacing:2px" in heading.get("style", "")
    assert not re.search(r"<script|<link|\son\w+=|url\(|@import", page)


def test_boxes_and_rows_of_boxes_are_tables() -> None:
    """Padding and grounds stand on cells; a row is of cells, which stand below each other where it is narrow."""
    page = html_of(
        message_of(
            '<main><div class="box">in</div><div class="row"><div class="wide">one</div><div>two</div></div></main>',
            ".box { padding: 6pt; background-color: #eee; margin-top: 3pt } .row { display: flex; gap: 12pt }"
            " .wide { flex: 1 } .row > div { width: 40mm }",
        )
    )
    assert not list(card(page).iter("main"))
    box = next(cell for cell in card(page).iter("td") if cell.text == "in")
    assert "padding:10px;" not in box.get("style", "")
    assert "background-color:#eeeeee" in box.get("style", "")
    assert "padding:" in box.get("style", "")
    row = next(table for table in card(page).iter("table") if table.get("class") == "fx")
    assert row.get("role") == "presentation"
    cells = list(row.iter("td"))
    assert ["".join(cell.itertext()).strip() for cell in cells] == ["one", "two"]
    assert cells[0].get("width") is None
    assert int(cells[1].get("width", "")) > 0
    assert "padding:0 0 0 " in cells[1].get("style", "")
    assert ".fx>tbody>tr>td{display:block" in page.replace("\r\n", "") or ".fx>tbody>tr>td" in page


def test_items_of_a_row_are_cells_chosen_and_repeated() -> None:
    """A cell for each that is shown; rows that share nothing are as wide as their items, others push the last one right."""
    page = html_of(
        message_of(
            '<div class="row"><p pr-for="n in ns">{{ n }}</p><p pr-if="ns">some</p><p pr-else>none</p></div>'
            '<div class="row"><span>left</span><span class="auto">right</span></div>'
            '<div class="row apart"><span>left</span><span>middle</span><span>right</span></div>',
            ".row { display: flex; gap: 9pt } .auto { margin-left: auto } .apart { justify-content: space-between }",
            {"ns": [1, 2]},
        )
    )
    rows = [table for table in card(page).iter("table") if table.get("class") == "fx"]
    assert [["".join(cell.itertext()) for cell in row.iter("td")] for row in rows] == [
        ["1", "2", "some"], ["left", "right"], ["left", "middle", "right"]
    ]  # fmt: skip
    assert [row.get("width") for row in rows] == [None, "100%", "100%"]
    sides = [
        [
            match[1] if (match := re.search("text-align:([a-z]+)", cell.get("style", ""))) else ""
            for cell in row.iter("td")
        ]
        for row in rows
    ]
    assert sides == [["", "", ""], ["", "right"], ["", "center", "right"]]


def test_pictures_come_with_the_message() -> None:
    """Each that is shown is a part of it, once; one that is not shown stays away; names lead to parts."""
    program = program_of(
        '<img src="asset:pic" alt="A {{ n }}" style="width: 40mm"><p pr-if="again"><img src="asset:pic" alt=""></p>'
        '<p pr-if="missing"><img src="asset:other" alt="no"></p>',
        slots={"pic": SLOT["slots"]["pic"], "other": {"rules": [{"use": "library:b.png"}]}},
    )
    picture = prepare_picture(png(rgb(60, 40)), MAIL)
    data, _ = made(program, {"n": "<1>", "again": True}, {"pic": picture, "other": picture})
    message = read(data)
    related = message.get_body(("related",))
    assert related is not None
    assert related.get_content_type() == "text/html" or related.get_content_type() == "multipart/related"
    parts = {str(part["Content-ID"]).strip("<>"): part for part in message.walk() if part["Content-ID"]}
    page = html_of(message)
    images = list(tree(page).iter("img"))
    assert [image.get("src", "").removeprefix("cid:") for image in images] == [*parts, *parts]
    assert len(parts) == 1
    assert next(iter(parts.values())).get_content() == picture.data
    assert images[0].get("alt") == "A <1>"
    assert images[0].get("width") == "151"
    assert "max-width:151px" in images[0].get("style", "")
    assert text_of(message).startswith("A <1>\n")


def test_pictures_are_linked_where_their_system_shows_them() -> None:
    """Then they do not come with the message; the URL is one."""
    program = program_of('<img src="asset:pic" alt="A">', **SLOT)
    picture = prepare_picture(png(rgb(60, 40)), MAIL)
    link = HostedLink('https://res.example/a"b.png?x=1&y=2', width=300)
    message = read(made(program, {}, {"pic": picture}, links={"pic": link})[0])
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    image = next(tree(html_of(message)).iter("img"))
    assert image.get("src") == "https://res.example/a%22b.png?x=1&y=2"
    assert image.get("width") == "300"


def test_a_film_is_its_still_that_leads_to_it() -> None:
    """With a mark to play it, in the look of a button; mail plays nothing itself."""
    program = program_of('<img src="asset:pic" alt="How it works">', **SLOT)
    picture = prepare_picture(png(rgb(60, 40)), MAIL)
    link = HostedLink("https://res.example/a.jpg", video="https://res.example/a.mp4?x=1&y=2", video_type="video/mp4")
    page = html_of(read(made(program, {}, {"pic": picture}, links={"pic": link})[0]))
    leads = next(tree(page).iter("a"))
    assert leads.get("href") == "https://res.example/a.mp4?x=1&y=2"
    still, mark = list(leads)
    assert (still.get("src"), still.get("alt")) == ("https://res.example/a.jpg", "How it works")
    assert (mark.text, mark.get("aria-hidden")) == ("\u25b6\ufe0e", "true")


def test_figures() -> None:
    """A code is a picture that readers read, a chart bars in a picture with its labels as text, a drawing a picture."""
    message = message_of(
        '<pr-barcode type="qr" value="https://a.example/{{ n }}" alt="Code {{ n }}" quiet="0"></pr-barcode>'
        '<pr-chart type="bar" items="m in ms" value="m.v" label="{{ m.n }}" alt="Sales" bar-color="#00f"></pr-chart>'
        '<svg viewBox="0 0 10 10" width="10" height="10" aria-label="Mark {{ n }}"><path d="M0 0h10v10z" fill="#000"/></svg>',
        record={"n": "Ω<7>", "ms": [{"n": "<Jan>", "v": 4}, {"n": "Feb", "v": -3}]},
    )
    page = html_of(message)
    parts = {str(part["Content-ID"]).strip("<>"): part.get_content() for part in message.walk() if part["Content-ID"]}
    root = tree(page)
    code, graph, drawing = root.iter("img")
    assert code.get("alt") == "Code Ω<7>"
    picture = Image.open(io.BytesIO(parts[code.get("src", "").removeprefix("cid:")]))
    assert zxingcpp.read_barcodes(picture.convert("L"))[0].text == "https://a.example/Ω<7>"
    assert picture.convert("L").crop((0, 0, 16, 16)).getextrema() == (255, 255)
    assert drawing.get("alt") == "Mark Ω<7>"
    mark = Image.open(io.BytesIO(parts[drawing.get("src", "").removeprefix("cid:")]))
    assert mark.convert("RGB").getpixel((mark.width - 2, 2)) == (0, 0, 0)
    chart = next(table for table in root.iter("table") if table.get("role") == "img")
    assert chart.get("aria-label") == "Sales"
    assert graph in list(chart.iter("img"))
    assert graph.get("alt") == "Sales"
    said = ["4", "2", "0", "\u22122", "\u22124", "<Jan>", "Feb"]
    assert [text.strip() for text in chart.itertext() if text.strip()] == said
    assert text_of(message) == "Code Ω<7>\n\nSales\n\nMark Ω<7>\n"
    bars = Image.open(io.BytesIO(parts[graph.get("src", "").removeprefix("cid:")]))
    assert (bars.width, bars.height) == (int(graph.get("width", "")), int(graph.get("height", "")))
    assert [_bar(bars, at) for at in (0.25, 0.75)] == [(1, 5), (5, 8)]


def _bar(chart: Image.Image, across: float) -> tuple[int, int]:
    """Where a bar (#0000ff) begins and ends, in tenths of the height: the scale's five steps have two tenths each."""
    column = [chart.convert("RGBA").getpixel((round(chart.width * across), y)) for y in range(chart.height)]
    blue = [y for y, color in enumerate(column) if color == (0, 0, 255, 255)]
    return round(blue[0] / chart.height * 10), round(blue[-1] / chart.height * 10)


def test_a_name_means_what_stands_around_it() -> None:
    """What a message shows in several places is that of each place, however alike the expressions are."""
    message = message_of(
        '<p>{{ n | upper }}</p><p pr-for="n in ns">{{ n | upper }}</p><p pr-with="n = m">{{ n | upper }}</p>'
        "<p>{{ n | upper }}</p>",
        record={"n": "<a>", "ns": ["b", "c"], "m": "d"},
        email={"subject": "{{ n | upper }}"},
    )
    said = ["<A>", "B", "C", "D", "<A>"]
    assert [each.text for each in tree(html_of(message)).iter("p")] == said
    assert text_of(message).split() == said
    assert message["Subject"] == "<A>"


@pytest.mark.parametrize("said", ["Kontoauszug für", "Выписка по счёту для", "対象者"])
def test_letters_of_any_script(said: str) -> None:
    """Template and record may be in any script, the same or two; codes and closures write them alike."""
    program = program_of(
        f'<p>{said} {{{{ n }}}}</p><table><tbody><tr pr-for="r in rs"><td>{{{{ r.n }}}}</td><td>{{{{ r.a | amount }}}}</td>'
        "</tr></tbody></table>"
    )
    names = ["Zoë & Σία", "Дмитрий", "漢字", "<Ann>"]
    record = {"n": "Жанна", "rs": [{"n": name, "a": "-1234.50"} for name in names]}
    first = html_of(read(made(program, record)[0]))
    cells = [cell.text for cell in tree(first).iter("td") if not len(cell)]
    assert cells[-2 * len(names) :] == [text for name in names for text in (name, "\u22121,234.50")]
    assert next(tree(first).iter("p")).text == f"{said} Жанна"
    for _ in range(3):
        assert html_of(read(made(program, record)[0])) == first


def test_charts_as_tables() -> None:
    """Where the template wants it the bars of charts are cells, which need no pictures."""
    chart = '<pr-chart type="bar" items="m in ms" value="m.v" label="{{ m.n }}" alt="Sales"></pr-chart>'
    record = {"ms": [{"n": "<Jan>", "v": 4}, {"n": "Feb", "v": -3}]}
    page = html_of(read(made(program_of(chart, email={"charts": "table"}), record)[0]))
    assert not list(tree(page).iter("img"))
    table = next(table for table in tree(page).iter("table") if table.get("role") == "img")
    assert table.get("aria-label") == "Sales"
    assert "<Jan>" in list(table.itertext())
    heights = [int(cell.get("height", "")) for cell in table.iter("td") if cell.get("bgcolor")]
    assert heights[0] > heights[1] > 0


@pytest.mark.parametrize("charts", ["picture", "table"])
def test_room_for_labels_is_that_of_what_they_show(charts: str) -> None:
    """An accent, which HTML in ASCII writes with six characters, takes the room of one."""
    chart = '<pr-chart type="bar" items="m in ms" value="1" label="{{ m }}" alt="Sales"></pr-chart>'
    program = program_of(chart, email={"charts": charts})
    shown = []
    for letter in "aä":
        names = [f"M{letter}{chr(97 + index)}" for index in range(12)]
        said = {text.strip() for text in tree(html_of(read(made(program, {"ms": names})[0]))).itertext()}
        shown.append([index for index, name in enumerate(names) if name in said])
    assert shown[0] == shown[1]
    assert len(shown[0]) >= 4


@given(
    st.one_of(
        st.lists(st.integers(-(10**9), 10**9), max_size=40),
        st.integers(1, 366).map(lambda count: [(index * 7919) % 101 for index in range(count)]),
    ),
    st.integers(8, 20),
    st.integers(40, 300),
    st.integers(60, 640),
    st.sampled_from([None, 0xFFFFFF]),
)
@settings(max_examples=60, deadline=None)
def test_any_chart_is_a_picture(values: list[int], text: int, height: int, width: int, ground: int | None) -> None:
    """Whatever its values, the picture of a chart is a whole PNG in which each bar is as long as the scale says."""
    bars = [(str(value), Decimal(value)) for value in values]
    ticks = [(value, str(value)) for value in scale([value for _, value in bars])]
    nothing = ("path", ())
    graph = Graph("m", nothing, nothing, (), (), (), "<table", height, text, 0x0000FF, 0xDDDDDD, 0, "", width, ground)
    picture = Image.open(io.BytesIO(chart_file(graph, bars, ticks)))
    picture.load()
    step = picture.height / len(ticks)
    assert step == int(step)
    assert picture.width % width == 0
    shown = picture.convert("RGBA")
    low, high = ticks[0][0], ticks[-1][0]
    for index, value in enumerate(values):
        x = int((index + 0.5) * picture.width / len(values))
        blue = [y for y in range(shown.height) if shown.getpixel((x, y)) == (0, 0, 255, 255)]
        wanted = abs(float(value / (high - low))) * step * (len(ticks) - 1)
        assert abs(len(blue) - wanted) <= 6


def test_a_dark_bar_gets_a_ground() -> None:
    """Bars that a dark screen would hide are put on the ground of the template; others stand on nothing."""

    def chart(color: str) -> Image.Image:
        message = message_of(
            f'<pr-chart type="bar" items="m in ms" value="m.v" label="{{{{ m.n }}}}" alt="a" bar-color="{color}"></pr-chart>',
            record={"ms": [{"n": "a", "v": 4}]},
        )
        data = next(part.get_content() for part in message.walk() if part["Content-ID"])
        return Image.open(io.BytesIO(data)).convert("RGBA")

    assert chart("#101060").getpixel((0, 0)) == (255, 255, 255, 255)
    assert chart("#4070ff").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_what_is_dark_on_nothing_gets_a_ground() -> None:
    """A dark mark on nothing is put on white, a light one stays on nothing, and a photograph is what it was."""

    def mark(colour: tuple[int, int, int]) -> Image.Image:
        image = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
        image.paste((*colour, 255), (5, 5, 30, 15))
        data = io.BytesIO()
        image.save(data, "PNG")
        return Image.open(io.BytesIO(prepare_picture(data.getvalue(), MAIL).data))

    assert mark((10, 10, 10)).convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
    assert mark((240, 240, 240)).convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><path d="M0 0h5v10z" fill="#000"/></svg>'
    made_of = prepare_picture(drawing, MAIL)
    assert (made_of.media_type, made_of.width) == ("image/png", 20)
    assert Image.open(io.BytesIO(made_of.data)).convert("RGBA").getpixel((19, 0)) == (255, 255, 255, 255)


def _contrast(one: int, other: int) -> float:
    """As WCAG 2.2 has it."""

    def light(color: int) -> float:
        parts = [(color >> shift & 255) / 255 for shift in (16, 8, 0)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


COLOUR = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)).map(bytes).map(int.from_bytes)


@settings(max_examples=400)
@given(ground=st.one_of(COLOUR.map(lambda colour: colour | 0xB0B0B0), st.just(0xFFFFFF)), text=COLOUR)
def test_what_can_be_read_can_be_read_on_dark_screens(ground: int, text: int) -> None:
    """Text that stands out from a light ground stands out from the dark one that takes its place."""
    lightness = (max(ground.to_bytes(3)) + min(ground.to_bytes(3))) / 510
    if lightness < 0.7 or _contrast(ground, text) < 4.5:
        return
    assert _contrast(_dark("g", ground, turned=True), _dark("t", text, turned=True)) >= 4.5


def test_dark_screens_have_a_palette() -> None:
    """It is told by colour scheme, and reaches elements by classes that stand beside the looks."""
    page = html_of(
        message_of(
            '<p class="a">x</p><p class="b">y</p>',
            ".a { color: #123456; background-color: #fff } .b { color: #fff; background-color: #0b6b66 }",
        )
    )
    assert '<meta name="color-scheme" content="light dark">' in page
    sheet = re.search("<style>(.*?)</style></head>", page, re.DOTALL)
    assert sheet is not None
    dark = sheet[1].partition("(prefers-color-scheme:dark)")[2]
    for element in card(page).iter("p"):
        names = element.get("class", "").split()
        assert len(names) == 2
        assert all(f".{name}{{" in dark for name in names)
    assert re.search(r"background-color:#0b6b66!important", dark)  # a strong ground stays, and so does what is on it


def test_headers_are_the_templates_and_the_requests() -> None:
    """What a request gives goes before what the template says; a date and an id are there only where they are given."""
    described = {
        "subject": "Hi",
        "from": "Meridian <post@meridian.example>",
        "to": "{{ name }} <{{ mail }}>",
        "reply_to": "ask@meridian.example",
        "unsubscribe": {"url": "https://a.example/off/{{ mail }}", "mail": "off@meridian.example", "one_click": True},
    }
    program = program_of("<p>x</p>", email=described)
    record = {"name": "Ström, Zoë", "mail": "zoe@x.de"}
    message = read(made(program, record)[0])
    assert message["From"].addresses[0].addr_spec == "post@meridian.example"
    assert (message["To"].addresses[0].display_name, message["To"].addresses[0].addr_spec) == ("Ström, Zoë", "zoe@x.de")
    assert message["Reply-To"] == "ask@meridian.example"
    unsubscribe = "".join(str(message["List-Unsubscribe"]).split())
    assert unsubscribe == "<https://a.example/off/zoe@x.de>,<mailto:off@meridian.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Date"] is None
    assert message["Message-ID"] is None
    order = MailOrder(
        sender="Other <o@x.de>", recipient="b@x.de", message_id="1@x.de", date=datetime(2026, 11, 3, tzinfo=UTC)
    )
    message = read(made(program, record, mail=order)[0])
    assert (message["From"], message["To"]) == ("Other <o@x.de>", "b@x.de")
    assert message["Message-ID"] == "<1@x.de>"
    assert message["Date"].datetime == datetime(2026, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "value", "record"),
    [
        ("to", "{{ v }}", {"v": "zoe@x.de, all@x.de"}),
        ("to", "{{ v }}", {"v": "zoe"}),
        ("from", "{{ v }}", {"v": "Zoe <z@x.de>\r\nBcc: y@x.de"}),
        ("unsubscribe", "{{ v }}", {"v": "javascript:alert(1)"}),
        ("unsubscribe", "https://a.example/{{ v }}", {"v": "x" * 950}),
    ],
)
def test_a_record_addresses_nobody_else(key: str, value: str, record: dict[str, str]) -> None:
    """What is no one mailbox, or no place to unsubscribe at, fails the document and names what is wrong."""
    program = program_of("<p>x</p>", email={"subject": "s", key: value})
    with pytest.raises(PressrunError) as caught:
        made(program, record)
    assert caught.value.reason is Reason.INVALID_RECORD
    assert caught.value.violations


@pytest.mark.parametrize(
    ("described", "line", "said", "hint"),
    [
        ({"topic_line": "x"}, 2, "unknown key 'topic_line'", "subject"),
        ({"subject": 7}, 2, "subject must be a text", "quote it"),
        ({"images": "linked"}, 2, "images cannot be 'linked'", "inline, hosted"),
        ({"subject": "{{ nope }}"}, 2, "nope", ""),
        ({"unsubscribe": {"link": "x"}}, 3, "unknown key 'link'", "known here: mail"),
        ({"reply_to": "no address"}, 2, "reply_to is no mail address", "name@example.com"),
        ({"from": "A <a@b@c.de>"}, 2, "from is no mail address", "name@example.com"),
        ({"unsubscribe": {"mail": "x"}}, 3, "unsubscribe.mail is no mail address", "name@example.com"),
        ({"attach": 7}, 2, "attach is the name of the PDF", "statement-{{ number }}.pdf"),
        ({"attach": {"name": "x", "when": 1}}, 4, "unknown key 'when'", "known here"),
        ({"attach": {"name": "x", "always": "no"}}, 4, "always must be true or false", "only where"),
        ({"unsubscribe": {"url": "http://a.example/", "one_click": True}}, 4, "one click needs", "https"),
    ],
)
def test_what_is_wrong_with_email_is_told_by_place(described: Any, line: int, said: str, hint: str) -> None:
    """Each mistake in `email` is a diagnostic of its line in template.yaml, with what would be valid."""
    files = bundle("<p>x</p>", channels=["print", "email"], schema={"type": "object", "properties": {"n": {}}})
    manifest = files["template.yaml"].decode().rstrip("}")
    lines = json.dumps({"email": described}, indent=1)[1:].replace("\n ", "\n", 1)
    files["template.yaml"] = f"{manifest},{lines}".encode()
    template = compile_bundle(files)
    assert template.info is None
    found = next(item for item in template.diagnostics if said in item.message)
    assert found.file == "template.yaml"
    assert found.line == line + 1
    assert hint in found.hint or hint in found.message


def test_a_large_message_is_told() -> None:
    """HTML that Gmail would cut off is a warning, a failure or nothing, as the template says."""
    body, record = '<p pr-for="n in ns">{{ n }} and a word more</p>', {"ns": list(range(3000))}
    _, warnings = made(program_of(body), record)
    assert [(warning.code, warning.place) for warning in warnings] == [("EMAIL_SIZE", "html")]
    assert "Gmail" in warnings[0].message
    assert not made(program_of(body), {"ns": [1]})[1]
    assert not made(program_of(body, warnings={"email-size": "pass"}), record)[1]
    with pytest.raises(PressrunError) as caught:
        made(program_of(body, warnings={"email-size": "fail"}), record)
    assert caught.value.reason is Reason.DOCUMENT_REFUSED


def test_bytes_are_the_same_again() -> None:
    """The same template and record give the same message, also with code; another record has other boundaries."""
    program = program_of(ROWS, "tr:nth-child(even) td { color: #123456 }")
    record = {"n": "n", "rows": [{"d": "2026-02-01", "t": "a", "a": "1.00"}] * 3}
    first = [made(program, record)[0] for _ in range(5)]
    assert len(set(first)) == 1
    other = made(program, record | {"n": "m"})[0]
    marks = [re.findall(rb'boundary="([^"]*)"', data) for data in (first[0], other)]
    assert marks[0] != marks[1]
    assert all(mark.startswith(b"=_") for mark in marks[0])


def test_elements_of_other_output_channels_stay_away() -> None:
    """pr-channel and @media decide as for other output channels; `email` is a medium of its own."""
    message = message_of(
        '<p pr-channel="print">paper</p><p pr-channel="email">mail</p><p class="m">both</p>',
        ".m { color: #111111 } @media screen { .m { color: #222222 } } @media email { .m { color: #333333 } }",
    )
    assert text_of(message) == "mail\n\nboth\n"
    assert "color:#333333" in html_of(message)


@pytest.fixture(scope="module")
def everywhere() -> Callable[[str], bytes]:
    """Makes a message with a value in every place that takes one."""
    body = EVERYWHERE.replace("{{ v | replace(' ', '') }}", "x")
    program = program_of(
        body + '<img src="asset:pic" alt="{{ v }}"><pr-barcode type="qr" value="x{{ v }}" alt="{{ v }}"></pr-barcode>',
        title="{{ v }}",
        email={"subject": "S {{ v }}", "preheader": "{{ v }}", "to": "N {{ v }} <zoe@x.de>"},
        **SLOT,
    )
    picture = prepare_picture(png(rgb(4, 4)), MAIL)

    def make(value: str) -> bytes:
        return made(program, {"v": value, "vs": [value]}, {"pic": picture})[0]

    return make


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.one_of(NASTY, WORDS, st.lists(st.one_of(NASTY, WORDS), max_size=3).map("".join)))
def test_no_value_gets_out_of_its_place(everywhere: Callable[[str], bytes], value: str) -> None:
    """Whatever a record holds, the message has the headers, parts, elements and attributes of one with a harmless word."""
    plain, found = read(everywhere("word")), read(everywhere(value))
    assert found.keys() == plain.keys()
    assert [part.get_content_type() for part in found.walk()] == [part.get_content_type() for part in plain.walk()]
    assert found["To"].addresses[0].addr_spec == "zoe@x.de"
    expected, page = tree(html_of(plain)), tree(html_of(found))
    assert [(element.tag, sorted(element.attrib)) for element in page.iter()] == [
        (element.tag, sorted(element.attrib)) for element in expected.iter()
    ]
    turning = "[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0e-\x1f]"
    assert not re.search(turning, html_of(found) + text_of(found) + str(found["Subject"]) + str(found["To"]))
    sources = {image.get("src", "").partition(":")[0] for image in page.iter("img")}
    assert sources == {"cid"}
    cids = {str(part["Content-ID"]).strip("<>") for part in found.walk() if part["Content-ID"]}
    assert {image.get("src", "").removeprefix("cid:") for image in page.iter("img")} == cids


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, max_size=70))
def test_code_and_closures_give_the_same(rows: list[dict[str, str]]) -> None:
    """A program that is used again gets code for its loops; the message stays the same, whatever the record."""
    template = compile_bundle(bundle(ROWS, **CHANNELS))
    fresh, used = (load(template.programs["en-GB;email"]) for _ in range(2))
    assert isinstance(fresh, LoadedMailProgram)
    assert isinstance(used, LoadedMailProgram)
    for _ in range(2):
        used.composed()
    record = {"rows": rows, "n": "<n>"}
    assert made(fresh, record)[0] == made(used, record)[0]


def test_footnotes() -> None:
    """They stand at the end, in HTML as a list that their calls lead to, in plain text as lines."""
    message = message_of(
        '<main><p>Said<span class="f">why</span> and done<span class="f">how {{ n }}</span>.</p></main>',
        ".f { float: footnote }",
        {"n": "<1>"},
    )
    assert text_of(message) == "Said[1] and done[2].\n\n[1] why\n[2] how <1>\n"
    calls = [link.get("href") for link in card(html_of(message)).iter("a") if link.get("role") == "doc-noteref"]
    notes = [f"#{item.get('id')}" for item in card(html_of(message)).iter("li")]
    assert calls == notes == ["#pr-note-1", "#pr-note-2"]


def test_the_pdf_comes_with_it() -> None:
    """A file stands beside what is read, with the name that the template makes of the record; a large message is told."""
    program = program_of("<p>x</p>", email={"attach": "Auszug {{ n }}/Nö.pdf"})
    plain, _ = made(program, {"n": 7})
    data, warnings = made(program, {"n": 7}, mail=MailOrder(attached=b"%PDF-1.7 \xff\x00"))
    message = read(data)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    (file,) = message.iter_attachments()
    assert file.get_filename() == "Auszug 7 Nö.pdf"
    assert file.get_content() == b"%PDF-1.7 \xff\x00"
    assert not warnings
    assert not any(part.get_content_disposition() == "attachment" for part in read(plain).walk())
    heavy = MailOrder(attached=bytes(8_000_000))
    assert [(told.code, told.place) for told in made(program, {"n": 7}, mail=heavy)[1]] == [("EMAIL_SIZE", "message")]
    with pytest.raises(PressrunError, match="many mail servers take no more"):
        made(program_of("<p>x</p>", warnings={"email-size": "fail"}), mail=heavy)


def test_the_pdf_needs_print() -> None:
    """A template that attaches its PDF offers print; one that only may says so."""
    wrong = compile_bundle(bundle("<p>x</p>", channels=["email"], email={"attach": "x"}))
    assert any(item.message == "the PDF is that of print" for item in wrong.diagnostics)
    always = compile_bundle(bundle("<p>x</p>", **CHANNELS, email={"attach": "x"}))
    asked = compile_bundle(bundle("<p>x</p>", **CHANNELS, email={"attach": {"name": "x", "always": False}}))
    assert always.info is not None
    assert asked.info is not None
    assert (always.info.attach, asked.info.attach) == (True, False)
