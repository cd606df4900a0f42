from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

import pytest

from pressrun_loadtest.bench import checks
from pressrun_loadtest.bench.checks import check_documents, faults_of
from pressrun_loadtest.bench.customers import Customer, spread, write_records
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.demo.orders import read_items
from pressrun_loadtest.demo.viewer import View, draw_first_pages, read_texts

pymupdf: Any = importlib.import_module("pymupdf")  # its types are incomplete

ANNA = Customer("d-1", "Anna Weiß", "1111-000001", "DE00 0001")
BORIS = Customer("d-2", "Boris Jonas", "2222-000002", "DE00 0002")


def text_of(customer: Customer, *more: str) -> str:
    """A statement's text."""
    return " ".join(("Dear", customer.name, customer.number, customer.account, *more))


def pdf(path: Path, *pages: str) -> str:
    """Writes a document; its digest."""
    document = pymupdf.open()
    for text in pages:
        document.new_page().insert_text((72, 72), text)
    document.save(path)
    document.close()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_right_document_has_no_faults() -> None:
    """Two pages, all of the customer's own, nothing of another's."""
    assert faults_of(ANNA, View(2, text_of(ANNA), ()), [ANNA, BORIS]) == []


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        (View(3, text_of(ANNA), ()), "d-1: 3 pages, not 2"),
        (View(2, text_of(ANNA).replace("Weiß", "Weiss"), ()), "d-1: the name is not in the text"),
        (View(2, text_of(ANNA).replace("1111", "1112"), ()), "d-1: the customer number is not in the text"),
        (View(2, text_of(ANNA).replace("0001", "0003"), ()), "d-1: the account number is not in the text"),
        (View(2, text_of(ANNA, BORIS.number), ()), "d-1: holds the customer number of d-2"),
        (View(2, text_of(ANNA, BORIS.account), ()), "d-1: holds the account number of d-2"),
        (View(2, text_of(ANNA), ("bad xref",)), "d-1: MuPDF says: bad xref"),
    ],
)
def test_each_fault_is_found(view: View, fault: str) -> None:
    """Another length, what is missing, what is another customer's, and a broken file."""
    assert fault in faults_of(ANNA, view, [ANNA, BORIS])


def test_documents_are_read_from_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own reads pages and text; digests are compared with the bytes on disk."""
    digests = {each.request_id: pdf(tmp_path / f"{each.request_id}.pdf", text_of(each), "2") for each in (ANNA, BORIS)}
    check_documents("it", tmp_path, [ANNA, BORIS], digests)
    with pytest.raises(CheckError, match=r"it: 1 faults(.|\n)*d-2: SHA-256 .* is not the one given with it"):
        check_documents("it", tmp_path, [ANNA, BORIS], digests | {"d-2": "0" * 64})
    with pytest.raises(CheckError, match="d-2: no document came"):
        check_documents("it", tmp_path, [ANNA, BORIS], {"d-1": digests["d-1"]})
    monkeypatch.setattr(checks, "SMALL_PAGES", 1)
    with pytest.raises(CheckError, match="2 faults"):
        check_documents("it", tmp_path, [ANNA, BORIS], digests)


def test_checking_nothing_is_a_fault(tmp_path: Path) -> None:
    """A check that looked at no document must not pass."""
    with pytest.raises(CheckError, match="nothing to check"):
        check_documents("it", tmp_path, [], {})


def test_the_viewer_draws_first_pages_at_the_width_asked_for(tmp_path: Path) -> None:
    """The picture has the width in pixels, the height by the page's shape; complaints of a repaired file are told."""
    pdf(tmp_path / "a.pdf", "first", "second")
    (picture,) = draw_first_pages([tmp_path / "a.pdf"], tmp_path, width=210)
    pixmap = pymupdf.Pixmap(str(picture))
    assert pixmap.width == 210
    assert abs(pixmap.height - 297) <= 1
    broken = (tmp_path / "a.pdf").read_bytes().replace(b"startxref", b"startxxxx")
    (tmp_path / "b.pdf").write_bytes(broken)
    whole, mended = read_texts([tmp_path / "a.pdf", tmp_path / "b.pdf"])
    assert whole == View(2, "first second", ())
    assert mended.text == "first second"
    assert mended.complaints


def test_samples_are_the_customers_of_their_places(tmp_path: Path) -> None:
    """What must be found in a document is what stands in the record of the same place."""
    sampled = spread(3, 12, 4)
    customers = write_records(tmp_path / "r.ndjson", 9, 12, sampled)
    items = list(read_items(tmp_path / "r.ndjson"))
    assert len(items) == 12
    assert [customer.request_id for customer in customers] == [items[index].request_id for index in sorted(sampled)]
    for customer, index in zip(customers, sorted(sampled), strict=True):
        assert f'"number":"{customer.number}"'.encode() in bytes(items[index].record)
        assert customer.account.encode() in bytes(items[index].record)


@pytest.mark.parametrize(("first", "end", "count"), [(0, 10, 3), (100, 1500, 50), (7, 9, 50), (2000, 20_000, 50)])
def test_samples_are_spread_over_all_documents(first: int, end: int, count: int) -> None:
    """As many as asked for, or all; the first and the last among them, none outside."""
    found = spread(first, end, count)
    assert len(found) == min(count, end - first)
    assert (min(found), max(found)) == (first, end - 1)
