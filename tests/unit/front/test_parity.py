"""What counts as said in one output channel and not in the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.authoring.parity import Gap, parity, shared, text_parity
from pressrun_server.model.tagged import TaggedElement

WORD = st.text("abcdefg,.\u00e9", min_size=1, max_size=6)


def paper(*texts: str) -> list[TaggedElement]:
    """Paragraphs."""
    return [TaggedElement("P", text, "", "") for text in texts]


def test_the_same_in_other_elements() -> None:
    """Elements in lines, soft hyphens, case and spaces make no difference; nor do pictures that say what they show."""
    page = "<main><p>Cus\u00adtomer <b>RELATIONS</b>, 1<br>Square</p><img alt='a logo'></main>"
    elements = [*paper("Customer Relations , 1 Square"), TaggedElement("Figure", "10 20", "A logo", "")]
    assert parity(elements, page) == []


def test_running_elements_may_stand_once_more() -> None:
    """What a page shows in its header or footer need not be in the text of the paper; in its main part it must."""
    assert parity(paper("Dear"), "<header>Bank</header><main>Dear</main><footer>Legal</footer>") == []
    assert parity(paper("Dear"), "<main>Dear <p>Legal</p></main>") == [Gap("text", "legal", "print", "the end")]


def test_links_are_compared() -> None:
    """A link that only one of them has is told, whatever its text."""
    elements = [TaggedElement("P", "go", "", ""), TaggedElement("P/Link", "", "", "https://a.example/")]
    assert parity(elements, "<main><p>go</p></main>") == [Gap("link", "https://a.example/", "web", "")]
    assert parity(elements, "<main><a href='https://a.example/'>go</a><a href='#x'></a></main>") == []


@given(
    words=st.lists(WORD, min_size=2, max_size=30), at=st.integers(0, 29), extra=st.text("xyz", min_size=1, max_size=5)
)
def test_a_word_more_or_less_is_found(words: list[str], at: int, extra: str) -> None:
    """A word that one of them has alone is told, and nothing else."""
    at %= len(words)
    more = [*words[:at], extra, *words[at:]]
    same = f"<main>{' '.join(words)}</main>"
    assert parity(paper(*words), same) == []
    (gap,) = parity(paper(*more), same)
    assert (gap.what, gap.missing, gap.where) == ("word", extra, "web")
    (gap,) = parity(paper(*words), f"<main>{' '.join(more)}</main>")
    assert (gap.what, gap.missing, gap.where) == ("text", extra, "print")


def test_footnotes_stand_elsewhere() -> None:
    """On paper at the foot of each sheet, in a page at its end, with a number that is a label in both."""
    elements = [
        TaggedElement("P", "one 1", "", ""),
        TaggedElement("Note", "about one", "", ""),
        TaggedElement("Note/Lbl", "1.", "", ""),
        TaggedElement("P", "two", "", ""),
    ]
    note = '<ol><li><span><a role="doc-backlink" href="#c">1.</a></span> about one</li></ol>'
    assert parity(elements, f"<main><p>one<sup><a href='#n'>1</a></sup></p><p>two</p>{note}</main>") == []
    (gap,) = parity(elements, f"<main><p>one<sup>1</sup></p><p>two</p>{note.replace('about', 'on')}</main>")[:1]
    assert gap.missing == "about"


def test_plain_text_says_what_its_page_says() -> None:
    """Its marks (of lists, headings, tables, targets) are none of its words; a word more or less is told."""
    page = (
        "<body><div aria-hidden='true' style='display:none'>Preview</div><h1>Sums</h1><ol><li>one</li><li>two</li></ol>"
        "<table><tr><th>Item</th><th>Paid</th></tr><tr><td>Lamp</td><td>1.00</td></tr></table>"
        "<table role='img' aria-label='Sales'><tr><td>Jan</td></tr></table>"
        "<p>30. May: <a href='https://a.example/'>pay</a></p></body>"
    )
    text = "Sums\n====\n\n1. one\n2. two\n\nItem  Paid\n----  ----\nLamp  1.00\n\nSales\n\n30. May: pay <https://a.example/>\n"
    assert text_parity(page, text, "text", "email") == []
    (gap,) = text_parity(page, text.replace("Lamp  1.00", "Lamp"), "text", "email")
    assert (gap.what, gap.missing, gap.where) == ("word", "1.00", "text")
    (gap,) = text_parity(page, text.replace("Lamp", "Lamp, old"), "text", "email")
    assert (gap.what, gap.missing, gap.where) == ("text", ",old", "email")


def test_what_output_channels_share() -> None:
    """Elements that one of them does not show are left out, with their text and nothing else."""
    html = (
        "<!doctype html><html><head><title>T</title></head><body>a<p pr-channel='print'>b</p>c<p pr-channel='print web'>d</p>"
        "<svg viewBox='0 0 1 1'><path d='M0 0'/></svg>e</body></html>"
    )
    found = shared(html, ("print", "web"))
    assert "<title>T</title>" in found
    assert 'ac<p pr-channel="print web">d</p><svg viewBox="0 0 1 1"><path d="M0 0"></path></svg>e</body>' in found
