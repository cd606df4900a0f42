"""Collects everything there is to say about a bundle, so that an author hears it all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pressrun_server.model.diagnostic import Diagnostic, Severity

__all__ = ["Diagnostics", "Place", "closest"]

_MOST = 200


class Place:
    """A place in a file of the bundle; line and column count from 1."""

    __slots__ = ("column", "file", "line")

    def __init__(self, file: str, line: int = 0, column: int = 0) -> None:
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


class Diagnostics:
    """The diagnostics of one compilation."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}

    def error(self, code: str, place: Place, message: str, hint: str = "") -> None:
        """Record something that keeps the template from being published."""
        self._add(Severity.ERROR, code, place, message, hint)

    def warning(self, code: str, place: Place, message: str, hint: str = "") -> None:
        """Record something that probably is not what the author wants."""
        self._add(Severity.WARNING, code, place, message, hint)

    def _add(self, severity: Severity, code: str, place: Place, message: str, hint: str) -> None:
        if len(self._found) < _MOST:
            self._found[Diagnostic(severity, code, message, hint, place.file, place.line, place.column)] = None

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return any(item.severity is Severity.ERROR for item in self._found)

    def all(self) -> tuple[Diagnostic, ...]:
        """Errors first, then by file and place."""
        return tuple(
            sorted(
                self._found, key=lambda item: (item.severity is not Severity.ERROR, item.file, item.line, item.column)
            )
        )


def closest(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """A hint that names the nearest known word, or the known words where none is near."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return otherwise or (f"known here: {', '.join(words)}" if words else "")
