"""No customer's data in another's document: each document has its own marker in every field, and no other's.

All documents go through the programs of one composer, several at a time and a page a turn; some fail in the middle and
some are given up. What is searched is every stream, inflated, and every string of the file.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pressrun_loadtest.records import generate_small
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.errors import PressrunError
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

AS_OF = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
AT_ONCE = 4
FAILS, LEFT = 17, 23
"""Each so many documents one that fails, and one that is given up."""

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_HEX = re.compile(rb"<FEFF([0-9A-F]+)>")
_WORD = re.compile(rb"Mq(\d{6})Z")
_AMOUNT = re.compile(rb"70\D(\d{3})\D(\d{3})\D25")


def _marked(value: Any, marker: str, number: int, key: str = "") -> Any:
    """A record with a marker in every field whose form leaves room for one."""
    if isinstance(value, dict):
        return {name: _marked(item, marker, number, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, marker, number, key) for item in value]
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d\d", value):
        return f"{70_000_000 + number}.25"
    if isinstance(value, str) and key not in {"from", "to", "date", "month", "currency", "segment", "iban"}:
        return f"{value} {marker}"
    return value


def markers(data: bytes) -> set[int]:
    """The markers that a file holds anywhere."""
    parts = [data]
    for stream in _STREAM.findall(data):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue  # a JPEG; its bytes are in the file as they are
    text = b"\0".join(parts)
    text += b"\0".join(bytes.fromhex(found.decode())[1::2] for found in _HEX.findall(text))
    return {int(found) for found in _WORD.findall(text)} | {
        int(thousands) * 1000 + int(rest) for thousands, rest in _AMOUNT.findall(text)
    }


class Composer:
    """What one composer has loaded."""

    def __init__(self) -> None:
        compiled = compile_bundle(load_bundle(statement_path()))
        self.programs = {name: LoadedProgram.load(data) for name, data in compiled.programs.items() if ";" not in name}
        folder = statement_path().parent / "assets"
        self._images = {}
        for segment in ("everyday", "premier", "student", "business"):
            files = {"logo": folder / "logo.png", "banner": folder / f"banner-{segment}.jpg"}
            self._images[segment] = {
                slot: (Digest.of(path.read_bytes()), prepare_image(path.read_bytes())) for slot, path in files.items()
            }

    def composition(self, item: dict[str, Any], number: int) -> Composition:
        """The document of a customer, marked."""
        marker = f"Mq{number:06d}Z"
        segment = item["record"]["customer"]["segment"]
        record = _marked(item["record"], marker, number)
        if number % FAILS == FAILS - 1:
            record["transactions"][-1]["date"] = f"{marker}, which is no date"
        return Composition(
            self.programs[item["locale"]],
            msgspec.json.encode(record),
            assets=self._images[segment],
            attributes={"segment": segment, "customer_reference": marker},
            as_of=AS_OF,
            engine="0",
        )

    def documents(self, count: int) -> Iterator[tuple[int, bytes | None]]:
        """Documents as they end; None for one that failed or was given up."""
        waiting = iter(enumerate(generate_small(7, count)))
        open_: list[tuple[int, Iterator[bytes], list[bytes]]] = []
        while True:
            for number, item in itertools.islice(waiting, AT_ONCE - len(open_)):
                open_.append((number, iter(self.composition(item, number)), []))
            if not open_:
                return
            for entry in list(open_):
                number, steps, parts = entry
                try:
                    parts.append(next(steps))
                except StopIteration:
                    open_.remove(entry)
                    yield number, b"".join(parts)
                except PressrunError:
                    open_.remove(entry)
                    yield number, None
                else:
                    if number % LEFT == LEFT - 1 and len(parts) == 2:
                        open_.remove(entry)
                        yield number, None


@pytest.fixture(scope="module")
def composer() -> Composer:
    """One composer for all of them."""
    return Composer()


def _check(documents: Iterable[tuple[int, bytes | None]], count: int) -> None:
    made = 0
    for number, data in documents:
        wrong = number % FAILS == FAILS - 1 or number % LEFT == LEFT - 1
        assert (data is None) is wrong
        if data is not None:
            assert markers(data) == {number}
            made += 1
    assert made > count * 0.85


def test_a_document_holds_no_other_customers_data(composer: Composer) -> None:
    """200 documents, among them some that fail and some that are given up."""
    _check(composer.documents(200), 200)


@pytest.mark.long
def test_no_document_of_thousands_holds_another_customers_data(composer: Composer) -> None:
    """The same for 5,000."""
    _check(composer.documents(5000), 5000)


def test_the_search_finds_markers_of_every_kind(composer: Composer) -> None:
    """A marker in a line, a row, the title, an alternative text or a number alone would be seen."""
    item = next(iter(generate_small(7, 1)))
    data = b"".join(composer.composition(item, 42))
    found = b"\0".join(zlib.decompress(part) for part in _STREAM.findall(data) if part[:1] == b"\x78")
    assert found.count(b"Mq000042Z") > 60, "rows and lines"
    assert _AMOUNT.search(found)
    assert b"Mq000042Z" in data, "the packet of metadata"
    assert markers(b"1 0 obj<</Alt<FEFF" + "Mq000007Z".encode("utf-16-be").hex().upper().encode() + b">>>endobj") == {7}
    assert markers(b"stream\n" + zlib.compress(b"(70,000,009.25)Tj") + b"\nendstream") == {9}
