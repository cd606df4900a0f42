from __future__ import annotations

import asyncio
import gzip
import hashlib
import ipaddress
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.integration.sources.conformance import LIMITS, LOOPBACK, read
from tests.integration.sources.scripted import Handler, Scripted, scripted
from yarl import URL

from pressrun_sources.errors import (
    DeniedError,
    InvalidResponseError,
    MisconfiguredError,
    NotFoundError,
    RateLimitedError,
    TimedOutError,
    TooLargeError,
    UnavailableError,
)
from pressrun_sources.transport.call import Call, Credentials, Expectation
from pressrun_sources.transport.client import Transport
from pressrun_sources.transport.config import TransportConfig
from pressrun_sources.transport.hosts import AllowList, HostEntry
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Allowance, Vitals

SECRET = "t0p-s3cret"


def json_answer(value: object = None, status: int = 200, **headers: str) -> Handler:
    """Answers with JSON."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"fine": True} if value is None else value, status=status, headers=headers)

    return answer


def bytes_answer(data: bytes, content_type: str = "image/png", **headers: str) -> Handler:
    """Answers with bytes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=data, headers={"Content-Type": content_type, **headers})

    return answer


def redirect(to: URL | str, status: int = 302) -> Handler:
    """Sends the caller elsewhere."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": str(to)})

    return answer


class Bench:
    """A transport with a clock that only its own pauses move."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.ahead = 0.0
        self.outcomes: list[tuple[str, int]] = []
        self.made: list[Transport] = []

    async def sleep(self, seconds: float) -> None:
        """A pause that takes no time."""
        self.pauses.append(seconds)
        self.ahead += seconds

    def observe(self, source: str, outcome: str, seconds: float, size: int) -> None:
        """The observer."""
        assert source == "dam"
        assert seconds >= 0
        self.outcomes.append((outcome, size))

    def transport(self, server: Scripted, config: TransportConfig = LIMITS) -> Transport:
        """A transport that may call the server."""
        timing = Timing(
            monotonic=lambda: time.monotonic() + self.ahead,
            sleep=self.sleep,
            random=lambda: 0.5,
            wall=lambda: 1_767_225_600.0,
        )
        made = Transport("dam", config, frozenset({server.url.origin()}), self.observe, timing)
        self.made.append(made)
        return made


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Transports that are closed at the end."""
    made = Bench()
    yield made
    for transport in made.made:
        await transport.close()


def get(server: Scripted, path: str = "/thing", **options: object) -> Call:
    """A call with credentials for the server."""
    credentials = Credentials({"Authorization": SECRET}, frozenset({server.url.origin()}))
    call = Call("GET", server.url.with_path(path), "asset 'thing'", credentials=credentials)
    return replace(call, **options)  # type: ignore[arg-type]


async def test_retries_until_it_works(bench: Bench) -> None:
    """A passing failure is retried after growing pauses; every attempt is reported."""
    async with scripted(json_answer(status=503), json_answer(status=502), json_answer()) as server:
        answer = await bench.transport(server, replace(LIMITS, retries=2)).fetch(get(server))
    assert answer.json == {"fine": True}
    assert bench.pauses == [pytest.approx(0.15), pytest.approx(0.3)]
    assert [outcome for outcome, _ in bench.outcomes] == ["unavailable", "unavailable", "ok"]


async def test_gives_up(bench: Bench) -> None:
    """After the last retry the last error stands, with what was asked and answered for the operator."""
    answer = json_answer({"exception_body": {"message": "index\nrebuild"}}, status=503)
    async with scripted(answer) as server:
        with pytest.raises(UnavailableError) as caught:
            await bench.transport(server, replace(LIMITS, retries=1)).fetch(get(server, "/a/b"))
        assert caught.value.detail == f"GET {server.url.with_path('/a/b')} answered 503: index rebuild"
    assert len(bench.outcomes) == 2


async def test_retry_after_in_seconds(bench: Bench) -> None:
    """The pause that the system asks for is kept."""
    async with scripted(json_answer(status=429, **{"Retry-After": "2"}), json_answer()) as server:
        await bench.transport(server, replace(LIMITS, retries=1)).fetch(get(server))
    assert bench.pauses == [2.0]


async def test_retry_after_as_date(bench: Bench) -> None:
    """A reset time as an HTTP date becomes seconds from now."""
    headers = {"X-FeatureRateLimit-Reset": "Thu, 01 Jan 2026 01:00:00 GMT"}
    async with scripted(json_answer(status=420, **headers)) as server:
        with pytest.raises(RateLimitedError) as caught:
            await bench.transport(server, replace(LIMITS, retries=3)).fetch(get(server))
    assert caught.value.retry_after == 3600.0
    # An hour is more than the call has left, so no pause is begun at all.
    assert bench.pauses == []


async def test_unrepeatable_calls_are_not_retried(bench: Bench) -> None:
    """A call that changes something is made once."""
    async with scripted(json_answer(status=503), json_answer()) as server:
        with pytest.raises(UnavailableError):
            await bench.transport(server, replace(LIMITS, retries=3)).fetch(get(server, repeatable=False))
        assert len(server.requests) == 1


async def test_not_found_is_not_retried(bench: Bench) -> None:
    """What will not change is not asked again."""
    async with scripted(json_answer(status=404), json_answer()) as server:
        with pytest.raises(NotFoundError, match="asset 'thing'"):
            await bench.transport(server, replace(LIMITS, retries=3)).fetch(get(server))
        assert len(server.requests) == 1


@pytest.mark.parametrize("digest", [False, True])
async def test_a_body_without_an_end(bench: Bench, digest: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A body that ends with the connection could be half of it: it is taken only where a digest says that it is whole."""
    whole = b"terms and conditions"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" + whole)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = URL.build(scheme="http", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    transport = bench.transport(Scripted(url))
    expectation = Expectation(hashlib.sha256(whole).hexdigest(), "sha256") if digest else None
    async with transport.stream(Call("GET", url, "the terms"), media_type=None, expectation=expectation) as body:
        if digest:
            assert await read(body) == whole
        else:
            with pytest.raises(InvalidResponseError, match="where the bytes end"):
                await read(body)
    server.close()
    await server.wait_closed()


async def test_truncated_answer_is_retried(bench: Bench) -> None:
    """An answer that breaks off is read again from the start."""

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"fine":')
        assert request.transport is not None
        request.transport.close()
        return response

    async with scripted(broken, json_answer()) as server:
        answer = await bench.transport(server, replace(LIMITS, retries=1)).fetch(get(server))
    assert answer.json == {"fine": True}
    assert [outcome for outcome, _ in bench.outcomes] == ["unavailable", "ok"]


async def test_half_characters(bench: Bench) -> None:
    """A text that was cut within a character of two units can be kept; whole ones stay."""
    body = b'{"name":"a\\ud800b","cut":"c\\uD83D","smile":"\\ud83d\\ude00"}'
    async with scripted(bytes_answer(body, "application/json")) as server:
        answer = await bench.transport(server).fetch(get(server))
    assert answer.json == {"name": "a\ufffdb", "cut": "c\ufffd", "smile": "\U0001f600"}


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[1]", b"\xff\xfe", b"[" * 100_000, b""])
async def test_not_json(bench: Bench, body: bytes) -> None:
    """An answer that is no JSON object is refused, with a hint at the base URL or the type."""
    async with scripted(bytes_answer(body, "text/html")) as server:
        with pytest.raises(InvalidResponseError) as caught:
            await bench.transport(server).fetch(get(server))
    assert "no JSON" in caught.value.detail or "expected an object" in caught.value.detail
    assert bench.outcomes == [("invalid_response", len(body))]


async def test_long_answer(bench: Bench) -> None:
    """A JSON answer over its limit is refused."""
    async with scripted(bytes_answer(b'{"a": "' + b"x" * 5000 + b'"}', "application/json")) as server:
        with pytest.raises(TooLargeError):
            await bench.transport(server, replace(LIMITS, max_answer_bytes=4096)).fetch(get(server))


async def test_limit_without_length(bench: Bench) -> None:
    """A body of unknown length is cut off at the limit, having handed over no more than that."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    async with scripted(endless) as server:
        transport = bench.transport(server, replace(LIMITS, max_bytes=1_000_000))
        received = 0
        with pytest.raises(TooLargeError):  # noqa: PT012 - what came before the error matters too
            async with transport.stream(get(server), media_type=None) as body:
                assert body.size is None
                async for chunk in body.chunks():
                    received += len(chunk)
    assert received <= 1_000_000


LARGE = bytes(range(256)) * 8192  # 2 MiB, of which no two places look alike within 256 bytes


class Ranged:
    """Serves LARGE in parts; the connection breaks off after so many bytes of the first answers."""

    def __init__(self, *breaks: int, **headers: str) -> None:
        self.breaks = list(breaks)
        self.headers = {"Content-Type": "image/png", "ETag": '"1"', "Accept-Ranges": "bytes"} | headers
        self.changed: dict[str, str] = {}
        """Headers that are other ones with the second answer."""
        self.ignored = False
        """Whether the whole is sent, whatever was asked for."""
        self.ranges: list[tuple[str | None, str | None]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """The whole, or a part."""
        wanted = request.headers.get("Range")
        self.ranges.append((wanted, request.headers.get("If-Range")))
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and not self.ignored else 0
        headers = {name: value for name, value in self.headers.items() if value}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(LARGE) - 1}/{len(LARGE)}"
        if wanted:
            headers |= self.changed
        response = web.StreamResponse(status=206 if begin else 200, headers=headers)
        response.content_length = len(LARGE) - begin
        await response.prepare(request)
        end = begin + self.breaks.pop(0) if self.breaks else len(LARGE)
        await response.write(LARGE[begin:end])
        if end < len(LARGE):
            assert request.transport is not None
            request.transport.close()
        return response


async def test_a_broken_body_is_gone_on_with(bench: Bench) -> None:
    """A large body that breaks off is asked for from there on, as often as is tried again, and held to its digest."""
    handler = Ranged(900_000, 500_000)
    async with scripted(handler) as server:
        expectation = Expectation(hashlib.sha256(LARGE).hexdigest(), "sha256")
        transport = bench.transport(server, replace(LIMITS, retries=2))
        async with transport.stream(get(server), media_type=None, expectation=expectation) as body:
            assert await read(body) == LARGE
        assert body.size == len(LARGE)
    assert [wanted for wanted, _ in handler.ranges] == [None, "bytes=900000-", "bytes=1400000-"]
    assert {tag for wanted, tag in handler.ranges if wanted} == {'"1"'}
    assert bench.outcomes == [("unavailable", 900_000), ("unavailable", 500_000), ("ok", len(LARGE) - 1_400_000)]
    assert len(bench.pauses) == 2


@asynccontextmanager
async def broken_off(bench: Bench, server: Scripted) -> AsyncIterator[None]:
    """A download that fails, as one that may be made again."""
    async with bench.transport(server, replace(LIMITS, retries=2)).stream(get(server), media_type=None) as body:
        with pytest.raises(UnavailableError) as caught:
            await read(body)
        assert caught.value.transient
        yield


@pytest.mark.parametrize(
    ("headers", "changed", "asked"),
    [
        ({"ETag": 'W/"1"'}, {}, 1),
        ({"ETag": ""}, {}, 1),
        ({"Accept-Ranges": "none"}, {}, 1),
        ({}, {"ETag": '"2"'}, 2),
        ({}, {"Content-Range": f"bytes 0-{len(LARGE) - 1}/{len(LARGE)}"}, 2),
        ({}, {"Content-Range": f"bytes 900000-{len(LARGE) - 1}/{len(LARGE) + 1}"}, 2),
        ({}, {"Content-Range": ""}, 2),
    ],
    ids=["weak tag", "no tag", "no ranges", "another tag", "another place", "another size", "no place"],
)
async def test_never_two_halves(bench: Bench, headers: dict[str, str], changed: dict[str, str], asked: int) -> None:
    """Where what comes may not be the rest of the same bytes the download fails, as one that may be made again."""
    handler = Ranged(900_000, **headers)
    handler.changed = changed
    async with scripted(handler) as server, broken_off(bench, server):
        pass
    assert len(handler.ranges) == asked


def framed(part: bytes, framing: str) -> bytes:
    """What follows the head of a part, which ends with the connection, with a chunk, or after a length."""
    if framing == "chunked":
        return b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(part), part)
    return (b"Content-Length: %d\r\n\r\n" % len(part) if framing == "length" else b"\r\n") + part


@asynccontextmanager
async def parting(framing: str, *sizes: int) -> AsyncIterator[tuple[Scripted, list[int]]]:
    """Serves LARGE, breaks off, and then parts that say to be all the rest, but have sizes of their own.

    Yields:
        the server, and where what was asked for began.
    """
    begins: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        begin = int(head.partition("bytes=")[2].partition("-")[0] or 0)
        begins.append(begin)
        common = b'ETag: "1"\r\nAccept-Ranges: bytes\r\nContent-Type: image/png\r\nConnection: close\r\n'
        if begin:
            place = b"Content-Range: bytes %d-%d/%d\r\n" % (begin, len(LARGE) - 1, len(LARGE))
            size = sizes[min(len(begins) - 2, len(sizes) - 1)]
            part = (LARGE + bytes(1000))[begin : begin + size]
            writer.write(b"HTTP/1.1 206 Partial Content\r\n" + common + place + framed(part, framing))
        else:
            length = b"Content-Length: %d\r\n\r\n" % len(LARGE)
            writer.write(b"HTTP/1.1 200 OK\r\n" + common + length + LARGE[:900_000])
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield Scripted(URL.build(scheme="http", host="127.0.0.1", port=listener.sockets[0].getsockname()[1])), begins


@pytest.mark.parametrize("framing", ["close", "chunked"])
async def test_a_rest_that_ends_early_is_gone_on_with(bench: Bench, framing: str) -> None:
    """A rest without a length that ends before its time counts as broken off, and is never taken for the whole."""
    async with parting(framing, 500_000, len(LARGE) - 1_400_000) as (server, begins):
        transport = bench.transport(server, replace(LIMITS, retries=2))
        async with transport.stream(get(server), media_type=None) as body:
            assert await read(body) == LARGE
    assert begins == [0, 900_000, 1_400_000]
    assert bench.outcomes == [("unavailable", 900_000), ("unavailable", 500_000), ("ok", len(LARGE) - 1_400_000)]
    async with parting(framing, 1000) as (server, begins), broken_off(bench, server):
        pass
    assert begins == [0, 900_000, 901_000]


@pytest.mark.parametrize("size", [1000, len(LARGE) - 900_000 + 1])
async def test_a_rest_of_another_length(bench: Bench, size: int) -> None:
    """A part whose length is not that of what is missing is not even read."""
    async with parting("length", size) as (server, begins), broken_off(bench, server):
        pass
    assert begins == [0, 900_000]
    assert bench.outcomes == [("unavailable", 900_000), ("invalid_response", 0)]


async def test_more_than_the_rest(bench: Bench) -> None:
    """A part that goes on behind its end is no part of the same bytes."""
    async with parting("chunked", len(LARGE) - 900_000 + 1) as (server, _):
        transport = bench.transport(server, replace(LIMITS, retries=1))
        async with transport.stream(get(server), media_type=None) as body:
            with pytest.raises(InvalidResponseError, match="more than the rest") as caught:
                await read(body)
    assert caught.value.transient


async def test_ranges_that_are_ignored(bench: Bench) -> None:
    """A server that sends the whole again, because it changed or knows no ranges, does not get it appended."""
    handler = Ranged(900_000)
    handler.ignored = True
    async with scripted(handler) as server, broken_off(bench, server):
        pass
    assert len(handler.ranges) == 2


async def test_a_small_body_is_not_worth_it(bench: Bench) -> None:
    """What is short is asked for as a whole."""
    calls = 0

    async def small(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        response = web.StreamResponse(headers={"ETag": '"1"', "Accept-Ranges": "bytes", "Content-Type": "image/png"})
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"x" * 500)
        assert request.transport is not None
        request.transport.close()
        return response

    async with scripted(small) as server, broken_off(bench, server):
        pass
    assert calls == 1


async def test_compressed_body(bench: Bench) -> None:
    """A compressed body is neither asked for nor accepted, so it cannot grow on unpacking."""
    async with scripted(bytes_answer(gzip.compress(b"0" * 10_000_000), **{"Content-Encoding": "gzip"})) as server:
        with pytest.raises(InvalidResponseError, match="compressed"):
            async with bench.transport(server).stream(get(server), media_type="image/png"):
                pass
        assert server.requests[0].headers["Accept-Encoding"] == "identity"


async def test_web_page_instead(bench: Bench) -> None:
    """A log-in page with a good status is not taken for a picture."""
    async with scripted(bytes_answer(b"<html>", "text/html; charset=utf-8")) as server:
        with pytest.raises(InvalidResponseError, match="web page"):
            async with bench.transport(server).stream(get(server), media_type="image/png"):
                pass
        async with bench.transport(server).stream(get(server), media_type="text/html") as body:
            assert await read(body) == b"<html>"


async def test_checksum(bench: Bench) -> None:
    """Bytes that do not agree with their checksum end in an error that may pass."""
    async with scripted(bytes_answer(b"bytes")) as server:
        call, good, bad = get(server), Expectation("4b3a6218bb3e3a7303e8a171a60fcf92"), Expectation("0" * 32)
        async with bench.transport(server).stream(call, media_type=None, expectation=good) as body:
            assert await read(body) == b"bytes"
        with pytest.raises(InvalidResponseError, match="checksum") as caught:
            async with bench.transport(server).stream(call, media_type=None, expectation=bad) as body:
                await read(body)
    assert caught.value.transient
    assert bench.outcomes == [("ok", 5), ("invalid_response", 5)]


async def test_slow_drip(bench: Bench) -> None:
    """A body that comes byte by byte runs into the limit of the whole call."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x")
            await asyncio.sleep(0.02)
        return response

    async with scripted(drip) as server:
        with pytest.raises(TimedOutError):
            async with bench.transport(server, replace(LIMITS, timeout=0.2)).stream(
                get(server), media_type=None
            ) as body:
                await read(body)


async def test_silence(bench: Bench) -> None:
    """A body that stops runs into the read timeout, long before the whole call's."""

    async def stops(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x")
        await asyncio.sleep(30)
        return response

    async with scripted(stops) as server:
        transport = bench.transport(server, replace(LIMITS, read_timeout=0.1))
        with pytest.raises(TimedOutError):
            async with transport.stream(get(server), media_type=None) as body:
                await read(body)


async def test_slow_reader(bench: Bench) -> None:
    """The reader's own time does not count against the source."""
    async with scripted(bytes_answer(b"x" * 2_000_000)) as server:
        transport = bench.transport(server, replace(LIMITS, timeout=0.2))
        size = 0
        async with transport.stream(get(server), media_type=None) as body:
            async for chunk in body.chunks():
                size += len(chunk)
                if size == len(chunk):
                    await asyncio.sleep(0.25)
    assert size == 2_000_000


async def test_waiting_for_a_slot(bench: Bench) -> None:
    """A call that gets no slot in time says so, and names the setting."""
    async with scripted(bytes_answer(b"x" * 2_000_000)) as server:
        transport = bench.transport(server, replace(LIMITS, timeout=0.1, max_concurrency=1))
        async with transport.stream(get(server), media_type=None):
            with pytest.raises(TimedOutError, match="busy") as caught:
                await transport.fetch(get(server))
    assert "PRESSRUN_SOURCES_MAX_CONCURRENCY=1" in caught.value.detail


async def test_nobody_listens(bench: Bench) -> None:
    """A refused connection means unavailable, and the query is not in the detail."""
    async with scripted(json_answer()) as server:
        gone = server
    call = get(gone, url=gone.url.with_path("/x").with_query(token=SECRET))
    with pytest.raises(UnavailableError) as caught:
        await bench.transport(gone).fetch(call)
    assert SECRET not in caught.value.detail
    assert str(gone.url.with_path("/x")) in caught.value.detail


@pytest.mark.parametrize(
    "said", [b"220 mail.example ESMTP\r\n", b'HTTP/1.1 200 OK\r\nETag: "a\x01b"\r\nContent-Length: 2\r\n\r\n{}']
)
async def test_not_http(bench: Bench, said: bytes) -> None:
    """An answer that is no HTTP is an invalid response; a header with a control character could never be sent back."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listener:
        url = URL.build(scheme="http", host="127.0.0.1", port=listener.sockets[0].getsockname()[1])
        with pytest.raises(InvalidResponseError, match="not HTTP"):
            await bench.transport(Scripted(url)).fetch(get(Scripted(url)))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_within(bench: Bench, status: int) -> None:
    """A redirect within the origin is followed and keeps the credentials."""
    async with scripted(redirect("/elsewhere", status), json_answer()) as server:
        await bench.transport(server).fetch(get(server))
        assert [request.path for request in server.requests] == ["/thing", "/elsewhere"]
        assert server.requests[1].headers["Authorization"] == SECRET


async def test_redirect_to_another_host(bench: Bench) -> None:
    """A redirect to a host that nobody allowed is not followed, and the message does not name it."""
    async with scripted(json_answer()) as other, scripted(redirect(other.url.with_path("/x"))) as server:
        with pytest.raises(InvalidResponseError) as caught:
            await bench.transport(server).fetch(get(server))
        assert other.requests == []
        assert str(other.url.port) not in str(caught.value)
        assert "PRESSRUN_SOURCES_ALLOWED_HOSTS" in caught.value.detail


async def test_redirect_to_an_allowed_host(bench: Bench) -> None:
    """A redirect to an allowed host is followed without the credentials."""
    async with scripted(json_answer()) as other, scripted(redirect(other.url.with_path("/x"))) as server:
        allowed = replace(LOOPBACK, hosts=(HostEntry("127.0.0.1", other.url.port),))
        await bench.transport(server, replace(LIMITS, allowed=allowed)).fetch(get(server))
        assert "Authorization" not in other.requests[0].headers
        assert server.requests[0].headers["Authorization"] == SECRET


async def test_redirect_to_a_private_address(bench: Bench) -> None:
    """An allowed name does not open the addresses behind it."""
    async with scripted(redirect("http://metadata.example/latest")) as server:
        allowed = AllowList((HostEntry("metadata.example"),), LOOPBACK.networks)
        transport = bench.transport(server, replace(LIMITS, allowed=allowed))
        transport._open_room(get(server)).session.connector._resolver._resolver = _Resolving("169.254.169.254")  # type: ignore[union-attr]
        with pytest.raises(MisconfiguredError) as caught:
            await transport.fetch(get(server))
    assert "169.254.169.254" in caught.value.detail
    assert "169.254" not in str(caught.value)


class _Resolving:
    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(self, host: str, port: int, family: int) -> list[dict[str, object]]:
        return [{"hostname": host, "host": self._address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "0", "0x7f000001", "0x7f.1"])
async def test_addresses_in_other_notations(host: str) -> None:
    """Loopback in a notation that only resolvers understand is no way around the guard, whatever they make of it."""
    url = URL(f"http://{host}:1/")
    transport = Transport("dam", LIMITS, frozenset({url.origin()}))
    try:
        with pytest.raises(MisconfiguredError, match="may not be used") as caught:
            await transport.head(Call("HEAD", url, "it"))
    finally:
        await transport.close()
    assert host in caught.value.detail


async def test_redirects_in_a_circle(bench: Bench) -> None:
    """Redirects end after a few."""
    async with scripted(redirect("/thing")) as server:
        with pytest.raises(InvalidResponseError, match="circle"):
            await bench.transport(server).fetch(get(server))
        assert len(server.requests) == LIMITS.max_redirects + 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[", "//", "gopher://x/"])
async def test_redirect_to_nonsense(bench: Bench, location: str) -> None:
    """A redirect that leads nowhere sensible is an invalid response."""
    async with scripted(redirect(location)) as server:
        with pytest.raises(InvalidResponseError):
            await bench.transport(server).fetch(get(server))


async def test_bodies_are_not_redirected(bench: Bench) -> None:
    """A form, which may hold a password, is never sent to a second address."""
    async with scripted(redirect("/elsewhere", 307)) as server:
        with pytest.raises(InvalidResponseError, match="body"):
            await bench.transport(server).fetch(get(server, method="POST", form={"password": SECRET}))
        assert len(server.requests) == 1


async def test_loopback_needs_permission(bench: Bench) -> None:
    """Without permission not even a configured loopback address is called, and the detail says what to set."""
    async with scripted(json_answer()) as server:
        with pytest.raises(MisconfiguredError) as caught:
            await bench.transport(server, replace(LIMITS, allowed=AllowList())).fetch(get(server))
        named = get(server, url=server.url.with_host("localhost"))
        with pytest.raises(MisconfiguredError):
            await bench.transport(server, replace(LIMITS, allowed=AllowList())).fetch(named)
        assert server.requests == []
    assert "PRESSRUN_SOURCES_ALLOW_LOOPBACK" in caught.value.detail


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_no_secrets_in_errors(bench: Bench, status: int) -> None:
    """Neither credentials nor what a 401 echoes get into an error."""
    body = {"error": {"message": f"String to sign - {SECRET}"}} if status == 401 else {}
    async with scripted(json_answer(body, status)) as server:
        call = get(server, form={"password": SECRET}, method="POST")
        with pytest.raises(Exception) as caught:
            await bench.transport(server).fetch(call)
        texts = [str(caught.value), repr(caught.value), repr(call), repr(call.credentials)]
        assert not [text for text in texts if SECRET in text]


async def test_concurrency(bench: Bench) -> None:
    """No more requests run at once than allowed."""
    running, most = 0, 0

    async def count(_: web.Request) -> web.StreamResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return web.json_response({})

    async with scripted(count) as server:
        transport = bench.transport(server, replace(LIMITS, max_concurrency=3))
        await asyncio.gather(*(transport.fetch(get(server)) for _ in range(12)))
    assert most == 3


@pytest.mark.parametrize("status", [201, 203])
async def test_good_statuses(bench: Bench, status: int) -> None:
    """Any full success is one: a log-in may answer 201."""
    async with scripted(json_answer(status=status)) as server:
        assert (await bench.transport(server).fetch(get(server))).json == {"fine": True}


async def test_part_of_a_body(bench: Bench) -> None:
    """A part that nobody asked for is not taken for the whole."""

    async def part(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"half", status=206, headers={"Content-Type": "image/png"})

    async with scripted(part) as server:
        with pytest.raises(InvalidResponseError, match="206"):
            async with bench.transport(server).stream(get(server), media_type="image/png"):
                pass


async def test_closed_in_between(bench: Bench) -> None:
    """Calls that are under way or waiting when the transport is closed end as unavailable."""

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with scripted(never) as server:
        transport = bench.transport(server, replace(LIMITS, max_concurrency=1))
        tasks = [asyncio.create_task(transport.fetch(get(server))) for _ in range(3)]
        await asyncio.sleep(0.05)
        await transport.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 3


async def test_a_budget_is_kept(bench: Bench) -> None:
    """After the last request that a system allows the next one waits for the reset, without being refused first."""
    first = json_answer(None, 200, **{"RateLimit-Remaining": "0", "RateLimit-Reset": "3"})
    async with scripted(first, json_answer()) as server:
        transport = bench.transport(server)
        await transport.fetch(get(server))
        await transport.fetch(get(server))
        assert [round(pause) for pause in bench.pauses] == [3]
        assert len(server.requests) == 2


async def test_a_budget_that_comes_too_late(bench: Bench) -> None:
    """Where the reset is after the deadline, the call is refused at once and nothing is sent."""
    first = json_answer(None, 429, **{"Retry-After": "600"})
    async with scripted(first, json_answer()) as server:
        transport = bench.transport(server)
        for _ in range(2):
            with pytest.raises(RateLimitedError) as caught:
                await transport.fetch(get(server))
            assert caught.value.retry_after is not None
            assert 590 < caught.value.retry_after <= 600
        assert len(server.requests) == 1
        assert [outcome for outcome, _ in bench.outcomes] == ["rate_limited", "rate_limited"]


async def test_a_turn_that_leaves_no_time(bench: Bench) -> None:
    """Who could only be sent when most of its time is over is refused at once, and does not time out afterwards."""
    first = json_answer(None, 200, **{"RateLimit-Remaining": "0", "RateLimit-Reset": "9"})
    async with scripted(first, json_answer()) as server:
        transport = bench.transport(server, replace(LIMITS, timeout=10.0))
        await transport.fetch(get(server))
        with pytest.raises(RateLimitedError) as caught:
            await transport.fetch(get(server))
        assert "not sent, since dam said when it may be asked again" in caught.value.detail
        assert len(server.requests) == 1


async def test_a_late_turn_is_told(bench: Bench) -> None:
    """Where most of a call's time went by before it might be sent, the failure says so."""

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    first = json_answer(None, 200, **{"RateLimit-Remaining": "0", "RateLimit-Reset": "1"})
    async with scripted(first, never) as server:
        transport = bench.transport(server, replace(LIMITS, timeout=1.5))
        await transport.fetch(get(server))
        with pytest.raises(TimedOutError) as caught:
            await transport.fetch(get(server))
        assert "not sent for 1.0 s of the 1.5 s that the whole call has, since dam said" in caught.value.detail


async def test_vitals(bench: Bench) -> None:
    """How the way to a system does can be told at any time, without asking it."""
    told = {"RateLimit-Limit": "10", "RateLimit-Remaining": "3"}
    async with scripted(json_answer(None, 200, **told), json_answer(status=503)) as server:
        transport = bench.transport(server, replace(LIMITS, breaker_failures=2))
        assert transport.vitals() == Vitals()
        await transport.fetch(get(server))
        assert transport.vitals() == Vitals(allowance=Allowance(3, 10))
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await transport.fetch(get(server))
        assert transport.vitals().breaker_open
        assert len(server.requests) == 3


async def test_the_end_of_a_certificate(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the certificate of a system ends is known from its first answer on, however small that is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dam.test")])
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2126, 3, 1, 12, 30, tzinfo=UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(begin).not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    own, private = tmp_path / "own.pem", tmp_path / "key.pem"
    own.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(own, private)
    # The machine's authorities do not know the certificate.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=own))
    async with scripted(json_answer(), tls=serving) as server:
        transport = bench.transport(server)
        await transport.fetch(get(server))
        assert transport.vitals() == Vitals(certificate_ends=end.timestamp())


async def test_a_system_that_is_down_is_left_alone(bench: Bench) -> None:
    """After so many failures on end calls end at once, with a time, and the system hears nothing."""
    async with scripted(json_answer(status=503)) as server:
        transport = bench.transport(server, replace(LIMITS, breaker_failures=3))
        for _ in range(5):
            with pytest.raises(UnavailableError) as caught:
                await transport.fetch(get(server))
        assert len(server.requests) == 3
    assert caught.value.retry_after is not None
    assert caught.value.transient
    assert "PRESSRUN_SOURCES_BREAKER_FAILURES" in caught.value.detail


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"errors": ["Asset is locked"]}, "Asset is locked"),
        ({"errors": [{"message": "one"}, {"detail": "two"}]}, "one; two"),
        ({"error_code": "x", "error_message": "No access"}, "No access"),
        ({"type": "about:blank", "title": "Forbidden", "detail": "Not for you"}, "Not for you"),
        ({"title": "Forbidden"}, "Forbidden"),
    ],
)
async def test_reasons(bench: Bench, body: dict[str, object], reason: str) -> None:
    """What a system says about a refusal is for operators, in each of the shapes that are known."""
    async with scripted(json_answer(body, 403)) as server:
        with pytest.raises(DeniedError) as caught:
            await bench.transport(server).fetch(get(server))
    assert caught.value.detail.endswith(f"answered 403: {reason}")
    assert reason not in str(caught.value)
