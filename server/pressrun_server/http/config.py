"""Settings of the HTTP port."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HttpConfig"]


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Where metrics and probes are."""

    listen: str = "127.0.0.1:9470"
    """Address and port; port 0 takes a free one."""
