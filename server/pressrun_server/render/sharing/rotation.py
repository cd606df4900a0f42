"""What nodes share while the cluster's key is changed: the old key's part of the server decides, the new one's follows.

Nodes that have the old key alone are still at work then, so whatever is decided (which bundle a version stands for,
which push came first) is decided where they see it, and copied. When every node has the new key, all is there, and the
old one can be taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pressrun_server.render.sharing.shelf import SharedShelf
from pressrun_server.render.sharing.template_list import DamagedRecordError, ListState, SharedTemplate, SharedTemplates
from pressrun_sources.pushed.version import Version

__all__ = ["RotatingShelf", "RotatingTemplates"]

_ATTEMPTS: Final = 8
"""To copy a history that other nodes extend at the same moment."""


class RotatingTemplates:
    """A `TemplateList` under two keys.

    Args:
        current: the list under the new key.
        previous: that under the old one.
    """

    def __init__(self, current: SharedTemplates, previous: SharedTemplates) -> None:
        self._current = current
        self._previous = previous

    async def state(self) -> ListState:
        """See `TemplateList.state`."""
        current, previous = await asyncio.gather(self._current.state(), self._previous.state())
        return ListState(f"{current.name} {previous.name}", current.length + previous.length)

    async def records(self) -> list[SharedTemplate]:
        """See `TemplateList.records`; those of the old key are copied first."""
        current = await self._current.records()
        there = {(record.name, record.version) for record in current}
        missing = [record for record in await self._previous.records() if (record.name, record.version) not in there]
        for record in missing:
            bundle = await self._previous.files(record)
            if bundle is not None:
                # One that is damaged here was logged when it was read, and must not hold up the others.
                with contextlib.suppress(DamagedRecordError):
                    await self._current.claim(record, bundle)
        return await self._current.records() if missing else current

    async def now(self) -> datetime:
        """See `TemplateList.now`."""
        return await self._previous.now()

    async def claim(self, template: SharedTemplate, bundle: bytes) -> SharedTemplate:
        """See `TemplateList.claim`."""
        held = await self._previous.claim(template, bundle)
        return held if held.digest != template.digest else await self._current.claim(held, bundle)

    async def files(self, template: SharedTemplate) -> bytes | None:
        """See `TemplateList.files`."""
        return await self._current.files(template) or await self._previous.files(template)

    async def join(self) -> int:
        """See `TemplateList.join`; the templates of the old key can be read."""
        await self._previous.join()
        return await self._current.join() - (await self._previous.state()).length


class RotatingShelf:
    """The `Peers` of pushed content under two keys.

    Args:
        current: the shelf under the new key.
        previous: that under the old one.
    """

    def __init__(self, current: SharedShelf, previous: SharedShelf) -> None:
        self._current = current
        self._previous = previous

    async def record(self, identifier: str) -> tuple[Version, ...]:
        """See `Peers.record`; the longer history counts, under both keys."""
        current, previous = await asyncio.gather(self._current.record(identifier), self._previous.record(identifier))
        if len(previous) > len(current):
            if await _copy(self._previous, self._current, identifier, previous):
                return previous
            # A node that has the new key alone was quicker, or what is there is damaged.
            current = await self._current.record(identifier)
            return previous if len(previous) > len(current) else current
        if len(current) > len(previous):
            # Of a node that has the new key alone already.
            await _copy(self._current, self._previous, identifier, current)
        return current

    async def records(self, known: Mapping[str, int]) -> Mapping[str, tuple[Version, ...]]:
        """See `Peers.records`; those of the old key are copied first."""
        counts = await self._current.counts()
        for identifier, versions in (await self._previous.records(counts)).items():
            if len(versions) > counts.get(identifier, 0):
                await _copy(self._previous, self._current, identifier, versions)
        return await self._current.records(known)

    async def extend(self, identifier: str, expected: int, versions: tuple[Version, ...]) -> bool:
        """See `Peers.extend`; False as well where a node that has the new key alone was quicker.

        Who reads the record then has that node's version, and pushes after it.
        """
        if len(await self._current.record(identifier)) > expected:
            return False
        if not await self._previous.extend(identifier, expected, versions):
            return False
        return await _copy(self._previous, self._current, identifier, versions)

    async def keep(self, sha256: str, data: bytes) -> None:
        """See `Peers.keep`."""
        await self._previous.keep(sha256, data)
        await self._current.keep(sha256, data)

    async def data(self, sha256: str) -> bytes | None:
        """See `Peers.data`."""
        return await self._current.data(sha256) or await self._previous.data(sha256)


async def _copy(source: SharedShelf, target: SharedShelf, identifier: str, versions: tuple[Version, ...]) -> bool:
    """Have a history under the other key, too, in the place of a shorter one; one that is as long is never replaced.

    Returns:
        Whether it is there now, alone or as the beginning of a longer one. False where another one is, or a record that
        can't be read.
    """
    for _ in range(_ATTEMPTS):
        there = await target.record(identifier)
        if len(there) >= len(versions):
            return there[: len(versions)] == versions
        for version in versions:
            if version not in there and (data := await source.data(version.sha256)) is not None:
                await target.keep(version.sha256, data)
        if await target.extend(identifier, len(there), versions):
            return True
    return False
