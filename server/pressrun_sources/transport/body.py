"""The body of an answer as an `AssetBody`: checked while it streams, released exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from pressrun_sources.errors import InvalidResponseError, UnavailableError
from pressrun_sources.transport.call import Expectation
from pressrun_sources.transport.digest import announced_digests
from pressrun_sources.transport.exchange import Exchange
from pressrun_sources.transport.rest import Rest

__all__ = ["Resume", "StreamedBody"]

_HTML = "text/html"

Resume = Callable[[Exchange, Rest, UnavailableError, int], Awaitable[Exchange]]
"""What gives the exchange with the rest after a failure, which is one of so many, or raises that failure again."""


class StreamedBody:
    """An `AssetBody` over an exchange, which it owns, and over those that bring the rest where its connection broke."""

    def __init__(
        self,
        exchange: Exchange,
        limit: int,
        described_type: str | None,
        expectation: Expectation | None,
        resume: Resume,
    ) -> None:
        response = exchange.opened()
        self._exchange = exchange
        self._resume = resume
        self._limit = limit
        self.headers = response.headers
        self._expectations = announced_digests(response.headers) + ((expectation,) if expectation else ())
        self._begun = False
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        self._delimited = chunked or response.content_length is not None
        said = response.content_type if "Content-Type" in response.headers else None
        self._described_type = described_type
        self.media_type = said or described_type or "application/octet-stream"
        self.size = response.content_length
        self.etag = response.headers.get("ETag", "").removeprefix("W/").strip('"') or None

    def check_head(self) -> None:
        """Refuse what the head already shows to be wrong.

        Raises:
            TooLargeError: more bytes are announced than allowed.
            InvalidResponseError: a web page came instead of the asset; log-in pages come with a good status.
        """
        self._exchange.check_announced(self._limit)
        if self.media_type == _HTML and self._described_type != _HTML:
            raise self._invalid("sent a web page instead of", f"Content-Type {_HTML}; is the base URL right?")

    def expect(self, expectation: Expectation) -> None:
        """Hold the bytes to a further digest; before the first chunk."""
        self._expectations += (expectation,)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes, once; see `AssetBody.chunks`."""
        if self._begun:
            raise RuntimeError("the chunks of a body can be read once; open the asset again")
        self._begun = True
        if not (self._delimited or self._expectations):
            # It would end with the connection, and one that broke would look like the end (RFC 9112 section 8).
            why = "neither Content-Length nor chunks nor a digest; have the system, or what stands before it, send one"
            raise self._invalid("does not say where the bytes end of", why)
        digests = [hashlib.new(e.algorithm, usedforsecurity=False) for e in self._expectations]
        async with aclosing(self._whole()) as chunks:
            async for chunk in chunks:
                for digest in digests:
                    digest.update(chunk)
                yield chunk
        for digest, expected in zip(digests, self._expectations, strict=True):
            if digest.hexdigest() != expected.digest:
                why = f"{expected.algorithm.upper()} differs"
                raise self._invalid("sent bytes that do not agree with the checksum of", why, transient=True)
        self._exchange.finish("ok")

    async def _whole(self) -> AsyncGenerator[bytes, None]:
        """The bytes, gone on with where the connection broke and the system offers that."""
        received = failures = 0
        rest: Rest | None = None
        while True:
            try:
                async with aclosing(self._exchange.read(self._limit - received)) as chunks:
                    async for chunk in chunks:
                        received += len(chunk)
                        if rest is not None and received > rest.size:
                            raise self._invalid("sent more than the rest of", f"{rest} was asked for", transient=True)
                        yield chunk
                if rest is not None and received < rest.size:
                    # It says which bytes it holds; without a length its end looks the same as a connection that broke.
                    raise self._ended_early(rest, received)
            except UnavailableError as error:
                failures += 1
                rest = Rest.of(self.headers, self.size, received)
                if rest is None:
                    raise
                self._exchange = await self._resume(self._exchange, rest, error, failures)
            else:
                return

    def _ended_early(self, rest: Rest, received: int) -> UnavailableError:
        exchange = self._exchange
        exchange.finish(UnavailableError.kind)
        source, call = exchange.room.source, exchange.call
        message = f"{source} did not send {call.subject} to its end; try again later"
        why = f"{rest} was asked for, and {received - rest.received} bytes came"
        return UnavailableError(source, call.ref, message, f"{call}: {why}")

    def release(self) -> None:
        """Give the connection back, whether or not everything was read."""
        self._exchange.finish("cancelled")

    def _invalid(self, what: str, why: str, *, transient: bool = False) -> InvalidResponseError:
        exchange = self._exchange
        exchange.finish(InvalidResponseError.kind)
        source, call = exchange.room.source, exchange.call
        message = f"{source} {what} {call.subject}"
        return InvalidResponseError(source, call.ref, message, f"{call}: {why}", transient=transient)
