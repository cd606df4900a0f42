from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import ImageCms
from tests.golden.test_reading import read

from pressrun_server.emit import document, structure
from pressrun_server.emit.colorspace import srgb_profile
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

Compose = Callable[..., Any]

SHOWS = {"Tj", "TJ", "re", "f", "Do", "S", "B"}
TABLE = (
    "<table><thead><tr><th>No</th><th class='r'>Amount</th></tr></thead>"
    "<tbody><tr pr-for='row in rows'><td>{{ row.no }}</td><td class='r'>{{ row.amount | amount }}</td></tr></tbody></table>"
)
CSS = (
    "@page { size: 105mm 148mm; margin: 15mm; @bottom-right { content: element(f) } @top-left { content: element(h) } }"
    ".f { position: running(f) } .h { position: running(h) } .r { text-align: right }"
)
FOOTER = "<footer class='f'>Page {{ page.number }} of {{ page.count }}</footer><header class='h'>Bank</header>"


def rows(count: int) -> dict[str, Any]:
    """A record of that many rows."""
    return {"rows": [{"no": n, "amount": f"{n * 7919 % 100000}.{n % 100:02d}"} for n in range(count)]}


def outline(element: pikepdf.Object, depth: int = 0) -> Iterator[str]:
    """The elements below one, a line each, indented."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield "  " * depth + str(kid["/S"])[1:]
            yield from outline(kid, depth + 1)


def tree(pdf: pikepdf.Pdf) -> str:
    """The document's structure as an indented list."""
    return "\n".join(outline(pdf.Root.StructTreeRoot.K[0]))


def elements(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """All elements below one."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


def marks(element: pikepdf.Object) -> list[tuple[int, int]]:
    """Object number of the page, and the mark, of each piece of content that is an element's own."""
    found = []
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, int):
            found.append((element.Pg.objgen[0], kid))
        elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
            found.append((kid.Pg.objgen[0], int(kid.MCID)))
    return found


def check(data: bytes) -> pikepdf.Pdf:
    """Everything shown is marked, every mark belongs to one element, and the way back from it is right."""
    pdf = pikepdf.open(io.BytesIO(data))
    root = pdf.Root.StructTreeRoot
    nums = pikepdf.NumberTree(root.ParentTree)
    owned: dict[tuple[int, int], tuple[int, int]] = {}
    for element in elements(root):
        assert "/P" in element
        for mark in marks(element):
            assert mark not in owned, "two elements have one mark"
            owned[mark] = element.objgen
    shown: set[tuple[int, int]] = set()
    for page in pdf.pages:
        depth, here = 0, []
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in {"BDC", "BMC"}:
                depth += 1
                assert depth == 1, "marks stand in one another"
                if name == "BDC":
                    here.append(int(operands[1].MCID))
            elif name == "EMC":
                depth -= 1
            elif name in SHOWS and not str(operands[0] if operands else "").startswith("/D"):
                assert depth == 1, f"{name} outside of marked content"
        assert depth == 0
        assert here == list(range(len(here)))
        parents = nums[int(page.obj.StructParents)]
        assert len(parents) == len(here)
        for mark, parent in enumerate(parents):
            assert owned[page.obj.objgen[0], mark] == parent.objgen
            shown.add((page.obj.objgen[0], mark))
    assert shown == set(owned)
    return pdf


def test_the_tree_is_that_of_the_html(composed: Compose) -> None:
    """Headings, paragraphs, sections and tables are what the HTML says; running elements are not in the tree."""
    body = (
        f"{FOOTER}<h1>Title</h1><p>One {{{{ name }}}}</p><section><h2>Part</h2><div>Two</div></section>{TABLE}"
        "<blockquote><p>Three</p></blockquote>"
    )
    pdf = check(composed(body, CSS, {"name": "Ω", **rows(2)}).data)
    assert tree(pdf) == (
        "H1\nP\nSect\n  H2\n  P\nTable\n  THead\n    TR\n      TH\n      TH\n  TBody\n    TR\n      TD\n      TD\n"
        "    TR\n      TD\n      TD\nBlockQuote\n  P"
    )


def test_cells(composed: Compose) -> None:
    """Header cells say what they head, spans are told, blocks in a cell are in its element, an empty cell has one."""
    body = (
        "<table><tr><th>a</th><th scope='col'>b</th></tr><tr><th>Sum</th><td><p>x</p><p>y</p></td></tr>"
        "<tr><td colspan='2'>{{ name }}</td></tr><tr><td></td><td>z</td></tr></table>"
    )
    pdf = check(composed(body, "", {"name": "n"}).data)
    cells = [item for item in elements(pdf.Root.StructTreeRoot) if item.S in {"/TH", "/TD"}]
    assert [str(cell.A.Scope) for cell in cells if cell.S == "/TH"] == ["/Column", "/Column", "/Row"]
    assert [int(cell.A.ColSpan) for cell in cells if "/A" in cell and "/ColSpan" in cell.A] == [2]
    assert tree(pdf).count("      P") == 2
    assert len(cells) == 7


def test_a_layout_table_is_no_table(composed: Compose) -> None:
    """A table that only arranges (role=presentation) leaves its paragraphs and nothing else."""
    pdf = check(
        composed("<table role='presentation'><tr><td>a</td><td>{{ name }}</td></tr></table>", "", {"name": "n"}).data
    )
    assert tree(pdf) == "P\nP"


@pytest.mark.parametrize("count", [5, 40, 400])
def test_repeated_headers_are_artifacts(composed: Compose, count: int) -> None:
    """However many pages a table takes, it is one table with one header, and each row is in it once."""
    pdf = check(composed(FOOTER + TABLE, CSS, rows(count)).data)
    names = [str(item.S) for item in elements(pdf.Root.StructTreeRoot)]
    assert (names.count("/Table"), names.count("/THead"), names.count("/TBody")) == (1, 1, 1)
    assert names.count("/TR") == count + 1
    assert len(pdf.pages) > count // 40


@pytest.mark.parametrize("count", [0, 5, 40, 400])
def test_repeated_footers_are_artifacts(composed: Compose, count: int) -> None:
    """A table has one footer in the structure, behind its body; the footers of its other pages are for the eye alone."""
    body = FOOTER + TABLE.replace("</table>", "<tfoot><tr><td>{{ name }}</td><th>End</th></tr></tfoot></table>")
    made = composed(body, CSS, {"name": "Under", **rows(count)})
    pdf = check(made.data)
    names = [str(item.S) for item in elements(pdf.Root.StructTreeRoot)]
    assert names.count("/TFoot") == 1
    assert names.count("/TR") == count + 2
    assert tree(pdf).endswith("  TFoot\n    TR\n      TD\n      TH")
    assert all("Under End" in made.text(page) for page in range(made.summary.pages))


def test_a_paragraph_over_pages_is_one_element(composed: Compose) -> None:
    """A paragraph that is broken over three pages is one element with a mark on each."""
    pdf = check(
        composed(
            "<p>{{ text }}</p>",
            CSS.replace("@top-left { content: element(h) }", "").replace("@bottom-right { content: element(f) }", ""),
            {"text": "word " * 900},
        ).data
    )
    [paragraph] = list(elements(pdf.Root.StructTreeRoot.K[0]))
    assert [page for page, _ in marks(paragraph)] == [page.obj.objgen[0] for page in pdf.pages]
    assert len(pdf.pages) > 2


def test_a_row_over_pages_is_one_row(composed: Compose) -> None:
    """A row taller than pages is one element, and so is each cell and paragraph, with a mark on each of its pages."""
    body = (
        "<table><tr><td><p>{{ text }}</p><p>after</p></td><td>x</td><td></td><td>{{ text }}</td></tr>"
        "<tr><td>1</td><td>2</td><td>3</td><td>4</td></tr></table>"
    )
    made = composed(body, "@page { size: 105mm 148mm; margin: 15mm }", {"text": "word " * 200})
    pdf = check(made.data)
    assert made.summary.pages > 2
    assert sum(made.text(number).count("word") for number in range(made.summary.pages)) == 400
    row = "    TR\n      TD\n        P\n        P\n      TD\n      TD\n      TD\n"
    assert tree(pdf) == f"Table\n  TBody\n{row}    TR\n      TD\n      TD\n      TD\n      TD"
    cells = [element for element in elements(pdf.Root.StructTreeRoot) if element.S == "/TD"]
    [first, after] = list(elements(cells[0]))
    pages = [page.obj.objgen[0] for page in pdf.pages]
    assert [page for page, _ in marks(first)] == pages[: len(marks(first))]
    assert len(marks(first)) > 1
    assert len(marks(after)) == 1
    assert [page for page, _ in marks(cells[3])] == pages[: len(marks(cells[3]))]


def test_what_stands_side_by_side_is_read_one_after_the_other(composed: Compose) -> None:
    """Items of a flexible row that goes over pages are elements, so that the first is read before the second."""
    items = "<div style='flex: 1'><p pr-for='row in rows'>a{{ row.no }}</p></div><div style='flex: 1'><ul>"
    items += "<li pr-for='row in rows'>b{{ row.no }}</li></ul></div>"
    made = composed(
        f"<table><tr><td><div style='display: flex'>{items}</div></td></tr></table><div style='display: flex'>{items}</div>",
        "@page { size: 105mm 148mm; margin: 15mm }",
        rows(40),
    )
    with check(made.data) as pdf:
        told = [text for _, text, _ in read(pdf) if text[:1] in {"a", "b"}]
    once = [f"{letter}{number}" for letter in "ab" for number in range(40)]
    assert told == once * 2


def test_a_row_of_many_cells_over_pages_is_two_rows(composed: Compose) -> None:
    """Beyond as many elements as may be open at a page's end each part is a row, and nothing is lost."""
    cells = "".join(f"<td style='font-size: 3pt'>{{{{ text }}}} c{number}z</td>" for number in range(40))
    made = composed(
        f"<table><tr>{cells}</tr></table>", "@page { size: 297mm 60mm; margin: 10mm }", {"text": "w " * 250}
    )
    pdf = check(made.data)
    assert made.summary.pages == 2
    assert tree(pdf).count("TR") == 2
    assert tree(pdf).count("TD") == 80


def test_what_goes_on_ends_where_too_much_would_go_on(composed: Compose) -> None:
    """Elements of which a part has nothing end with it where that part leaves more open than may be."""
    picture = (
        "<div style='padding-top: 20mm'><svg width='10mm' height='70mm' viewBox='0 0 10 10' role='img' aria-label='a'>"
        "<rect x='0' y='0' width='10' height='10' fill='#8ac'/></svg></div>"
    )
    cells = "<td style='padding: 0'>{{ text }}</td>" * 34
    body = (
        "<div style='display: flex'><div style='flex: 1'><p pr-for='row in rows'>{{ row.no }}</p>"
        f"{picture}</div><div style='flex: 20'><p pr-for='row in rows'>{{{{ row.no }}}}</p><p>z</p><table><tr>{cells}</tr></table>"
        "</div></div>"
    )
    css = "@page { size: 297mm 100mm; margin: 10mm } body { font-size: 8pt; line-height: 10pt } p { margin: 0 }"
    for columns in ("", "columns: 2; column-fill: auto"):
        made = composed(f"<div style='{columns}'>{body}</div>", css, rows(22) | {"text": "w " * 30})
        with check(made.data) as pdf:
            assert sum(text.count("w") for _, text, _ in read(pdf)) == 30 * 34
            assert tree(pdf).count("Figure") == 1


def test_images(pictures: bytes) -> None:
    """An image is a figure with its alternative text; one without a text is decoration."""
    body = "<img src='asset:logo' alt='The {{ name }}'><img src='asset:logo' alt=''><p>text</p>"
    manifest = {
        "name": "t", "version": "1", "html": "t.html", "schema": {"type": "object"},
        "slots": {"logo": {"rules": [{"use": "library:logo.png"}], "renditions": {"print": {}}, "otherwise": "fail"}},
    }  # fmt: skip
    compiled = compile_bundle({"template.yaml": json.dumps(manifest).encode(), "t.html": f"<body>{body}".encode()})
    program = LoadedProgram.load(compiled.programs["en-GB"])
    image = (Digest.of(pictures), prepare_image(pictures))
    composition = Composition(
        program,
        b'{"name": "b\\u00e4r (1)"}',
        assets={"logo": image},
        attributes={},
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        engine="0",
    )
    pdf = check(b"".join(composition))
    figure, paragraph = elements(pdf.Root.StructTreeRoot.K[0])
    assert (str(figure.S), str(figure.Alt), str(paragraph.S)) == ("/Figure", "The bär (1)", "/P")


@pytest.fixture
def pictures() -> bytes:
    """A small picture."""
    from PIL import Image  # noqa: PLC0415 - one test makes a picture

    out = io.BytesIO()
    Image.new("RGB", (8, 4), (10, 120, 90)).save(out, "PNG")
    return out.getvalue()


def test_what_the_document_says_of_itself(composed: Compose) -> None:
    """Title, language and conformance are in the places where PDF/UA-1 and PDF/A-2 want them, and agree."""
    data = composed("<p>x</p>", "", {"name": "<Zoë & \u0007Ω>"}, title="{{ name }}").data
    pdf = pikepdf.open(io.BytesIO(data))
    with pdf.open_metadata() as meta:
        assert meta.pdfa_status == "2U"
        assert meta["pdfuaid:part"] == "1"
        assert meta["dc:title"] == "<Zoë &  Ω>"
    assert pdf.Root.Lang == "en-GB"
    assert pdf.Root.MarkInfo.Marked is True
    assert pdf.Root.ViewerPreferences.DisplayDocTitle is True
    assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
    assert all(page.obj.Tabs == "/S" for page in pdf.pages)
    fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font"]
    assert fonts
    assert all("/ToUnicode" in font and "/FontFile2" in font.FontDescriptor for font in fonts)


def test_the_profile_is_srgb() -> None:
    """The output intent's profile is read by LittleCMS and changes no colour of sRGB by more than one step."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    from PIL import Image  # noqa: PLC0415 - one test makes a picture

    picture = Image.new("RGB", (6, 6))
    picture.putdata([(r, g, b) for r in (0, 100, 255) for g in (0, 30, 255) for b in (0, 128, 200, 255)])
    converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"))
    assert converted is not None
    pairs = zip(picture.tobytes(), converted.tobytes(), strict=True)
    assert max(abs(before - after) for before, after in pairs) <= 1


def test_blocks_without_gaps(composed: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the pages whose numbers are aligned, the structure is the same."""
    before = tree(check(composed(FOOTER + TABLE, CSS, rows(300)).data))
    monkeypatch.setattr(structure, "_ALIGNED", 3)
    after = check(composed(FOOTER + TABLE, CSS, rows(300)).data)
    assert tree(after) == before
    assert max(item.objgen[0] for item in after.objects) < 1500


def test_cross_references_in_sections(composed: Compose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A long document's cross-references are written in parts, and every reader finds every object."""
    before = composed(FOOTER + TABLE, CSS, rows(600))
    monkeypatch.setattr(document, "_SECTION", 4)
    monkeypatch.setattr(structure, "_ALIGNED", 20)
    after = composed(FOOTER + TABLE, CSS, rows(600))
    assert after.data.count(b"/Type/XRef") > 4
    pdf = check(after.data)
    assert tree(pdf) == tree(check(before.data))
    assert [after.text(number) for number in range(20)] == [before.text(number) for number in range(20)]
    path = tmp_path / "a.pdf"
    path.write_bytes(after.data)
    checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not after.pdf.is_repaired
    assert len(pypdfium2.PdfDocument(after.data)) == after.summary.pages


def test_a_page_of_many_elements(composed: Compose) -> None:
    """A page with more elements than a block of numbers has takes another block."""
    css = "@page { size: A4; margin: 5mm } td, th { font-size: 2pt; line-height: 2pt; padding: 0 }"
    made = composed(TABLE, css, rows(700))
    pdf = check(made.data)
    assert len(pdf.pages) < 4
    assert tree(pdf).count("TR") == 701


def test_a_document_does_not_depend_on_those_before() -> None:
    """Code made for a program, and all that is kept between documents, changes no byte of any of them."""
    body = (
        f"{FOOTER}<div style='position: absolute; top: 5mm; left: 5mm'><p>{{{{ name }}}}</p><p>fixed</p></div>{TABLE}"
    )
    template = compile_bundle(
        {"template.yaml": json.dumps({"name": "t", "version": "1", "html": "t.html", "schema": {"type": "object"}}).encode(),
         "t.html": f"<style>{CSS}</style><body>{body}".encode()}
    )  # fmt: skip
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    names = [
        "a",
        "Łukasz",
        "Ωρίων",
        "(x) \\",
        "a very long name that no line of this width takes as it is " * 3,
        " b ",
        "",
    ]
    records = [
        json.dumps({"name": name, "rows": [{"no": f"{name} {n}", "amount": amount} for n, amount in enumerate(
            ["1.00", "-1234.50", "1234567.89", "-0.00", 7, "12", "0.10", "-99999.99"] * (1 + 9 * (index % 3)))]}).encode()
        for index, name in enumerate(names)
    ]  # fmt: skip

    def compose(program: LoadedProgram, record: bytes) -> bytes:
        return b"".join(Composition(program, record, assets={}, attributes={}, as_of=moment, engine="0"))

    fresh = [compose(LoadedProgram.load(template.programs["en-GB"]), record) for record in records]
    program = LoadedProgram.load(template.programs["en-GB"])
    first = [compose(program, record) for record in records]
    again = [compose(program, record) for record in reversed(records)]
    assert first == fresh
    assert again[::-1] == fresh
    text = re.sub(
        r"\s+", " ", " ".join(page.get_text() for page in __import__("pymupdf").open(stream=fresh[3], filetype="pdf"))
    )
    assert "(x) \\ 0 1.00 (x) \\ 1 −1,234.50" in text  # noqa: RUF001 - the minus is meant


@pytest.mark.parametrize("most", [400, 1500])
def test_a_document_of_too_many_objects_goes_on_untagged(
    composed: Compose, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Pages past the limit are artifacts, all that was tagged stays right, and the document says what it is."""
    monkeypatch.setattr(document, "_MOST_TAGGED", most)
    body = f"{FOOTER}<h1>Title</h1><section>{TABLE}</section><p>The end</p>"
    made = composed(body, CSS, rows(800))
    pdf = check(made.data)
    (warning,) = made.summary.warnings
    assert warning.code == "UNTAGGED"
    first = int(warning.place.removeprefix("page "))
    assert 1 < first < made.summary.pages
    for number, page in enumerate(pdf.pages, 1):
        marked = any(str(operator) == "BDC" for _, operator in pikepdf.parse_content_stream(page))
        assert marked is (number < first)
    text = " ".join(made.text(number) for number in range(made.summary.pages))
    assert "799" in text
    assert text.endswith(f"of {made.summary.pages} Bank") or "The end" in text
    metadata = bytes(pdf.Root.Metadata.read_bytes())
    assert b"pdfuaid:part>" not in metadata
    assert b"<pdfaid:part>2</pdfaid:part>" in metadata
    shown = tree(pdf).splitlines()
    assert shown[:3] == ["H1", "Sect", "  Table"]
    assert "P" not in shown
