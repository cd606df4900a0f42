"""The digests of what is large: made beside the event loop, which others need meanwhile."""

from __future__ import annotations

import asyncio
from typing import Final

from pressrun_server.model.digest import Digest

__all__ = ["digest_of"]

_LARGE: Final = 128 * 1024
"""Bytes that are hashed in less time (0.1 ms) than a thread takes to be told."""


async def digest_of(data: bytes) -> Digest:
    """The digest of some bytes. Hashing lets go of Python's lock, so a large document holds up nobody."""
    if len(data) <= _LARGE:
        return Digest.of(data)
    return await asyncio.to_thread(Digest.of, data)
