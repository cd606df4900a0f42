from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pressrun_server.render.turns import LARGE_SHARE, LARGE_TURNS, Turns


def take(turns: Turns, count: int) -> list[int | None]:
    """The next turns."""
    return [turns.take() for _ in range(count)]


def large_ones(turns: Turns, *tickets: int) -> None:
    """Let documents have so many turns that they are large."""
    for ticket in tickets:
        turns.add(ticket, interactive=False)
        while not turns.large(ticket):
            turns.take()


def test_small_documents_go_in_order_and_interactive_ones_first() -> None:
    """The first document that came works until it is done; an interactive one comes before it."""
    turns = Turns()
    turns.add(1, interactive=False)
    turns.add(2, interactive=False)
    assert take(turns, 3) == [1, 1, 1]
    turns.add(3, interactive=True)
    assert take(turns, 2) == [3, 3]
    turns.remove(3)
    turns.remove(1)
    assert take(turns, 2) == [2, 2]


def test_large_documents_take_turns_among_themselves() -> None:
    """Without small documents every large one gets the same number of turns."""
    turns = Turns()
    large_ones(turns, 1, 2, 3)
    given_turns = take(turns, 30)
    assert [given_turns.count(ticket) for ticket in (1, 2, 3)] == [10, 10, 10]


def test_a_paused_document_gets_no_turn_until_it_is_resumed() -> None:
    """Credit stops one document and none of the others."""
    turns = Turns()
    turns.add(1, interactive=False)
    turns.add(2, interactive=False)
    turns.pause(1)
    assert take(turns, 2) == [2, 2]
    turns.pause(2)
    assert not turns.waiting
    assert turns.take() is None
    turns.resume(1)
    assert turns.take() == 1


@given(st.integers(1, 4), st.integers(20, 60))
def test_large_documents_get_their_share_while_small_ones_never_stop_coming(large: int, count: int) -> None:
    """However many small documents come, every third turn is a large one's, each in its turn, and no more than that."""
    turns = Turns()
    large_ones(turns, *range(large))
    given_turns: list[int | None] = []
    for number in range(count):
        turns.add(100 + number, interactive=number % 2 == 0)
        taken = turns.take()
        given_turns.append(taken)
        if taken is not None and taken >= 100 and given_turns.count(taken) == 4:
            turns.remove(taken)
    for start in range(count - LARGE_SHARE + 1):
        window = given_turns[start : start + LARGE_SHARE]
        assert sum(1 for ticket in window if ticket is not None and ticket < 100) == 1
    for ticket in range(large):
        places = [index for index, taker in enumerate(given_turns) if taker == ticket]
        gaps = [b - a for a, b in zip([-1, *places], [*places, count], strict=True)]
        assert max(gaps) <= LARGE_SHARE * large


class TurnsMachine(RuleBasedStateMachine):
    """Any order of calls keeps the books right."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns()
        self.counts: dict[int, int] = {}
        self.paused: set[int] = set()
        self.next = 0

    @rule(interactive=st.booleans())
    def add(self, interactive: bool) -> None:  # noqa: FBT001 - hypothesis calls by name
        """A document came."""
        self.turns.add(self.next, interactive=interactive)
        self.counts[self.next] = 0
        self.next += 1

    @precondition(lambda self: self.counts)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """A document ended."""
        ticket = data.draw(st.sampled_from(sorted(self.counts)))
        self.turns.remove(ticket)
        del self.counts[ticket]
        self.paused.discard(ticket)

    @precondition(lambda self: self.counts)
    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        """A consumer is behind."""
        ticket = data.draw(st.sampled_from(sorted(self.counts)))
        self.turns.pause(ticket)
        self.paused.add(ticket)

    @precondition(lambda self: self.counts)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        """A consumer caught up."""
        ticket = data.draw(st.sampled_from(sorted(self.counts)))
        self.turns.resume(ticket)
        self.paused.discard(ticket)

    @rule(count=st.integers(1, 40))
    def work(self, count: int) -> None:
        """Some turns."""
        for _ in range(count):
            ticket = self.turns.take()
            assert (ticket is None) == (self.paused >= set(self.counts))
            if ticket is not None:
                assert ticket not in self.paused
                self.counts[ticket] += 1

    @rule(steps=st.integers(1, 20))
    def work_on(self, steps: int) -> None:
        """A turn of several steps."""
        ticket = self.turns.take()
        if ticket is not None:
            self.turns.more(ticket, steps)
            self.counts[ticket] += steps + 1

    @invariant()
    def books(self) -> None:
        """What must always hold."""
        assert len(self.turns) == len(self.counts)
        assert self.turns.waiting == bool(set(self.counts) - self.paused)
        for ticket, count in self.counts.items():
            assert ticket in self.turns
            assert self.turns.large(ticket) == (count > LARGE_TURNS)


TurnsMachine.TestCase.settings = settings(stateful_step_count=30, max_examples=50)
TestTurnsMachine = TurnsMachine.TestCase
TestTurnsMachine.__doc__ = "A paused document never works, all others do, and a document is large after its turns."
