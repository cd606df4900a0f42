from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pymupdf
import pytest

from pressrun_loadtest.records import generate, generate_small
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle


class Press:
    """Composes statements with the engine itself, with the banner in place (the logo takes no room in the flow)."""

    def __init__(self) -> None:
        compiled = compile_bundle(load_bundle(statement_path()))
        self.diagnostics = [str(diagnostic) for diagnostic in compiled.diagnostics]
        self.programs = {
            locale: LoadedProgram.load(compiled.programs[locale]) for locale in ("en-GB", "de-DE", "fr-FR")
        }
        banner = (statement_path().parent / "assets" / "banner-everyday.jpg").read_bytes()
        self.assets = {"banner": (Digest.of(banner), prepare_image(banner))}

    def print(self, item: dict[str, Any]) -> tuple[bytes, Composition]:
        """A document and what was said about it."""
        composition = Composition(
            self.programs[item["locale"]],
            json.dumps(item["record"]).encode(),
            assets=self.assets,
            attributes=item["attributes"],
            as_of=datetime(2026, 10, 1, tzinfo=UTC),
            engine="test",
        )
        return b"".join(composition), composition


@pytest.fixture(scope="module")
def press() -> Press:
    """The engine with the template compiled once."""
    return Press()


def test_the_template_compiles_without_a_word(press: Press) -> None:
    """The engine takes the template in all locales, with no warning."""
    assert press.diagnostics == []


def test_small_makes_two_pages(press: Press) -> None:
    """Thirty rows and a paragraph always fill two pages, whichever rows wrap, with a glyph for every character."""
    for item in generate_small(11, 48):
        _, composition = press.print(item)
        assert composition.summary.pages == 2, item["request_id"]
        assert composition.summary.warnings == ()


def test_the_text_of_a_statement_can_be_read(press: Press) -> None:
    """Customer, account, every transaction and the folio stand in the text layer of a long statement."""
    for item in generate(12, 3, rows=90):
        data, composition = press.print(item)
        record = item["record"]
        with pymupdf.open(stream=data) as document:  # type: ignore[no-untyped-call]
            pages = [" ".join(page.get_text().split()) for page in document]
        assert len(pages) == composition.summary.pages > 2
        for expected in (record["customer"]["name"], *record["customer"]["address"], record["account"]["iban"]):
            assert expected in pages[0]
        whole = " ".join(pages)
        assert all(row["reference"] in whole for row in record["transactions"])
        assert all(row["text"] in whole for row in record["transactions"])
        of = {"en-GB": "Page {} of {}", "de-DE": "Seite {} von {}", "fr-FR": "Page {} sur {}"}[item["locale"]]
        assert all(of.format(number, len(pages)) in text for number, text in enumerate(pages, 1))
        assert all(record["account"]["iban"] in text for text in pages)
