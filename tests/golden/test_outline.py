"""The tag tree of documents is the outline of their HTML: of all samples, and of the guide's examples.

What the HTML says is taken from the page for browsers of the same template and record, which is made without layout.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import TypeAlias
from xml.etree.ElementTree import Element

import pikepdf
import pytest
import tinyhtml5
from tests.golden.test_parity import CASES, LOCALES, SAMPLES, made
from tests.golden.test_reading import read
from tests.unit.engine.conftest import bundle

from pressrun_loadtest.samples import load_bundle
from pressrun_server.authoring.guide import GUIDE, examples
from pressrun_server.model.template import CompiledTemplate, program_key
from pressrun_server.render.programs import load
from pressrun_server.template.compile import compile_bundle

Outline: TypeAlias = "list[tuple[str, str]]"
"""What elements are, with their text without spaces, in reading order."""

_HEADINGS = {f"h{level}": f"H{level}" for level in range(1, 7)}
_CELLS = {"th": "TH", "td": "TD"}
_BLOCKS = {
    *_HEADINGS, "p", "div", "ul", "ol", "li", "table", "section", "article", "aside", "header", "footer", "main", "nav",
    "address", "blockquote", "figure", "figcaption", "svg", "hr", "dl", "dt", "dd", "caption",
}  # fmt: skip
SCHEMA = {"type": "object", "additionalProperties": True, "properties": {"months": {"maxItems": 12}}}
"""Of the guide's record."""
EXAMPLES = list(examples(GUIDE.read_text(encoding="utf-8")))


def bare(text: str) -> str:
    """Text without what lines and letter case add."""
    return re.sub(r"[\s\u00ad]", "", text).casefold()


def of_paper(data: bytes) -> Outline:
    """The outline that the tags give."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        elements = read(pdf)
    found: Outline = []
    notes: Outline = []
    for path, text, alt in elements:
        role = path.rpartition("/")[2]
        into = notes if path.partition("/")[0] == "Note" else found
        if role == "Figure":
            into.append((role, bare(alt)))
        elif role in {"L", "LI", "Table", "TR"}:
            into.append((role, ""))
        elif role in {"Link", "Reference"} and into:
            into[-1] = (into[-1][0], "".join(sorted(into[-1][1] + bare(text))))
        elif role in {"P", "Note", "Caption", *_HEADINGS.values(), *_CELLS.values()}:
            into.append((role, "".join(sorted(bare(text)))))
    return [item for item in (*found, *notes) if item[1] or item[0] in {"L", "LI", "Table", "TR"}]


def of_page(html: bytes) -> Outline:
    """The outline of a page for browsers, without what runs along the sheets in print."""
    body = tinyhtml5.parse(html.decode(), namespace_html_elements=False).find("body")
    assert body is not None
    return [item for item in _below(body, layout=False) if item[1] or item[0] in {"L", "LI", "Table", "TR"}]


def _below(element: Element, *, layout: bool) -> Iterator[tuple[str, str]]:
    """What is in an element; text that stands directly in a block is its own, or a paragraph where there are more."""
    tag = str(element.tag).rpartition("}")[2]
    if tag == "table":
        layout = element.get("role") in {"presentation", "none"}
        yield from () if layout else (("Table", ""),)
    elif tag == "tr":
        yield from () if layout else (("TR", ""),)
    elif tag == "ol" and element.get("class") == "fn":
        for item in element:
            text = "".join(item.itertext())
            back = next(link for link in item.iter("a") if link.get("role") == "doc-backlink")
            yield "Note", "".join(sorted(bare(text.replace(back.text or "", "", 1))))
        return
    elif tag in {"ul", "ol", "dl"}:
        yield "L", ""
    elif tag == "li":
        yield "LI", ""
    elif tag == "dt":
        yield "LI", ""  # its label
        return
    if tag == "svg":
        yield "Figure", bare(element.get("aria-label", ""))
        return
    role = (
        _HEADINGS.get(tag)
        or (None if layout else _CELLS.get(tag))
        or ("Caption" if tag in {"figcaption", "caption"} else "P")
    )
    loose: list[str] = [element.text or ""]

    def flush() -> Iterator[tuple[str, str]]:
        text = bare("".join(loose))
        loose.clear()
        if text:
            yield role, "".join(sorted(text))

    for child in element:
        name = str(child.tag).rpartition("}")[2]
        if name == "img":
            yield from flush()
            yield "Figure", bare(child.get("alt", ""))
        elif _has_drawing(child) or name in {*_BLOCKS, "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup"}:
            yield from flush()
            yield from _below(child, layout=layout)
        else:
            loose.append("".join(child.itertext()))
        loose.append(child.tail or "")
    yield from flush()


def _has_drawing(element: Element) -> bool:
    return any(str(inner.tag).rpartition("}")[2] == "svg" for inner in element.iter())


def compare(compiled: CompiledTemplate, locale: str, record: bytes) -> None:
    """Both outlines of a document are one; what runs along the sheets is in the page alone."""
    paper = of_paper(made(load(compiled.programs[locale]), record, screen=False))
    rest = iter(of_page(made(load(compiled.programs[program_key(locale, "web")]), record, screen=True)))
    skipped: Outline = []
    for item in paper:
        for shown in rest:
            if shown == item:
                break
            skipped.append(shown)
        else:
            pytest.fail(f"{item} is in the tags and not, or not there, in the HTML; before it {skipped[-5:]}")
    skipped += rest
    structural = [role for role, _ in skipped if role not in {"P", "Figure"}]
    assert not structural, skipped
    assert len(skipped) <= 12, skipped


@pytest.mark.parametrize(("template", "sample"), CASES, ids=str)
def test_a_sample_has_the_outline_of_its_html(template: str, sample: str) -> None:
    """Headings, paragraphs, lists, tables with their rows and header cells, figures and footnotes, in their order."""
    compiled = compile_bundle(load_bundle(SAMPLES / template))
    assert compiled.info is not None
    record = (SAMPLES / template / "samples" / f"{sample}.json").read_bytes()
    compare(compiled, LOCALES[sample.rpartition("-")[2]], record)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_guide_has_the_outline_of_its_html(number: int) -> None:
    """The same of what the guide shows, on one page each."""
    css, body, record = EXAMPLES[number]
    compiled = compile_bundle(bundle(f"<main>{body}</main>", css, channels=["print", "web"], schema=SCHEMA))
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    compare(compiled, "en-GB", json.dumps(json.loads(record)).encode())
