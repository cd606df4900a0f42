"""Pages for browsers: the markup stays, values are escaped, and what only paper knows is left out."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import tinyhtml5
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from tests.unit.engine.conftest import bundle
from tests.unit.prepare.pictures import png, rgb

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import PreparedText, TextElement
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.model.template import RenditionSpec, program_key
from pressrun_server.prepare.image import prepare_image
from pressrun_server.prepare.picture import prepare_picture
from pressrun_server.render.programs import begin, load
from pressrun_server.render.web_composition import LoadedWebProgram
from pressrun_server.template.compile import compile_bundle, compile_edition

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)
Make = Callable[..., str]


def page_of(
    body: str, css: str = "", record: Any = None, pictures: dict[str, PreparedPicture] | None = None, **more: Any
) -> str:
    """The page that a body makes."""
    template = compile_bundle(bundle(body, css, **{"channels": ["print", "web"], **more}))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = load(template.programs[program_key("en-GB", "web")])
    assets = {slot: (Digest.of(picture.data), picture) for slot, picture in (pictures or {}).items()}
    made = begin(program, json.dumps(record or {}).encode(), assets=assets, attributes={}, as_of=AS_OF, engine="e" * 64)
    data = b"".join(made)
    assert made.summary.size == len(data)
    assert made.summary.sha256 == hashlib.sha256(data).hexdigest()
    return data.decode()


def tree(page: str) -> Element:
    """The page as a browser reads it."""
    return tinyhtml5.parse(page, namespace_html_elements=False)


def names(element: Element) -> list[str]:
    """The elements of a page's body, in order."""
    body = element.find("body")
    assert body is not None
    return [str(found.tag).rpartition("}")[2] for found in body.iter()]


def shown(page: str) -> str:
    """The text of a page's body, white space folded."""
    body = tree(page).find("body")
    assert body is not None
    return " ".join(" ".join(body.itertext()).split())


def test_the_markup_stays_what_it_is() -> None:
    """Headings, lists, tables with scopes and spans, languages and links are elements of HTML still."""
    page = page_of(
        '<main><h1 id="top">A</h1><ol start="3"><li>one</li></ol><p lang="de">zwei <b>drei</b><br>vier</p>'
        '<table><thead><tr><th scope="col" colspan="2">H</th></tr></thead><tbody><tr><td rowspan="2">x</td><td>y</td></tr>'
        '<tr><td>z</td></tr></tbody></table><p><a href="https://a.example/?a=1&amp;b=2">go</a> <a href="#top">up</a></p></main>'
    )
    found = tree(page)
    assert " ".join(names(found)) == ("body main h1 ol li p b br table thead tr th tbody tr td td tr td p a a")
    assert found.get("lang") == "en-GB"
    assert found.find(".//ol").get("start") == "3"  # type: ignore[union-attr]
    assert found.find(".//th").attrib == {"scope": "col", "colspan": "2"} | _looks(found.find(".//th"))
    assert [link.get("href") for link in found.iter("a")] == ["https://a.example/?a=1&b=2", "#top"]
    assert found.find(".//h1").get("id") == "top"  # type: ignore[union-attr]


def _looks(element: Element | None) -> dict[str, str]:
    assert element is not None
    return {"class": element.attrib["class"]} if "class" in element.attrib else {}


def test_a_browser_runs_nothing_and_fetches_nothing() -> None:
    """The policy allows the one style sheet by its digest and pictures in the page itself, and nothing else."""
    page = page_of("<p>x</p>", "p { color: red }")
    sheet = re.search("<style>(.*?)</style>", page)
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page)
    assert sheet
    assert policy
    digest = base64.b64encode(hashlib.sha256(sheet[1].encode()).digest()).decode()
    assert policy[1] == (
        f"default-src 'none';img-src data:;style-src 'sha256-{digest}';base-uri 'none';form-action 'none'"
    )
    assert not re.search(r"<script|\sstyle=|\son\w+=|url\(", page)


def test_directives() -> None:
    """Branches, loops with their turns, names, strings and plural forms show what they show on paper."""
    page = page_of(
        '<p pr-for="n in ns"><span pr-if="n > 1">{{ n }} of {{ loop.length }}</span><span pr-else>one</span>;</p>'
        '<div pr-with="twice = total * 2"><b>{{ twice }}</b></div><p pr-if="missing">never</p><p pr-else>{{ t.hello }}</p>',
        record={"ns": [1, 2, 3], "total": 4},
        strings={"en-GB": {"hello": "Hello"}},
    )
    assert shown(page) == "one ; 2 of 3 ; 3 of 3 ; 8 Hello"


def test_rows_alternate_and_keep_their_looks() -> None:
    """Odd and even rows have looks of their own, as the style sheet says."""
    page = page_of(
        '<table><tbody><tr pr-for="n in ns"><td>{{ n }}</td></tr></tbody></table>',
        "tr:nth-child(even) td { background-color: #eee }",
        {"ns": list(range(5))},
    )
    cells = [cell.get("class", "") for cell in tree(page).iter("td")]
    assert cells[0] == cells[2] == cells[4] != cells[1] == cells[3]


def test_sums_of_a_table() -> None:
    """Running sums stand in rows, totals behind them, and before and in them where they ask for them."""
    page = page_of(
        '<table><thead><tr><th>{{ paid.total }}</th></tr><tr pr-on="continued"><th>{{ paid.before }}</th></tr></thead>'
        '<tbody><tr pr-for="n in ns" pr-sum="paid = n"><td>{{ paid.running }}/{{ paid.total }}</td></tr></tbody>'
        '<tfoot><tr pr-on="continued"><td>carried</td></tr><tr pr-on="last"><td>= {{ paid.running }}</td></tr></tfoot></table>',
        record={"ns": ["1.10", "2.20", "3"]},
        schema={"type": "object", "properties": {"ns": {"type": "array"}}, "additionalProperties": False},
    )
    assert shown(page) == "6.30 1.10/6.30 3.30/6.30 6.30/6.30 = 6.30"


def test_what_only_paper_knows_is_left_out() -> None:
    """Page numbers, continued headers and fold marks are not there; running elements of the first page stand once."""
    page = page_of(
        '<header class="top"><p>Bank</p><p>Page {{ page.number }} of {{ page.count }}</p></header>'
        '<header class="next"><p>continued</p></header><footer class="end">Legal</footer>'
        '<div class="fold"></div><div class="window"><p>Zoë</p></div><main><p>Dear</p></main>',
        ".top { position: running(top) } .next { position: running(next) } .end { position: running(end) }"
        "@page { margin: 20mm; @top-left { content: element(next) } @bottom-left { content: element(end) } }"
        "@page :first { @top-left { content: element(top) } }"
        ".fold { position: absolute; left: 5mm; top: 105mm; width: 5mm; border-top: 0.3pt solid #000 }"
        ".window { position: absolute; left: 20mm; top: 45mm; width: 80mm }",
    )
    assert shown(page) == "Bank Zoë Dear Legal"
    assert names(tree(page)) == (["body", "header", "div", "p", "div", "div", "p", "main", "p", "footer", "div"])


def test_everything_stands_in_a_landmark() -> None:
    """Without a main element all of the content is one."""
    assert names(tree(page_of("<h1>x</h1><p>y</p>"))) == ["body", "main", "h1", "p"]


def test_for_some_output_channels_only() -> None:
    """An element for other output channels is not there, in print as on the web; names are checked."""
    body = '<p pr-channel="web">seen</p>a<p pr-channel="print">paper</p>b<p pr-channel="web print">both</p>'
    assert shown(page_of(body)) == "seen ab both"
    wrong = compile_bundle(bundle('<p pr-channel="email">x</p>', channels=["print", "web"]))
    assert "the template offers no output channel 'email'" in str(wrong.diagnostics[0])
    none = compile_bundle(bundle('<p pr-channel="">x</p>', channels=["print", "web"]))
    assert "names none" in str(none.diagnostics[0])


def test_media() -> None:
    """Rules for print do not count on the web, nor the other way; what is no medium is told."""
    css = "@media print { p { color: #ff0000 } } @media screen { p { color: #00ff00 } }"
    page = page_of("<p>x</p>", css)
    assert "#00ff00" in page
    assert "#ff0000" not in page
    wrong = compile_bundle(bundle("<p>x</p>", "@media (min-width: 3em) { p { color: red } }"))
    assert "@media (min-width: 3em) is not supported" in str(wrong.diagnostics[0])
    inside = compile_bundle(bundle("<p>x</p>", "@media print { @page { margin: 1mm } }"))
    assert inside.diagnostics[0].hint == "put @page beside it"


SLOT: dict[str, Any] = {"slots": {"pic": {"rules": [{"use": "library:a.png"}], "otherwise": "omit"}}}


def test_pictures() -> None:
    """A slot's picture is in the page, with its alternative text; without an asset nothing is left of it."""
    body = '<img src="asset:pic" alt="{{ name }} &amp; co"><div class="b">x</div>'
    css = ".b { background-image: url(asset:pic) } img { width: 30mm }"
    picture = prepare_picture(png(rgb()), RenditionSpec(screen=True))
    page = page_of(body, css, {"name": 'A"B'}, {"pic": picture}, **SLOT)
    first, behind = tree(page).iter("img")
    assert first.get("alt") == 'A"B & co'
    assert (first.get("width"), first.get("height")) == ("96", "64")
    data = base64.b64encode(picture.data).decode()
    assert first.get("src") == behind.get("src") == f"data:image/png;base64,{data}"
    assert behind.get("alt") == ""
    assert "<img" not in page_of(body, css, {"name": "x"}, **SLOT)


def test_a_picture_of_another_output_channel_is_no_picture() -> None:
    """Objects of PDF never come into a page: the mistake is an error, not a broken picture."""
    template = compile_bundle(bundle('<img src="asset:pic" alt="">', channels=["print", "web"], **SLOT))
    image = prepare_image(png(rgb()))
    with pytest.raises(PressrunError) as caught:
        begin(
            load(template.programs["en-GB;web"]), b"{}",
            assets={"pic": (Digest.of(b""), image)}, attributes={}, as_of=AS_OF, engine="e",
        )  # fmt: skip
    assert caught.value.reason is Reason.INTERNAL


def test_codes_and_charts() -> None:
    """A code can be read by what reads codes, with its colours; a chart has its labels, and both say what they are."""
    page = page_of(
        '<pr-barcode type="qr" quiet="2" value="https://a.example/{{ n }}" alt="Code {{ n }}"></pr-barcode>'
        '<pr-chart type="bar" items="m in months" value="m.v" label="{{ m.n }}" alt="<Sales>"></pr-chart>',
        "pr-barcode { color: #102030 }",
        {"n": "Ω<7>", "months": [{"n": "<Jan>", "v": 3}, {"n": "Feb", "v": "-2.5"}]},
    )
    found = tree(page)
    code = found.find(".//img")
    assert code is not None
    assert code.get("alt") == "Code Ω<7>"
    picture = Image.open(io.BytesIO(base64.b64decode(code.get("src", "").partition(",")[2])))
    colours = {colour for _, colour in picture.convert("RGB").getcolors() or ()}
    assert colours == {(255, 255, 255), (0x10, 0x20, 0x30)}
    large = ImageOps.expand(picture.convert("L").resize((400, 400), Image.Resampling.NEAREST), 40, 255)
    assert zxingcpp.read_barcodes(large)[0].text == "https://a.example/Ω<7>"
    drawing = next(element for element in found.iter() if str(element.tag).endswith("svg"))
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", "<Sales>")
    labels = [element.text for element in drawing.iter() if str(element.tag).endswith("text")]
    assert labels == ["-4", "-2", "0", "2", "4", "<Jan>", "Feb"] or set(labels) >= {"<Jan>", "Feb", "0"}


def test_a_drawing_of_the_template() -> None:
    """It is a drawing of the page, with its name."""
    page = page_of(
        '<svg viewBox="0 0 10 10" width="10" height="10" aria-label="Mark {{ n }}"><path d="M0 0h10v10z" fill="#f00"/></svg>',
        record={"n": "<1>"},
    )
    drawing = next(element for element in tree(page).iter() if str(element.tag).endswith("svg"))
    assert drawing.get("aria-label") == "Mark <1>"
    assert [str(child.tag).rpartition("}")[2] for child in drawing] == ["path"]


@pytest.mark.parametrize(
    "leads", ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "//a.example", " https://a"]
)
def test_links_of_a_record_lead_nowhere_harmful(leads: str) -> None:
    """A record's target is checked as it is in print."""
    with pytest.raises(PressrunError) as caught:
        page_of('<a href="{{ to }}">x</a>', record={"to": leads})
    assert caught.value.reason is Reason.INVALID_RECORD


NASTY = st.text(
    st.one_of(st.sampled_from("<>&\"'`=/\\ \t\n\r\x00\x0b\x1b\x7f\u2028\u202e\u2066\ufeffa"), st.characters()),
    max_size=30,
).map(lambda text: text.encode("utf-8", "replace").decode())
WORDS = st.sampled_from(
    ["</p><script>alert(1)</script>", '" onload="x', "'><img src=x onerror=x>", "<!--", "]]>", "&lt;b&gt;", "</title>",
     "</style><style>", "{{ 7 }}", "\u202eevil", "<svg/onload=x>"]
)  # fmt: skip
EVERYWHERE = (
    '<main><p title="{{ v }}">{{ v }}</p><ul><li pr-for="i in vs">{{ i }}</li></ul>'
    "<a href=\"https://a.example/{{ v | replace(' ', '') }}\">{{ v }}</a><p style=\"white-space: pre-wrap\">{{ v }}</p>"
    '<table><tr><td aria-label="{{ v }}">{{ v }}</td></tr></table>'
    '<pr-chart type="bar" items="i in vs" value="1" label="{{ i }}" tick="{{ value }}" alt="Of {{ v }}"></pr-chart></main>'
)


@pytest.fixture(scope="module")
def everywhere() -> Callable[[str], str]:
    """Makes a page with a value in every place that takes one."""
    body = EVERYWHERE.replace("{{ v | replace(' ', '') }}", "x")
    template = compile_bundle(bundle(body, title="{{ v }}", channels=["print", "web"]))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = load(template.programs["en-GB;web"])

    def make(value: str) -> str:
        record = json.dumps({"v": value, "vs": [value]}).encode()
        made = begin(program, record, assets={}, attributes={}, as_of=AS_OF, engine="e")
        return b"".join(made).decode()

    return make


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.one_of(NASTY, WORDS, st.lists(st.one_of(NASTY, WORDS), max_size=3).map("".join)))
def test_no_value_gets_out_of_its_place(everywhere: Callable[[str], str], value: str) -> None:
    """Whatever a record holds, the page has the elements and attributes that it has with a harmless word."""
    plain, page = everywhere("word"), everywhere(value)
    expected, found = tree(plain), tree(page)
    assert [(element.tag, sorted(element.attrib)) for element in found.iter()] == [
        (element.tag, sorted(element.attrib)) for element in expected.iter()
    ]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0e-\x1f]", page)
    paragraph = found.find(".//p")
    assert paragraph is not None
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "", value)
    assert re.sub(r"\s", "", "".join(paragraph.itertext())) == re.sub(r"\s", "", kept)


ROWS = (
    "<table><tr pr-for='r in rows'><td>{{ r.d | date('short') }}</td><td>{{ r.t }}</td><td>{{ r.a | amount }}</td>"
    "<td><b pr-if=\"'-' in r.a\">{{ r.a | amount }}</b><i pr-elif='r.t'>{{ r.t | upper }}</i></td>"
    "<td title='{{ r.t }}'>{{ n }} {{ '{' }}</td></tr></table>"
)
ROW = st.fixed_dictionaries(
    {
        "d": st.sampled_from(["2026-02-01", "2026-12-31", "0999-01-01", "2026-02-01T10:00:00"]),
        "t": st.one_of(NASTY, WORDS),
        "a": st.one_of(st.decimals(-(10**9), 10**9, places=2).map(str), st.sampled_from(["0.00", "-0.00", "5", "1e3"])),
    }
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=70))
def test_code_and_closures_give_the_same(rows: list[dict[str, str]]) -> None:
    """A program that is used again gets code for its loops; what it shows stays the same, whatever the record."""
    template = compile_bundle(bundle(ROWS, "tr:nth-child(even) td { color: #123456 }", channels=["print", "web"]))
    record = json.dumps({"rows": rows, "n": "<n>"}).encode()
    fresh, used = (load(template.programs["en-GB;web"]) for _ in range(2))
    assert isinstance(used, LoadedWebProgram)
    used.binder.quicken()
    one, other = (
        b"".join(begin(program, record, assets={}, attributes={}, as_of=AS_OF, engine="e")) for program in (fresh, used)
    )
    assert one == other


def test_code_and_closures_fail_alike() -> None:
    """What does not fit is told in the same words."""
    template = compile_bundle(bundle(ROWS, channels=["print", "web"]))
    told = []
    for quick in (False, True):
        program = load(template.programs["en-GB;web"])
        assert isinstance(program, LoadedWebProgram)
        if quick:
            program.binder.quicken()
        record = json.dumps({"rows": [{"d": "2026-02-01", "t": "x", "a": "1.00"}, {"d": "soon", "t": "", "a": "1"}]})
        with pytest.raises(PressrunError) as caught:
            list(begin(program, record.encode(), assets={}, attributes={}, as_of=AS_OF, engine="e"))
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_large_table_comes_in_parts() -> None:
    """A page of many rows leaves in parts of some kilobytes, and is the same as one of few joined."""
    template = compile_bundle(
        bundle('<table><tr pr-for="n in ns"><td>{{ n }}</td></tr></table>', channels=["print", "web"])
    )
    record = json.dumps({"ns": list(range(20_000))}).encode()
    program = load(template.programs["en-GB;web"])
    parts = list(begin(program, record, assets={}, attributes={}, as_of=AS_OF, engine="e"))
    assert len(parts) > 5
    assert max(map(len, parts)) < 100_000
    cells = re.findall(r"<td[^>]*>(\d+)</td>", b"".join(parts).decode())
    assert cells == [str(number) for number in range(20_000)]


def test_loops_in_loops_end() -> None:
    """Loops have a budget between two parts here too."""
    body = '<p pr-for="a in xs"><span pr-if="a">{{ a }}</span></p>'
    deep = f'<div pr-for="b in xs"><div pr-for="c in xs">{body}</div></div>'
    with pytest.raises(PressrunError) as caught:
        page_of(deep, record={"xs": [0] * 400})
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


def test_a_value_that_does_not_fit() -> None:
    """It is told as it is told in print, with the template's place."""
    with pytest.raises(PressrunError) as caught:
        page_of("<p>{{ customer.name }}</p>")
    assert caught.value.reason is Reason.INVALID_RECORD
    assert "t.html:2:" in str(caught.value)


def test_a_template_without_print_has_its_programs_of_the_web() -> None:
    """An output channel that is not offered is not compiled; renditions for screens are those of screens."""
    template = compile_bundle(bundle('<img src="asset:pic" alt="">', channels=["print"], **SLOT))
    assert set(template.programs) == {"en-GB"}
    template = compile_bundle(bundle('<img src="asset:pic" alt="">', channels=["print", "web"], **SLOT))
    assert set(template.programs) == {"en-GB", "en-GB;web"}
    assert template.info is not None
    assert template.info.slots[0].renditions["web"].screen


WRONG_ONLY_HERE = {
    "a script in a drawing": (
        '<svg viewBox="0 0 9 9" width="9" height="9" aria-hidden="true"><script>x()</script></svg>',
        "drawing",
        "<script>",
    ),
    "a slot that is not there": ('<img src="asset:nope" alt="">', "slot", "no slot 'nope'"),
    "a link that runs": ('<a href="javascript:x()">x</a>', "link", "javascript:"),
    "a cell without a table": ("<div style='display: table-cell'>x</div>", "structure", "outside a table"),
    "an item without a list": ("<li>x</li>", "structure", "outside a list"),
    "a chart without values": (
        '<pr-chart items="m in months" label="{{ m.n }}" alt=""></pr-chart>',
        "attribute",
        "needs value",
    ),
    "an attribute that runs": ('<p onclick="x()">x</p>', "attribute", "onclick"),
}


@pytest.mark.parametrize("wrap", ['<div pr-channel="web">{}</div>', '<div class="screen">{}</div>'])
@pytest.mark.parametrize("case", WRONG_ONLY_HERE)
def test_what_only_screens_show_is_checked(case: str, wrap: str) -> None:
    """An element that print never shows is held to all that elements of print are held to, and told once."""
    body, code, words = WRONG_ONLY_HERE[case]
    css = ".screen { display: none } @media screen { .screen { display: block } }"
    found = compile_bundle(bundle(wrap.format(body), css, channels=["print", "web"]))
    assert found.programs == {}
    assert [item.code for item in found.diagnostics if words in item.message] == [code]
    assert found.diagnostics[0].line == 2


def test_all_that_is_wrong_is_told_at_once() -> None:
    """What is wrong in print does not hide what is wrong on the web, and what is wrong in both is told once."""
    body = '<p pr-channel="print"><li>a</li></p><img src="asset:both" alt=""><p pr-channel="web"><a href="data:x">b</a></p>'
    found = compile_bundle(bundle(body, channels=["print", "web"]))
    assert sorted(item.code for item in found.diagnostics) == ["link", "slot", "structure"]


def test_too_many_elements_for_screens() -> None:
    """Loops that only the web shows have a limit too, which is told."""
    body = '<i pr-for="a in xs">x</i>'
    for name in "bcdefghijklmno":
        body = f'<div pr-for="{name} in xs">{body}</div>'
    found = compile_bundle(bundle(f'<div pr-channel="web">{body}</div>', channels=["print", "web"]))
    assert ["multiplies to over 20000 elements" in item.message for item in found.diagnostics] == [True]


def test_a_running_element_of_paper_alone() -> None:
    """What runs along pages may be for print only; one for the web must run somewhere too."""
    css = ".top { position: running(top) } @page { margin: 20mm; @top-left { content: element(top) } }"
    page = page_of('<header class="top" pr-channel="print">paper</header><p>x</p>', css)
    assert shown(page) == "x"
    css = ".top { position: running(top) }"
    found = compile_bundle(bundle('<header class="top" pr-channel="web">x</header>', css, channels=["print", "web"]))
    assert ["running(top) is in no margin box" in item.message for item in found.diagnostics] == [True]


def test_slots_that_only_screens_show() -> None:
    """Approved text that only the web shows is text; a picture that it alone shows has the size that it has there."""
    slots: dict[str, Any] = {
        "terms": {"rules": [{"use": "library:terms.html"}], "otherwise": "omit"},
        "pic": {"rules": [{"use": "library:a.png"}], "otherwise": "omit", "renditions": {"web": {"dpi": 144}}},
    }
    body = '<div pr-channel="web"><pr-content slot="terms"></pr-content><img src="asset:pic" alt=""></div>'
    found = compile_bundle(bundle(body, "img { width: 50pt }", channels=["print", "web"], slots=slots))
    assert found.info is not None
    assert found.diagnostics == ()
    by_name = {slot.name: slot for slot in found.info.slots}
    assert (by_name["terms"].text, by_name["pic"].text) == (True, False)
    assert by_name["pic"].renditions["web"].width == 100


def test_an_edition_is_of_one_output_channel() -> None:
    """Compiling approved text for the web makes the web's program alone, and refuses what the web can't show."""
    slots = {"terms": {"rules": [{"use": "library:terms.html"}], "otherwise": "omit"}}
    files = bundle('<pr-content slot="terms"></pr-content>', channels=["print", "web"], slots=slots)
    text = PreparedText((TextElement("p", (), ("Terms {{ x }}",)),))
    found = compile_edition(files, "en-GB", {"terms": ("d" * 64, text)}, "web")
    assert set(found.programs) == {"en-GB;web"}
    made = begin(load(found.programs["en-GB;web"]), b"{}", assets={}, attributes={}, as_of=AS_OF, engine="e")
    assert shown(b"".join(made).decode()) == "Terms {{ x }}"
    stray = PreparedText((TextElement("li", (), ("x",)),))
    found = compile_edition(files, "en-GB", {"terms": ("d" * 64, stray)}, "web")
    assert [item.code for item in found.diagnostics] == ["structure"]


def test_footnotes_stand_at_the_end_and_lead_back() -> None:
    """Numbered in the order of what is shown; each call and its text link to each other, and values are escaped."""
    body = (
        "<main><p pr-for='row in rows'>{{ row }}<span class='n'>about {{ row }} <i>x</i></span></p>"
        "<p pr-if='no'>b<span class='n'>hidden</span></p></main><footer><p>c<span class='n'>last</span></p></footer>"
    )
    page = page_of(body, ".n { float: footnote }", {"rows": ["<a>", "b"], "no": False})
    found = tree(page)
    calls = [link for link in found.iter("a") if link.get("role") == "doc-noteref"]
    assert [call.text for call in calls] == ["1", "2", "3"]
    ids = {element.get("id"): element for element in found.iter() if element.get("id")}
    for call, text in zip(calls, ("1. about <a> x", "2. about b x", "3. last"), strict=True):
        item = ids[call.get("href", "")[1:]]
        assert item.tag == "li"
        assert " ".join("".join(item.itertext()).split()) == text
        (back,) = (link for link in item.iter("a") if link.get("role") == "doc-backlink")
        assert ids[back.get("href", "")[1:]] is call
    assert [element.tag for element in found.iter() if element.get("class") == "fn"] == ["ol", "ol"]
    assert "hidden" not in page


def test_columns_give_way_on_narrow_screens() -> None:
    """As many as the template says where there is room for lines of a readable length."""
    css = ".c { columns: 3; column-gap: 24pt; column-rule: .75pt solid #ccc } .w { columns: 120pt } body { font-size: 12pt }"
    page = page_of("<div class='c'><p>x</p></div><div class='w'><p>x</p></div>", css)
    assert "columns:14rem 3;column-gap:2rem;column-rule:1px solid #cccccc" in page
    assert "columns:10rem auto" in page


HOSTED = HostedLink(
    "https://media.example/c_limit,w_1200/v7/hill.jpg?a=1&b=2",
    "image/jpeg",
    1200,
    400,
    narrower=(("https://media.example/c_limit,w_600/v7/hill.jpg", 600), ("https://small.example/hill.jpg", 320)),
)


def linked_page(body: str, link: HostedLink, css: str = "") -> str:
    """The page of a body whose slot `pic` is shown by its own system."""
    template = compile_bundle(bundle(body, css, channels=["print", "web"], **SLOT))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    picture = prepare_picture(png(rgb()), RenditionSpec(screen=True))
    made = begin(
        load(template.programs["en-GB;web"]), b'{"n": "<Hill>"}', assets={"pic": (Digest.of(picture.data), picture)},
        attributes={}, as_of=AS_OF, engine="e", links={"pic": link},
    )  # fmt: skip
    return b"".join(made).decode()


def policy(page: str) -> str:
    """What a page may do."""
    found = re.search('Content-Security-Policy" content="([^"]*)"', page)
    assert found
    return found[1]


def test_a_picture_is_linked_in_the_widths_of_its_system() -> None:
    """A hosted picture is linked to, narrower for narrow screens, and the policy allows its hosts and no others."""
    page = linked_page('<img src="asset:pic" alt="{{ n }}">', HOSTED, "img { width: 60mm }")
    image = tree(page).find(".//img")
    assert image is not None
    assert (image.get("src"), image.get("alt")) == (HOSTED.url, "<Hill>")
    assert (image.get("width"), image.get("height")) == ("1200", "400")
    assert image.get("srcset") == (
        "https://small.example/hill.jpg 320w, https://media.example/c_limit,w_600/v7/hill.jpg 600w, "
        "https://media.example/c_limit,w_1200/v7/hill.jpg?a=1&b=2 1200w"
    )
    assert re.fullmatch(r"\(max-width:40rem\) 100vw,[\d.]+rem", image.get("sizes", ""))
    assert "img-src data: https://media.example https://small.example;style-src" in policy(page)
    assert "media-src" not in policy(page)
    assert "base64" not in page.partition("<body>")[2]


def test_a_film_has_a_player() -> None:
    """Where the picture is the still of a film, the page has a player that loads nothing before it is asked."""
    link = HostedLink(
        "https://a.example/still.jpg", None, None, None, None, "https://b.example:8443/film.mp4", "video/mp4"
    )
    page = linked_page(
        '<img src="asset:pic" alt="Our {{ n }}"><div class="b">x</div>', link, ".b { background-image: url(asset:pic) }"
    )
    player, source = tree(page).find(".//video"), tree(page).find(".//video/source")
    assert player is not None
    assert source is not None
    assert (player.get("aria-label"), player.get("poster"), player.get("preload")) == ("Our <Hill>", link.url, "none")
    assert player.get("controls") == ""
    assert (player.get("width"), player.get("height")) == ("96", "64"), "of the picture that was prepared"
    assert source.attrib == {"src": link.video, "type": "video/mp4"}
    assert [image.get("src") for image in tree(page).iter("img")] == [link.url], "behind a box there is no player"
    assert "img-src data: https://a.example;media-src https://b.example:8443;style-src" in policy(page)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", 'https://a.example/"><script>', "//a.example"]
)
def test_an_address_is_looked_at(url: str) -> None:
    """What a system gives for an address is refused where it is none of the web, and escaped where it is."""
    try:
        page = linked_page('<img src="asset:pic" alt="">', HostedLink(url, None, 1, 1))
    except PressrunError as error:
        assert error.reason is Reason.INVALID_RECORD
    else:
        assert names(tree(page)) == ["body", "main", "img"]
        assert policy(page).startswith("default-src 'none';img-src data: https://a.example;style-src 'sha256-")


def test_an_asset_that_is_shown_to_nobody_is_held() -> None:
    """Without an address the picture stands in the page."""
    page = linked_page('<img src="asset:pic" alt="">', HostedLink(""))
    assert tree(page).find(".//img").get("src", "").startswith("data:image/png")  # type: ignore[union-attr]
    assert "img-src data:;style-src" in policy(page)
