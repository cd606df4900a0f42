from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pressrun_server.render.dispatch import BATCH_SHARE, Desk


def deal(desk: Desk[str, str]) -> list[tuple[str, str]]:
    """All that can be dealt now."""
    dealt = []
    while (one := desk.deal()) is not None:
        dealt.append(one)
    return dealt


def test_interactive_documents_come_first_and_each_kind_in_order() -> None:
    """A free slot goes to the interactive document that waits longest, then to the others in order."""
    desk: Desk[str, str] = Desk(slots=1)
    for name in ("b1", "b2"):
        desk.submit(name, interactive=False)
    for name in ("i1", "i2"):
        desk.submit(name, interactive=True)
    desk.join("c")
    order = []
    for _ in range(4):
        [(name, _)] = deal(desk)
        order.append(name)
        desk.remove(name)
    assert order == ["i1", "i2", "b1", "b2"]


def test_batch_documents_are_not_starved() -> None:
    """While interactive documents never stop coming, every eighth document is another one."""
    desk: Desk[str, str] = Desk(slots=1)
    desk.join("c")
    for index in range(100):
        desk.submit(f"i{index}", interactive=True)
    for index in range(3):
        desk.submit(f"b{index}", interactive=False)
    order = []
    for _ in range(3 * BATCH_SHARE):
        [(name, _)] = deal(desk)
        order.append(name)
        desk.remove(name)
    assert [index for index, name in enumerate(order, 1) if name.startswith("b")] == [8, 16, 24]


def test_a_large_document_goes_ahead_only_while_none_waits_and_a_place_is_free() -> None:
    """It goes where the fewest large ones are, takes no place of small ones, and overtakes nobody."""
    desk: Desk[str, str] = Desk(slots=1, large_slots=2)
    desk.join("c1")
    desk.join("c2")
    assert [desk.ahead(f"l{index}") for index in range(5)] == ["c1", "c2", "c1", "c2", None]
    for name in "abc":
        desk.submit(name, interactive=False)
    assert deal(desk) == [("a", "c1"), ("b", "c2")]
    assert desk.remove("l0") == "c1"
    assert desk.ahead("l5") is None
    desk.remove("c")
    assert desk.ahead("l5") == "c1"
    desk.shut("c2")
    desk.remove("l1")
    assert desk.ahead("l6") is None


def test_documents_go_where_least_is_held() -> None:
    """The second document goes to the composer that has none."""
    desk: Desk[str, str] = Desk(slots=2)
    desk.join("c1")
    desk.join("c2")
    for name in "abcde":
        desk.submit(name, interactive=False)
    assert [composer for _, composer in deal(desk)] == ["c1", "c2", "c1", "c2"]
    assert desk.waiting == 1


def test_large_documents_leave_the_slots_to_others() -> None:
    """A document that turned out large uses a slot only beyond the large ones' own number."""
    desk: Desk[str, str] = Desk(slots=1, large_slots=2)
    desk.join("c")
    for name in "abcd":
        desk.submit(name, interactive=False)
    for name in "abc":
        assert deal(desk) == [(name, "c")]
        desk.grown(name)
    assert deal(desk) == []
    desk.remove("a")
    assert deal(desk) == [("d", "c")]


def test_a_suspect_is_alone_and_first() -> None:
    """After a death the suspects are dealt one at a time to an empty composer, before everything else."""
    desk: Desk[str, str] = Desk(slots=2)
    desk.join("c1")
    for name in "abc":
        desk.submit(name, interactive=True)
    assert len(deal(desk)) == 2
    for name in desk.leave("c1"):
        desk.suspect(name)
    desk.join("c2")
    first = deal(desk)
    assert len(first) == 1
    assert first[0][0] in "ab"
    desk.remove(first[0][0])
    second = deal(desk)
    assert len(second) == 1
    assert second[0][0] in "ab"
    desk.remove(second[0][0])
    assert deal(desk) == [("c", "c2")]


def test_a_suspect_is_not_starved_by_a_busy_pool() -> None:
    """Where no composer is empty, one is emptied for the suspect, and the others work on."""
    desk: Desk[str, str] = Desk(slots=2)
    desk.join("c1")
    desk.join("c2")
    for name in "abcd":
        desk.submit(name, interactive=False)
    homes = dict(deal(desk))
    desk.suspect("s")
    for name in "efgh":
        desk.submit(name, interactive=False)
    for name, home in homes.items():
        if home == "c2":
            desk.remove(name)
            assert all(composer == "c2" or suspect == "s" for suspect, composer in deal(desk)) or desk.holder("s")
    for name, home in homes.items():
        if home == "c1":
            desk.remove(name)
            deal(desk)
    assert desk.holder("s") is not None
    assert desk.documents(str(desk.holder("s"))) == ("s",)


class DeskMachine(RuleBasedStateMachine):
    """Any order of events keeps the books right: no document is lost, doubled, or in a composer with too many."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk[int, int] = Desk(slots=2, large_slots=1)
        self.waiting: set[int] = set()
        self.suspects: set[int] = set()
        self.homes: dict[int, int] = {}
        self.alone: set[int] = set()
        self.large: set[int] = set()
        self.composers: dict[int, bool] = {}
        self.numbers = 0

    def number(self) -> int:
        """A fresh name."""
        self.numbers += 1
        return self.numbers

    @rule(interactive=st.booleans(), first=st.booleans())
    def submit(self, interactive: bool, first: bool) -> None:  # noqa: FBT001 - hypothesis calls by name
        """A document came."""
        document = self.number()
        self.desk.submit(document, interactive=interactive, first=first)
        self.waiting.add(document)

    @rule()
    def join(self) -> None:
        """A composer came."""
        composer = self.number()
        self.desk.join(composer)
        self.composers[composer] = True

    @precondition(lambda self: self.composers)
    @rule(data=st.data(), dead=st.booleans())
    def end(self, data: st.DataObject, dead: bool) -> None:  # noqa: FBT001
        """A composer died, or takes no more."""
        composer = data.draw(st.sampled_from(sorted(self.composers)))
        if not dead:
            self.desk.shut(composer)
            self.composers[composer] = False
            return
        held = set(self.desk.leave(composer))
        assert held == {document for document, home in self.homes.items() if home == composer}
        del self.composers[composer]
        for document in held:
            del self.homes[document]
            self.alone.discard(document)
            self.large.discard(document)
            self.desk.suspect(document)
            self.suspects.add(document)

    @precondition(lambda self: self.homes or self.waiting or self.suspects)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """A document ended, wherever it was."""
        document = data.draw(st.sampled_from(sorted({*self.homes, *self.waiting, *self.suspects})))
        assert self.desk.remove(document) == self.homes.pop(document, None)
        for group in (self.waiting, self.suspects, self.alone, self.large):
            group.discard(document)

    @precondition(lambda self: self.homes)
    @rule(data=st.data())
    def grow(self, data: st.DataObject) -> None:
        """A document turned out to be large."""
        document = data.draw(st.sampled_from(sorted(self.homes)))
        self.desk.grown(document)
        self.large.add(document)

    @rule()
    def deal(self) -> None:
        """All that can be dealt is dealt."""
        while (dealt := self.desk.deal()) is not None:
            document, composer = dealt
            assert self.composers[composer]
            beside = {other for other, home in self.homes.items() if home == composer}
            assert not beside & self.alone
            if document in self.suspects:
                assert not beside
                self.suspects.remove(document)
                self.alone.add(document)
            else:
                self.waiting.remove(document)
                small = len(beside - self.large) + max(len(beside & self.large) - 1, 0)
                assert small < 2
            self.homes[document] = composer
        empty = {composer for composer, is_open in self.composers.items() if is_open} - set(self.homes.values())
        assert not (empty and self.waiting and not self.suspects)
        assert not (empty and self.suspects and not self.alone)

    @invariant()
    def books(self) -> None:
        """What must always hold."""
        assert self.desk.waiting == len(self.waiting) + len(self.suspects)
        assert self.desk.held == len(self.homes)
        assert sorted(self.desk.all()) == sorted({*self.homes, *self.waiting, *self.suspects})


DeskMachine.TestCase.settings = settings(stateful_step_count=40, max_examples=50)
TestDeskMachine = DeskMachine.TestCase
TestDeskMachine.__doc__ = "No document is lost or doubled, limits hold, and suspects are alone, whatever happens."
