"""The body of an answer as an `AssetBody`: checked while it streams, released exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.transport.call import Expectation
from pressrun_sources.transport.exchange import Exchange

__all__ = ["StreamedBody"]

_HTML = "text/html"


class StreamedBody:
    """An `AssetBody` over an exchange, which it owns."""

    def __init__(
        self, exchange: Exchange, limit: int, described_type: str | None, expectation: Expectation | None
    ) -> None:
        response = exchange.opened()
        self._exchange = exchange
        self._limit = limit
        self._expectation = expectation
        self._begun = False
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

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes, once; see `AssetBody.chunks`."""
        if self._begun:
            raise RuntimeError("the chunks of a body can be read once; open the asset again")
        self._begun = True
        digest = hashlib.md5(usedforsecurity=False) if self._expectation else None
        async with aclosing(self._exchange.read(self._limit)) as chunks:
            async for chunk in chunks:
                if digest is not None:
                    digest.update(chunk)
                yield chunk
        if digest is not None and self._expectation is not None and digest.hexdigest() != self._expectation.md5:
            raise self._invalid("sent bytes that do not agree with the checksum of", "MD5 differs", transient=True)
        self._exchange.finish("ok")

    def release(self) -> None:
        """Give the connection back, whether or not everything was read."""
        self._exchange.finish("cancelled")

    def _invalid(self, what: str, why: str, *, transient: bool = False) -> InvalidResponseError:
        exchange = self._exchange
        exchange.finish(InvalidResponseError.kind)
        source, call = exchange.room.source, exchange.call
        message = f"{source} {what} {call.subject}"
        return InvalidResponseError(source, call.ref, message, f"{call}: {why}", transient=transient)
