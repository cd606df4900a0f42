"""What can keep the gRPC surface from starting."""

from __future__ import annotations

__all__ = ["ListenError"]


class ListenError(Exception):
    """An address can't be listened on.

    Args:
        address: the address.
        setting: the environment variable that sets it.
    """

    def __init__(self, address: str, setting: str) -> None:
        super().__init__(
            f"can't listen on {address}: it is in use, not of this machine, or not allowed; stop the other process, or "
            f"set {setting} to another host:port (port 0 takes a free one)"
        )
        self.address = address
