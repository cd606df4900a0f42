from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun_server.assets.ledger import Ledger


class Fact(msgspec.Struct, frozen=True):
    """Something to remember."""

    number: int
    text: str = ""


def records(folder: Path) -> set[Path]:
    """The files of the records."""
    return set(folder.rglob("*.json"))


async def opened(folder: Path | None, max_records: int = 100) -> Ledger[Fact]:
    """A started ledger."""
    ledger = Ledger(folder, Fact, max_records=max_records)
    await ledger.start()
    return ledger


async def test_outlives_its_process(tmp_path: Path) -> None:
    """A record is found by a later ledger over the same folder; the last one put counts."""
    first = await opened(tmp_path / "ledger")
    await first.put("key", Fact(1))
    await first.put("key", Fact(2, "\u00e9\u03a9"))
    second = await opened(tmp_path / "ledger")
    assert await second.get("key") == Fact(2, "\u00e9\u03a9")
    assert await second.get("other") is None
    await second.delete("key")
    await second.delete("key")
    assert await first.get("key") is None


async def test_without_a_folder_nothing_is_kept() -> None:
    """No folder, no records, no errors."""
    ledger = await opened(None)
    await ledger.put("key", Fact(1))
    await ledger.delete("key")
    assert await ledger.get("key") is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), change=st.binary(min_size=1, max_size=3), cut=st.booleans())
async def test_damage_is_a_miss(tmp_path: Path, at: int, change: bytes, cut: bool) -> None:  # noqa: FBT001
    """However a record is damaged, it is dropped rather than believed."""
    ledger = await opened(tmp_path)
    await ledger.put("key", Fact(12345, "some text"))
    (file,) = records(tmp_path)
    sound = file.read_bytes()
    at %= len(sound)
    damaged = sound[:at] if cut else sound[:at] + change + sound[at + len(change) :]
    file.write_bytes(damaged)
    found = await ledger.get("key")
    assert found == (Fact(12345, "some text") if damaged == sound else None)
    assert file.exists() == (damaged == sound)


async def test_a_record_under_another_name_is_not_believed(tmp_path: Path) -> None:
    """A sound file that was moved to another key's name is dropped."""
    ledger = await opened(tmp_path)
    await ledger.put("one", Fact(1))
    (one,) = records(tmp_path)
    content = one.read_bytes()
    await ledger.put("two", Fact(2))
    (two,) = records(tmp_path) - {one}
    two.write_bytes(content)
    assert await ledger.get("two") is None
    assert ledger.corrupt == 1
    assert await ledger.get("one") == Fact(1)


async def test_start_drops_leavings_and_the_oldest(tmp_path: Path) -> None:
    """What a dead writer left goes, and the oldest records above the bound."""
    first = await opened(tmp_path)
    for number in range(5):
        await first.put(f"key{number}", Fact(number))
    (tmp_path / "77-0.tmp").write_bytes(b"half")
    (tmp_path / "0123.json").write_bytes(b"of an earlier layout")
    second = await opened(tmp_path, max_records=3)
    assert len(records(tmp_path)) == 3
    assert not (tmp_path / "77-0.tmp").exists()
    assert not (tmp_path / "0123.json").exists()
    assert await second.get("key4") == Fact(4)


async def test_is_bounded_while_it_is_used(tmp_path: Path) -> None:
    """The oldest records go as new ones come, not at the next start only; the last ones stay."""
    ledger = await opened(tmp_path, max_records=16)
    for number in range(200):
        await ledger.put(f"key{number}", Fact(number))
    async with asyncio.timeout(20):
        while len(records(tmp_path)) > 16 + 2:  # it is done beside those who put
            await asyncio.sleep(0.01)
    assert await ledger.get("key199") == Fact(199)
    assert len(ledger.all()) >= 16


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text("ab:/", min_size=1, max_size=4), min_size=1, max_size=12), dropped=st.integers(0, 11))
async def test_drops_a_group_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], dropped: int
) -> None:
    """All records of a group go, of the wider or the narrower one, and nothing beside it."""

    def groups(key: str) -> tuple[str, ...]:
        name = key.partition("|")[0]
        return name.partition(":")[0], name

    ledger = Ledger(tmp_path_factory.mktemp("ledger"), Fact, max_records=1000, groups=groups)
    await ledger.start()
    keys = [f"{name}|{rendition}" for name in dict.fromkeys(names) for rendition in range(2)]
    for key in keys:
        await ledger.put(key, Fact(1))
    wide, narrow = groups(names[dropped % len(names)])
    await ledger.delete_group(wide, narrow)
    assert set(ledger.all()) == {key for key in keys if groups(key)[1] != narrow}
    await ledger.delete_group(wide)
    assert set(ledger.all()) == {key for key in keys if groups(key)[0] != wide}


async def test_a_failing_disk_is_an_empty_ledger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the folder cannot be, nothing is kept; it is counted and said once."""
    (tmp_path / "file").write_text("in the way")
    ledger = await opened(tmp_path / "file" / "ledger")
    await ledger.put("key", Fact(1))
    assert await ledger.get("key") is None
    await ledger.delete("key")
    assert ledger.errors >= 2
    assert len(caplog.records) == 1
