"""What a caller brings travels in parts: full ones where rows come fast, in time where they come slowly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

import pytest

from pressrun_client.gathering import Gathering

Row = dict[str, Any]


def _gathering(rows: Iterable[Row] | AsyncIterable[Row]) -> Gathering[Row, Row]:
    return Gathering(rows, lambda row: (row, len(json.dumps(row))), size=65_536)


async def _parts(rows: Iterable[Row] | AsyncIterable[Row]) -> list[list[Row]]:
    async with _gathering(rows) as parts:
        return [part async for part in parts]


async def test_rows_that_come_fast_travel_in_full_parts_in_order() -> None:
    """A list is cut into parts of some 64 KiB."""
    rows = [{"number": number, "text": "x" * 1000} for number in range(1000)]
    parts = await _parts(rows)
    assert [row for part in parts for row in part] == rows
    assert 14 <= len(parts) <= 17


async def test_rows_do_not_wait_for_one_that_does_not_come() -> None:
    """What came travels while the iterable is silent; the row after the silence comes too."""
    come = asyncio.Event()

    async def slow() -> AsyncIterator[dict[str, int]]:
        yield {"number": 1}
        yield {"number": 2}
        await come.wait()
        yield {"number": 3}

    async with asyncio.timeout(20.0), _gathering(slow()) as gathering:
        parts = aiter(gathering)
        assert await anext(parts) == [{"number": 1}, {"number": 2}]
        come.set()
        assert await anext(parts) == [{"number": 3}]
        with pytest.raises(StopAsyncIteration):
            await anext(parts)


async def test_no_more_is_pulled_than_is_taken() -> None:
    """About two parts are held: the iterable is left alone while nobody takes what is here."""
    pulled = 0

    async def many() -> AsyncIterator[dict[str, str]]:
        nonlocal pulled
        for _ in range(10_000):
            pulled += 1
            yield {"text": "x" * 1000}

    async with _gathering(many()) as gathering:
        await anext(aiter(gathering))
        await asyncio.sleep(0.02)
        assert pulled < 150
    held = pulled
    await asyncio.sleep(0.02)
    assert pulled == held


async def test_an_error_of_the_iterable_ends_the_parts() -> None:
    """The parts end, and leaving raises it."""

    async def broken() -> AsyncIterator[dict[str, int]]:
        yield {"number": 1}
        raise OSError("the database is gone")

    with pytest.raises(OSError, match="the database is gone"):
        await _parts(broken())


async def test_no_rows_are_no_parts() -> None:
    """An empty iterable gives nothing."""
    assert await _parts([]) == []
