from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pymupdf
import pytest
from tests.unit.engine.test_structure import check

Compose = Callable[..., Any]

TABLE = (
    "<table><thead><tr><th>No</th><th>Text</th><th class='r'>Amount</th></tr></thead>"
    "<tbody><tr pr-for='row in rows'><td>{{ row.no }}</td><td>{{ row.text }}</td>"
    "<td class='r'>{{ row.amount | amount }}</td></tr></tbody></table>"
)
FOOTER = "<footer class='f'>Page {{ page.number }} of {{ page.count }}</footer>"
CSS = (
    "@page { size: A5; margin: 15mm; @bottom-right { content: element(f) } } .f { position: running(f); text-align: right }"
    "body { font-size: 9pt; font-variant-numeric: tabular-nums } .r { text-align: right }"
)


def _rows(count: int) -> dict[str, Any]:
    return {
        "rows": [{"no": n, "text": f"Row {n}", "amount": f"{n * 7919 % 100000}.{n % 100:02d}"} for n in range(count)]
    }


def _tool(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing; install it with: apt-get install -y {package}"
    return found


@pytest.mark.parametrize("rows", [0, 1, 30, 400])
def test_is_a_valid_pdf(composed: Compose, tmp_path: Path, rows: int) -> None:
    """Qpdf finds nothing wrong, and MuPDF opens the document without repairing it."""
    made = composed(FOOTER + TABLE, CSS, _rows(rows))
    path = tmp_path / "a.pdf"
    path.write_bytes(made.data)
    checked = subprocess.run([_tool("qpdf", "qpdf"), "--check", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not made.pdf.is_repaired
    assert made.pdf.page_count == made.summary.pages
    with pikepdf.open(path) as pdf:
        assert not pdf.check_pdf_syntax()


def test_summary_is_true(composed: Compose) -> None:
    """Size and digest are those of the bytes."""
    made = composed(FOOTER + TABLE, CSS, _rows(100))
    assert made.summary.size == len(made.data)
    assert made.summary.sha256 == hashlib.sha256(made.data).hexdigest()
    assert made.summary.warnings == ()


@pytest.mark.parametrize("rows", [3, 60, 1000])
def test_every_page_says_which_of_how_many(composed: Compose, rows: int) -> None:
    """Page X of Y is right on each page, in documents shorter and longer than the look-ahead."""
    made = composed(FOOTER + TABLE, CSS, _rows(rows))
    count = made.summary.pages
    for number in range(count):
        assert made.text(number).endswith(f"Page {number + 1} of {count}")


def test_a_header_as_tall_as_the_page_is_not_repeated(composed: Compose) -> None:
    """A table's header that leaves no room for rows stands once, and every row follows."""
    head = "<p>tall</p>" * 60
    body = f"<table><thead><tr><th>{head}</th></tr></thead><tr pr-for='row in rows'><td>{{{{ row.text }}}}</td></tr></table>"
    made = composed(FOOTER + body, CSS, _rows(20))
    text = " ".join(made.text(number) for number in range(made.summary.pages))
    assert [int(number) for number in re.findall(r"Row (\d+)", text)] == list(range(20))
    assert made.summary.pages < 12


def test_header_row_repeats_and_every_row_is_there_once(composed: Compose) -> None:
    """The table's header stands on each page, and each row once in the document, in order."""
    made = composed(FOOTER + TABLE, CSS, _rows(300))
    words = [made.text(number) for number in range(made.summary.pages)]
    assert all(text.startswith("No Text Amount") for text in words)
    found = [int(number) for text in words for number in re.findall(r"Row (\d+)", text)]
    assert found == list(range(300))


def test_amounts_end_at_the_same_place(composed: Compose) -> None:
    """Right-aligned amounts end at one x on every row, to a hundredth of a point."""
    made = composed(FOOTER + TABLE, CSS, _rows(25))
    ends = {round(word[2], 2) for word in made.pdf[0].get_text("words") if re.fullmatch(r"[\d,]+\.\d\d", word[4])}
    assert len(ends) == 1


def test_text_is_extracted_as_written(composed: Compose, tmp_path: Path) -> None:
    """Poppler and MuPDF give back the characters of the record, of every shard, and of the look-alikes."""
    text = "é ß € – „Łódź” Ωμέγα Жук − a-b; c‑d × ½ → ẞ (x) \\ y"  # noqa: RUF001 - look-alikes are the point
    made = composed("<p>{{ text }}</p>", "", {"text": text})
    path = tmp_path / "a.pdf"
    path.write_bytes(made.data)
    assert made.text() == text
    command = [_tool("pdftotext", "poppler-utils"), "-enc", "UTF-8", path, "-"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\f")[0].strip() == text
    assert made.summary.warnings == ()


def test_a_character_that_no_font_has_is_a_warning(composed: Compose) -> None:
    """A character beyond the fonts is named with its page; the document is made all the same."""
    made = composed("<p>{{ text }}</p>", "", {"text": "漢 ok"})
    assert made.text() == "? ok"
    assert [(item.code, item.place) for item in made.summary.warnings] == [("MISSING_GLYPH", "page 1")]
    assert "U+6F22" in made.summary.warnings[0].message


def test_decomposed_letters_and_invisible_characters(composed: Compose) -> None:
    """A name in decomposed form prints as it should, and characters that show nothing print nothing."""
    made = composed("<p>{{ text }}</p>", "", {"text": "Jose\u0301 Mu\u0308ller\u200b so\u00adft\ufeff"})
    assert made.text() == "José Müller soft"
    assert made.summary.warnings == ()


def test_only_used_shards_are_embedded(composed: Compose) -> None:
    """A document carries the fonts that it shows and no others."""
    plain = composed("<p>{{ text }}</p>", "", {"text": "plain"})
    greek = composed("<p>{{ text }}</p>", "", {"text": "Ωμέγα"})
    assert len(plain.pdf.get_page_fonts(0)) == 1
    assert len(greek.pdf.get_page_fonts(0)) == 2


def test_comments_stand_anywhere(composed: Compose) -> None:
    """HTML comments show nothing, also between rows and cells."""
    body = "<!-- a --><table><!-- b --><tr><!-- c --><td>x<!-- d -->y</td><!-- e --></tr></table><p><!-- f -->z</p>"
    assert composed(body).text() == "xy z"


def test_title_language_and_date(composed: Compose) -> None:
    """The document says its title, its language and the moment it speaks of."""
    made = composed("<p>x</p>", "", {"n": "Ä (1)"}, title="Statement {{ n }}")
    meta = made.pdf.metadata
    assert meta["title"] == "Statement Ä (1)"
    assert meta["creationDate"] == "D:20261101120000Z"
    assert made.pdf.xref_get_key(made.pdf.pdf_catalog(), "Lang") == ("string", "en-GB")


def test_same_input_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    """Compile and compose give the same programs and documents in processes with other hash seeds."""
    script = tmp_path / "digest.py"
    kit = Path(__file__).with_name("conftest.py")
    script.write_text(
        "import hashlib, importlib.util, json, sys\n"
        f"spec = importlib.util.spec_from_file_location('kit', {str(kit)!r})\n"
        "kit = importlib.util.module_from_spec(spec); sys.modules['kit'] = kit; spec.loader.exec_module(kit)\n"
        f"body, css, record = json.loads({json.dumps(json.dumps([FOOTER + TABLE, CSS, _rows(200)]))})\n"
        "from pressrun_server.render.composition import Composition, LoadedProgram\n"
        "made = kit.compile_bundle(kit.bundle(body, css, locales=['en-GB', 'de-DE']))\n"
        "for locale, data in sorted(made.programs.items()):\n"
        "    parts = Composition(LoadedProgram.load(data), json.dumps(record).encode(), assets={}, attributes={'b': '1', 'a': '2'},"
        " as_of=kit.AS_OF, engine=kit.ENGINE)\n"
        "    print(locale, hashlib.sha256(data).hexdigest(), hashlib.sha256(b''.join(parts)).hexdigest())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, str(script)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert len(next(iter(answers)).splitlines()) == 2


def test_nothing_of_one_record_is_in_the_next_document(composed: Compose) -> None:
    """Documents made one after the other from one loaded program hold no word of each other."""
    from pressrun_server.render.composition import Composition, LoadedProgram  # noqa: PLC0415
    from pressrun_server.template.compile import compile_bundle  # noqa: PLC0415

    kit = sys.modules[composed.__module__]
    template = compile_bundle(kit.bundle(FOOTER + TABLE + "<p pr-if='note'>{{ note }}</p>", CSS))
    program = LoadedProgram.load(template.programs["en-GB"])
    for number in range(200):
        record = _rows(20) | ({"note": f"marker{number}x"} if number % 3 else {"note": ""})
        for row in record["rows"]:
            row["text"] = f"marker{number}x"
        parts = Composition(
            program, json.dumps(record).encode(), assets={}, attributes={}, as_of=kit.AS_OF, engine=kit.ENGINE
        )
        document = pymupdf.open(stream=b"".join(parts), filetype="pdf")
        everything = b"".join(
            document.xref_stream(xref) or b""
            for xref in range(1, document.xref_length())
            if document.xref_is_stream(xref)
        )
        markers = set(re.findall(rb"marker(\d+)x", everything))
        assert markers == {str(number).encode()}


def test_repeated_header_rows_show_their_own_items(composed: Compose) -> None:
    """Rows repeated in a header, with blocks in their cells, show one item each."""
    body = (
        "<table><thead><tr pr-for='row in rows'><th><div><p>{{ row.text }}</p><p>-</p></div></th></tr></thead>"
        "<tr pr-for='row in rows'><td><div><p>{{ row.text }}</p><p>+</p></div></td></tr></table>"
    )
    assert composed(body, "", _rows(3)).text() == "Row 0 - Row 1 - Row 2 - Row 0 + Row 1 + Row 2 +"


@pytest.mark.parametrize(
    "body",
    [
        "<p>漢</p>",
        "<table><tr><td>漢</td></tr></table>",
        "<table><tr><td>漢</td><td>{{ n }}</td></tr></table>",
        "<table><tr><td><div><p>漢</p><p>x</p></div></td><td>{{ n }}</td></tr></table>",
        "<div style='position: absolute; top: 0'>漢</div>",
    ],
)
def test_every_document_is_warned_alike(composed: Compose, body: str) -> None:
    """What a template lacks is told in each document, not only in the first that a composer makes."""
    from pressrun_server.render.composition import Composition, LoadedProgram  # noqa: PLC0415
    from pressrun_server.template.compile import compile_bundle  # noqa: PLC0415

    kit = sys.modules[composed.__module__]
    program = LoadedProgram.load(compile_bundle(kit.bundle(body)).programs["en-GB"])
    warnings = []
    for number in range(3):
        parts = Composition(
            program, json.dumps({"n": number}).encode(), assets={}, attributes={}, as_of=kit.AS_OF, engine=kit.ENGINE
        )
        b"".join(parts)
        warnings.append([(item.code, item.place) for item in parts.summary.warnings])
    assert warnings == [[("MISSING_GLYPH", "page 1")]] * 3


def test_a_bad_program_is_refused() -> None:
    """A blob that is no program, or one of another form, is an error and never code."""
    from pressrun_server.errors import PressrunError  # noqa: PLC0415
    from pressrun_server.render.composition import LoadedProgram  # noqa: PLC0415

    for blob in (b"", b"\x80", zlib.compress(b"x"), b"cos\nsystem\n(S'true'\ntR."):
        with pytest.raises(PressrunError, match="publish it again"):
            LoadedProgram.load(blob)


PICTURE = (
    "<svg viewBox='0 0 6 4' role='img' aria-label='picture' preserveAspectRatio='none'>"
    "<rect x='0' y='0' width='6' height='4' fill='#{}'/></svg>"
)


@pytest.mark.parametrize("text", ["word", "{{ name }}"])
@pytest.mark.parametrize("inside", ["", f"<div style='height: 5mm'>{PICTURE.format('9f9')}</div>"])
def test_a_box_at_a_fixed_place_covers_the_pictures_before_it(composed: Compose, text: str, inside: str) -> None:
    """Its ground and border are over a picture, its own pictures and text over its ground, and what shines through is mixed."""
    css = (
        "@page { size: 100mm 80mm; margin: 10mm } svg { width: 60mm; height: 40mm } div svg { width: 5mm; height: 5mm }"
        " .box { position: absolute; top: 20mm; left: 20mm; width: 20mm; height: 15mm; background: #ff000080 }"
        " .solid { top: 20mm; left: 45mm; background: #00f; border: 1mm solid #ff0 }"
    )
    boxes = f"<div class='box'>{inside}<p>{text}</p></div><div class='box solid'>{inside}<p>{text}</p></div>"
    made = composed(f"{PICTURE.format('000')}{boxes}", css, {"name": "word"})
    picture = made.pdf[0].get_pixmap(dpi=127, alpha=False)  # 5 pixels a millimetre
    seen = {place: picture.pixel(5 * place[0], 5 * place[1]) for place in ((15, 15), (38, 33), (63, 33), (45, 33))}
    for place, wanted in {
        (15, 15): (0, 0, 0),
        (38, 33): (128, 0, 0),
        (63, 33): (0, 0, 255),
        (45, 33): (255, 255, 0),
    }.items():
        assert all(abs(one - other) < 6 for one, other in zip(seen[place], wanted, strict=True)), (place, seen)
    if inside:
        assert picture.pixel(5 * 22, 5 * 22) == (153, 255, 153)
    assert made.text().count("word") == 2
    check(made.data)
