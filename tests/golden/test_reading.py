"""What a screen reader gets of the sample statements: the elements in their order, with the text that each marks.

The text is read back by the tags alone: marks of the content stream, codes, and the fonts' ToUnicode maps.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import pikepdf
import pytest

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.samples import statement_path
from pressrun_server.prepare.tagged import marked_texts

LOCALES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
NAMES = ("business-fr", "everyday-en", "premier-de")

Read: TypeAlias = "list[tuple[str, str, str]]"
"""Of each element: its path, e.g. `Table/TBody/TR/TD`, its own text, its alternative text."""


def read(pdf: pikepdf.Pdf) -> Read:
    """All elements in reading order."""
    texts = marked_texts(pdf)

    def below(element: pikepdf.Object, path: str) -> Iterator[tuple[str, str, str]]:
        kids = element.get("/K", pikepdf.Array())
        own, inner = [], []
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            if isinstance(kid, int):
                own.append(texts[element.Pg.objgen][kid])
            elif kid.get("/Type") == "/MCR":
                own.append(texts[kid.Pg.objgen][int(kid.MCID)])
            elif "/S" in kid:
                inner.append(kid)
        here = f"{path}/{str(element.S)[1:]}"
        yield here, " ".join(own), str(element.get("/Alt", ""))
        for kid in inner:
            yield from below(kid, here)

    return [(path.removeprefix("/Document/"), *rest) for path, *rest in below(pdf.Root.StructTreeRoot.K[0], "")]  # type: ignore[misc]


@pytest.fixture(scope="module")
def documents() -> dict[str, tuple[dict[str, Any], pikepdf.Pdf]]:
    """Record and document of each sample."""
    press = Press()
    found = {}
    for path in sorted((statement_path() / "samples").glob("*.json")):
        segment, _, language = path.stem.partition("-")
        data, _ = press.compose(LOCALES[language], path.read_bytes(), {"segment": segment})
        found[path.stem] = json.loads(path.read_bytes()), pikepdf.open(io.BytesIO(data))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_reads_as_it_is_written(
    documents: dict[str, tuple[dict[str, Any], pikepdf.Pdf]], name: str
) -> None:
    """Name, heading, message and every transaction are read once, in the order of the HTML, as what they are."""
    record, pdf = documents[name]
    found = read(pdf)
    texts = [text for _, text, _ in found]
    assert [path for path, _, _ in found if path.endswith("/H1") or path == "H1"], "a heading"
    message = next(index for index, text in enumerate(texts) if text == record["message"])
    assert found[message][0].endswith("P")
    name_at = texts.index(record["customer"]["name"])
    heading = next(index for index, (path, _, _) in enumerate(found) if path.endswith("H1"))
    assert name_at < heading < message
    rows = [index for index, (path, _, _) in enumerate(found) if path.endswith("Table/TBody/TR") and index > message]
    cells = [[text for path, text, _ in found[row + 1 : row + 6] if path.endswith("TD")] for row in rows]
    listed = [(row[1], row[2]) for row in cells if len(row) > 3]
    wanted = [(item["text"], item["reference"]) for item in record["transactions"]]
    assert [pair for pair in listed if pair in set(wanted)] == wanted
    digits = [re.sub(r"\D", "", row[4]) for row in cells if len(row) > 4 and (row[1], row[2]) in set(wanted)]
    assert digits == [re.sub(r"\D", "", item["balance"]) for item in record["transactions"]]


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_no_text_has_a_text(documents: dict[str, tuple[dict[str, Any], pikepdf.Pdf]], name: str) -> None:
    """Figures have alternative texts, header cells say what they head, and running elements are not read."""
    _, pdf = documents[name]
    found = read(pdf)
    figures = [alt for path, _, alt in found if path.endswith("Figure")]
    assert len(figures) >= 3, "banner or logo, chart, code"
    assert all(figures)
    assert sum(path.endswith("THead/TR/TH") for path, _, _ in found) == 5, "the header is read once"
    assert not any(re.fullmatch(r"\D+ 1 \D+ \d+", text) for _, text, _ in found), "page 1 of 2 is an artifact"
