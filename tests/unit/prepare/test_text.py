from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import PreparedText, TextElement
from pressrun_server.prepare.text import ALLOWED, MOST_BYTES, prepare_text, text_task


def shown(part: TextElement | str) -> str:
    """A text as HTML without attributes' quotes, for comparison."""
    if isinstance(part, str):
        return part
    attributes = "".join(f" {name}={value}" for name, value in part.attributes)
    return f"<{part.tag}{attributes}>{''.join(map(shown, part.children))}</{part.tag}>"


def read(text: str) -> str:
    """What is kept of a text."""
    return "".join(map(shown, prepare_text(text.encode()).parts))


def test_html_is_kept_but_for_how_it_looks() -> None:
    """Words, structure, classes and links stay; styles, comments and the head do not; white space is HTML's to fold."""
    text = """<!doctype html><html><head><title>x</title><style>p { color: red }</style></head><body><!-- draft -->
<h2 id="fees" style="color: red">Fees</h2><p class="small">We take <B>2 %</B><br/> {{ name }} <a href=" https://a.example/x ">here</a></p>
<main><cite>Law</cite></main></body></html>"""
    assert read(text).replace("\n", "") == (
        "<h2>Fees</h2><p class=small>We take <b>2 %</b><br></br> {{ name }} <a href=https://a.example/x>here</a></p>"
        "<div><cite>Law</cite></div>"
    )


def test_plain_text_has_paragraphs() -> None:
    """An empty line begins a paragraph, another line end stays; nothing is markup, and a mark of its order is none."""
    text = "\ufeffOne\r\ntwo\r\n\r\n\r\nThree & <four>\n \nfive"
    assert read(text) == "<p>One<br></br>two</p><p>Three & <four></p><p>five</p>"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<p>a</p>\n<p>b <img src=x></p>", "line 2: <img> cannot stand in approved text; valid are a, article"),
        ("<p>a</p>\n<script>x()</script>", "line 2: <script> cannot stand"),
        ("<p>a\n<meter>b</meter></p>", "line 2: <meter> cannot stand"),
        ("<p>a</p><p>b</p>\n<p onclick='x()'>c</p>", "line 2: <p onclick> would run a script; remove it"),
        ("<a href='javascript:x()'>c</a>", "line 1: a link leads to 'javascript:x.*links may lead"),
        ("<p>a</p><pr-include fragment='x'></pr-include>", "<pr-include> cannot stand"),
        ("<div>" * 40 + "x", "more than 24 levels"),
        ("<p>x</p>" * 5000, "more than 4000 elements"),
        ("<p> </p>", "the text says nothing"),
        ("<p>a\x07</p>", "line 1: a control character"),
        ("<frameset><frame></frameset>", "cannot stand|says nothing"),
    ],
)
def test_what_cannot_stand_is_refused(text: str, says: str) -> None:
    """What would lose words, or run, is refused with its line and what is valid."""
    with pytest.raises(PressrunError, match=says) as caught:
        prepare_text(text.encode())
    assert caught.value.reason is Reason.ASSET_INVALID


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<p>na\xefve</p>", "is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "the file is a PNG image, not approved text"),
        (b"", "the file is empty, not approved text"),
        (b"<p>" + b"x" * MOST_BYTES, "the most is 262144"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, says: str) -> None:
    """Other bytes are told by what they are."""
    with pytest.raises(PressrunError, match=says):
        prepare_text(data)


_NAMES = st.sampled_from([*sorted(ALLOWED), "script", "img", "svg", "font", "title", "pr-if", "template", "math"])
_PIECES = st.one_of(
    _NAMES.map(lambda name: f"<{name}>"),
    _NAMES.map(lambda name: f"</{name}>"),
    _NAMES.map(lambda name: f"<{name} class=a href=mailto:x onload=x lang=de colspan=2 style='x:y'>"),
    st.sampled_from(["text ", "{{ x }}", "&amp;", "&#0;", "<!--", "-->", "<![CDATA[", "]]>", "\n", "<", ">", "\u202e"]),
    st.text(max_size=8),
)


@given(st.lists(_PIECES, max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_tree_or_an_error(text: str) -> None:
    """Whatever is sent, what comes of it holds nothing but what may stand in documents."""

    def check(part: TextElement | str) -> None:
        if isinstance(part, TextElement):
            assert part.tag in ALLOWED
            assert {name for name, _ in part.attributes} <= {
                "class", "lang", "href", "start", "colspan", "rowspan", "scope",
            }  # fmt: skip
            for child in part.children:
                check(child)

    try:
        made = text_task(text.encode("utf-8", "surrogatepass"))
    except PressrunError as error:
        assert error.reason in {Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE}
    else:
        for part in msgspec.msgpack.decode(made, type=PreparedText).parts:
            check(part)
