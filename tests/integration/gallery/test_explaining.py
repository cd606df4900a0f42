"""What counts as the cause of a failure, and what does not."""

from __future__ import annotations

import pytest
from tests.integration.gallery.explaining import Evidence

from pressrun_loadtest.sandbox.journal import Journal

ORIGIN = "http://127.0.0.1:4711"


@pytest.fixture
def journal() -> Journal:
    """Six requests, of which four met a fault."""
    journal = Journal()
    for method, path, status, fault in (
        ("POST", "/otmmapi/v6/search/text", 503, "status"),
        ("GET", "/otmmapi/v6/assets/7f/contents", 200, "truncate"),
        ("GET", "/otmmapi/v6/assets/7f", 200, None),
        ("GET", "/otmmapi/v6/assets/gr%C3%B6%C3%9Fe", 429, "status"),
        ("GET", "/otmmapi/v6/assets/8f/contents", 200, "corrupt"),
        ("GET", "/otmmapi/v6/assets/8f", 404, None),
    ):
        entry = journal.begin(method, path, "", None)
        entry.status, entry.fault = status, fault
    return journal


@pytest.mark.parametrize(
    ("detail", "path"),
    [
        (f"POST {ORIGIN}/otmmapi/v6/search/text answered 503: The sandbox was told to answer 503.", "search/text"),
        (f"GET {ORIGIN}/otmmapi/v6/assets/7f/contents: ClientPayloadError", "assets/7f/contents"),
        (f"GET {ORIGIN}/otmmapi/v6/assets/8f/contents: MD5 differs", "assets/8f/contents"),
        (f"GET {ORIGIN}/otmmapi/v6/assets/größe answered 429", "assets/gr%C3%B6%C3%9Fe"),
        (f"GET {ORIGIN}/x: not sent, since core-dam said when it may be asked again", "assets/gr%C3%B6%C3%9Fe"),
        (f"GET {ORIGIN}/x: not sent, since core-dam failed so often on end; see X", "assets/8f/contents"),
        (f"GET {ORIGIN} answered 429", "assets/gr%C3%B6%C3%9Fe"),
        ("cannot be decoded", "assets/8f/contents"),
    ],
)
def test_explained(journal: Journal, detail: str, path: str) -> None:
    """A failure comes from the newest fault of its kind that its own request met, or one that it speaks of."""
    found = Evidence({ORIGIN: ("core-dam", journal)}).explain(detail, "core-dam", 5)
    assert found is not None
    assert found.entry.path == f"/otmmapi/v6/{path}"


@pytest.mark.parametrize(
    ("detail", "source"),
    [
        (f"GET {ORIGIN}/otmmapi/v6/assets/7f answered 503", "core-dam"),
        (f"GET {ORIGIN}/otmmapi/v6/assets/8f answered 404: No asset 8f", "core-dam"),
        (f"POST {ORIGIN}/otmmapi/v6/search/text answered 500", "core-dam"),
        (f"POST {ORIGIN}/otmmapi/v6/search/text: ServerDisconnectedError", "core-dam"),
        (f"GET {ORIGIN}/otmmapi/v6/assets/7f/contents: ClientPayloadError", "iconik"),
        ("GET http://127.0.0.1:4712/a answered 503", "core-dam"),
        ("cannot be decoded", "iconik"),
        ("", "cloudinary"),
    ],
)
def test_not_explained(journal: Journal, detail: str, source: str) -> None:
    """A fault of another request, status, kind or system explains nothing."""
    assert Evidence({ORIGIN: ("core-dam", journal)}).explain(detail, source, 5) is None


def test_long_ago(journal: Journal) -> None:
    """A fault of before the time in which failures are remembered explains nothing."""
    evidence = Evidence({ORIGIN: ("core-dam", journal)})
    assert evidence.explain("cannot be decoded", "core-dam", 5) is not None
    for entry in journal.entries():
        entry.at -= 10
    assert evidence.explain("cannot be decoded", "core-dam", 5) is None
