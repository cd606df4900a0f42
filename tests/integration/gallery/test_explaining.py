"""What counts as the cause of a failure, and what does not."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from tests.integration.gallery.explaining import Evidence

from pressrun_loadtest.sandbox.cloudinary.auth import RateBudget
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
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
    assert found.entry is not None
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


NOT_SENT = f"GET {ORIGIN}/v1_1/a: not sent, since cloudinary said when it may be asked again"
REFUSED = f"GET {ORIGIN}/v1_1/a answered 420: Rate Limit Exceeded."


def limited(calls: int, at: float) -> Evidence:
    """A stand-in that answers twenty requests an hour, and was asked so often at that moment."""
    journal, budget = Journal(), RateBudget(20, 420, lambda: datetime.fromtimestamp(at, UTC))
    for _ in range(calls):
        entry = journal.begin("GET", "/v1_1/a", "", "basic")
        entry.at, entry.status = at, 200
        try:
            budget.spend()
        except ApiError as error:
            entry.status = error.status
    return Evidence({ORIGIN: ("cloudinary", journal)}, {ORIGIN: budget})


@pytest.mark.parametrize(
    ("calls", "waits", "answered"), [(11, False, False), (12, True, False), (20, True, False), (21, True, True)]
)
def test_limit(calls: int, waits: bool, answered: bool) -> None:  # noqa: FBT001 - what is expected
    """A node waits for a reason once no more is left than it may have under way; it is refused for one beyond the limit."""
    evidence = limited(calls, time.time())
    assert (evidence.explain(NOT_SENT, "cloudinary", 5) is not None) == waits
    assert (evidence.explain(REFUSED, "cloudinary", 5) is not None) == answered
    assert evidence.any("cloudinary", 5) == waits
    assert not evidence.any("iconik", 5)


@pytest.mark.parametrize("detail", [f"GET {ORIGIN}/v1_1/a answered 503", f"GET {ORIGIN}/v1_1/a: ClientPayloadError"])
def test_limit_explains_nothing_else(detail: str) -> None:
    """A limit that is used up is no reason for another answer."""
    assert limited(30, time.time()).explain(detail, "cloudinary", 5) is None


def test_limit_of_before() -> None:
    """The limit of an hour that is over explains nothing."""
    evidence = limited(30, time.time() - 7200)
    assert evidence.explain(NOT_SENT, "cloudinary", 5) is None
    assert not evidence.any("cloudinary", 5)
