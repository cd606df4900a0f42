"""Request ids that a run has had."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.render.seen_ids import SeenIds


@given(st.lists(st.sampled_from([f"run-{number}" for number in range(40)])))
def test_each_is_new_once(texts: list[str]) -> None:
    """It says of each text what a set says."""
    seen, known = SeenIds(), set[str]()
    for text in texts:
        assert seen.add(text) == (text not in known)
        known.add(text)


def test_many() -> None:
    """Room grows with the ids, and what was there before is still known."""
    seen = SeenIds()
    assert all(seen.add(f"run7-{number:06d}") for number in range(20_000))
    assert not any(seen.add(f"run7-{number:06d}") for number in range(20_000))
    assert seen.add("run7-020000")
