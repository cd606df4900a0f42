"""What the front must know about a published template: names, schema, slots, locales; and where its programs are."""

from __future__ import annotations

import msgspec

from pressrun_server.model.diagnostic import Diagnostic
from pressrun_server.model.expression import Expression
from pressrun_server.model.locale import LocaleData
from pressrun_server.model.policy import Policy

__all__ = [
    "CompiledTemplate",
    "FontUse",
    "RenditionSpec",
    "Requirement",
    "Slot",
    "SlotQuery",
    "SlotRule",
    "TemplateInfo",
    "program_key",
]


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
    hosted: bool = False
    """Whether a page or message links to it where its system shows it to everybody, instead of holding it."""
    screen: bool = False
    """Whether it is made into a file for screens, and not into objects of PDF; the template's compiler says so."""
    mail: bool = False
    """Whether it is for mail clients, which show no drawings and may put what is transparent on black."""


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an asset must have to be used."""

    approval: str = "approved"
    """The least approval: `approved`, or `any`."""
    rights: bool = True
    """Whether the right of use must cover the document's `as_of`."""
    territory: bool = True
    """Whether it must cover the document's territory, where the asset states territories."""
    channel: bool = True
    """Whether it must cover the output channel, where the asset states channels."""
    licences: tuple[str, ...] = ()
    """The licences of which it must have one; empty: any, or none."""
    tags: tuple[str, ...] = ()
    """What it must have been checked for, all of it."""


class SlotQuery(msgspec.Struct, frozen=True):
    """Asks a source for assets by their metadata."""

    source: str
    criteria: tuple[tuple[str, tuple[str | Expression, ...]], ...]
    """Names, each with the literal parts and expressions of its value."""
    localised: bool = False
    """Whether the assets are in a language, so that each locale of the chain is asked for."""
    text: str = ""
    """As the template has it, for messages."""


class SlotRule(msgspec.Struct, frozen=True):
    """Chooses `ref`, a variant of `locales`, or what `query` finds, where `when` holds."""

    ref: str = ""
    when: Expression | None = None
    text: str = ""
    """`when` as the template has it."""
    locales: tuple[tuple[str, str], ...] = ()
    """Asset refs by locale; `default` is the one for all others."""
    query: SlotQuery | None = None

    def refs(self) -> tuple[str, ...]:
        """All asset refs that it can choose without asking a source."""
        return (self.ref,) if self.ref else tuple(ref for _, ref in self.locales)


class Slot(msgspec.Struct, frozen=True):
    """A named place that needs an asset; the first rule that matches chooses it."""

    name: str
    rules: tuple[SlotRule, ...]
    require: Requirement
    renditions: dict[str, RenditionSpec]
    """By output channel."""
    otherwise: str
    """`fail`, `omit`, or the asset ref of the fallback."""
    text: bool = False
    """Whether it takes approved text, or a brand's tokens, and no picture."""
    tokens: str = ""
    """Path of the file in the bundle that says which tokens it takes, if it takes a brand's."""
    territory: Expression | None = None
    """Gives the territory of a document; None: the country of its jurisdiction, else that of its locale."""


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
    whole: tuple[str, ...] = ()
    """Lists of the record that are needed as a whole, so that their rows cannot arrive; names with dots between."""
    attach: bool = False
    """Whether its PDF comes with its e-mail where a request says nothing of it."""
    summary: bool = False
    """Whether it has a text for short messages."""


def program_key(locale: str, channel: str) -> str:
    """What a template's program of a locale and an output channel is called; those of PDF go by the locale alone."""
    return locale if channel == "print" else f"{locale};{channel}"


class CompiledTemplate(msgspec.Struct, frozen=True):
    """What compiling a bundle gives. `info` is None where there are errors."""

    diagnostics: tuple[Diagnostic, ...]
    info: TemplateInfo | None = None
    programs: dict[str, bytes] = {}
    """Encoded program by `program_key`."""
