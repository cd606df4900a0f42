"""What went into a document and what came out: the proof that is kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pressrun_client.models.decision import LocalisationGap, SlotDecision
from pressrun_client.models.email import EmailOptions
from pressrun_client.models.image import ImageOptions
from pressrun_client.models.press import PrintOptions
from pressrun_client.models.vocabulary import OutputChannel, OutputFormat, TextAlphabet

__all__ = [
    "AssetPin",
    "Attachment",
    "CacheUse",
    "Digest",
    "FontPin",
    "Manifest",
    "Pins",
    "RenderWarning",
    "TextLength",
    "Timings",
]


@dataclass(frozen=True, slots=True)
class Digest:
    """The name of some bytes: what they hash to and how many there are.

    Example:
        >>> Digest("e3b0c442…", 0).size
        0
    """

    sha256: str
    """SHA-256, 64 lower-case hexadecimal digits."""
    size: int
    """Number of bytes."""


@dataclass(frozen=True, slots=True)
class AssetPin:
    """An asset as it went into a document, precise enough to use the same bytes again.

    Example:
        >>> AssetPin(slot="logo", ref="core-dam:7f20", digest=Digest("ab…", 9)).slot
        'logo'
    """

    slot: str
    """The slot of the template."""
    ref: str
    """The asset ref, e.g. `cloudinary:statement/banner-premier`."""
    digest: Digest
    """The bytes that the source gave."""
    asset_id: str = ""
    """The source's id of this version of the asset."""
    version: str = ""
    """The source's version."""
    rendition: str = ""
    """The rendition that was asked for, in canonical form, e.g. `w2000,fjpg,q85`."""
    media_type: str = ""
    """The media type of those bytes."""
    approval: str = ""
    """What the source said of the approval at the moment of use."""
    rights_until: datetime | None = None
    """The end of the right of use, where the source knows one."""
    etag: str = ""
    """The source's entity tag of this version, where it gives one."""
    hosted_url: str = ""
    """Where the source's system shows the rendition, if the document was to know it."""
    hosted_video: str = ""
    """Where it shows the video of which the rendition is a still."""


@dataclass(frozen=True, slots=True)
class FontPin:
    """A font that went into a document.

    Example:
        >>> FontPin("FiraGO Bold", "9c…").name
        'FiraGO Bold'
    """

    name: str
    """Family and style."""
    sha256: str
    """SHA-256 of the font file."""


@dataclass(frozen=True, slots=True)
class Pins:
    """Everything that decides a document's bytes beside its record; present them to get the same bytes again.

    Example:
        Render once, and years later the same bytes::

            first = await client.render("statement@1", record)
            again = await client.render("statement@1", record, pins=first.manifest.pins)
            assert again.content == first.content
    """

    template_digest: str = ""
    """The template's digest."""
    engine_digest: str = ""
    """The engine's digest: code, libraries and data that can change the bytes."""
    assets: tuple[AssetPin, ...] = ()
    """The assets used."""
    fonts: tuple[FontPin, ...] = ()
    """The fonts used."""
    as_of: datetime | None = None
    """The moment that the document speaks of."""
    locale: str = ""
    """The locale used, after fallback."""
    attached_assets: tuple[AssetPin, ...] = ()
    """The assets used in the PDF that is attached to an e-mail."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent on a document, by phase.

    Example:
        >>> round(Timings(queue=0.001, compose=0.002).total, 6)
        0.003
    """

    queue: float = 0.0
    """Waiting for admission and for a free composer."""
    compile: float = 0.0
    """Finding and, where needed, compiling the template."""
    select: float = 0.0
    """Decoding and validating the record and choosing the assets."""
    resolve: float = 0.0
    """Getting the assets, prepared."""
    compose: float = 0.0
    """Binding, laying out and emitting in the composer."""
    compose_cpu: float = 0.0
    """CPU time of the composer for this document."""
    raster: float = 0.0
    """Making pictures of its pages, where they were asked for."""

    @property
    def total(self) -> float:
        """The time on the node."""
        return self.queue + self.compile + self.select + self.resolve + self.compose + self.raster


@dataclass(frozen=True, slots=True)
class RenderWarning:
    """Something about a finished document that its owner may want to know.

    Example:
        >>> RenderWarning("MISSING_GLYPH", "No font has U+1F600.", "statement.html:41:9").code
        'MISSING_GLYPH'
    """

    code: str
    """Stable, upper-case."""
    message: str
    """What happened and what to do about it."""
    place: str = ""
    """A place in the template."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with an e-mail.

    Example:
        >>> Attachment("statement-57.pdf", "application/pdf", Digest("ab…", 9), pages=2).name
        'statement-57.pdf'
    """

    name: str
    """Its name, as the template says."""
    media_type: str
    """Its media type."""
    document: Digest
    """Its bytes, as they are when it is decoded."""
    pages: int
    """Number of pages."""


@dataclass(frozen=True, slots=True)
class TextLength:
    """How long a text is as a short message (3GPP TS 23.038, 23.040).

    Example:
        >>> TextLength(TextAlphabet.GSM7, characters=161, units=161, segments=2).segments
        2
    """

    alphabet: TextAlphabet
    """The alphabet that it needs."""
    characters: int
    """Characters."""
    units: int
    """Septets, or units of 16 bits."""
    segments: int
    """Messages that it is sent in: one has 160 septets or 70 units, each of several 153 or 67."""


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How the assets of a document were found.

    Example:
        >>> CacheUse(memory_hits=3, source_fetches=1).hit_ratio
        0.75
    """

    memory_hits: int = 0
    """Assets found in the memory of the node."""
    disk_hits: int = 0
    """Assets found on the disk of the machine."""
    source_fetches: int = 0
    """Assets fetched from their source."""
    shared_hits: int = 0
    """Assets found in a tier that nodes share: Redis, or a bucket."""

    @property
    def hit_ratio(self) -> float:
        """The part that no source was asked for; 1.0 for a document without assets."""
        hits = self.memory_hits + self.disk_hits + self.shared_hits
        total = hits + self.source_fetches
        return 1.0 if total == 0 else hits / total


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What went into a document and what came out.

    Example:
        Keep the proof beside the document::

            document = await client.render("statement@1", record)
            print(document.manifest.template_version, document.manifest.document.sha256)
    """

    request_id: str
    """The request's id."""
    template_name: str
    """The template's name."""
    template_version: str
    """The template's version."""
    pins: Pins
    """What decided the bytes."""
    record: Digest
    """The record's bytes as the node received them."""
    document: Digest
    """The document."""
    pages: int
    """Number of pages."""
    output_channel: OutputChannel
    """The output channel."""
    output_format: OutputFormat
    """The file format."""
    media_type: str
    """The media type."""
    finished_at: datetime | None
    """When the document was finished."""
    timings: Timings
    """Time by phase."""
    warnings: tuple[RenderWarning, ...]
    """What its owner may want to know."""
    tenant: str
    """The tenant."""
    communication_id: str
    """The caller's id of the communication."""
    attributes: Mapping[str, str]
    """The attributes of the request, without the customer reference."""
    decisions: tuple[SlotDecision, ...] = ()
    """How each slot came by what is in it."""
    localisation_gaps: tuple[LocalisationGap, ...] = ()
    """What is not there in the locale that was asked for."""
    requested_locale: str = ""
    """The locale that was asked for; empty: the template's default."""
    image: ImageOptions | None = None
    """How pages were made into pictures; `pages` counts pictures then."""
    print_options: PrintOptions | None = None
    """What a printer wanted; `pages` counts sides of sheets then."""
    output_profile: Digest | None = None
    """The profile of the printing condition that was asked for."""
    email: EmailOptions | None = None
    """What was asked for of an e-mail."""
    text: TextLength | None = None
    """How long a text is, where the format is TEXT."""
    attachment: Attachment | None = None
    """The PDF that comes with an e-mail."""
