"""Pushed content of several processes that share one folder; without a Redis the folder itself is what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from pressrun_sources.pushed.peers import PeersAwayError
from pressrun_sources.pushed.shelf import Shelf
from pressrun_sources.pushed.version import Version

__all__ = ["FolderPeers"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class FolderPeers:
    """The `Peers` of `pushed.source.PushedSource` over its own folder, for the fronts of one node.

    Cost: a small file is read for each question. Where the disk is full, `extend` and `keep` raise that (OSError): the
    content would not have been kept anyway.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def record(self, identifier: str) -> tuple[Version, ...]:
        """See `Peers.record`."""
        return await _attempt(self._shelf.record, identifier)

    async def records(self, known: Mapping[str, int]) -> Mapping[str, tuple[Version, ...]]:
        """See `Peers.records`."""
        found, _ = await _attempt(self._shelf.load)
        return {name: versions for name, versions in found.items() if len(versions) != known.get(name)}

    async def extend(self, identifier: str, expected: int, versions: tuple[Version, ...]) -> bool:
        """See `Peers.extend`."""
        return await asyncio.to_thread(self._shelf.extend, identifier, expected, versions)

    async def keep(self, sha256: str, data: bytes) -> None:
        """See `Peers.keep`."""
        await asyncio.to_thread(self._shelf.keep, sha256, data)

    async def data(self, sha256: str) -> bytes | None:  # noqa: ARG002 - the interface
        """None: what is in the folder was looked for there."""
        return None


async def _attempt(work: Callable[_P, _T], *arguments: _P.args, **options: _P.kwargs) -> _T:
    try:
        return await asyncio.to_thread(work, *arguments, **options)
    except OSError as error:
        raise PeersAwayError(str(error)) from error
