from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.render.fair_line import FairLine


def test_tenants_take_turns() -> None:
    """One tenant's hundred documents delay another's by one each; within a tenant the order is kept."""
    line: FairLine[str] = FairLine()
    for number in range(100):
        line.add(f"big{number}", "big")
    for number in range(3):
        line.add(f"small{number}", "small")
    assert [line.pop() for _ in range(8)] == [
        "big0", "small0", "big1", "small1", "big2", "small2", "big3", "big4",
    ]  # fmt: skip
    line.add("late", "other")
    line.add("again", "big", first=True)
    assert [line.pop() for _ in range(3)] == ["again", "late", "big5"]


@given(st.lists(st.tuples(st.sampled_from("adp"), st.integers(0, 30), st.integers(0, 3)), max_size=80))
def test_nobody_is_lost_or_doubled(steps: list[tuple[str, int, int]]) -> None:
    """Whatever comes and goes, the line holds exactly who waits, and gives each once."""
    line: FairLine[int] = FairLine()
    waiting: dict[int, str] = {}
    for step, who, tenant in steps:
        if step == "a" and who not in waiting:
            line.add(who, str(tenant))
            waiting[who] = str(tenant)
        elif step == "d":
            line.discard(who)
            waiting.pop(who, None)
        elif step == "p" and waiting:
            taken = line.pop()
            own = [each for each in waiting if waiting[each] == waiting[taken]]
            assert own[0] == taken
            del waiting[taken]
        assert len(line) == len(waiting)
        assert set(line) == set(waiting)
    while waiting:
        del waiting[line.pop()]
    with pytest.raises(KeyError):
        line.pop()
