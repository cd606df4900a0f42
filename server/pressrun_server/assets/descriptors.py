"""The map from ref and rendition to what is known of them, kept in aiocache behind an interface of our own.

aiocache is contained here, because of what was found in 0.12.3: its memory cache grows without bounds; `clear` leaves
the timers of the entries it drops, which later delete new entries of the same keys; every call with a time limit makes
a task; with AIOCACHE_DISABLE=1 it answers everything as if it held nothing; a backend's own exceptions come through.
So: entries are counted and the one used longest ago is deleted by key, `clear` is not used, there is no time limit on
memory, the age of an entry is judged by its reader and aiocache's own expiry only frees memory, and a failing cache is
counted and answers as an empty one.
"""

from __future__ import annotations

import itertools
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Any

from aiocache import SimpleMemoryCache

from pressrun_server.assets.belief import asset_name
from pressrun_server.assets.entry import Absent, Entry, Known

__all__ = ["DescriptorCache"]

log = logging.getLogger(__name__)


class DescriptorCache:
    """Remembers what is known, up to a number of entries.

    Guarantee: never more than `max_entries`; an entry may be gone at any moment; no method raises. `peek` never waits.

    Args:
        max_entries: the bound.
        cache: an aiocache cache whose `_get` does not wait; its entries are this object's alone.
    """

    def __init__(self, max_entries: int, cache: Any = None) -> None:
        # Without a time limit (0) aiocache calls through without making a task.
        self._cache = SimpleMemoryCache(timeout=0) if cache is None else cache
        self._max_entries = max_entries
        self._refs: OrderedDict[str, str] = OrderedDict()  # key to ref, least recently used first
        self._keys: dict[str, set[str]] = {}  # name of an asset, without qualifiers, to keys
        self.evictions = 0
        self.errors = 0

    def __len__(self) -> int:
        return len(self._refs)

    def __repr__(self) -> str:
        return f"<DescriptorCache {len(self._refs)} of {self._max_entries} entries>"

    def peek(self, key: str) -> Known | None:
        """What is known, if anything is."""
        if key not in self._refs:
            return None
        try:
            # What a backend defines, and nothing around it: `get` runs through five wrappers (plugins, time limit,
            # switch, serializer, namespace), none of which does anything here, in 2.4 us.
            known = _at_once(self._cache._get(key))  # noqa: SLF001 - as said
        except Exception as error:  # noqa: BLE001 - whatever a cache raises, it is an empty cache to us
            self._failed(error)
            return None
        if isinstance(known, Entry | Absent):
            self._refs.move_to_end(key)
            return known
        self._forget(key)
        return None

    async def put(self, key: str, known: Known, keep_seconds: float) -> None:
        """Remember it, for that long at most."""
        ref = known.descriptor.ref if isinstance(known, Entry) else known.ref
        try:
            await self._cache.set(key, known, ttl=max(keep_seconds, 0.001))
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)
            return
        self._forget(key)
        self._refs[key] = ref
        self._keys.setdefault(asset_name(ref), set()).add(key)
        while len(self._refs) > self._max_entries:
            self.evictions += 1
            await self.delete(next(iter(self._refs)))

    async def delete(self, key: str) -> None:
        """Forget it."""
        self._forget(key)
        try:
            await self._cache.delete(key)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The keys of what is known of an asset in all its variants (`source:id`), or of a source (`source:`)."""
        if name.endswith(":"):
            return tuple(key for key, ref in self._refs.items() if ref.startswith(name))
        return tuple(sorted(self._keys.get(asset_name(name), ())))

    def recent(self, source: str, most: int) -> Sequence[tuple[str, Known]]:
        """What is known of a source's assets, by key, the last used first; the order stays.

        Args:
            source: its name.
            most: keys that are looked at.
        """
        prefix = f"{source}:"
        keys = list(
            itertools.islice((key for key, ref in reversed(self._refs.items()) if ref.startswith(prefix)), most)
        )
        # From the one used longest ago on, since each look counts as a use.
        found = [(key, self.peek(key)) for key in reversed(keys)]
        return [(key, known) for key, known in reversed(found) if known is not None]

    def of_ref(self, ref: str) -> tuple[Known, ...]:
        """Everything that is known of one variant of an asset, in the order of the keys."""
        found = (self.peek(key) for key in self.keys_of(ref) if self._refs[key] == ref)
        return tuple(known for known in found if known is not None)

    def _forget(self, key: str) -> None:
        ref = self._refs.pop(key, None)
        if ref is not None:
            name = asset_name(ref)
            keys = self._keys[name]
            keys.discard(key)
            if not keys:
                del self._keys[name]

    def _failed(self, error: Exception) -> None:
        self.errors += 1
        if self.errors == 1:
            log.warning("the descriptor cache fails and is taken for empty: %s: %s", type(error).__name__, error)


def _at_once(coroutine: Coroutine[Any, Any, object]) -> object:
    """The result of a coroutine that does not wait; None where it would."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    return None
