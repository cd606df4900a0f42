from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.render.held import HeldBlobs

NEEDS = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True), max_size=40)


@given(NEEDS, st.integers(1, 30))
def test_the_mirror_keeps_its_limit_and_what_is_needed(needs: list[list[str]], limit: int) -> None:
    """After every document the composer holds what it needs, and beyond that no more than the limit."""
    held = HeldBlobs(limit)
    composer: dict[str, int] = {}
    for names in needs:
        for name in held.missing(names):
            assert name not in composer
            composer[name] = ord(name) - 90
            held.put(name, composer[name])
        for name in held.surplus(names):
            del composer[name]
        assert set(names) <= set(composer)
        assert held.size == sum(composer.values())
        assert len(held) == len(composer)
        assert held.size <= max(limit, sum(composer[name] for name in names))


def test_the_least_recently_used_goes_first() -> None:
    """Use keeps a blob; the one that was not used longest is dropped."""
    held = HeldBlobs(20)
    for name in "ab":
        held.put(name, 10)
    assert held.missing(["a", "c", "c"]) == ["c"]
    held.put("c", 10)
    assert held.surplus(["c"]) == ["b"]
