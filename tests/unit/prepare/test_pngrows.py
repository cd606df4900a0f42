"""Rows that a PNG holds without a compressor."""

from __future__ import annotations

import random
import zlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pressrun_server.prepare.pngrows import packed_rows, repeated_rows


@given(st.lists(st.tuples(st.integers(3, 700), st.integers(1, 300)), max_size=5), st.integers(0, 99))
@settings(deadline=None)
@example([(32_768, 2), (32_767, 3), (3, 5_000)], 0)
def test_rows_are_read_back(sizes: list[tuple[int, int]], seed: int) -> None:
    """Any reader of zlib streams gets each row as often as it is there, and the checksum of all."""
    chance = random.Random(seed)
    runs = [(chance.randbytes(length), times) for length, times in sizes]
    assert zlib.decompress(packed_rows(runs)) == b"".join(row * times for row, times in runs)


@given(st.integers(3, 700), st.integers(1, 9), st.integers(1, 300), st.integers(0, 99))
@settings(deadline=None)
def test_rows_that_stand_as_often_are_read_back(length: int, count: int, times: int, margin: int) -> None:
    """Rows of one length that all stand as often below each other, and what is empty around them, are read back as well."""
    chance = random.Random(length)
    rows = [chance.randbytes(length) for _ in range(count)]
    blank = bytes(length * margin)
    whole = b"".join((blank, *(row * times for row in rows), blank))
    assert zlib.decompress(repeated_rows(rows, times, margin)) == whole
