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


def test_a_link_of_a_loops_item_is_refused(compiled: Callable[..., Any]) -> None:
    """A target is one for the document; one that differs from item to item is a diagnostic."""
    schema = {"type": "object", "properties": {"xs": {"type": "array"}}, "additionalProperties": False}
    [found] = {
        item.message
        for item in compiled(
            "<p pr-for='x in xs'><a href='https://a.example/{{ x }}'>l</a></p>", schema=schema
        ).diagnostics
    }
    assert "unknown name 'x'" in found


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100))
def test_a_target_is_ascii_and_safe(text: str) -> None:
    """Whatever a record says, a target is ASCII without blanks or controls, and still begins as links may."""
    found = target("https://a.example/" + text.encode("utf-8", "replace").decode())
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found
    assert SAFE_TARGET.match(found)
