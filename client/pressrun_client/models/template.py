"""Templates as a node knows them, and what it says of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

from pressrun_client.diagnostic import Diagnostic, Severity, Violation
from pressrun_client.errors import InvalidRequestError
from pressrun_client.models.manifest import FontPin
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["CheckResult", "PublishedTemplate", "SlotInfo", "TemplateInfo", "TemplateRef"]


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """Names a published template by name, with or without version, or by digest.

    Example:
        >>> TemplateRef.parse("statement@3")
        TemplateRef(name='statement', version='3', digest='')
        >>> str(TemplateRef("statement"))
        'statement'
    """

    name: str = ""
    """The `name` of template.yaml."""
    version: str = ""
    """The `version` of template.yaml; empty means the version published last on the node."""
    digest: str = ""
    """SHA-256 of the bundle."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `name` or `name@version`.

        Raises:
            InvalidRequestError: the text is neither.
        """
        return cls(*_split(text))

    def __str__(self) -> str:
        if not self.name:
            return f"sha256:{self.digest}"
        return f"{self.name}@{self.version}" if self.version else self.name


@lru_cache(maxsize=256)
def _split(text: str) -> tuple[str, str]:
    name, at, version = text.strip().partition("@")
    if not name or (at and not version) or "@" in version or not text.isprintable():
        fault = Violation("template", f"{text!r} is no template; write `name` or `name@version`, e.g. statement@3")
        raise InvalidRequestError("The template is not named.", reason="INVALID_REQUEST", violations=(fault,))
    return name, version


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """A slot of a template.

    Example:
        >>> SlotInfo("logo", ("core-dam:7f20",)).refs
        ('core-dam:7f20',)
    """

    name: str
    """The slot's name."""
    refs: tuple[str, ...] = ()
    """All asset refs that its rules can choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateInfo:
    """A published template.

    Example:
        Show what a node offers::

            async for info in client.templates():
                print(info.ref, *info.locales)
    """

    ref: TemplateRef
    """Name, version and digest."""
    locales: tuple[str, ...] = ()
    """The locales it has strings for."""
    default_locale: str = ""
    """The locale that requests without one get."""
    output_channels: tuple[OutputChannel, ...] = ()
    """The output channels it offers."""
    record_schema_json: str = ""
    """The JSON Schema of the record, as JSON text."""
    slots: tuple[SlotInfo, ...] = ()
    """Its slots."""
    fonts: tuple[FontPin, ...] = ()
    """The fonts it uses."""
    published_at: datetime | None = None
    """When it was published first, on the node or one that shares its templates with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTemplate(TemplateInfo):
    """A template that was just published.

    Example:
        Publish a folder, then render with what was published::

            published = await client.publish("templates/statement")
            document = await client.render(published.ref, record)
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings."""
    created: bool = True
    """False where the same bundle had been published before."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything there is to say about a bundle.

    Example:
        >>> CheckResult(diagnostics=()).ok
        True
    """

    diagnostics: tuple[Diagnostic, ...]
    """Errors first, then by file and place."""
    template: TemplateInfo | None = None
    """The template as it would be published; None where there are errors."""

    @property
    def ok(self) -> bool:
        """Whether the bundle can be published."""
        return all(diagnostic.severity is not Severity.ERROR for diagnostic in self.diagnostics)
