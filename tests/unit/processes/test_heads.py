"""What is kept of the bytes that documents begin with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun_server.render.heads import HeadBook, HeadShelf


@given(st.lists(st.integers(0, 8), max_size=60), st.integers(1, 5))
def test_both_ends_of_a_book_agree(uses: list[int], most: int) -> None:
    """Whoever keeps what is told under its number finds each head again, and never keeps more than agreed."""
    heads = [bytes([kind]) * 10 for kind in range(9)]
    book, kept = HeadBook(most), dict[int, bytes]()
    for kind in uses:
        foreseen = book.would_take(heads[kind])
        number, new = book.number(heads[kind])
        assert (foreseen is not None) == new
        if new:
            assert foreseen == number
            kept[number] = heads[kind]
        assert kept[number] is heads[kind]
        assert len(kept) <= most


def test_equal_heads_of_two_composers_are_one() -> None:
    """What is equal is one object; what differs, or is very long, stays apart."""
    shelf = HeadShelf()
    first = bytes(range(256)) * 100
    assert shelf.keep(first) is first
    assert shelf.keep(bytes(bytearray(first))) is first
    other = b"x" + first[1:]
    assert shelf.keep(other) is other
    assert shelf.keep(bytes(bytearray(other))) is other
    long = bytes(2 << 20)
    assert shelf.keep(long) is long
    again = bytes(bytearray(long))
    assert shelf.keep(again) is again


def test_a_shelf_is_bounded() -> None:
    """The head that was not used for longest is forgotten, and is kept again when it comes again."""
    shelf = HeadShelf()
    first = b"first".rjust(100)
    shelf.keep(first)
    for number in range(200):
        shelf.keep(b"%200d" % number)
    again = bytes(bytearray(first))
    assert shelf.keep(again) is again
