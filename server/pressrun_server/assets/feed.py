"""The feed of changes: tells every node which assets have changed, over a Redis Stream that each reads by id."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError

from pressrun_server.assets.belief import SKEW, Belief
from pressrun_server.assets.entry import Place
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_client import connect
from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.clock import Clock

__all__ = ["STREAM", "ChangeFeed", "FeedStats"]

log = logging.getLogger(__name__)

STREAM: Final = "pressrun:changes:1"
"""The stream; the number counts up when its entries change their form."""

_BLOCK: Final = 0.5
"""Seconds that a read waits for news; each that ends without says that there were none."""
_PATIENCE: Final = 2.0
"""Seconds that the server may take beyond that."""
_RETRY: Final = 0.5
_START_SECONDS: Final = 2.0
_BATCH: Final = 1000
_KEPT: Final = 20_000
_MAX_WAITING: Final = 10_000
_LOG_EVERY: Final = 60.0
_NOTHING: Final = "0-0"
_RUN: Final = "run"
_NOTE_RUN: Final = """
if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('XADD', KEYS[1], '*', 'gap', ARGV[1])
return 1
"""
"""Marks in the stream, once, that another run of the server began: what the one before took it may not remember."""
_KEEPS: Final = "noeviction"

_FAILURES: Final = (RedisError, OSError, TimeoutError)


class FeedStats(msgspec.Struct, frozen=True):
    """How the feed does."""

    connected: bool
    told: int
    """Changes that this node told the others."""
    heard: int
    """Changes that others told this node."""
    waiting: int
    """Changes that could not be told yet."""


class ChangeFeed:
    """Tells and hears changes.

    Theory of operation. A change is an entry of the stream: the name of an asset, or of a source. Whoever learns of one
    applies it to itself and adds it; every node waits at the end of the stream and hears it at once. A read that ends
    without news proves that there was none until it began: that renews leases. A node that starts reads the whole
    stream, so that it knows what changed before its time; what was asked before the stream's first entry is in doubt.
    A connection that broke, and entries that were dropped before this node had read them, may have cost news, so then
    everything that is held is in doubt. A server that was started again may have come back from an old copy of its
    data; whoever sees it first puts a mark into the stream, and what was asked before a mark is in doubt for all.

    Guarantee: a change that `tell` answers with True was put into the stream; one that it could not put there goes
    there as soon as the server answers, as long as this process lives. No failure is raised. Cost: one round trip a
    change, four small questions a second.

    Args:
        address: the Redis of events, which must never evict.
        clock: the time.
        tenant: whose changes these are; those of others are not heard.
        sources: those whose changes come to some node of the cluster by themselves, so that silence is good news.
    """

    def __init__(self, address: RedisAddress, clock: Clock, sources: frozenset[str], *, tenant: str = "") -> None:
        self._address = address
        self._stream = f"{STREAM}:{tenant}" if tenant else STREAM
        self._clock = clock
        self._sources = sources
        self._node = uuid.uuid4().hex
        self._link = RedisLink(RedisConfig(address, lasting=True, timeout_seconds=_PATIENCE, connections=2))
        # A read waits for news, so it has a connection to itself.
        self._reader = connect(address, timeout=_BLOCK + _PATIENCE, connections=1)
        self._waiting: dict[str, None] = {}
        self._sending: list[str] = []
        self._belief: Belief | None = None
        self._telling = asyncio.Lock()
        self._last = _NOTHING
        self._run = ""
        self._connected = False
        self._told = self._heard = 0
        self._last_log = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<ChangeFeed {self._address} {'connected' if self._connected else 'away'}, last {self._last}>"

    def stats(self) -> FeedStats:
        """How the feed does."""
        return FeedStats(self._connected, self._told, self._heard, len(self._waiting))

    async def start(self, belief: Belief, apply: Callable[[str], Awaitable[None]]) -> None:
        """Learn what changed before, and begin to listen; a server that is away may come later.

        Args:
            belief: is told of changes, doubts and silence.
            apply: forgets what is held of an asset or a source.
        """
        self._belief = belief
        belief.owes = self._owes
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._read_all(belief)
        except _FAILURES as error:
            belief.doubt(self._clock.now())  # the rest of the stream may tell of anything
            await self._away(error)
        self._task = asyncio.create_task(self._listen(belief, apply), name="change-feed")

    async def close(self) -> None:
        """Tell what waits, where that takes no time, and hang up."""
        task, self._task = self._task, None
        if task is not None:
            while not task.done():
                task.cancel()
                # Again until it has worked: a cancellation that meets redis-py as it looks whether a connection has
                # something to read (a time limit of zero) was seen to be lost.
                await asyncio.wait((task,), timeout=0.1)
            await self.tell()
        await self._link.close()
        await self._reader.aclose()

    def owe(self, names: Iterable[str]) -> None:
        """Have these told to all other nodes, by the next `tell` or when the server is back."""
        self._waiting |= dict.fromkeys(names)
        if len(self._waiting) > _MAX_WAITING:
            self._waiting = dict.fromkeys(f"{name.partition(':')[0]}:" for name in self._waiting)

    async def tell(self, names: Iterable[str] = ()) -> bool:
        """Tell all other nodes; whether these and all that was owed before is in the stream now."""
        self.owe(names)
        async with self._telling:
            # Taken out before they are sent: one that changes again meanwhile must be told again.
            self._sending, self._waiting = list(self._waiting), {}
            try:
                return not self._sending or await self._send(self._sending)
            finally:
                self._waiting = dict.fromkeys(self._sending) | self._waiting
                self._sending = []

    async def _send(self, names: list[str]) -> bool:
        """Put these into the stream; those that are there are taken from the list."""
        try:
            async with self._link.call() as client:
                pipeline = client.pipeline(transaction=False)
                for name in names:
                    pipeline.xadd(self._stream, {"name": name, "node": self._node}, maxlen=_KEPT)
                keys: list[Any] = await pipeline.execute()
        except AsideError:
            return False
        if self._belief is not None:
            for name, key in zip(names, keys, strict=True):
                self._belief.placed(name, _order(key))
        self._told += len(names)
        names.clear()
        return True

    def _owes(self, name: str) -> bool:
        """Whether a change of this asset or source is still to be told."""
        return name in self._waiting or name in self._sending

    async def _listen(self, belief: Belief, apply: Callable[[str], Awaitable[None]]) -> None:
        while True:
            try:
                if not self._connected:
                    await self._rejoin(belief)
                await self._read(belief, apply)
            except Exception as error:  # noqa: BLE001 - whatever it was, a node that stopped listening would never know
                await self._away(error)
                await asyncio.sleep(_RETRY)

    async def _read(self, belief: Belief, apply: Callable[[str], Awaitable[None]]) -> None:
        """Wait for news once."""
        if await self._run_id() != self._run:
            self._connected = False  # the connection was made anew between two reads, to another run of the server
            return
        began = self._clock.now()
        answer: Any = await self._reader.xread({self._stream: self._last}, count=_BATCH, block=int(_BLOCK * 1000))
        entries = answer[0][1] if answer else []
        if entries:
            first: Any = await self._reader.xrange(self._stream, count=1)
            if not first or _order(first[0][0]) > _order(self._last):
                # Entries that were not read may have been dropped to keep the stream short.
                log.warning("the feed of changes is ahead of this node; everything held is asked for again")
                belief.doubt(self._clock.now(), _order(entries[0][0]))
        for key, fields in entries:
            name, place = _name(fields), _order(key)
            if b"gap" in fields:
                belief.doubt(self._clock.now(), place)
            elif name and fields.get(b"node") != self._node.encode():
                self._heard += 1
                belief.changed(name, self._clock.now(), place)
                await apply(name)
            self._reached(belief, key)
        if len(entries) < _BATCH:
            belief.hear(began, self._sources)
        if self._waiting:
            await self.tell()

    async def _rejoin(self, belief: Belief) -> None:
        """Go on at the end of the stream, whatever became of it meanwhile."""
        await self._note_run()
        last: Any = await self._reader.xrevrange(self._stream, count=1)
        key = last[0][0] if last else await self._begin()
        belief.doubt(self._clock.now(), _order(key))
        self._reached(belief, key)
        self._connected = True
        log.info("the feed of changes on %s is heard again; everything held is asked for again", self._address)

    async def _read_all(self, belief: Belief) -> None:
        """Read the stream from its beginning; what was before that nobody knows."""
        memory: Any = await self._reader.info("memory")
        policy = memory.get("maxmemory_policy", _KEEPS)
        if policy != _KEEPS:
            log.warning(
                "Redis %s evicts (%s) and may lose changes; set its maxmemory-policy to noeviction",
                self._address,
                policy,
            )
        began = self._clock.now()
        await self._note_run()
        entries: Any = await self._reader.xrange(self._stream, count=_BATCH)
        if not entries:
            await self._begin()
            entries = await self._reader.xrange(self._stream, count=_BATCH)
        first = entries[0][0]
        belief.doubt(_moment(first), _order(first))
        while entries:
            for key, fields in entries:
                at, name = min(_moment(key) + SKEW, self._clock.now()), _name(fields)
                if b"gap" in fields:
                    belief.doubt(at, _order(key))
                elif name:
                    belief.changed(name, at, _order(key))
                self._reached(belief, key)
            entries = await self._reader.xrange(self._stream, min=f"({self._last}", count=_BATCH)
        belief.hear(began, self._sources)
        self._connected = True

    def _reached(self, belief: Belief, key: bytes) -> None:
        """The stream was read up to there."""
        self._last = key.decode()
        belief.place = _order(key)

    async def _begin(self) -> bytes:
        """Mark where the stream begins."""
        key: Any = await self._reader.xadd(self._stream, {"node": self._node})
        assert isinstance(key, bytes)
        return key

    async def _note_run(self) -> None:
        """See that a restart of the server is marked in the stream."""
        self._run = run = await self._run_id()
        # In braces, so that both keys are at one node of a cluster of Redis.
        if run and await self._reader.eval(_NOTE_RUN, 2, self._stream, f"{{{self._stream}}}:{_RUN}", run):
            log.warning(
                "Redis %s was started again and may have lost changes; everything held is asked for again",
                self._address,
            )

    async def _run_id(self) -> str:
        """What this run of the server is called."""
        server: Any = await self._reader.info("server")
        return str(server.get("run_id", ""))

    async def _away(self, error: Exception) -> None:
        was, self._connected = self._connected, False
        now = self._clock.monotonic()
        if was or now - self._last_log >= _LOG_EVERY:
            self._last_log = now
            log.warning(
                "the feed of changes on %s is away: changes that other nodes hear of reach this one only when its "
                "answers grow old: %s",
                self._address,
                error or type(error).__name__,
            )
        # A connection on which an answer was given up must not serve another question. One that can't be closed in time
        # (TLS waits for the other side) is given up all the same: raised here, it would end the listening for good.
        with contextlib.suppress(*_FAILURES):
            await self._reader.connection_pool.disconnect()


def _name(fields: dict[bytes, bytes]) -> str:
    """What an entry is about; empty where it is about nothing that is known here."""
    text = fields.get(b"name", b"").decode(errors="replace")
    return text if ":" in text else ""


def _order(key: bytes | str) -> Place:
    milliseconds, _, number = (key.decode() if isinstance(key, bytes) else key).partition("-")
    return int(milliseconds), int(number or 0)


def _moment(key: bytes) -> datetime:
    return datetime.fromtimestamp(_order(key)[0] / 1000, UTC)
