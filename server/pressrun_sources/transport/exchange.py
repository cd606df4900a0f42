"""One attempt at one call: takes a slot, follows redirects with care, reads within limits, reports once at its end."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from pressrun_sources.errors import (
    InvalidResponseError,
    RateLimitedError,
    SourceError,
    TimedOutError,
    TooLargeError,
    UnavailableError,
)
from pressrun_sources.transport.breaker import Breaker
from pressrun_sources.transport.budget import Budget, Ticket
from pressrun_sources.transport.call import Call
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.errors import address_refused, error_for_exception, error_for_status, too_large
from pressrun_sources.transport.hosts import address_of, is_numeric
from pressrun_sources.transport.observer import Observer
from pressrun_sources.transport.retry import retry_after
from pressrun_sources.transport.timing import Timing

__all__ = ["Exchange", "Room"]

_NONE = Ticket(0.0, 0, 0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PART = 206
# Where no part was asked for it would be taken for the whole.
_GOOD = frozenset(range(200, 300)) - {_PART}
_NOT_MODIFIED = 304
_UNAUTHENTICATED = 401
_CHUNK = 256 * 1024
_REASON_BYTES = 4096
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# A signature in a URL opens the asset for whoever has it.
_SIGNATURE = re.compile(r"s--[A-Za-z0-9_-]+--")
_RATE_LIMITED = frozenset({420, 429})
_TURNS = 3
"""Windows of a rate limit that a request waits for; the system itself is asked then."""
_KEPT = 0.2
"""Part of a call's time that is kept for the answer: who could only be sent after that is refused at once."""
_WAIT_HEADERS = ("Retry-After", "X-FeatureRateLimit-Reset")


@dataclass(frozen=True, slots=True)
class Room:
    """What the exchanges of one source share."""

    source: str
    config: TransportConfig
    session: aiohttp.ClientSession
    slots: asyncio.Semaphore
    origins: frozenset[URL]
    timing: Timing
    observer: Observer
    breaker: Breaker
    budget: Budget


@dataclass(slots=True)
class Exchange:
    """Owns a slot and a response from `start` to `finish`."""

    room: Room
    call: Call
    deadline: float
    """In the event loop's time; moved on by whatever the reader of the body takes."""
    received: int = 0
    response: aiohttp.ClientResponse | None = None
    _holds_slot: bool = False
    _let_in: bool = False
    _ticket: Ticket = _NONE
    _waited: float = 0.0
    """Seconds for which it was not sent, since the system had said when it may be asked again."""
    _begun: float = 0.0
    _ended: bool = field(default=False)

    async def start(self) -> aiohttp.ClientResponse:
        """Send, and come back with a response of a good status.

        Raises:
            SourceError: nothing good came; `finish` has been done.
        """
        self._begun = self.room.timing.monotonic()
        try:
            async with asyncio.timeout_at(self.deadline):
                await self.room.slots.acquire()
                self._holds_slot = True
                self._let_through()
                await self._keep_budget()
                response = await self._follow()
                await self._check_status(response)
        except BaseException as error:
            failure = self._fail(error)
            if failure is None or failure is error:
                raise
            raise failure from error
        return response

    def opened(self) -> aiohttp.ClientResponse:
        """The response that `start` gave."""
        assert self.response is not None, "start comes first"
        return self.response

    def check_announced(self, limit: int) -> None:
        """Refuse a body that says itself that it is too large.

        Raises:
            TooLargeError: it does; `finish` has been done.
        """
        announced = self.opened().content_length
        if announced is not None and announced > limit:
            self.finish(TooLargeError.kind)
            raise too_large(self.room.source, self.call, limit)

    async def read(self, limit: int) -> AsyncGenerator[bytes, None]:
        """The body in chunks, at most `limit` bytes of it.

        Raises:
            SourceError: it broke, was too slow or too large; `finish` has been done.
        """
        content, loop = self.opened().content, asyncio.get_running_loop()
        self.check_announced(limit)
        try:
            while True:
                async with asyncio.timeout_at(self.deadline):
                    chunk = await content.read(_CHUNK)
                if not chunk:
                    break
                self.received += len(chunk)
                if self.received > limit:
                    raise too_large(self.room.source, self.call, limit)  # noqa: TRY301 - ends the exchange below
                handed = loop.time()
                yield chunk
                self.deadline += loop.time() - handed
        except BaseException as error:
            failure = self._fail(error)
            if failure is None or failure is error:
                raise
            raise failure from error

    def finish(self, outcome: str) -> None:
        """Give everything back and report. Only the first call does something."""
        if self._ended:
            return
        self._ended = True
        if self.response is not None:
            # A connection with unread bytes cannot be used again; an exhausted one has gone back to the pool already.
            self.response.close()
        if self._holds_slot:
            self.room.slots.release()
        if self._let_in:
            self.room.breaker.ended(outcome)
        self.room.observer(self.room.source, outcome, self.room.timing.monotonic() - self._begun, self.received)

    def _let_through(self) -> None:
        wait = self.room.breaker.wait()
        if wait is not None:
            source = self.room.source
            message = f"{source} is not available; try again later"
            detail = (
                f"{self.call}: not sent, since {source} failed so often on end; see PRESSRUN_SOURCES_BREAKER_FAILURES"
            )
            raise UnavailableError(source, self.call.ref, message, detail, wait)
        self._let_in = True

    async def _keep_budget(self) -> None:
        """Wait where the system said when it may be asked again, or refuse where that is too late for this call."""
        kept = _KEPT * self.room.config.timeout
        for _ in range(_TURNS):
            self._ticket = await self.room.budget.take(self.call.url.origin())
            wait = self._ticket.wait
            if not wait:
                return
            if wait >= self.deadline - kept - asyncio.get_running_loop().time():
                source = self.room.source
                message = f"{source} asks for fewer requests; try again later"
                raise RateLimitedError(source, self.call.ref, message, f"{self.call}: not sent, {self._paused()}", wait)
            self._waited += wait
            # Others wait for the same moment, and may take what there is then.
            await self.room.timing.sleep(wait)

    def _paused(self) -> str:
        return f"since {self.room.source} said when it may be asked again"

    async def _follow(self) -> aiohttp.ClientResponse:
        url, call = self.call.url, self.call
        for _ in range(self.room.config.max_redirects + 1):
            self._check_address(url)
            headers = {"Accept-Encoding": "identity", **call.headers}
            if call.rest is not None:
                headers |= call.rest.headers()
            context = None
            if call.credentials is not None:
                headers |= call.credentials.headers_for(url)
                context = call.credentials.context_for(url)
            self.response = await self.room.session.request(
                call.method,
                url,
                headers=headers,
                data=dict(call.form) if call.form is not None else None,
                json=call.json,
                allow_redirects=False,
                ssl=True if context is None else context,
            )
            await self.room.budget.took(url.origin(), self._ticket, self.response.status, self.response.headers)
            location = self.response.headers.get("Location")
            if self.response.status not in _REDIRECTS or location is None:
                return self._checked(self.response)
            if call.form is not None or call.json is not None:
                raise self._invalid("sent a request with a body elsewhere", "a body is never sent to a second address")
            self.response.close()
            url = self._next_url(url, location)
        raise self._invalid("redirects in a circle or too often", f"the limit is {self.room.config.max_redirects}")

    def _next_url(self, url: URL, location: str) -> URL:
        try:
            target = url.join(URL(location))
            origin = target.origin()
        except ValueError as error:
            raise self._invalid("redirects to something that is no URL", "") from error
        downgrade = url.scheme == "https" and target.scheme != "https"
        allowed = origin in self.room.origins or self.room.config.allowed.host_allowed(target)
        if downgrade or not allowed:
            hint = "from https to http" if downgrade else "not in PRESSRUN_SOURCES_ALLOWED_HOSTS"
            raise self._invalid("redirects to a place that is not allowed", f"redirect to {origin}: {hint}")
        return target

    def _check_address(self, url: URL) -> None:
        # Names are checked by the resolver when the connection is made; literal addresses never get there.
        host = url.host or ""
        literal = address_of(host)
        if literal is None and is_numeric(host):
            # 127.1, 2130706433 or 0177.0.0.1: some versions of aiohttp resolve these themselves, past the resolver.
            raise address_refused(self.room.source, self.call, f"leads to {host}, an address in no usual notation")
        if literal is not None and not self.room.config.allowed.address_allowed(str(literal)):
            raise address_refused(self.room.source, self.call, f"leads to {literal}")

    def _checked(self, response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            # A compressed body can grow a thousandfold on unpacking, so it is neither asked for nor accepted.
            raise self._invalid("compressed its answer although asked not to", f"Content-Encoding {encoding[:40]}")
        wrong = next((name for name, value in response.headers.items() if _CONTROL.search(value)), None)
        if wrong is not None:
            raise self._invalid("gave an answer that is not HTTP", f"the header {wrong[:40]} holds a control character")
        return response

    async def _check_status(self, response: aiohttp.ClientResponse) -> None:
        rest = self.call.rest
        if rest is not None and response.status in {*_GOOD, _PART}:
            if response.status == _PART and rest.comes_with(response.headers):
                return
            raise self._invalid("gave other bytes than those that were missing", "they changed, or are no such part")
        if response.status in _GOOD or (response.status == _NOT_MODIFIED and self.call.conditional):
            return
        reason = response.headers.get(self.call.reason_header, "") if self.call.reason_header else ""
        # What comes with a 401 may repeat what was signed or sent: it is not even read.
        if not reason and response.status != _UNAUTHENTICATED:
            reason = _reason(await response.content.read(_REASON_BYTES))
        # The rate limit's reset comes with every answer; it is a wait only where the limit was the reason.
        names = _WAIT_HEADERS if response.status in _RATE_LIMITED else _WAIT_HEADERS[:1]
        wait = retry_after(response.headers, names, self.room.timing.wall())
        # A log-in that is refused may be told back, secret and all.
        for secret in self.call.secrets():
            reason = reason.replace(secret, "***")
        clean = _SIGNATURE.sub("s--…--", _UNPRINTABLE.sub(" ", reason)).strip()
        raise error_for_status(self.room.source, self.call, response.status, reason=clean, wait=wait)

    def _fail(self, error: BaseException) -> SourceError | None:
        translated: SourceError | None
        if isinstance(error, TimeoutError) and not self._holds_slot:
            translated = TimedOutError(
                self.room.source,
                self.call.ref,
                f"{self.room.source} is busy; try again later",
                f"{self.call} waited in vain for one of PRESSRUN_SOURCES_MAX_CONCURRENCY="
                f"{self.room.config.max_concurrency} slots",
            )
        elif isinstance(error, TimeoutError) and self._waited > self.room.config.timeout / 2:
            source, ref, seconds = self.room.source, self.call.ref, self.room.config.timeout
            message = f"{source} did not answer about {self.call.subject} in time; try again later"
            told = f"not sent for {self._waited:.1f} s of the {seconds:g} s that the whole call has, {self._paused()}"
            translated = TimedOutError(source, ref, message, f"{self.call}: {told}")
        elif isinstance(error, RuntimeError) and self.room.session.closed:
            source, ref = self.room.source, self.call.ref
            translated = UnavailableError(source, ref, f"{source} is closed", f"{self.call}: closed", transient=False)
        else:
            translated = error_for_exception(self.room.source, self.call, error, self.room.config.timeout)
        self.finish(translated.kind if translated is not None else "cancelled")
        return translated

    def _invalid(self, what: str, why: str) -> InvalidResponseError:
        source = self.room.source
        return InvalidResponseError(source, self.call.ref, f"{source} {what}", f"{self.call}: {why}")


def _reason(body: bytes) -> str:
    """The message in an error body of any of the shapes seen (RFC 9457 among them), or nothing."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    errors = value.get("errors") if isinstance(value, dict) else None
    if isinstance(errors, list) and errors:
        # iconik lists texts or objects, Smint.io's portals one object.
        return "; ".join(filter(None, (_reason_of(error) for error in errors)))
    return _reason_of(value)


def _reason_of(value: object) -> str:
    if isinstance(value, str):
        return value
    for path in (
        ("exception_body", "message"),
        ("error", "message"),
        ("fault", "faultstring"),
        ("message",),
        ("error_message",),
        ("detail",),
        ("title",),
        ("error_description",),
        ("error",),
    ):
        found = value
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, str):
            return found
    return ""
