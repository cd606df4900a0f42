from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.template.links import SAFE_TARGET, target

Compose = Callable[..., Any]

PAGE = "@page { size: A6; margin: 10mm; @bottom-left { content: element(f) } } .f { position: running(f) }"
FOOTER = "<footer class='f'>See <a href='https://x.example/'>x.example</a></footer>"


def annotations(data: bytes) -> list[tuple[str, str]]:
    """Target of each annotation of a document, and the type of the element that its way back leads to."""
    found = []
    with pikepdf.open(io.BytesIO(data)) as pdf:
        parents = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
        for page in pdf.pages:
            for item in page.obj.get("/Annots", []):
                element = parents[int(item.StructParent)]
                objects = [
                    kid.Obj.objgen
                    for kid in element.K
                    if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/OBJR"
                ]
                assert item.objgen in objects
                assert item.F == 4
                assert str(item.Contents) == str(item.A.URI)
                found.append((str(item.A.URI), str(element.S)))
    return found


def test_a_link_is_where_its_text_is(composed: Compose) -> None:
    """A link covers its own words on each line and no others; its target may hold what the record says."""
    body = "<p>Go to <a href='https://bank.example/s/{{ name }}?a=1'>your <b>online</b> statement, a name that wraps over two lines</a> today.</p>"
    made = composed(body, PAGE.replace("@bottom-left { content: element(f) }", ""), {"name": "Zoë (1)"})
    uri = "https://bank.example/s/Zo%C3%AB%20(1)?a=1"
    assert annotations(made.data) == [(uri, "/Link"), (uri, "/Link")]
    places = [link["from"] for link in made.pdf[0].get_links()]
    inside = {
        word[4]
        for word in made.pdf[0].get_text("words")
        if any(place.contains(((word[0] + word[2]) / 2, (word[1] + word[3]) / 2)) for place in places)
    }
    assert inside == {"your", "online", "statement,", "a", "name", "that", "wraps", "over", "two", "lines"}


def test_links_stand_anywhere(composed: Compose) -> None:
    """In cells, lists, boxes and loops; not in running elements, which are no content."""
    body = (
        f"{FOOTER}<table><tr><td>cell <a href='mailto:a@b.example'>mail</a></td><td>b</td></tr></table>"
        "<table><tr pr-for='row in rows'><td><a href='https://rows.example/'>{{ row }}</a></td></tr></table>"
        "<ul><li><a href='tel:+4420'>call</a></li></ul>"
        "<div style='position: absolute; top: 90mm; left: 10mm; width: 50mm'><a href='http://box.example/'>box</a></div>"
    )
    made = composed(body, PAGE, {"rows": ["one", "two"]})
    assert [uri for uri, _ in annotations(made.data)] == [
        "mailto:a@b.example", "https://rows.example/", "https://rows.example/", "tel:+4420", "http://box.example/",
    ]  # fmt: skip
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        cell = pdf.Root.StructTreeRoot.K[0].K[0].K[0].K[0].K[0]
        assert [str(kid.S) for kid in cell.K if isinstance(kid, pikepdf.Dictionary)] == ["/Link"]


def test_links_on_many_pages(composed: Compose) -> None:
    """A document of more pages than a node of the page tree holds keeps every link and its way back."""
    made = composed(
        "<p pr-for='n in ns' style='break-after: page'><a href='https://n.example/'>{{ n }}</a></p>",
        PAGE.replace("@bottom-left { content: element(f) }", ""),
        {"ns": list(range(150))},
    )
    assert made.summary.pages >= 150
    assert annotations(made.data) == [("https://n.example/", "/Link")] * 150


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        " https://a.example",
        "file:///etc/passwd",
        "",
        "data:text/html,x",
        "//a.example",
        "https://",
    ],
)
def test_what_a_link_may_not_do(composed: Compose, compiled: Callable[..., Any], uri: str) -> None:
    """A target of another kind is refused, at publish where the template says it and at the record where that does."""
    [found] = compiled(f"<p><a href='{uri}'>x</a></p>").diagnostics
    assert (found.code, found.line) == ("link", 2)
    with pytest.raises(PressrunError) as caught:
        composed("<p><a href='{{ uri }}'>x</a></p>", "", {"uri": uri})
    assert caught.value.reason is Reason.INVALID_RECORD
    assert "https://" in str(caught.value)


LOOPS = {
    "blocks": "<p pr-for='x in xs'>{{ x.text }} <a href='{{ x.url }}'>open</a></p>",
    "values": "<p pr-for='x in xs'><a href='{{ x.url }}'>open {{ x.text }}</a></p>",
    "rows": "<table><tr pr-for='x in xs'><td>{{ x.text }}</td><td><a href='{{ x.url }}'>open</a></td></tr></table>",
    "names": "<div pr-for='x in xs'><p pr-with='to = x.url'>{{ x.text }} <a href='{{ to }}'>open</a></p></div>",
    "lists": "<ul><li pr-for='x in xs'>{{ x.text }} <a href='{{ x.url }}'>open</a></li></ul>",
    "branches": "<p pr-for='x in xs'><a pr-if='x.url is defined' href='{{ x.url }}'>open</a><span pr-else>no</span></p>",
}


@pytest.mark.parametrize("name", LOOPS)
def test_links_of_a_loop(composed: Callable[..., Any], name: str) -> None:
    """Each item has its own target, where its text is, over many pages and in any document of a composer."""
    for first in (0, 100):
        items = [{"text": f"item {n}", "url": f"https://a.example/{n}"} for n in range(first, first + 60)]
        made = composed(LOOPS[name], "@page { size: 60mm 60mm; margin: 8mm } p { margin: 0 }", {"xs": items})
        found: list[str] = []
        for page in made.pdf:
            links = sorted(page.get_links(), key=lambda link: link["from"].y0)
            found += [link["uri"] for link in links]
            assert all("open" in page.get_textbox(link["from"]) for link in links)
        assert found == [item["url"] for item in items]


def test_an_unsafe_link_of_a_loop(composed: Callable[..., Any]) -> None:
    """A target that leads elsewhere is an error of the record, where the link is shown, and only there."""
    body = "<p pr-for='x in xs'><a pr-if='x.on' href='{{ x.url }}'>l</a></p><p>end</p>"
    record = {"xs": [{"on": True, "url": "https://a.example"}, {"on": False, "url": "javascript:x()"}]}
    assert composed(body, "", record).text() == "l end"
    record["xs"][1]["on"] = True
    with pytest.raises(PressrunError, match="the target of a link begins in another way") as caught:
        composed(body, "", record)
    assert caught.value.reason is Reason.INVALID_RECORD


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100))
def test_a_target_is_ascii_and_safe(text: str) -> None:
    """Whatever a record says, a target is ASCII without blanks or controls, and still begins as links may."""
    found = target("https://a.example/" + text.encode("utf-8", "replace").decode())
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found
    assert SAFE_TARGET.match(found)


def destinations(data: bytes) -> dict[str, tuple[int, float]]:
    """Page (from 1) and distance from its upper edge of each named destination."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pages = {page.obj.objgen: (number, page.mediabox[3]) for number, page in enumerate(pdf.pages, 1)}
        found = {}
        for name, place in pikepdf.NameTree(pdf.Root.Names.Dests).items():
            number, height = pages[place[0].objgen]
            found[name] = (number, float(height) - float(place[3]))
        return found


def test_links_inside_a_document(composed: Compose) -> None:
    """A link to an id leads to the page and height of the element that has it, before or behind the link."""
    body = (
        "<p>See <a href='#fees'>the fees</a> and <a href='#top'>the beginning</a>.</p><h1 id='top'>Top</h1>"
        "<section id='part' class='next'><h2 id='fees'>Fees</h2><p>and <a href='#part'>this part</a></p></section>"
        "<table id='list'><tr><td>a</td></tr></table><p><a href='#list'>list</a></p>"
    )
    css = "@page { size: A6; margin: 10mm } .next { break-before: page; background: #eee } h1, h2, p { margin: 0 }"
    made = composed(body, css)
    found = destinations(made.data)
    assert {name: page for name, (page, _) in found.items()} == {"fees": 2, "top": 1, "part": 2, "list": 2}
    assert found["fees"][1] == pytest.approx(28.346, abs=0.01)
    assert found["part"][1] == found["fees"][1]
    assert found["list"][1] > found["fees"][1]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        links = [item for page in pdf.pages for item in page.obj.Annots]
        assert [bytes(item.Dest).decode() for item in links] == ["fees", "top", "part", "list"]
        assert all("/A" not in item and "/StructParent" in item for item in links)
    leads = {(page.number, link["page"]) for page in made.pdf for link in page.get_links()}
    assert leads == {(0, 1), (0, 0), (1, 1)}


def test_an_id_in_a_loop_is_the_first_one(composed: Compose) -> None:
    """Where a loop repeats an id, links lead to its first element; a record's own words never are such a link."""
    body = "<p><a href='#row'>row</a></p><div pr-for='row in rows'><p id='row'>{{ row }}</p></div>"
    made = composed(body, "p { margin: 0 0 20mm }", {"rows": ["a", "b"]})
    [(page, y)] = destinations(made.data).values()
    assert page == 1
    assert y == pytest.approx(next(word[1] for word in made.pdf[0].get_text("words") if word[4] == "a"), abs=3)
    with pytest.raises(PressrunError) as error:
        composed("<p id='x'><a href='{{ to }}'>x</a></p>", record={"to": "#x"})
    assert error.value.reason is Reason.INVALID_RECORD


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("<p id='fees'>x <a href='#feees'>y</a></p>", "no element has the id 'feees'", "did you mean 'fees'?"),
        ("<p><a href='#a'>y</a></p>", "no element has the id 'a'", 'give the element that is meant id="a"'),
        ("<table><tr><td id='a'>x <a href='#a'>y</a></td></tr></table>", "#a is no block in the flow, so no link can lead there", "give the id to a heading, paragraph, section or table that stands in no cell or fixed box"),
        ("<p>x <b id='a'>b</b> <a href='#a'>y</a></p>", "#a is no block in the flow, so no link can lead there", "give the id to a heading, paragraph, section or table that stands in no cell or fixed box"),
    ],
)  # fmt: skip
def test_links_that_lead_nowhere(compiled: Callable[..., Any], body: str, message: str, hint: str) -> None:
    """A link to nothing is an error of the template that says what would be right."""
    found = compiled(body)
    assert [(item.message, item.hint, item.file) for item in found.diagnostics] == [(message, hint, "t.html")]
    assert found.diagnostics[0].line > 0
