"""Puts the configured sources together; the one place that knows all connectors."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun_sources.cloudinary.source import CloudinarySource
from pressrun_sources.config import SourcesConfig
from pressrun_sources.core_dam.source import CoreDamSource
from pressrun_sources.http.source import HttpSource
from pressrun_sources.iconik.source import IconikSource
from pressrun_sources.library.source import LibrarySource
from pressrun_sources.protocol import Source
from pressrun_sources.registry import Registry
from pressrun_sources.smintio.source import SmintioSource
from pressrun_sources.transport.observer import Observer, ignore
from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.timing import Timing

__all__ = ["build_registry"]


def build_registry(
    config: SourcesConfig,
    observer: Observer = ignore,
    timing: Timing | None = None,
    *,
    more: Sequence[Source] = (),
    pauses: Pauses | None = None,
) -> Registry:
    """A registry of every source that is configured; nothing is connected before the first call.

    Args:
        config: the settings.
        observer: hears of each request to a source.
        timing: clocks, pause and dice; the machine's without it.
        more: sources that are the caller's own.
        pauses: rate limits that other processes were told of; None: each process is on its own.
    """
    sources: list[Source] = list(more)
    if config.library is not None:
        sources.append(LibrarySource(config.library, config.transport, observer, timing))
    if config.core_dam is not None:
        sources.append(CoreDamSource(config.core_dam, config.transport, observer, timing, pauses=pauses))
    if config.cloudinary is not None:
        sources.append(CloudinarySource(config.cloudinary, config.transport, observer, timing, pauses=pauses))
    if config.iconik is not None:
        sources.append(IconikSource(config.iconik, config.transport, observer, timing, pauses=pauses))
    if config.http is not None:
        sources.append(HttpSource(config.http, config.transport, observer, timing, pauses=pauses))
    if config.smintio is not None:
        sources.append(SmintioSource(config.smintio, config.transport, observer, timing, pauses=pauses))
    return Registry({source.name: source for source in sources})
