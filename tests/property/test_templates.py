"""Whatever a template nests, a document of it shows all that there is, once, in its order, inside its pages."""

from __future__ import annotations

import json
import re
from collections import Counter

import pikepdf
import pymupdf
import pytest
from tests.golden.test_outline import compare
from tests.golden.test_parity import bodies_of, made
from tests.golden.test_reading import read
from tests.property.templates import CSS, Template, template
from tests.unit.engine.conftest import AS_OF, bundle
from tests.unit.engine.test_structure import check

from pressrun_server.authoring.parity import parity, text_parity
from pressrun_server.model.template import CompiledTemplate, program_key
from pressrun_server.prepare.tagged import read_tagged
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.programs import load
from pressrun_server.template.compile import compile_bundle

_MM = 72 / 25.4
_LOCALE = "en-GB"
_DOCUMENTS = 4
"""Of one program: it has code from the third on, and forms of what was laid out before."""
_SLACK, _PEN, _CAP = 0.1, 1.0, 0.6
"""Points that rounding may add; that half a border may; the share of its size that a letter stands above its line."""
_NARROW = re.compile(r"columns? ha(ve|s) no room|no room in")
"""Said where boxes leave no width for columns, which such nesting does."""


def _compiled(made_up: Template) -> CompiledTemplate | None:
    """The template; None where it is too narrow somewhere, which is said."""
    compiled = compile_bundle(bundle(made_up.body, CSS, channels=["print", "web", "email"], schema=made_up.schema))
    if compiled.info is None:
        errors = [str(item) for item in compiled.diagnostics if item.severity == "error"]
        assert errors
        assert all(_NARROW.search(error) for error in errors), errors
        return None
    return compiled


def _paper(compiled: CompiledTemplate, record: bytes) -> tuple[bytes, bool]:
    """The document, which is the same however often it is made, and whether it says that something is too large."""
    program = load(compiled.programs[_LOCALE])
    assert isinstance(program, LoadedProgram)
    documents, summaries = [], []
    for _ in range(_DOCUMENTS):
        composition = Composition(program, record, assets={}, attributes={}, as_of=AS_OF, engine="e")
        documents.append(b"".join(composition))
        summaries.append(composition.summary)
    assert len(set(documents)) == 1, "a later document is another one"
    assert len({summary.warnings for summary in summaries}) == 1
    return documents[0], any(warning.code == "OVERFLOW" for warning in summaries[0].warnings)


def _told(data: bytes, made_up: Template) -> None:
    """Each word stands there once, in the order of the tags' tree."""
    with check(data) as pdf:
        text = re.sub(r"\s", "", " ".join([own for _, own, _ in read(pdf)]))
    for letter, marks in (("m", made_up.marks), ("n", made_up.notes)):
        found = re.findall(rf"{letter}\d+z", text)
        missing, twice = set(marks) - set(found), [mark for mark, count in Counter(found).items() if count > 1]
        assert not missing, f"not there: {sorted(missing)}"
        assert not twice, f"there more than once: {twice}"
        assert found == marks, "in another order"


def _alike(data: bytes, made_up: Template, record: bytes) -> None:
    """The elements, with their texts, are those of the same document on pages so high that nothing is parted."""
    css = CSS.replace("90mm 110mm", "90mm 4000mm").replace("110mm 90mm", "110mm 4000mm")
    compiled = compile_bundle(bundle(made_up.body, css, schema=made_up.schema))
    program = load(compiled.programs[_LOCALE])
    assert isinstance(program, LoadedProgram)
    high = b"".join(Composition(program, record, assets={}, attributes={}, as_of=AS_OF, engine="e"))
    with check(data) as pdf, check(high) as other:
        assert _elements(pdf) == _elements(other)


def _elements(pdf: pikepdf.Pdf) -> list[tuple[str, str]]:
    """Path and text of each element, but for what pages differ in.

    Notes stand where pages end, a header that leaves no room on a page is rows, an item of a flexible row is an element
    where it goes on, and so is each part of a link in a paragraph.
    """
    found: list[tuple[str, str]] = []
    for path, own, alt in read(pdf):
        steps = [step.partition(" ")[0] for step in path.split("/")]
        if "Note" in steps or (steps[-1] == "Div" and not own):
            continue
        kept = "/".join("TBody" if step == "THead" else step for step in steps if step != "Div")
        text = re.sub(r"[\s\u00ad]", "", own) + alt
        if found and kept.endswith(("/Link", "/TBody")) and _same(found, kept):
            if kept.endswith("/Link"):
                found[-1] = kept, found[-1][1] + text
            continue
        found.append((kept, text))
    return found


def _same(found: list[tuple[str, str]], path: str) -> bool:
    """Whether a link, or the rows of a table, go on with what is there."""
    if path.endswith("/Link"):
        return found[-1][0] == path
    table = path.removesuffix("TBody")
    return next((there == path for there, _ in reversed(found) if there in {path, table[:-1]}), False)


def _inside(data: bytes) -> None:
    """Nothing is shown or painted beyond the margins, and no line of text runs over another."""
    for number, page in enumerate(pymupdf.open(stream=data, filetype="pdf"), 1):
        upright = page.rect.height > page.rect.width
        top = (18 if number == 1 and upright else 10) * _MM - _SLACK
        left, right, bottom = (
            10 * _MM - _SLACK,
            page.rect.width - 10 * _MM + _SLACK,
            page.rect.height - 10 * _MM + _SLACK,
        )
        lines: list[tuple[float, float, float, float, str]] = []
        for block in page.get_text("dict")["blocks"]:
            for line in block.get("lines", []):
                for span in line["spans"]:
                    (x, y), text = span["origin"], span["text"]
                    if not text.strip() or (text.startswith("Page ") and y > bottom):
                        continue
                    assert top <= y - span["size"] * _CAP, f"page {number}: {text!r} is above the margin"
                    assert y <= bottom, f"page {number}: {text!r} is below the margin"
                    assert left <= x, f"page {number}: {text!r} is left of the margin"
                    assert span["bbox"][2] <= right, f"page {number}: {text!r} is right of the margin"
                    lines.append((x, y - span["size"] * _CAP, span["bbox"][2], y, text))
        for index, (x, y, to_x, to_y, text) in enumerate(lines):
            for other_x, other_y, other_to_x, other_to_y, other in lines[:index]:
                across = min(to_x, other_to_x) - max(x, other_x)
                down = min(to_y, other_to_y) - max(y, other_y)
                assert across < 1 or down < 1, f"page {number}: {text!r} runs over {other!r}"
        for drawing in page.get_drawings():
            box = drawing["rect"]
            assert box.y1 <= bottom + _PEN, f"page {number}: something is painted below the margin: {box}"
            assert box.y0 >= top - _PEN, f"page {number}: something is painted above the margin: {box}"


def _screens(compiled: CompiledTemplate, record: bytes, paper: bytes) -> None:
    """Pages for browsers and mails say what the paper says."""
    compare(compiled, _LOCALE, record)
    read_back = read_tagged(paper)
    web = made(load(compiled.programs[program_key(_LOCALE, "web")]), record, screen=True)
    mail = made(load(compiled.programs[program_key(_LOCALE, "email")]), record, screen=True)
    html, text = bodies_of(mail)
    gaps = [
        *parity(read_back, web.decode(), "web"),
        *parity(read_back, html, "email"),
        *text_parity(html, text, "email, plain text", "email"),
    ]
    assert not gaps, gaps[:3]


def examine(seed: int) -> bool:
    """Look at the document of a seed's template; whether there is one."""
    made_up = template(seed)
    compiled = _compiled(made_up)
    if compiled is None:
        return False
    record = json.dumps(made_up.record).encode()
    data, overflows = _paper(compiled, record)
    _told(data, made_up)
    if not made_up.fills and "rowspan" not in made_up.body:  # a cell that spans rows of two pages is one of both
        _alike(data, made_up, record)
    if not overflows:
        _inside(data)
    if not made_up.fills:
        _screens(compiled, record, data)
    return True


@pytest.mark.parametrize("seed", range(6))
def test_some_templates(seed: int) -> None:
    """A few, none of which is too narrow anywhere."""
    assert examine(seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(10))
def test_many_templates(block: int) -> None:
    """Sixty at a time; few are too narrow somewhere."""
    assert sum([examine(seed) for seed in range(1000 + block * 60, 1060 + block * 60)]) > 50
