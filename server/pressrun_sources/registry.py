"""The sources of one process by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from pressrun_sources.errors import InvalidReferenceError, SourceError
from pressrun_sources.protocol import Changing, Source, Watched
from pressrun_sources.transport.vitals import Vitals

__all__ = ["Registry"]


class Registry:
    """Finds a source by its name, and checks and closes all of them together."""

    def __init__(self, sources: Mapping[str, Source], *, stand_in: Callable[[str], Source] | None = None) -> None:
        self._sources = dict(sources)
        self._stand_in = stand_in

    def __repr__(self) -> str:
        return f"<Registry {', '.join(self.names()) or 'empty'}>"

    def names(self) -> tuple[str, ...]:
        """The names of the configured sources, sorted."""
        return tuple(sorted(self._sources))

    def completed(self, stand_in: Callable[[str], Source]) -> Registry:
        """These sources, and for every other name one that is made when it is first asked for."""
        return Registry(self._sources, stand_in=stand_in)

    def get(self, name: str) -> Source:
        """The source of that name.

        Raises:
            InvalidReferenceError: there is none; the message lists those that are configured.
        """
        source = self._sources.get(name)
        if source is None and self._stand_in is not None:
            source = self._sources[name] = self._stand_in(name)
        if source is None:
            known = ", ".join(self.names())
            raise InvalidReferenceError(
                name,
                None,
                f"source {name!r} is not configured; "
                + (f"configured are {known}" if known else "none is: set e.g. PRESSRUN_LIBRARY_PATH"),
            )
        return source

    def changing(self) -> Mapping[str, Changing]:
        """Those that can be asked what has changed, and are set up for it."""
        return {
            name: source for name, source in self._sources.items() if isinstance(source, Changing) and source.polled
        }

    def vitals(self) -> Mapping[str, Vitals]:
        """How the ways to the systems do; sources without one are left out."""
        return {name: source.vitals() for name, source in self._sources.items() if isinstance(source, Watched)}

    async def check_all(self) -> Mapping[str, SourceError | None]:
        """Check every source at once: for each name None, or what is wrong."""
        names = self.names()
        found = await asyncio.gather(*(_check(self._sources[name]) for name in names))
        return dict(zip(names, found, strict=True))

    async def close_all(self) -> None:
        """Close every source, also when closing one of them fails; the failures are raised at the end together."""
        outcomes = await asyncio.gather(*(source.close() for source in self._sources.values()), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failures:
            raise ExceptionGroup("sources could not be closed", failures)


async def _check(source: Source) -> SourceError | None:
    try:
        await source.check()
    except SourceError as error:
        return error
    return None
