"""Takes webhooks of all systems: verified, each once, turned into refs of assets to ask for again."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping

from pressrun_sources.changes.config import HooksConfig
from pressrun_sources.changes.reading import assets_in_cloudinary, assets_in_iconik, assets_in_standard
from pressrun_sources.changes.verification import (
    HookRefusedError,
    verify_cloudinary,
    verify_iconik,
    verify_standard,
)
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.timing import Timing

__all__ = ["HookReceiver"]

_KEPT = 100_000
_LIFE = 2 * 7200 + 24 * 3600
"""Seconds for which an id is remembered: the longest window in both directions, and a day."""
_UNSIGNED_LIFE = 10
"""iconik has no time in its messages, so equal ones may be news again soon; they only make the source be asked."""


class HookReceiver:
    """Believes webhooks by the configured keys.

    Args:
        config: the keys.
        sources: the names of the configured sources; others are unknown.
        timing: the clock.
    """

    def __init__(self, config: HooksConfig, sources: tuple[str, ...], timing: Timing | None = None) -> None:
        self._config = config
        self._sources = frozenset(sources)
        self._timing = timing or Timing()
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> tuple[AssetRef, ...]:
        """The assets that a webhook is about; empty where it is about none.

        Args:
            source: the name of the source, from the path.
            headers: names in any case.
            body: as it came.

        Raises:
            HookRefusedError: it is not believed, or came before.
        """
        now, config = self._timing.wall(), self._config
        if source not in self._sources:
            raise HookRefusedError("unknown")
        if source == "cloudinary" and "X-Cld-Signature" in headers and config.cloudinary_secret:
            secret, algorithm = config.cloudinary_secret, config.cloudinary_algorithm
            identifier, read = verify_cloudinary(body, headers, secret, algorithm, now), assets_in_cloudinary
        elif source == "iconik" and config.iconik_secret:
            identifier, read = verify_iconik(body, headers, config.iconik_secret), assets_in_iconik
        elif config.standard_secrets:
            identifier, read = verify_standard(body, headers, config.standard_secrets, now), assets_in_standard
        else:
            raise HookRefusedError("signature")
        self._once(source, identifier, now)
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HookRefusedError("malformed") from error
        if not isinstance(payload, dict):
            raise HookRefusedError("malformed")
        if source == "iconik" and config.iconik_domain and payload.get("system_domain_id") != config.iconik_domain:
            raise HookRefusedError("signature")
        return read(source, payload)

    def _once(self, source: str, identifier: str, now: float) -> None:
        key, life = (source, identifier), _UNSIGNED_LIFE if source == "iconik" else _LIFE
        seen = self._seen.get(key)
        if seen is not None and now - seen < life:
            raise HookRefusedError("replayed")
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
