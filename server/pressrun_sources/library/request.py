"""One request to the library: translates its errors and reports it once at its end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pressrun_sources.errors import SourceError
from pressrun_sources.library.errors import error_for
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.observer import Observer
from pressrun_sources.transport.timing import Timing

__all__ = ["Request"]


@dataclass(slots=True)
class Request:
    """From its making to `finish`."""

    source: str
    ref: AssetRef | None
    observer: Observer
    timing: Timing
    received: int = 0
    _begun: float = field(init=False)
    _ended: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._begun = self.timing.monotonic()

    def finish(self, outcome: str) -> None:
        """Report. Only the first call does something."""
        if not self._ended:
            self._ended = True
            self.observer(self.source, outcome, self.timing.monotonic() - self._begun, self.received)

    @contextmanager
    def translated(self) -> Generator[None, None, None]:
        """Around work with files: its failures end the request.

        Raises:
            SourceError: the work failed.
        """
        try:
            yield
        except (OSError, ValueError) as error:
            failure = error_for(self.source, self.ref, error)
            self.finish(failure.kind)
            raise failure from error
        except SourceError as error:
            self.finish(error.kind)
            raise
        except BaseException:
            self.finish("cancelled")
            raise
