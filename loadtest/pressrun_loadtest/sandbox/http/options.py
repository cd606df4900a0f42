"""How the HTTP stand-in behaves where endpoints differ."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HttpOptions"]


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Settings of the stand-in. Token and secret open nothing but this sandbox."""

    token: str = field(default="sandbox-http-token", repr=False)
    """`Authorization: Bearer`."""
    client_id: str = "sandbox-http-client"
    """Of a client that asks for tokens at `/oauth/token`."""
    client_secret: str = field(default="sandbox http secret/+%", repr=False)
    token_life_s: int = 300
    head: bool = True
    """Whether HEAD is served; 405 without it."""
    page_size: int = 50
    """Hits on a page of a search."""
    rate_limit: int = 10_000
    """Requests in a window; the answer then is 429 with Retry-After."""
    rate_window_s: int = 60
    retry_date: bool = False
    """Say in Retry-After when to come again, instead of after how long."""
