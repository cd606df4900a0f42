from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.failure import Failure
from pressrun_server.prepare.errors import HelperStartError
from pressrun_server.render.composers import ComposerPool

MIB = 1024 * 1024


async def test_a_small_document_comes_in_one_piece_with_its_summary(kit: Any) -> None:
    """A small document is a single chunk made of its program, its assets in slot order and its pages."""
    async with kit.composers() as pool:
        stream = pool.compose(kit.job(name="n", pages=2, assets={"b": "banner", "a": "logo"}))
        chunks = [data async for data in stream]
        assert len(chunks) == 1
        assert chunks[0].startswith(b"PROGRAM:LOGO:BANNER:n/0/")
        assert b"n/1/" in chunks[0]
        assert stream.summary.pages == 2
        assert stream.summary.size == len(chunks[0])
        assert stream.queue_seconds >= 0


async def test_a_large_document_comes_in_bounded_chunks_and_whole(kit: Any) -> None:
    """Chunks are at most 256 KiB, all of them together are the document, and the first one leaves early."""
    async with kit.composers() as pool:
        stream = pool.compose(kit.job(name="L", pages=60, size=50_000))
        chunks = [data async for data in stream]
        assert max(map(len, chunks)) <= 256 * 1024
        assert len(b"".join(chunks)) == stream.summary.size == 60 * 50_000
        assert b"".join(chunks)[59 * 50_000 :].startswith(b"L/59/")


async def test_the_first_bytes_of_a_long_thin_document_do_not_wait_for_its_end(kit: Any) -> None:
    """A document of many small pages shows its first bytes before the 256 KiB are full."""
    async with kit.composers() as pool:
        async with pool.compose(kit.job(name="t", pages=1000, size=10, sleep=0.001)) as stream:
            first = await anext(stream)
            assert stream.summary is None
            assert not stream.over
        assert 0 < len(first) < 1000


async def test_blobs_are_sent_once_and_dropped_when_others_need_the_room(kit: Any) -> None:
    """A composer is given a blob once while it keeps it; beyond its byte limit the least recently used one goes."""
    asked = []

    async def blob(digest: str) -> bytes:
        asked.append(digest)
        await asyncio.sleep(0)
        return digest.encode().ljust(100, b"_")

    async with kit.composers(blob=blob, held_bytes=350) as pool:
        for _ in range(3):
            await pool.compose(kit.job(assets={"a": "a1"})).read()
        assert asked == ["program", "a1"]
        for name in ("a2", "a3"):
            data = await pool.compose(kit.job(assets={"a": name})).read()
            assert data.startswith(b"program".ljust(100, b"_") + name.encode())
        assert asked == ["program", "a1", "a2", "a3"]
        assert pool.stats().composers[0].held_bytes == 300
        await pool.compose(kit.job(assets={"a": "a2"})).read()
        assert asked == ["program", "a1", "a2", "a3"]
        await pool.compose(kit.job(assets={"a": "a1"})).read()
        assert asked == ["program", "a1", "a2", "a3", "a1"]


async def test_a_blob_that_cannot_be_loaded_fails_its_document_alone(kit: Any) -> None:
    """The error of the blob loader is the document's error; a foreign one says nothing of itself to the caller."""

    async def blob(digest: str) -> bytes:
        if digest == "gone":
            raise PressrunError(Reason.ASSET_UNAVAILABLE, "the store is down", retry_after=2.0)
        if digest == "odd":
            raise OSError("/secret/path")
        return b"x"

    async with kit.composers(blob=blob) as pool:
        with pytest.raises(PressrunError) as gone:
            await pool.compose(kit.job(assets={"a": "gone"})).read()
        assert (gone.value.reason, gone.value.retry_after) == (Reason.ASSET_UNAVAILABLE, 2.0)
        with pytest.raises(PressrunError) as odd:
            await pool.compose(kit.job(assets={"a": "odd"})).read()
        assert odd.value.reason is Reason.INTERNAL
        assert "secret" not in str(odd.value) + odd.value.detail
        assert await pool.compose(kit.job()).read()


async def test_a_broken_program_fails_every_document_that_needs_it_and_nothing_else(kit: Any) -> None:
    """A program that can't be loaded is an error of its documents, with the workshop's own reason."""
    async with kit.composers() as pool:
        for _ in range(2):
            with pytest.raises(PressrunError, match="broken program") as error:
                await pool.compose(kit.job(program="broken")).read()
            assert error.value.reason is Reason.TEMPLATE_INVALID
        assert await pool.compose(kit.job()).read()


async def test_failures_cross_the_border_whole_and_unexpected_ones_without_data(kit: Any) -> None:
    """A PressrunError arrives field by field; any other exception arrives as its type and place, without its text."""
    async with kit.composers() as pool:
        with pytest.raises(PressrunError) as refused:
            await pool.compose(kit.job(act="refuse")).read()
        assert Failure.of(refused.value).violations[0].field == "record.x"
        with pytest.raises(PressrunError) as broke:
            await pool.compose(kit.job(act="break", name="4711-SECRET", pages=3, at=1)).read()
        assert broke.value.reason is Reason.INTERNAL
        assert "ValueError" in broke.value.detail
        assert "fake_composer.py" in broke.value.detail
        assert "4711" not in broke.value.detail + broke.value.message
        assert pool.stats().lost == 0


async def test_a_document_whose_composer_is_killed_is_composed_again(kit: Any, tmp_path: Path) -> None:
    """Killed before a byte was taken, a document and its neighbours come whole from the successor."""
    async with kit.composers() as pool:
        mark = str(tmp_path / "mark")
        victim = pool.compose(kit.job(act="die-once", marker=mark, pages=3, at=1, name="v"))
        others = [pool.compose(kit.job(name=f"o{i}")) for i in range(5)]
        data = await victim.read()
        assert [b"v/%d/" % page in data for page in range(4)] == [True, True, True, False]
        for index, other in enumerate(others):
            assert b"o%d/0/" % index in await other.read()
        stats = pool.stats()
        assert (stats.lost, stats.replaced, stats.quarantined) == (1, 1, 0)


async def test_counts_survive_the_processes(kit: Any, tmp_path: Path) -> None:
    """Whatever becomes of composers, each document is counted once, and CPU time never goes back."""
    async with kit.composers(ping_seconds=0.02) as pool:
        seen: list[float] = []
        for index in range(4):
            victim = pool.compose(
                kit.job(act="die-once", marker=str(tmp_path / f"mark-{index}"), pages=3, at=1, name="v")
            )
            others = [pool.compose(kit.job(name=f"o{number}")) for number in range(5)]
            for stream in (victim, *others):
                await stream.read()
                seen.append(pool.stats().cpu_seconds)
        stats = pool.stats()
        assert (stats.lost, stats.replaced, stats.documents) == (4, 4, 4 * 6)
        assert seen == sorted(seen)
        assert stats.cpu_seconds > sum(composer.cpu_seconds for composer in stats.composers)


async def test_a_record_is_read_while_the_rest_of_its_document_is_found(kit: Any) -> None:
    """A record that went ahead takes no place of other documents, and is there when its document is asked for."""
    async with kit.composers() as pool:
        job = kit.job(name="L", pages=30, assets={"a": "logo"}, pad="x" * 300_000)
        ahead = pool.ahead(job.record)
        assert ahead is not None
        for index in range(5):
            assert b"o%d/0/" % index in await pool.compose(kit.job(name=f"o{index}")).read()
        stream = pool.compose(job, ahead=ahead)
        data = await stream.read()
        assert data.startswith(b"PROGRAM:LOGO:L-read/0/")
        assert stream.summary.pages == 30
        assert stream.queue_seconds < 0.1
        assert pool.stats().composers[0].active == 0


async def test_a_large_record_that_did_not_go_ahead_comes_with_its_document(kit: Any) -> None:
    """Where others wait for a composer nothing goes ahead of them; the record comes whole all the same."""
    async with kit.composers() as pool:
        busy = [pool.compose(kit.job(name=f"o{index}", pages=3, sleep=0.02)) for index in range(4)]
        job = kit.job(name="L", pages=2, pad="x" * 300_000)
        assert pool.ahead(job.record) is None
        assert (await pool.compose(job).read()).startswith(b"PROGRAM:L/0/")
        for stream in busy:
            await stream.read()


async def test_a_record_whose_document_is_not_wanted_leaves_nothing(kit: Any) -> None:
    """Given up before its job was known: its place is free again, and no more records go ahead than have places."""
    async with kit.composers(large_slots=2) as pool:
        records = [kit.job(name=f"L{index}").record for index in range(3)]
        first, second, third = (pool.ahead(record) for record in records)
        assert first is not None
        assert second is not None
        assert third is None
        first.cancel()
        second.cancel()
        await pool.drain()
        assert pool.stats().composers[0].active == 0


async def test_a_composer_that_dies_with_a_record_is_replaced_and_the_document_made(kit: Any) -> None:
    """Killed before the document was asked for: its job finds it another composer, which gets the record as well."""
    async with kit.composers() as pool:
        job = kit.job(name="L", pages=2)
        ahead = pool.ahead(job.record)
        os.kill(pool.stats().composers[0].pid, signal.SIGKILL)
        while not pool.stats().replaced:
            await asyncio.sleep(0.01)
        data = await pool.compose(job, ahead=ahead).read()
        assert data.startswith(b"PROGRAM:L/0/")
        assert (pool.stats().lost, pool.stats().quarantined) == (1, 0)


async def test_a_record_that_kills_two_composers_is_quarantined(kit: Any, tmp_path: Path) -> None:
    """The first death, before its job was known, counts."""
    mark = tmp_path / "mark"
    mark.touch()
    async with kit.composers() as pool:
        job = kit.job(name="L", act="die-reading", marker=str(mark), pad="x" * 300_000)
        ahead = pool.ahead(job.record)
        while not pool.stats().lost:
            await asyncio.sleep(0.01)
        with pytest.raises(PressrunError, match="quarantined"):
            await pool.compose(job, ahead=ahead).read()
        assert len(mark.read_bytes()) == 2
        assert await pool.compose(kit.job()).read()


async def test_a_document_that_kills_is_quarantined_and_its_neighbours_are_not(kit: Any) -> None:
    """The second death convicts the document that caused it; innocent documents beside it come whole."""
    async with kit.composers() as pool:
        killer = pool.compose(kit.job(act="die", pages=2, at=1))
        others = [pool.compose(kit.job(name=f"o{i}")) for i in range(8)]
        with pytest.raises(PressrunError, match="quarantined") as error:
            await killer.read()
        assert error.value.reason is Reason.INTERNAL
        for index, other in enumerate(others):
            assert b"o%d/0/" % index in await other.read()
        assert (pool.stats().quarantined, pool.stats().lost) == (1, 2)


async def test_a_document_whose_bytes_have_left_goes_on_where_it_was(kit: Any) -> None:
    """Killed from outside in mid-document after bytes were taken: the next composer's bytes join on, none twice."""
    async with kit.composers() as pool:
        stream = pool.compose(kit.job(name="L", pages=200, size=100_000))
        parts = [await anext(stream) for _ in range(3)]
        os.kill(pool.stats().composers[0].pid, signal.SIGKILL)
        data = b"".join([*parts, await stream.read()])
        assert len(data) == stream.summary.size == 200 * 100_000
        assert hashlib.sha256(data).hexdigest() == stream.summary.sha256
        assert pool.stats().lost == 1
        assert pool.alive == 1


async def test_bytes_that_differ_after_a_death_are_never_joined(kit: Any, tmp_path: Path) -> None:
    """A document that another process makes differently ends with COMPOSER_LOST, and its composer is free again."""
    async with kit.composers() as pool:
        order = {"act": "differ", "marker": str(tmp_path / "mark"), "pages": 200, "size": 100_000}
        stream = pool.compose(kit.job(**order))
        assert await anext(stream)
        os.kill(pool.stats().composers[0].pid, signal.SIGKILL)
        with pytest.raises(PressrunError) as error:
            await stream.read()
        assert error.value.reason is Reason.COMPOSER_LOST
        assert error.value.retry_after is not None
        assert await pool.compose(kit.job()).read()
        await kit.until(lambda: pool.stats().composers[0].active == 0)


async def test_a_composer_that_spins_in_a_cancelled_document_is_killed_and_its_neighbours_are_composed(
    kit: Any,
) -> None:
    """A cancel that is not confirmed in time ends the process; the documents beside and behind it come whole."""
    async with kit.composers(cancel_seconds=0.2, ping_seconds=60.0) as pool:
        spinning = pool.compose(kit.job(act="hang"))
        others = [pool.compose(kit.job(name=f"o{i}")) for i in range(4)]
        await asyncio.sleep(0.1)
        spinning.cancel()
        with pytest.raises(PressrunError) as error:
            await spinning.read()
        assert error.value.reason is Reason.CANCELLED
        for index, other in enumerate(others):
            assert b"o%d/0/" % index in await other.read()
        assert (pool.stats().lost, pool.stats().quarantined) == (1, 0)


async def test_a_cancelled_document_holds_its_slot_until_its_composer_dropped_it(kit: Any) -> None:
    """The slot of a document that was given up is free after the turn it was in, and no process is killed for it."""
    async with kit.composers(cancel_seconds=20.0) as pool:
        slow = pool.compose(kit.job(pages=3, sleep=0.3))
        await asyncio.sleep(0.1)
        slow.cancel()
        assert pool.stats().composers[0].active == 1
        await kit.until(lambda: pool.stats().composers[0].active == 0)
        assert await pool.compose(kit.job()).read()
        assert (pool.stats().lost, pool.stats().replaced) == (0, 0)


async def test_documents_that_come_while_a_composer_dies_are_not_suspected(kit: Any) -> None:
    """A document that was never sent to the dead composer waits for the next one without a strike against it."""
    async with kit.composers() as pool:
        os.kill(pool.stats().composers[0].pid, signal.SIGKILL)
        await kit.until(lambda: pool.alive == 0)
        streams = [pool.compose(kit.job(name=f"n{i}")) for i in range(5)]
        for index, stream in enumerate(streams):
            assert b"n%d/0/" % index in await stream.read()
        assert [stream.deaths for stream in streams] == [0] * 5


async def test_a_composer_that_hangs_is_killed_and_its_neighbour_saved(kit: Any) -> None:
    """A composer that answers no pings is replaced; the document that hung is given up after its second composer."""
    async with kit.composers(ping_seconds=0.1, missed_pings=5) as pool:
        hung = pool.compose(kit.job(act="hang"))
        other = pool.compose(kit.job(name="o"))
        assert b"o/0/" in await other.read()
        with pytest.raises(PressrunError, match="quarantined"):
            await hung.read()
        assert pool.stats().lost == 2


async def test_a_deadline_ends_a_document_wherever_it_is(kit: Any) -> None:
    """A document is given up at its deadline in work, in the line, and where it has passed before it began."""
    async with kit.composers(slots=1) as pool:
        now = time.monotonic()
        working = pool.compose(kit.job(pages=10_000, sleep=0.06), deadline=now + 0.1)
        waiting = pool.compose(kit.job(), deadline=now + 0.05)
        late = pool.compose(kit.job(), deadline=now - 1)
        for stream in (late, waiting, working):
            with pytest.raises(PressrunError) as error:
                await stream.read()
            assert error.value.reason is Reason.DEADLINE_EXCEEDED
        assert 0.09 < time.monotonic() - now < 10
        assert await pool.compose(kit.job()).read()
        await kit.until(lambda: pool.stats().composers[0].active == 0)


async def test_a_slow_reader_stops_its_own_document_and_no_other(kit: Any) -> None:
    """A document whose bytes nobody takes stops after about 1 MiB; others pass it, and it ends when it is read."""
    async with kit.composers() as pool:
        slow = pool.compose(kit.job(pages=100, size=100_000, name="s"))
        first = await anext(slow)
        for index in range(50):
            assert b"f%d/0/" % index in await pool.compose(kit.job(name=f"f{index}")).read()
        buffered = sum(map(len, slow._chunks))
        assert 0.5 * MIB < buffered < 1.5 * MIB
        rest = await slow.read()
        assert len(first) + len(rest) == 100 * 100_000


async def test_many_slow_readers_do_not_take_all_slots(kit: Any) -> None:
    """Six stopped large documents leave a single composer free for small ones."""
    async with kit.composers() as pool:
        slow = [pool.compose(kit.job(pages=30, size=100_000)) for _ in range(6)]
        for stream in slow:
            await anext(stream)
        async with asyncio.timeout(5):
            assert await pool.compose(kit.job(name="small")).read()
        for stream in slow:
            await stream.aclose()


async def test_a_cancelled_document_stops_work_at_once(kit: Any) -> None:
    """Leaving a stream frees the composer for the next document, and reading on says CANCELLED."""
    async with kit.composers(slots=1) as pool:
        async with pool.compose(kit.job(pages=100_000, size=10, sleep=0.002)) as stream:
            await anext(stream)
        started = time.monotonic()
        assert await pool.compose(kit.job()).read()
        assert time.monotonic() - started < 10
        with pytest.raises(PressrunError) as error:
            await anext(stream)
        assert error.value.reason is Reason.CANCELLED
        waiting = [pool.compose(kit.job(pages=1000, sleep=0.002)) for _ in range(3)]
        for each in waiting:
            each.cancel()
        assert pool.stats().waiting == 0


async def test_a_consumer_that_is_cancelled_leaves_nothing_behind(kit: Any) -> None:
    """Cancelling the task that reads a document cancels the document, and blobs on their way as well."""
    arrived = asyncio.Event()

    async def never(digest: str) -> bytes:
        assert digest
        arrived.set()
        await asyncio.Event().wait()
        return b""

    async def consume(pool: ComposerPool) -> None:
        async with pool.compose(kit.job()) as stream:
            await stream.read()

    async with kit.composers(blob=never) as pool:
        task = asyncio.create_task(consume(pool))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (pool.stats().composers[0].active, pool.stats().waiting) == (0, 0)


async def test_small_documents_pass_large_ones(kit: Any) -> None:
    """Beside four large documents in one composer, small ones are done long before, and the large ones get on."""
    async with kit.composers() as pool:
        large = [pool.compose(kit.job(pages=150, size=100, sleep=0.002)) for _ in range(4)]
        reading = [asyncio.create_task(stream.read()) for stream in large]
        await asyncio.sleep(0.2)
        for index in range(10):
            await pool.compose(kit.job(name=f"q{index}", sleep=0.002)).read()
        assert not any(task.done() for task in reading)
        assert [len(await task) for task in reading] == [150 * 100] * 4


async def test_too_many_waiting_documents_are_refused_at_once(kit: Any) -> None:
    """Beyond the bound of the line a document is refused with QUEUE_FULL and a time to come back."""
    async with kit.composers(slots=1, max_waiting=2) as pool:
        held = [pool.compose(kit.job(pages=50, sleep=0.005)) for _ in range(3)]
        with pytest.raises(PressrunError) as error:
            pool.compose(kit.job())
        assert error.value.reason is Reason.QUEUE_FULL
        assert error.value.retry_after is not None
        for stream in held:
            stream.cancel()


async def test_drain_finishes_what_was_taken_and_refuses_the_rest(kit: Any) -> None:
    """While draining, new documents are refused as retryable elsewhere; drain returns when the last one is composed."""
    async with kit.composers() as pool:
        streams = [pool.compose(kit.job(pages=5, sleep=0.005, name=f"d{i}")) for i in range(6)]
        draining = asyncio.create_task(pool.drain())
        await asyncio.sleep(0)
        with pytest.raises(PressrunError) as error:
            pool.compose(kit.job())
        assert error.value.reason is Reason.DRAINING
        await draining
        assert all(stream.over for stream in streams)
        assert [b"d%d/4/" % i in await stream.read() for i, stream in enumerate(streams)] == [True] * 6


async def test_close_fails_what_is_left(kit: Any) -> None:
    """Closing the pool ends every document that is not composed with DRAINING."""
    async with kit.composers() as pool:
        streams = [pool.compose(kit.job(pages=1000, sleep=0.005)) for _ in range(6)]
        await asyncio.sleep(0.05)
    for stream in streams:
        with pytest.raises(PressrunError) as error:
            await stream.read()
        assert error.value.reason is Reason.DRAINING


async def test_a_grown_composer_is_replaced_without_dropping_a_document(kit: Any) -> None:
    """Above its memory ceiling a composer gets a successor; documents in work in the old one are finished."""
    async with kit.composers(max_rss=1, ping_seconds=0.05) as pool:
        old = pool.stats().composers[0].pid
        large = pool.compose(kit.job(pages=400, size=100_000, name="L"))
        head = await anext(large)
        for index in range(150):
            assert b"s%d/" % index in await pool.compose(kit.job(name=f"s{index}")).read()
        await kit.until(lambda: pool.stats().replaced >= 1)
        assert old in {composer.pid for composer in pool.stats().composers}
        assert len(head) + len(await large.read()) == 400 * 100_000
        await kit.until(lambda: old not in {composer.pid for composer in pool.stats().composers})
        assert pool.stats().lost == 0


async def test_memory_stays_flat_over_thousands_of_documents(kit: Any) -> None:
    """A composer's resident memory after 5,000 documents is what it was after the first 500."""
    async with kit.composers(ping_seconds=0.05) as pool:

        async def some(count: int) -> None:
            for index in range(count):
                await pool.compose(kit.job(name=f"{index}", pages=2, size=5_000, assets={"a": "logo"})).read()

        await some(500)
        await asyncio.sleep(0.2)
        before = pool.stats().composers[0].rss
        await asyncio.gather(*(some(1125) for _ in range(4)))
        await asyncio.sleep(0.2)
        assert pool.stats().documents == 5000
        assert pool.stats().composers[0].rss - before < 2 * MIB


async def test_several_composers_share_the_work(kit: Any) -> None:
    """Documents spread over all processes, and none is lost or doubled."""
    async with kit.composers(2) as pool:
        streams = [pool.compose(kit.job(name=f"w{i}", sleep=0.001)) for i in range(60)]
        bodies = [await stream.read() for stream in streams]
        assert all(b"w%d/0/" % i in body for i, body in enumerate(bodies))
        stats = pool.stats()
        assert stats.documents == 60
        assert min(composer.documents for composer in stats.composers) >= 15


async def test_a_composer_that_cannot_start_says_why(kit: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """A command that fails, does not exist, or never gets ready is a start error; no process is left."""
    for command, why in (
        ((sys.executable, "-c", "import sys; sys.exit(7)"), "exit status 7"),
        (("/nonexistent/python",), "can't be run"),
        ((*kit.composer_command, "--mute"), "not ready"),
    ):
        with pytest.raises(HelperStartError, match=why):
            async with kit.composers(2, command=command, crew=replace(kit.crew, start_seconds=0.6)):
                pass
    assert capfd.readouterr().out == ""


async def test_a_composer_that_cannot_be_replaced_is_tried_again_until_it_can(
    kit: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While no successor starts, documents wait and the operator is told; the first one that starts takes them."""
    broken = tmp_path / "broken"
    async with kit.composers(command=(*kit.composer_command, "--broken-by", str(broken))) as pool:
        broken.touch()
        os.kill(pool.stats().composers[0].pid, signal.SIGKILL)
        await kit.until(lambda: pool.alive == 0)
        stream = pool.compose(kit.job(name="patient"))
        await kit.until(lambda: caplog.text.count("can't be replaced yet") >= 2)
        assert "exit status 7" in caplog.text
        assert not stream.over
        broken.unlink()
        assert b"patient/0/" in await stream.read()


async def test_composers_of_another_engine_are_refused(kit: Any) -> None:
    """A pool that knows its engine does not start with composers that run another one."""

    async def blob(_: str) -> bytes:
        return b""

    config = ComposerPool(blob=blob)._config
    pool = ComposerPool(blob=blob, engine="ours", config=replace(config, command=kit.composer_command, crew=kit.crew))
    with pytest.raises(PressrunError) as error:
        await pool.start()
    assert error.value.reason is Reason.ENGINE_MISMATCH


async def test_a_successor_of_another_engine_gets_no_work_and_pushes_nobody_out(kit: Any, tmp_path: Path) -> None:
    """After an upgrade in place the old composer works on, the new one idles, and the pool says which engine came."""
    engine = tmp_path / "engine"
    engine.write_text("old")
    command = (*kit.composer_command, "--engine-file", str(engine))
    async with kit.composers(command=command, max_rss=1) as pool:
        engine.write_text("new")
        seat = next(iter(pool._seats.values()))
        seat.documents = 1000
        assert await pool.compose(kit.job(engine="old")).read()
        await kit.until(lambda: pool.foreign == "new")
        assert pool.alive == 1
        assert await pool.compose(kit.job(engine="old")).read()
        os.kill(seat.member.pid, signal.SIGKILL)
        await kit.until(lambda: pool.alive == 0)


async def test_a_composer_does_not_outlive_its_front(kit: Any) -> None:
    """When the front is killed, its composers end, at work or not; Ctrl-C and SIGTERM alone do not end them."""
    async with kit.composers() as pool:
        pid = pool.stats().composers[0].pid
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
        assert await pool.compose(kit.job()).read()
        assert pool.stats().composers[0].pid == pid
    script = (
        "import asyncio, sys, os\n"
        "from pressrun_server.render.composers import ComposerPool, ComposeJob\n"
        "from pressrun_server.render.composer_config import ComposerConfig\n"
        "from datetime import datetime, UTC\n"
        "async def blob(d): return b''\n"
        "async def main():\n"
        "    pool = ComposerPool(2, blob=blob, config=ComposerConfig(command=tuple(sys.argv[1:])))\n"
        "    await pool.start()\n"
        '    pool.compose(ComposeJob("p", b\'{"act": "hang"}\', {}, datetime.now(UTC), {}, "fake-engine"))\n'
        "    await asyncio.sleep(0.1)\n"
        "    print(*(c.pid for c in pool.stats().composers), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    front = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *kit.composer_command, stdout=asyncio.subprocess.PIPE
    )
    assert front.stdout is not None
    pids = [int(word) for word in (await front.stdout.readline()).split()]
    assert len(pids) == 2
    front.kill()
    await front.wait()

    def gone(pid: int) -> bool:
        try:
            return "(zombie)" in Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return True

    await kit.until(lambda: all(map(gone, pids)))
