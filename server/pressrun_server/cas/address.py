"""Where a Redis is: a URL whose password is never shown, and the server that it means."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

__all__ = ["RedisAddress"]

_SCHEMES: Final = ("redis", "rediss", "unix")
_PORT: Final = 6379
_SHAPE: Final = "redis://HOST:PORT/DATABASE, rediss://... for TLS, or unix:///PATH"


class RedisAddress:
    """The URL of a Redis or Valkey.

    Its text hides the password, so it may be printed and logged; `url` has it and may not.

    Args:
        url: `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS, or `unix:///path`.

    Raises:
        ValueError: it is no such URL; the message does not repeat it.
    """

    __slots__ = ("_shown", "server", "url")

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port or _PORT
        except ValueError:
            raise ValueError(f"is not the URL of a Redis: {_SHAPE}") from None
        database = parts.path.strip("/")
        placed = bool(parts.path) if parts.scheme == "unix" else bool(parts.hostname)
        sound = parts.scheme == "unix" or not database or database.isdecimal()
        if parts.scheme not in _SCHEMES or not placed or not sound or parts.fragment:
            raise ValueError(f"is not the URL of a Redis: {_SHAPE}")
        self.url: Final = url
        host = (parts.hostname or "").lower()
        self.server: Final = unquote(parts.path) if parts.scheme == "unix" else f"{_plain(host)}:{port}"
        """Equal for two URLs that name one server, whichever database, user or spelling of loopback they have."""
        bare = parts.netloc.rpartition("@")[2]
        user = f"{parts.username or ''}{':***' if parts.password else ''}@" if "@" in parts.netloc else ""
        self._shown = urlunsplit((parts.scheme, user + bare, parts.path, "***" if parts.query else "", ""))

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"<RedisAddress {self._shown}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RedisAddress) and other.url == self.url

    def __hash__(self) -> int:
        return hash(self.url)


def _plain(host: str) -> str:
    """One spelling of a host; every loopback address is this machine."""
    try:
        return "localhost" if ip_address(host).is_loopback else str(ip_address(host))
    except ValueError:
        return host.rstrip(".")
