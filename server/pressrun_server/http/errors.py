"""What can keep the HTTP port from opening."""

from __future__ import annotations

__all__ = ["HttpListenError"]


class HttpListenError(Exception):
    """The address of metrics and probes can't be listened on."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"can't listen on {address} for metrics and probes: {why}; stop the other process, or set "
            "PRESSRUN_HTTP_LISTEN to another host:port (port 0 takes a free one)"
        )
        self.address = address
