"""The same words in the same order, whether a document is read on paper, by its tags, or in a browser."""

from __future__ import annotations

import email
import email.policy
import io
import re
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import pikepdf
import pytest
import tinyhtml5
from tests.golden.test_reading import read

from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.authoring.parity import parity, shared, text_parity
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import RenditionSpec, program_key
from pressrun_server.prepare.image import prepare_image
from pressrun_server.prepare.picture import prepare_picture
from pressrun_server.prepare.tagged import read_tagged
from pressrun_server.render.programs import Loaded, begin, load
from pressrun_server.template.compile import compile_bundle

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
SAMPLES = statement_path().parent
MOST_RUNNING = 45
"""Words that run along the first page of a sample."""
LOCALES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
CASES = [
    (template, path.stem)
    for template in ("statement", "dunning", "renewal", "claim")
    for path in sorted((SAMPLES / template / "samples").glob("*.json"))
]


def made(program: Loaded, record: bytes, *, screen: bool) -> bytes:
    """A document, with the logo and a banner where its template takes them."""
    assets = {}
    for slot, name in (("logo", "logo.png"), ("banner", "banner-everyday.jpg")):
        data = (SAMPLES / "assets" / name).read_bytes()
        picture = prepare_picture(data, RenditionSpec(screen=True)) if screen else prepare_image(data)
        if slot in program.program.slots:
            assets[slot] = (Digest.of(data), picture)
    return b"".join(begin(program, record, assets=assets, attributes={}, as_of=AS_OF, engine="e"))


def words_of_page(element: Element) -> list[str]:
    """What a browser shows, word for word; of pictures what they are said to show."""
    found: list[str] = []
    if str(element.tag).rpartition("}")[2] in {"img", "svg"}:
        found += (element.get("alt") or element.get("aria-label") or "").split()
    else:
        found += (element.text or "").split()
        for child in element:
            found += words_of_page(child)
            found += (child.tail or "").split()
    return found


def told(text: str) -> list[str]:
    """Words as both give them: without the hyphens and spaces of lines."""
    return re.sub("\u00ad", "", text).split()


@pytest.mark.parametrize(("template", "sample"), CASES, ids=str)
def test_a_telephone_says_what_the_paper_says(template: str, sample: str) -> None:
    """A page for telephones says what is said in print, but for what is marked as for some output channels alone."""
    locale = LOCALES[sample.rpartition("-")[2]]
    files = load_bundle(SAMPLES / template)
    page = f"{template}.html"
    compiled = compile_bundle(files | {page: shared(files[page].decode(), ("print", "mobile")).encode()})
    assert compiled.info is not None
    record = (SAMPLES / template / "samples" / f"{sample}.json").read_bytes()
    pdf = made(load(compiled.programs[locale]), record, screen=False)
    html = made(load(compiled.programs[program_key(locale, "mobile")]), record, screen=True)
    assert parity(read_tagged(pdf), html.decode(), "mobile") == []


@pytest.mark.parametrize(("template", "sample"), CASES, ids=str)
def test_a_page_says_what_the_paper_says(template: str, sample: str) -> None:
    """Texts, amounts and alternative texts agree; only what runs along the first page stands in a page once more."""
    locale = LOCALES[sample.rpartition("-")[2]]
    compiled = compile_bundle(load_bundle(SAMPLES / template))
    assert compiled.info is not None
    record = (SAMPLES / template / "samples" / f"{sample}.json").read_bytes()
    pdf = made(load(compiled.programs[locale]), record, screen=False)
    paper = [
        word
        for path, own, alt in read(pikepdf.open(io.BytesIO(pdf)))
        if not path.endswith("Lbl")  # markers of lists are the browser's affair
        for word in (*(() if path.endswith("Figure") else told(own)), *told(alt))
    ]
    page = made(load(compiled.programs[program_key(locale, "web")]), record, screen=True)
    body = tinyhtml5.parse(page.decode(), namespace_html_elements=False).find("body")
    assert body is not None
    rest = iter(words_of_page(body))
    more = []
    for word in paper:
        for shown in rest:
            if shown.casefold() == word.casefold():
                break
            more.append(shown)
        else:
            pytest.fail(f"{word!r} is on paper and not, or not there, in the page")
    more += rest
    assert len(more) <= MOST_RUNNING, more


def bodies_of(data: bytes) -> tuple[str, str]:
    """The HTML and the plain text of a message, which has no defects."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    html, plain = (
        "" if body is None else str(body.get_content()) for body in map(message.get_body, (("html",), ("plain",)))
    )
    return html, plain


@pytest.mark.parametrize(("template", "sample"), CASES, ids=str)
def test_an_email_says_what_the_paper_says(template: str, sample: str) -> None:
    """HTML and plain text say what is said in print, but for what the template marks as for some output channels alone."""
    locale = LOCALES[sample.rpartition("-")[2]]
    files = load_bundle(SAMPLES / template)
    page = f"{template}.html"
    compiled = compile_bundle(files | {page: shared(files[page].decode(), ("print", "email")).encode()})
    assert compiled.info is not None
    record = (SAMPLES / template / "samples" / f"{sample}.json").read_bytes()
    pdf = made(load(compiled.programs[locale]), record, screen=False)
    html, text = bodies_of(made(load(compiled.programs[program_key(locale, "email")]), record, screen=True))
    assert parity(read_tagged(pdf), html, "email") == []
    assert text_parity(html, text, "email, plain text", "email") == []
    assert len(html.encode()) < 60_000
