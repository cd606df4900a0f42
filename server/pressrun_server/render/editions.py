"""Editions: a template's program with approved texts in it, compiled once for each combination of texts.

A text is part of the template's markup before it is styled, so a document with approved text costs what one without
costs. What is compiled is kept by (bundle, locale, texts, engine), in the store and, in a cluster, for all nodes.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.flight import SingleFlight
from pressrun_server.assets.preparation import Preparing
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.cas.tier import Tier
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.model.asset import AssetUse
from pressrun_server.model.diagnostic import Severity
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import program_key
from pressrun_server.prepare.tasks import BUNDLE, COMPILED, TEXT, EditionOrder, TaskName
from pressrun_server.render.config import CompileConfig
from pressrun_server.render.registry import Published, Registry

__all__ = ["Editions"]

_MOST_KNOWN: Final = 4096
_KEEP_SECONDS: Final = 30 * 86_400.0
_DIGEST: Final = msgspec.msgpack.Decoder(Digest)
_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Bundle, locale, output channel, and the digest of each slot's text."""


class Editions:
    """Finds or makes the program of a template with given texts.

    Guarantee: a combination is compiled once at a time, whoever asks. Cost: known, one look into a dict; a new one
    takes a preparer for about as long as publishing takes for one locale.

    Args:
        registry: holds the bundles.
        preparers: the limited processes.
        store: holds texts and programs.
        engine: digest of the engine; another one makes other programs.
        config: limits of compiling.
        metrics: what is counted.
        names: the names of what other nodes have made; None: nothing is shared.
        cluster_flight: lets one process at a time make a program; None: nobody else is waited for.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        preparers: Preparing,
        store: Tier,
        engine: str,
        config: CompileConfig,
        metrics: Catalogue,
        names: SharedMap | None = None,
        cluster_flight: ClusterFlight | None = None,
    ) -> None:
        self._registry = registry
        self._preparers = preparers
        self._store = store
        self._engine = engine
        self._config = config
        self._metrics = metrics
        self._names = names
        self._cluster_flight = cluster_flight or ClusterFlight((), store.settle)
        self._known: OrderedDict[_Key, str] = OrderedDict()
        self._flight: SingleFlight[_Key, Digest] = SingleFlight()

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._flight.close()

    async def program(self, published: Published, locale: str, channel: str, uses: Sequence[AssetUse]) -> str:
        """The digest of the program that a document needs, as text; it is in the store when this returns.

        Args:
            published: the template.
            locale: one of its locales.
            channel: one of its output channels.
            uses: the assets of the document; those of other slots than texts are not looked at.

        Raises:
            PressrunError: ASSET_INVALID, the template can't show a text; ASSET_UNAVAILABLE, a text left the cache;
                DEADLINE_EXCEEDED, QUEUE_FULL, DRAINING, INTERNAL.
        """
        texts = tuple((use.slot, str(use.prepared)) for use in uses if use.slot in published.texts)
        if not texts:
            return published.programs[program_key(locale, channel)]
        key = (published.info.digest, locale, channel, texts)
        known = self._known.get(key)
        if known is not None and await self._store.locate(Digest.parse(known)) is not None:
            self._known.move_to_end(key)
            return known
        digest = str(await self._flight.run(key, lambda: self._find(published, key, uses)))
        self._known[key] = digest
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return digest

    async def _find(self, published: Published, key: _Key, uses: Sequence[AssetUse]) -> Digest:
        name = "edition " + hashlib.sha256(f"{self._engine}\n{key!r}".encode()).hexdigest()
        found = await self._made(name)
        if found is not None:
            return found
        return await self._cluster_flight.run(
            name, lambda: self._made(name), lambda: self._make(name, published, key, uses)
        )

    async def _made(self, name: str) -> Digest | None:
        """The program that another node has made, if it is whole."""
        record = None if self._names is None else await self._names.get(name)
        try:
            digest = None if record is None else _DIGEST.decode(record)
        except msgspec.MsgspecError:
            return None  # of a node with another version of this code
        return None if digest is None or await self._store.get(digest) is None else digest

    async def _make(self, name: str, published: Published, key: _Key, uses: Sequence[AssetUse]) -> Digest:
        program = await self._compile(published, key, uses)
        digest = Digest.of(program)
        await self._store.put(digest, program)
        if self._names is not None:
            await self._names.put(name, msgspec.msgpack.encode(digest), seconds=_KEEP_SECONDS)
        return digest

    async def _compile(self, published: Published, key: _Key, uses: Sequence[AssetUse]) -> bytes:
        _, locale, channel, texts = key
        wanted = program_key(locale, channel)
        bundle = await self._registry.blob(published.entry.bundle)
        if bundle is None:
            raise PressrunError(
                Reason.INTERNAL,
                f"the files of {published.info.name}@{published.info.version} are missing here; publish it again",
            )
        prepared = {}
        for slot, digest in texts:
            data = await self._store.get(Digest.parse(digest))
            if data is None:
                raise PressrunError(
                    Reason.ASSET_UNAVAILABLE,
                    "an approved text left the cache before the document was composed; send the request again",
                    retry_after=0.0,
                    metadata={"slot": slot},
                )
            prepared[slot] = (digest, TEXT.decode(data))
        payload = msgspec.msgpack.encode(EditionOrder(BUNDLE.decode(bundle), locale, prepared, channel))
        started, result = time.monotonic(), "failed"
        try:
            async with asyncio.timeout(self._config.wait_limit):
                answer = await self._preparers.run(TaskName.EDITION, payload, timeout=self._config.time_limit)
            compiled = COMPILED.decode(answer)
            result = "ok" if wanted in compiled.programs else "invalid"
        except TimeoutError:
            raise PressrunError(
                Reason.DEADLINE_EXCEEDED,
                "the template was not compiled with its approved texts in time; send the request again",
            ) from None
        finally:
            self._metrics.compilations.labels(result).inc()
            self._metrics.compile_seconds.observe(time.monotonic() - started)
        if result != "ok":
            refs = ", ".join(use.descriptor.ref for use in uses if use.slot in prepared)
            wrong = [str(item) for item in compiled.diagnostics if item.severity is Severity.ERROR]
            raise PressrunError(
                Reason.ASSET_INVALID,
                f"the approved text {refs} cannot be shown by this template: {wrong[0] if wrong else 'unknown'}; "
                "change the text, or the template",
                metadata={"ref": refs},
            )
        return compiled.programs[wanted]
