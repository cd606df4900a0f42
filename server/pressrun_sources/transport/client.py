"""The transport of one source: a connection pool, and calls with retries and a deadline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import aiohttp
from yarl import URL

from pressrun_sources.errors import InvalidResponseError, MisconfiguredError, SourceError, UnavailableError
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.body import StreamedBody
from pressrun_sources.transport.breaker import Breaker
from pressrun_sources.transport.budget import Budget
from pressrun_sources.transport.call import Call, Expectation
from pressrun_sources.transport.certificates import Certificates, WatchingConnector
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.exchange import Exchange, Room
from pressrun_sources.transport.hosts import GuardedResolver
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.rest import Rest
from pressrun_sources.transport.retry import RetryPolicy
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Vitals

__all__ = ["Answer", "Transport"]

T = TypeVar("T")
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer, or the head of one (then `json` is empty)."""

    json: Mapping[str, object]
    cookies: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names in any case."""
    unchanged: bool = False
    """304: nothing has changed since what the call's headers name."""


class Transport:
    """Everything HTTP that a connector needs.

    Guarantees: a call ends within `config.timeout`; no body grows beyond its limit; a connection is made only to a
    host and an address that are allowed; a system that is down, or that says when it may be asked again, is left alone
    until then; secrets go only to the origins of their `Credentials`; every failure is a
    `SourceError`; the observer hears of each attempt once.

    Cost: one connection pool a source, opened with the first call and closed by `close`.

    Args:
        source: the source's name, for errors and the observer.
        config: the limits.
        origins: where the source's calls and redirects may go without further permission.
        observer: hears of each attempt.
        timing: clocks, pause and dice.
        pauses: rate limits that other processes were told of.
        window: seconds after which the system counts requests anew, where it does not say when; None: unknown.
    """

    def __init__(
        self,
        source: str,
        config: TransportConfig,
        origins: frozenset[URL],
        observer: Observer = ignore,
        timing: Timing | None = None,
        *,
        pauses: Pauses | None = None,
        window: float | None = None,
    ) -> None:
        self.source = source
        self._window = window
        self._pauses = pauses
        self.config = config
        self.timing = timing or Timing()
        self._origins = origins
        self._observer = observer
        self._retry = RetryPolicy(config.retries, config.backoff, config.backoff_limit, self.timing)
        self._certificates = Certificates(origins)
        self._room: Room | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._room else "idle"
        return f"<Transport {self.source} {state}>"

    async def fetch(self, call: Call) -> Answer:
        """The JSON object that answers a call; the whole of it, reading included, is retried.

        Raises:
            SourceError: as the vocabulary says; `InvalidResponseError` where the answer is no JSON object.
        """

        async def attempt(deadline: float) -> Answer:
            exchange = Exchange(self._open_room(call), call, deadline)
            response = await exchange.start()
            outcome = "cancelled"
            try:
                async with aclosing(exchange.read(self.config.max_answer_bytes)) as chunks:
                    data = b"".join([chunk async for chunk in chunks])
                unchanged = response.status == _NOT_MODIFIED
                json_object = {} if unchanged else _json_object(self.source, call, data, response)
                answer = Answer(json_object, _cookies(response), response.headers, unchanged)
                outcome = "ok"
            except SourceError as error:
                outcome = error.kind
                raise
            finally:
                exchange.finish(outcome)
            return answer

        return await self._retrying(call, attempt)

    async def head(self, call: Call) -> Answer:
        """The head of what answers a call, whose body is left unread.

        Raises:
            SourceError: as the vocabulary says.
        """

        async def attempt(deadline: float) -> Answer:
            exchange = Exchange(self._open_room(call), call, deadline)
            response = await exchange.start()
            exchange.finish("ok")
            return Answer({}, {}, response.headers, response.status == _NOT_MODIFIED)

        return await self._retrying(call, attempt)

    @asynccontextmanager
    async def stream(
        self, call: Call, *, media_type: str | None, expectation: Expectation | None = None
    ) -> AsyncGenerator[StreamedBody, None]:
        """The body of an answer while it arrives. Retried until its head came, and then its rest, if at all.

        Args:
            call: what to ask.
            media_type: what the source said before about the asset, for an answer that does not say.
            expectation: what the bytes must agree with.

        Raises:
            SourceError: as the vocabulary says.
        """

        async def attempt(deadline: float) -> Exchange:
            exchange = Exchange(self._open_room(call), call, deadline)
            await exchange.start()
            return exchange

        async def resume(broken: Exchange, rest: Rest, error: UnavailableError, failures: int) -> Exchange:
            pause = self._retry.pause(failures, error, broken.deadline - asyncio.get_running_loop().time())
            if pause is None:
                raise error
            await self.timing.sleep(pause)
            exchange = Exchange(self._open_room(call), replace(call, rest=rest), broken.deadline)
            try:
                await exchange.start()
            except SourceError as failed:
                raise error from failed
            return exchange

        exchange = await self._retrying(call, attempt)
        body = StreamedBody(exchange, self.config.max_bytes, media_type, expectation, resume)
        try:
            body.check_head()
            yield body
        finally:
            body.release()

    def stored(
        self,
        url: str,
        ref: AssetRef,
        subject: str,
        *,
        media_type: str | None,
        expectation: Expectation | None = None,
    ) -> AbstractAsyncContextManager[StreamedBody]:
        """The bytes behind a URL that the system gave, asked for without credentials; errors come on entering.

        Raises:
            MisconfiguredError: the URL leads to a host that no setting allows.
        """
        target, allowed = URL(url, encoded=True), self.config.allowed
        web = target.scheme in ("http", "https") and bool(target.host)
        known = web and (
            target.origin() in self._origins or allowed.host_allowed(target) or allowed.is_loopback(target)
        )
        if not known:
            message = f"{self.source} keeps {subject} in a store that this service may not use"
            detail = f"{target.origin() if web else target.scheme} is not in PRESSRUN_SOURCES_ALLOWED_HOSTS"
            raise MisconfiguredError(self.source, ref, message, detail)
        call = Call("GET", target, subject, ref, secret_url=True)
        return self.stream(call, media_type=media_type, expectation=expectation)

    def vitals(self) -> Vitals:
        """How the way to the source does at this moment."""
        room = self._room
        if room is None:
            return Vitals()
        return Vitals(room.breaker.open, room.budget.paused(), room.budget.allowance(), self._certificates.end())

    async def close(self) -> None:
        """Close the pool. May be called again."""
        self._closed = True
        room, self._room = self._room, None
        if room is not None:
            await room.session.close()

    def _open_room(self, call: Call) -> Room:
        if self._closed:
            message = f"{self.source} is closed"
            raise UnavailableError(self.source, call.ref, message, f"{call}: called after close", transient=False)
        if self._room is None:
            config = self.config
            connector = WatchingConnector(
                self._certificates,
                limit=config.max_concurrency,
                resolver=GuardedResolver(config.allowed),
                ttl_dns_cache=30,
            )
            session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=config.connect_timeout, sock_read=config.read_timeout
                ),
                headers={"User-Agent": "pressrun"},
                auto_decompress=False,
                trust_env=False,
            )
            slots = asyncio.Semaphore(config.max_concurrency)
            self._room = Room(
                self.source,
                config,
                session,
                slots,
                self._origins,
                self.timing,
                self._observer,
                Breaker(config.breaker_failures, config.breaker_seconds, self.timing),
                Budget(self.timing, name=self.source, pauses=self._pauses, window=self._window),
            )
        return self._room

    async def _retrying(self, call: Call, attempt: Callable[[float], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.config.timeout
        failures = 0
        while True:
            try:
                return await attempt(deadline)
            except SourceError as error:
                failures += 1
                pause = self._retry.pause(failures, error, deadline - loop.time()) if call.repeatable else None
                if pause is None:
                    raise
            await self.timing.sleep(pause)


def _json_object(source: str, call: Call, data: bytes, response: aiohttp.ClientResponse) -> Mapping[str, object]:
    try:
        value = json.loads(data)
        if b"\\ud" in data.lower():
            # Half a character, as of a name that was cut after so many units of UTF-16, is no text that can be kept.
            whole = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass")
            value = json.loads(whole.decode("utf-16", "replace"))
    except (ValueError, RecursionError) as error:
        what = f"{len(data)} bytes of {response.content_type} are no JSON; is the base URL right?"
        message = f"{source} gave an answer about {call.subject} that cannot be read"
        raise InvalidResponseError(source, call.ref, message, f"{call}: {what}") from error
    if not isinstance(value, dict):
        message = f"{source} gave an answer about {call.subject} that cannot be read"
        raise InvalidResponseError(source, call.ref, message, f"{call}: expected an object, got {type(value).__name__}")
    return value


def _cookies(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    return {name: morsel.value for name, morsel in response.cookies.items()}
