"""What nodes learn of each other's templates, with a real Redis that hangs, loses and holds what can't be read."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import TemplateName
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.sharing.claims import TemplateClaims
from pressrun_server.render.sharing.template_exchange import TemplateExchange
from pressrun_server.render.sharing.template_list import SharedTemplates
from pressrun_server.render.template_files import TemplateFiles

KEY = b"a secret of this cluster"


class _Compiler:
    """Makes templates known without compiling them; the bundle is the version."""

    def __init__(self, registry: Registry, make: SimpleNamespace) -> None:
        self._registry = registry
        self._make = make
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.adopted: list[str] = []

    async def adopt(self, digest: str, bundle: bytes, published_at: datetime) -> Published:
        version = bundle.decode()
        self.adopted.append(version)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        published, _ = await self.publish(version, published_at)
        assert published.info.digest == digest
        return published

    async def publish(self, version: str, published_at: datetime) -> tuple[Published, bool]:
        """Have a template here."""
        entry, blobs = self._make.entry(self._make.info("letter", version), published_at=published_at)
        entry = type(entry)(entry.info, entry.programs, Digest.of(version.encode()), entry.engine, published_at)
        return await self._registry.publish(entry, {**blobs, entry.bundle: version.encode()})


class _Member:
    """What a node has of templates."""

    def __init__(self, registry: Registry, templates: SharedTemplates, make: SimpleNamespace, patience: float) -> None:
        self.registry = registry
        self.compiler = _Compiler(registry, make)
        self.learned: list[str] = []
        self._make = make
        self._claims = TemplateClaims(templates)
        self.exchange = TemplateExchange(templates, registry, self.compiler, self._learn, patience=patience)
        registry.elsewhere = self.exchange.fetch

    async def _learn(self, published: Published) -> None:
        self.learned.append(published.info.version)

    async def publish(self, version: str) -> Published:
        """As a caller of the node does."""
        moment = await self._claims.claim(self._make.info("letter", version), version.encode(), None)
        return (await self.compiler.publish(version, moment))[0]

    async def versions(self, *expected: str) -> None:
        """Wait until these are known here."""
        async with asyncio.timeout(20):
            while tuple(published.info.version for published in self.registry) != expected:
                await asyncio.sleep(0.02)

    async def refusal(self, name: TemplateName, pinned: str = "") -> PressrunError:
        """Why a request gets no template."""
        with pytest.raises(PressrunError) as error:
            await self.registry.found(name, pinned)
        return error.value


Join = Callable[..., Awaitable[_Member]]


@pytest.fixture
async def join(redis_server: RedisServer, tmp_path: Path, make: SimpleNamespace) -> AsyncIterator[Join]:
    """Adds nodes to a cluster."""
    async with AsyncExitStack() as stack:

        async def member(name: str, *, start: bool = True, patience: float = 20.0, seconds: float = 20.0) -> _Member:
            address = RedisAddress(redis_server.url)
            link = RedisLink(RedisConfig(address, timeout_seconds=seconds, retry_seconds=0.02))
            stack.push_async_callback(link.close)
            registry = Registry(TemplateFiles(tmp_path / name), make.engine, selector=make.selector)
            await registry.load(lambda file, fault: pytest.fail(f"{file}: {fault}"))
            made = _Member(registry, SharedTemplates(link, KEY), make, patience)
            stack.push_async_callback(made.exchange.close)
            if start:
                await made.exchange.start()
            return made

        yield member


@asynccontextmanager
async def _raw(server: RedisServer) -> AsyncIterator[Redis]:
    """The server as another program sees it."""
    async with Redis.from_url(server.url) as client:
        yield client


async def _reads(server: RedisServer) -> int:
    """How often a whole list was read."""
    async with _raw(server) as raw:
        counts: Any = await raw.info("commandstats")
    return int(counts.get("cmdstat_hgetall", {}).get("calls", 0))


async def test_a_list_is_read_once(join: Join, redis_server: RedisServer) -> None:
    """While a template waits to be taken over, the list is asked whether it has changed, and not read again."""
    one, other = await join("one"), await join("other")
    other.compiler.gate.clear()
    await one.publish("1")
    async with asyncio.timeout(20):
        while not other.compiler.adopted:
            await asyncio.sleep(0.02)
    before = await _reads(redis_server)
    asked = asyncio.create_task(other.registry.found(TemplateName("letter", "1")))
    for _ in range(5):
        await other.exchange._look()
    assert await _reads(redis_server) == before
    other.compiler.gate.set()
    assert (await asked).info.version == "1"
    assert (other.compiler.adopted, other.learned) == (["1"], ["1"])


async def test_a_template_that_is_being_compiled(join: Join) -> None:
    """Whoever asks for it longer than a node has patience is told so, and when to come again; nobody compiles it twice."""
    one, other = await join("one"), await join("other", patience=0.05)
    other.compiler.gate.clear()
    published = await one.publish("1")
    for name in (TemplateName("letter"), TemplateName("letter", "1"), TemplateName(digest=published.info.digest)):
        error = await other.refusal(name)
        assert (error.reason, error.retry_after) == (Reason.TEMPLATE_UNAVAILABLE, 1.0)
        assert "is being compiled on this one" in error.message
    assert other.exchange.pending == 1
    # What nobody has published is not there, whatever else is under way.
    assert (await other.refusal(TemplateName("letter", "2"))).reason is Reason.TEMPLATE_NOT_FOUND
    other.compiler.gate.set()
    await other.versions("1")
    assert (other.compiler.adopted, other.exchange.pending) == (["1"], 0)


async def test_pins_of_another_node(join: Join) -> None:
    """A request with pins of a template that only another node has so far waits for it, though its name is known here."""
    one, other = await join("one"), await join("other")
    await one.publish("1")
    await other.registry.found(TemplateName("letter"))
    newer = await one.publish("2")
    found = await other.registry.found(TemplateName("letter"), newer.info.digest)
    assert found.info == newer.info


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (PressrunError(Reason.DEADLINE_EXCEEDED, "no preparer was free"), True),
        (PressrunError(Reason.LIMIT_EXCEEDED, "the bundle has 9 files"), False),
        (RuntimeError("a secret of the template"), False),
    ],
    ids=["passing", "lasting", "defect"],
)
async def test_a_template_that_can_not_be_had(
    join: Join, error: Exception, *, again: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its problem is told, in the log once; it is tried again where that may help, and holds up no other."""
    one, other = await join("one"), await join("other")
    other.compiler.error = error
    await one.publish("1")
    for _ in range(2):
        refusal = await other.refusal(TemplateName("letter"))
        assert refusal.reason is Reason.TEMPLATE_UNAVAILABLE
        assert refusal.message.count("no preparer was free" if again else "can't be used on this one") == 1
        assert (refusal.retry_after is not None) is again
        assert "secret" not in refusal.message
    assert other.compiler.adopted == ["1"]
    other.compiler.error = None
    await one.publish("2")
    await other.registry.found(TemplateName("letter", "2"))
    assert caplog.text.count("letter@1 of another node is not used") == 1
    await other.versions(*(("1", "2") if again else ("2",)))


async def test_a_redis_that_hangs(join: Join, redis_server: RedisServer) -> None:
    """What is known is there at once; of the rest nobody can say, and is told so soon; it goes on when it answers."""
    one, other = await join("one", seconds=0.2), await join("other", seconds=0.2)
    await one.publish("1")
    await other.versions("1")
    redis_server.pause()
    began = time.monotonic()
    assert (await other.registry.found(TemplateName("letter"))).info.version == "1"
    for _ in range(3):
        error = await other.refusal(TemplateName("letter", "2"))
        assert (error.reason, error.retry_after) == (Reason.TEMPLATE_UNAVAILABLE, 1.0)
        assert "PRESSRUN_EVENTS_REDIS" in error.message
    with pytest.raises(PressrunError, match="it was not published"):
        await one.publish("2")
    assert time.monotonic() - began < 5
    redis_server.resume()
    async with asyncio.timeout(20):
        while True:
            with suppress(PressrunError):
                await one.publish("2")
                break
            await asyncio.sleep(0.02)
    await other.versions("1", "2")


async def test_a_node_that_starts_while_redis_hangs(join: Join, redis_server: RedisServer) -> None:
    """It serves what it has soon, and learns the rest when the server answers."""
    await (await join("one")).publish("1")
    redis_server.pause()
    try:
        async with asyncio.timeout(10):
            late = await join("late", seconds=0.2)
        assert len(late.registry) == 0
    finally:
        redis_server.resume()
    await late.versions("1")


async def test_a_list_that_is_partly_unreadable(
    join: Join, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A node that starts has what can be read, names the rest once each, and has it when it is mended."""
    one = await join("one")
    for version in ("1", "2", "3"):
        await one.publish(version)
    async with _raw(redis_server) as raw:
        (records,) = [name async for name in raw.scan_iter("pressrun:templates:*:records")]
        await raw.hset(records, "letter@1", b"damaged")
        await raw.hset(records, "letter@9", await raw.hget(records, "letter@3"))
        (files,) = [name async for name in raw.scan_iter(f"*:bytes:{Digest.of(b'2').sha256}")]
        await raw.delete(files)
        late = await join("late")
        await late.versions("3")
        error = await late.refusal(TemplateName("letter", "2"))
        assert "its files are missing in PRESSRUN_EVENTS_REDIS" in error.message
        for _ in range(3):
            await late.exchange._round()
        for told in ("record of letter@1", "record of letter@9", "letter@2 of another node is not used"):
            assert caplog.text.count(told) == 1, told
        await one.publish("2")
    await late.versions("2", "3")


async def test_what_others_wrote_there_keeps_no_node_from_starting(
    join: Join, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Entries that are no text are passed over; a failure that nobody foresaw is logged, and it is tried again."""
    caplog.set_level(logging.WARNING)  # whatever tests before this one have set
    one = await join("one")
    await one.publish("1")
    async with _raw(redis_server) as raw:
        (state,) = [name async for name in raw.scan_iter("pressrun:templates:*:name")]
        await raw.hset("pressrun:templates:1:lists", mapping={b"\xff\xfe": b"\xff", b"a": b"\xff"})
        await raw.set(state, b"\xff")
    await (await join("late")).versions("1")
    assert not caplog.records

    async def broken(*_arguments: object) -> None:
        raise RuntimeError("not foreseen")

    with monkeypatch.context() as patched:
        patched.setattr(SharedTemplates, "join", broken)
        patched.setattr(SharedTemplates, "state", broken)
        last = await join("last")
    assert "can't be asked for lists of templates of other keys" in caplog.text
    assert "looking for the templates of other nodes failed" in caplog.text
    await last.versions("1")


async def test_what_is_owed_is_not_forgotten(
    join: Join, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is lost while a node gives it what it has, and a request looks at that moment: it is given all again."""
    alone = await join("alone", start=False)
    for version in ("1", "2"):
        await alone.compiler.publish(version, datetime.now().astimezone())
    enter, entered = alone.exchange._claims.enter, []

    async def interrupted(*arguments: Any) -> datetime:
        moment = await enter(*arguments)
        entered.append(moment)
        if len(entered) == 2:
            async with _raw(redis_server) as raw:
                await raw.flushall()
            await alone.exchange._look()
        return moment

    monkeypatch.setattr(alone.exchange._claims, "enter", interrupted)
    for _ in range(3):
        await alone.exchange._round()
    assert len(entered) == 4
    await (await join("other")).versions("1", "2")


async def test_the_newest_is_the_last_published(join: Join, make: SimpleNamespace) -> None:
    """A node whose clock was ahead when it was alone does not hold the newest version, at itself or at others."""
    alone = await join("alone", start=False)
    await alone.compiler.publish("1", datetime.now(make.now.tzinfo) + timedelta(hours=1))
    await alone.exchange.start()
    other = await join("other")
    await other.versions("1")
    await other.publish("2")
    await alone.versions("1", "2")
    newest = [(await node.registry.found(TemplateName("letter"))).info.version for node in (alone, other)]
    assert newest == ["2", "2"]
    dates = [[published.entry.published_at for published in node.registry] for node in (alone, other)]
    assert dates[0] == dates[1]
    # So does one that had the same template before it came.
    third = await join("third", start=False)
    await third.compiler.publish("1", make.now)
    await third.exchange.start()
    await third.versions("1", "2")
    assert [published.entry.published_at for published in third.registry] == dates[0]
    # A restart reads from the disk what the cluster said.
    again = await join("alone", start=False)
    assert [published.entry.published_at for published in again.registry] == dates[0]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
async def test_members_agree_whatever_redis_does(join: Join, redis_server: RedisServer, seed: int) -> None:
    """Of nodes whose Redis hangs, dies and forgets, all have in the end what was published, with the same dates."""
    chance = random.Random(seed)
    members = [await join(str(number), seconds=0.2) for number in range(3)]
    published: set[str] = set()

    async def trouble() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0, 0.6))
            act = chance.choice(("hang", "die", "forget"))
            if act == "hang":
                redis_server.pause()
                await asyncio.sleep(chance.uniform(0, 0.6))
                redis_server.resume()
            elif act == "die":
                redis_server.stop()
                await asyncio.sleep(chance.uniform(0, 0.4))
                await asyncio.to_thread(redis_server.start)
            else:
                async with _raw(redis_server) as raw:
                    await raw.flushall()

    making = asyncio.create_task(trouble())
    for number in range(60):
        with suppress(PressrunError):
            await chance.choice(members).publish(str(number))
            published.add(str(number))
        await asyncio.sleep(chance.uniform(0, 0.15))
    while not making.done():
        making.cancel()
        await asyncio.wait((making,), timeout=0.1)
    redis_server.stop()
    redis_server.start()
    assert len(published) > 5

    def known(member: _Member) -> list[tuple[str, datetime]]:
        return [(one.info.version, one.entry.published_at) for one in member.registry]

    members.append(await join("late"))
    async with asyncio.timeout(30):
        # What was refused may be there as well: its claim reached the server, and the answer was lost.
        while not all(known(member) == known(members[0]) for member in members) or not published <= {
            version for version, _ in known(members[0])
        }:
            await asyncio.sleep(0.05)
    newest = {(await member.registry.found(TemplateName("letter"))).info.version for member in members}
    assert len(newest) == 1
