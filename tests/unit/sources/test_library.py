from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pressrun_sources.describing import moment
from pressrun_sources.library.handle import Handle
from pressrun_sources.library.sidecar import Sidecar, parse_sidecar
from pressrun_sources.media import format_of, media_type_of


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "expected fields"),
        ("approval: yes please", "approval: 'yes please' is not one of approved, pending"),
        ("rights_until: soon", "rights_until: 'soon' is not a day"),
        ("rights_from: 5", "rights_from"),
        ("territories: [{a: 1}]", "territories: expected a text"),
        ("deleted: 1", "deleted: expected true or false"),
        ("locale: true", "locale: expected a text"),
        ("attributes: [a]", "attributes: expected names"),
        ("attributes: {a: {b: c}}", "attributes.a: expected a text"),
        ("colour: red", "unknown field 'colour'; valid are approval"),
        ("a: [", "line 1, column"),
        ("a: !!python/object:os.system {}", "line 1, column 4: not YAML"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_sidecar_faults(text: str, fault: str) -> None:
    """A sidecar with a fault is refused with the field and what would be valid."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        parse_sidecar(text)


def test_empty_sidecar() -> None:
    """An empty sidecar says nothing."""
    assert parse_sidecar("") == parse_sidecar("# later") == Sidecar()


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("2026-12-31", False, datetime(2026, 12, 31, tzinfo=UTC)),
        ("2026-12-31", True, datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T23:00:00Z", True, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2026-12-31T23:00:00+02:00", True, datetime(2026, 12, 31, 21, tzinfo=UTC)),
        ("2026-12-31T23:00:00", False, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("9999-12-31", True, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_moments(text: str, end: bool, expected: datetime) -> None:  # noqa: FBT001 - a parameter of the test
    """Days and times become moments in UTC; a day as an end counts whole."""
    assert moment(text, end=end) == expected


@pytest.mark.parametrize("text", ["", "2026", "31.12.2026", "2026-02-30", "9999-12-31T23:00:00-05:00"])
def test_no_moments(text: str) -> None:
    """What is no date is refused."""
    with pytest.raises(ValueError, match=r"ISO|day|month|beyond|Invalid"):
        moment(text, end=True)


def test_formats() -> None:
    """Extensions in any spelling have one format and one type, on every machine."""
    assert (format_of("JPEG"), format_of(".jpg"), format_of("tiff")) == ("jpg", "jpg", "tif")
    assert (media_type_of(".SVG"), media_type_of("docx")) == ("image/svg+xml", None)


def test_handle_closes_after_the_reader(tmp_path: Path) -> None:
    """A file that is given up while a thread reads is closed by that thread, not under it."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    stream = path.open("rb")
    handle = Handle(lambda: stream)
    reading, go_on = threading.Event(), threading.Event()
    got: list[bytes] = []

    def slow() -> None:
        def work(_: object) -> bytes:
            reading.set()
            go_on.wait(5)
            return stream.read()

        got.append(handle.run(work))

    thread = threading.Thread(target=slow)
    thread.start()
    assert reading.wait(5)
    handle.close()
    closed_under_the_reader = stream.closed
    go_on.set()
    thread.join(5)
    assert got == [b"content"]
    assert (closed_under_the_reader, stream.closed) == (False, True)
    with pytest.raises(ValueError, match="closed"):
        handle.run(lambda opened: opened.read())
    handle.close()
