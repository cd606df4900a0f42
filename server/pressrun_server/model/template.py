"""What the front must know about a published template: names, schema, slots, locales; and where its programs are."""

from __future__ import annotations

import msgspec

from pressrun_server.model.diagnostic import Diagnostic
from pressrun_server.model.expression import Expression
from pressrun_server.model.locale import LocaleData
from pressrun_server.model.policy import Policy

__all__ = ["CompiledTemplate", "FontUse", "RenditionSpec", "Requirement", "Slot", "SlotRule", "TemplateInfo"]


class FontUse(msgspec.Struct, frozen=True):
    """A font that a template uses."""

    name: str
    """Family and style, e.g. `FiraGO Bold`."""
    sha256: str
    """Of the font file."""


class RenditionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The technical version of an asset that an output channel wants; the fields of pressrun_sources' Rendition."""

    width: int | None = None
    height: int | None = None
    fit: str | None = None
    format: str | None = None
    quality: int | None = None
    dpi: int | None = None
    color_space: str | None = None


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an asset must have to be used."""

    approval: str = "approved"
    """The least approval: `approved`, or `any`."""
    rights: bool = True
    """Whether the right of use must cover the document's `as_of`."""


class SlotRule(msgspec.Struct, frozen=True):
    """Chooses `ref` where `when` holds."""

    ref: str
    when: Expression | None = None


class Slot(msgspec.Struct, frozen=True):
    """A named place that needs an asset; the first rule that matches chooses it."""

    name: str
    rules: tuple[SlotRule, ...]
    require: Requirement
    renditions: dict[str, RenditionSpec]
    """By output channel."""
    otherwise: str
    """`fail`, `omit`, or the asset ref of the fallback."""


class TemplateInfo(msgspec.Struct, frozen=True):
    """A published template as the front sees it."""

    name: str
    version: str
    digest: str
    """SHA-256 of the bundle: of its sorted paths and contents."""
    channels: tuple[str, ...]
    locales: tuple[str, ...]
    default_locale: str
    schema: bytes
    """JSON Schema of the record, as JSON text."""
    slots: tuple[Slot, ...]
    fonts: tuple[FontUse, ...]
    samples: tuple[str, ...]
    """Paths of the sample records in the bundle."""
    locale_data: LocaleData
    """Of the default locale, for filters in slot rules."""
    policy: Policy = Policy()


class CompiledTemplate(msgspec.Struct, frozen=True):
    """What compiling a bundle gives. `info` is None where there are errors."""

    diagnostics: tuple[Diagnostic, ...]
    info: TemplateInfo | None = None
    programs: dict[str, bytes] = {}
    """Encoded program by locale."""
