from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pressrun_loadtest.rivals import cli, roster
from pressrun_loadtest.rivals.completeness import Found, Inspector, inspect
from pressrun_loadtest.rivals.errors import MissingError
from pressrun_loadtest.rivals.floors import Floors, measure_floors
from pressrun_loadtest.rivals.formats import Formats
from pressrun_loadtest.rivals.markup import fill, pieces, read_layout
from pressrun_loadtest.rivals.probe import Effort, Measured, by_locale, measure, orders
from pressrun_loadtest.rivals.statement import Clerk, Order, Statement
from pressrun_loadtest.rivals.stock import Stock
from pressrun_loadtest.rivals.table import BEGIN, END, Contest, Result, render, written

pymupdf: Any = importlib.import_module("pymupdf")  # its types are incomplete

FLOORS = Floors(join=0.005, call=0.5, read=1.0)
MACHINE = {"cpu_model": "A processor", "cores": 2, "memory_bytes": 8 * 2**30, "kernel": "6.1", "load_before": 0.5}
TINY = Effort(rows=None, warm_seconds=0, warm_documents=1, seconds=0, documents=3, checked=2, together=2)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Fonts and pictures in a folder."""
    return Stock.lay_out(tmp_path_factory.mktemp("stock"))


@pytest.fixture(scope="module")
def made(stock: Stock) -> list[tuple[Order, Statement, dict[str, bytes]]]:
    """One SMALL document of each locale by every engine that needs no extra."""
    clerk = Clerk(stock)
    engines = {name: roster.load(name, stock) for name in ("pressrun", "pymupdf", "story")}
    found: dict[str, tuple[Order, Statement, dict[str, bytes]]] = {}
    for order in orders(1, None):
        if order.locale not in found:
            statement = clerk.read(order)
            documents = {name: engine.make(order, statement) for name, engine in engines.items()}
            found[order.locale] = order, statement, documents
        if len(found) == 3:
            return list(found.values())
    raise AssertionError("there are three locales")


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    """Looks into documents."""
    return Inspector()


@pytest.mark.parametrize("engine", ["pressrun", "pymupdf", "story"])
def test_complete_documents_have_no_faults(
    engine: str, made: list[tuple[Order, Statement, dict[str, bytes]]], inspector: Inspector
) -> None:
    """Engines that have nothing in common make documents in all locales in which everything is found."""
    for _, statement, documents in made:
        assert inspector.look(documents[engine], statement) == Found(2, ())


def without_count(document: Any, statement: Statement) -> None:
    """Takes the words of one line out."""
    for page in document:
        for place in page.search_for(statement.count):
            page.add_redact_annot(place)
        page.apply_redactions(images=0, graphics=0)


def with_helvetica(document: Any, _: Statement) -> None:
    """A font that every viewer has and no file."""
    document[0].insert_text((100, 100), "more", fontname="helv")


def without_logo(document: Any, _: Statement) -> None:
    """Leaves an empty place."""
    document[0].delete_image(next(image[0] for image in document[0].get_images() if image[2:4] == (600, 160)))


def with_small_banner(document: Any, _: Statement) -> None:
    """The same place, fewer pixels."""
    xref = next(image[0] for image in document[0].get_images() if image[2:4] == (2000, 500))
    document[0].replace_image(xref, pixmap=pymupdf.Pixmap(pymupdf.Pixmap(document, xref), 500, 125))


def without_code(document: Any, _: Statement) -> None:
    """Paints over the lower right of the page with the code."""
    page = document[1]
    (place,) = page.search_for("Your statement online")
    page.draw_rect((place.x0, place.y1, place.x0 + 60, place.y1 + 70), color=(1, 1, 1), fill=(1, 1, 1))


def without_page(document: Any, _: Statement) -> None:
    """The first page still says that there are two."""
    document.delete_page(1)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (without_count, "the document lacks 5 words: "),
        (with_helvetica, "the font Helvetica is not embedded"),
        (without_logo, "the logo of 600 x 160 pixels is not on page 1; there: "),
        (with_small_banner, "the banner of 2000 x 500 pixels is not on page 1; there: "),
        (without_code, "no QR code says https://meridianbank.example/s/"),
        (without_page, "page 1 has no line with 'Page 1 of 1'"),
    ],
)
def test_what_is_taken_away_is_missed(
    spoil: Callable[[Any, Statement], None],
    fault: str,
    made: list[tuple[Order, Statement, dict[str, bytes]]],
    inspector: Inspector,
) -> None:
    """A line, a font's file, a picture, its pixels, the code and a page are each missed in the document without them."""
    _, statement, documents = made[0]
    with pymupdf.open(stream=documents["pymupdf"]) as document:
        spoil(document, statement)
        spoiled = document.tobytes()
    faults = inspector.look(spoiled, statement).faults
    assert any(each.startswith(fault) for each in faults), faults


def test_figures_in_the_wrong_row_are_missed(
    made: list[tuple[Order, Statement, dict[str, bytes]]], inspector: Inspector
) -> None:
    """Two balances that changed places leave all words there, but not on their lines; a bar must fit its balance."""
    _, statement, documents = made[0]
    first, second, *others = statement.rows
    first, second = first._replace(balance=second.balance), second._replace(balance=first.balance)
    swapped = dataclasses.replace(statement, rows=(first, second, *others))
    assert inspector.look(documents["pymupdf"], swapped).faults == (
        f"2 rows are not on one line each: {first.reference}, {second.reference}",
    )
    bars = statement.chart.bars
    turned = tuple((label, share) for (label, _), (_, share) in zip(bars, reversed(bars), strict=True))
    charted = dataclasses.replace(statement, chart=statement.chart._replace(bars=turned))
    (fault,) = inspector.look(documents["pymupdf"], charted).faults
    assert fault.endswith("are not as long as the balances say")


def test_documents_of_one_file_are_told_apart(stock: Stock, inspector: Inspector) -> None:
    """Each begins with its page 1; what is missing in one is said of that one, and so is one that is not there."""
    clerk, engine = Clerk(stock), roster.load("pymupdf", stock)
    asked = by_locale(3, None, 9)["en-GB"][:2]
    statements = [clerk.read(order) for order in asked]
    with pymupdf.open() as file:
        for order, statement in zip(asked, statements, strict=True):
            with pymupdf.open(stream=engine.make(order, statement)) as document:
                file.insert_pdf(document)
        assert inspector.look_through(file.tobytes(), statements) == [Found(2, ()), Found(2, ())]
        exchanged = inspector.look_through(file.tobytes(), statements[::-1])
        assert all(found.faults for found in exchanged)
        cut = inspector.look_through(file.tobytes(), [*statements, statements[0]])
        assert cut[2] == Found(0, ("the file ends before this document",))


def test_texts_follow_the_locale() -> None:
    """Separators, symbols, month names and the order of dates are CLDR's; a minus is a minus."""
    english, german, french = (Formats.of(locale) for locale in ("en-GB", "de-DE", "fr-FR"))
    assert english.money("-1234.50", "GBP") == "−£1,234.50"  # noqa: RUF001 - a minus
    assert german.money("1234567.00", "EUR") == "1.234.567,00\u00a0€"
    assert french.amount("-1234.50") == "−1\u00a0234,50"  # noqa: RUF001 - a minus
    assert [each.long_date("2026-09-03") for each in (english, german, french)] == [
        "3 September 2026", "3. September 2026", "3 septembre 2026",
    ]  # fmt: skip
    assert [each.short_date("2026-09-03") for each in (english, german, french)] == [
        "03/09/2026", "03.09.26", "03/09/2026",
    ]  # fmt: skip
    assert [each.month("2026-03-01") for each in (english, german, french)] == ["Mar", "Mär", "mars"]


def test_the_page_has_no_slot_left(made: list[tuple[Order, Statement, dict[str, bytes]]]) -> None:
    """Every slot of the HTML layout is filled, and what a customer is called is no markup."""
    _, statement, _ = made[0]
    named = dataclasses.replace(statement, name="A & <b>B</b>")
    page = fill(read_layout("statement.html"), *pieces(named))
    assert "{{" not in page
    assert "data-fb-bind-html" not in page
    assert "A &amp; &lt;b&gt;B&lt;/b&gt;" in page


def test_a_process_measures_an_engine_and_leaves_its_documents(stock: Stock, tmp_path: Path) -> None:
    """The documents of the seed come out of it, each with its CPU time; another process finds them complete."""
    core = max(importlib.import_module("os").sched_getaffinity(0))
    found = measure("pymupdf", TINY, seed=5, core=core, stock=stock, folder=tmp_path)
    assert len(found.milliseconds) == 2  # no time, but two at least
    assert all(each > 0 for each in found.milliseconds)
    assert found.peak > 10
    asked = orders(5, None)
    documents = [(tmp_path / f"{number}.pdf", [next(asked)]) for number in range(2)]
    assert found.size == sum(path.stat().st_size for path, _ in documents) / 2
    assert inspect(documents, stock) == [Found(2, ()), Found(2, ())]


def test_floors_are_measured(stock: Stock) -> None:
    """Carrying a document through gRPC costs more than joining its parts."""
    core = max(importlib.import_module("os").sched_getaffinity(0))
    floors = measure_floors(None, seed=1, core=core, stock=stock, rounds=1)
    assert 0 < floors.join < floors.call
    assert floors.read > 0


def contest(*faults: str) -> Contest:
    """Two engines."""
    return Contest(
        "SMALL, a statement of 30 rows",
        FLOORS,
        {
            "pressrun": Result(Measured((3.0, 1.0, 2.0), 150_000, 130.4), 2, ()),
            "reportlab": Result(Measured((30.0, 30.0), 136_000, 50), 2, faults),
        },
    )


def table_of(each: Contest) -> str:
    """As it is written."""
    versions = {"python": "3.11.7", "pressrun": "0.1.0", "reportlab": "5.1.0"}
    return render([each], date="2026-11-27", hardware=MACHINE, versions=versions, seed=1)


def test_the_table_has_medians_ratios_and_floors() -> None:
    """The cheaper first; ratios are to Pressrun, pages a second from the median."""
    text = table_of(contest())
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[2] == "| **Pressrun 0.1.0** | 2.00 | 1.00 | 1,000 | 2 | 150 | 130 | 3 |"
    assert lines[3] == "| ReportLab 5.1.0 | 30.0 | 15.0 | 67 | 2 | 136 | 50 | 2 |"
    assert "| 0.0050 | 0.0025 |" in lines[4]
    assert "| 0.500 | 0.250 |" in lines[5]
    assert "2026-11-27: A processor, one of 2 cores, 8.0 GiB; Linux 6.1; load 0.5 before; Python 3.11.7; seed 1" in text
    assert "- **ReportLab**: platypus" in text


def test_incomplete_documents_have_no_figures() -> None:
    """What is missing stands where the figures would."""
    text = table_of(contest("no QR code"))
    assert "| ReportLab 5.1.0 | incomplete: no QR code | | | | | | |" in text
    assert "15.0" not in text


def test_the_table_takes_the_place_of_the_last_one() -> None:
    """What stands outside the markers stays; without markers it says which lines to add."""
    before = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    once = written(before, "new\n")
    assert once == f"above\n{BEGIN}\nnew\n{END}\nbelow\n"
    assert written(once, "new\n") == once
    for wrong in ("", BEGIN, f"{END}{BEGIN}", before + before):
        with pytest.raises(ValueError, match=r"one line <!-- bench-rivals: begin -->"):
            written(wrong, "new\n")


def run_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, faults: tuple[str, ...]) -> tuple[int, str, str]:
    """The command with engines that take no time; exit code, output, and what is in the file then."""
    monkeypatch.setattr(cli, "measure", lambda *_, **__: Measured((1.0, 1.0), 1000, 10))
    monkeypatch.setattr(cli, "inspect", lambda documents, _: [Found(2, faults) for _ in documents])
    monkeypatch.setattr(cli, "measure_floors", lambda *_, **__: FLOORS)
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    arguments = ["--only", "pymupdf", "--quick", "--write", str(readme), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli.main, arguments)
    return result.exit_code, result.output, readme.read_text(encoding="utf-8")


def test_the_command_writes_what_it_prints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file has the very table that was printed."""
    code, output, text = run_command(monkeypatch, tmp_path, ())
    assert code == 0
    table = text.removeprefix(f"{BEGIN}\n").removesuffix(f"{END}\n")
    assert "PyMuPDF, plain" in table
    assert table in output


def test_nothing_is_written_where_a_document_is_incomplete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exit code says so, and the file is as it was."""
    code, output, text = run_command(monkeypatch, tmp_path, ("no logo",))
    assert code == 1
    assert "incomplete documents of" in output
    assert text == f"{BEGIN}\n{END}\n"


def test_an_engine_that_is_not_installed_is_told_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before anything is measured."""
    absent = roster.ROSTER["reportlab"]._replace(distribution="no-such-distribution")
    monkeypatch.setitem(roster.ROSTER, "reportlab", absent)
    result = CliRunner().invoke(cli.main, ["--only", "reportlab", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "no-such-distribution is not installed" in result.output
    assert "pip install 'pressrun[all,rivals]'" in result.output
    without_library = roster.ROSTER["weasyprint"]._replace(needs=("no-such-library", "libnone"))
    with pytest.raises(MissingError, match=r"WeasyPrint needs libno-such-library; .* apt-get install -y libnone"):
        roster.version_of(without_library)
