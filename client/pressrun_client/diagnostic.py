"""What is wrong and where: fields of a request, places in a template bundle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Diagnostic", "Severity", "Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong, and what would be valid.

    Example:
        >>> str(Violation("record.account.iban", "is missing; give the IBAN as a string"))
        'record.account.iban: is missing; give the IBAN as a string'
    """

    field: str
    """Path from the request, e.g. `record.transactions[3].amount`."""
    description: str
    """What is wrong and what would be valid."""

    def __str__(self) -> str:
        return f"{self.field}: {self.description}" if self.field else self.description


class Severity(StrEnum):
    """How much a diagnostic matters.

    Example:
        >>> Severity.ERROR.value
        'error'
    """

    ERROR = "error"
    """The template cannot be published."""
    WARNING = "warning"
    """The template can be published, and probably does not do what its author wants."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something to say about a place in a bundle.

    Example:
        >>> str(Diagnostic(Severity.ERROR, "unknown-property", "no such property", file="a.css", line=3, column=5))
        'a.css:3:5: error: no such property'
    """

    severity: Severity
    """How much it matters."""
    code: str
    """Stable, e.g. `unknown-property`."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What to do."""
    file: str = ""
    """The file of the bundle; empty where it is about the bundle as a whole."""
    line: int = 0
    """Line, from 1; 0 where it is about the whole file."""
    column: int = 0
    """Column, from 1; 0 where it is about the whole line."""

    @property
    def place(self) -> str:
        """`file:line:column`, as far as it is known; `bundle` where no file is."""
        parts = [self.file or "bundle"]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.message}"
