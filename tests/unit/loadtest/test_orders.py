from __future__ import annotations

import json
from pathlib import Path

import pytest

from pressrun_loadtest.demo.orders import read_items, request_of
from pressrun_loadtest.records import generate, write_ndjson


def test_the_record_is_sent_as_it_stands_in_the_file(tmp_path: Path) -> None:
    """Each line gives one request with its id, locale and attributes, and the record's own bytes."""
    path = tmp_path / "records.ndjson"
    written = list(generate(3, 5))
    write_ndjson(path, written)
    requests = [request_of(item, "statement@1") for item in read_items(path)]
    assert [request.request_id for request in requests] == [item["request_id"] for item in written]
    for request, item in zip(requests, written, strict=True):
        assert isinstance(request.record, bytes)
        assert request.record in path.read_bytes()
        assert json.loads(request.record) == item["record"]
        assert request.locale == item["locale"]
        assert dict(request.attributes) == item["attributes"]


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    """A fault in the second line does not keep the first from being read, and the message names the line."""
    path = tmp_path / "records.ndjson"
    write_ndjson(path, generate(3, 1))
    with path.open("ab") as file:
        file.write(b'{"request_id": 7}\n')
    items = read_items(path)
    next(items)
    with pytest.raises(ValueError, match=r"line 2: .*request_id, locale, record and attributes"):
        next(items)
