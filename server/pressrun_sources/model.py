"""The words shared by all sources: what an asset is called, which rendition is wanted, what a source says about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, unquote

__all__ = ["FITS", "FORMATS", "Approval", "AssetDescription", "AssetQuery", "AssetRef", "Rendition"]

_SOURCE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_ID = 1024
_EXAMPLE = "cloudinary:statement/banner-premier?type=authenticated"
_PLAIN = "/:@,;+!$'()*"

FITS = ("limit", "fill", "fit", "pad", "scale")
"""How a rendition fills its width and height."""

FORMATS = ("jpg", "png", "webp", "svg", "pdf", "text")
"""The formats a rendition may have; `text` means an asset's own bytes, taken as approved text: no source is asked for
it."""

COLOR_SPACES = ("srgb", "cmyk", "gray")


class Approval(StrEnum):
    """Whether an asset may be used, as its source says."""

    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"
    RETIRED = "retired"
    UNKNOWN = "unknown"
    """The source holds no statement. It is not an approval."""


@dataclass(frozen=True, slots=True, order=True)
class AssetRef:
    """The name of an asset at a source.

    Raises:
        ValueError: a part is empty, too long or holds what a name cannot hold; the text gives a valid example.
    """

    source: str
    """The source's name, e.g. `core-dam`, `cloudinary`, `library`."""
    id: str
    """The id that stays over all versions: original_asset_id, public_id (with slashes), path in the library."""
    qualifiers: tuple[tuple[str, str], ...] = ()
    """What else the source needs to find it, sorted by name, e.g. `(("type", "authenticated"),)`."""

    def __post_init__(self) -> None:
        if not _SOURCE.fullmatch(self.source):
            raise ValueError(
                f"asset ref: {self.source!r} is no source name (lower-case letters, digits, hyphens); e.g. {_EXAMPLE}"
            )
        _check_text("the id", self.id)
        for name, value in self.qualifiers:
            _check_text("a qualifier's name", name)
            _check_text(f"the qualifier {name}", value)
        ordered = tuple(sorted(self.qualifiers))
        if len({name for name, _ in ordered}) < len(ordered):
            raise ValueError(f"asset ref: a qualifier is given twice; e.g. {_EXAMPLE}")
        object.__setattr__(self, "qualifiers", ordered)

    def __str__(self) -> str:
        """The text that `parse` reads back."""
        text = f"{self.source}:{quote(self.id, safe=_PLAIN)}"
        if not self.qualifiers:
            return text
        pairs = (f"{quote(name, safe=_PLAIN)}={quote(value, safe=_PLAIN)}" for name, value in self.qualifiers)
        return f"{text}?{'&'.join(pairs)}"

    @classmethod
    def of(cls, source: str, identifier: str, qualifiers: tuple[tuple[str, str], ...] = ()) -> AssetRef | None:
        """The ref of what a system names in its own words; None where they can be none, so that nobody means it."""
        try:
            return cls(source, identifier, qualifiers)
        except ValueError:
            return None

    @classmethod
    def parse(cls, text: str) -> AssetRef:
        """Read `source:id?name=value&name=value`, percent-encoded where needed.

        Raises:
            ValueError: the text is not an asset ref; the message names what is wrong and a valid example.
        """
        source, colon, rest = text.partition(":")
        if not colon:
            raise ValueError(f"asset ref {text[:80]!r}: the source is missing; write source:id, e.g. {_EXAMPLE}")
        if _BAD_ESCAPE.search(rest):
            raise ValueError(
                f"asset ref {text[:80]!r}: a percent sign must start an escape such as %20 (itself: %25); "
                f"e.g. {_EXAMPLE}"
            )
        identifier, question, query = rest.partition("?")
        try:
            return cls(source, unquote(identifier, errors="strict"), tuple(_pairs(query)) if question else ())
        except UnicodeDecodeError as error:
            raise ValueError(f"asset ref {text[:80]!r}: an escape is not UTF-8; e.g. {_EXAMPLE}") from error

    def qualifier(self, name: str, default: str) -> str:
        """The value of a qualifier, or the default."""
        return next((value for key, value in self.qualifiers if key == name), default)


@dataclass(frozen=True, slots=True)
class Rendition:
    """The technical version that is wanted of an asset; the original has every field None.

    Raises:
        ValueError: a field is out of its range; the message names it and what would be valid.
    """

    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""
    fit: str | None = None
    """One of `FITS`; without it the picture is made no larger than width and height."""
    format: str | None = None
    """One of `FORMATS`; None keeps the asset's own."""
    quality: int | None = None
    """1 to 100."""
    dpi: int | None = None
    """Dots per inch at which a vector is drawn and a raster is tagged."""
    color_space: str | None = None
    """`srgb`, `cmyk` or `gray`."""

    def __post_init__(self) -> None:
        for name, highest in (("width", 100_000), ("height", 100_000), ("quality", 100), ("dpi", 4_800)):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and 1 <= value <= highest):
                raise ValueError(f"rendition.{name}: {value!r} is not a whole number from 1 to {highest}")
        for name, valid in (("fit", FITS), ("format", FORMATS), ("color_space", COLOR_SPACES)):
            value = getattr(self, name)
            if value is not None and value not in valid:
                raise ValueError(f"rendition.{name}: {value!r} is not one of {', '.join(valid)}")

    def key(self) -> str:
        """The canonical text: equal renditions have equal keys, now and in later releases."""
        parts = (
            ("w", self.width),
            ("h", self.height),
            ("fit", self.fit),
            ("f", self.format),
            ("q", self.quality),
            ("dpi", self.dpi),
            ("cs", self.color_space),
        )
        return ",".join(f"{name}={value}" for name, value in parts if value is not None) or "original"


@dataclass(frozen=True, slots=True)
class AssetQuery:
    """A choice by metadata: the source answers with one asset that meets every criterion.

    Raises:
        ValueError: there is no criterion, one is empty, or one is given twice.
    """

    source: str
    criteria: tuple[tuple[str, str], ...]
    """Metadata name and value, all of which must hold; kept sorted, so that equal queries are equal."""
    locale: str | None = None
    """Only assets in this language; the fallback along a locale's chain is the caller's."""

    def __post_init__(self) -> None:
        if not self.criteria:
            raise ValueError("asset query: there is no criterion; give at least one, e.g. segment=premier")
        for name, value in self.criteria:
            _check_text("a criterion's name", name)
            _check_text(f"the criterion {name}", value)
        ordered = tuple(sorted(self.criteria))
        if len({name for name, _ in ordered}) < len(ordered):
            raise ValueError("asset query: a criterion is given twice; all must hold, so give each once")
        object.__setattr__(self, "criteria", ordered)

    def __str__(self) -> str:
        """For messages: the source and its criteria."""
        pairs = " and ".join(f"{name}={value}" for name, value in self.criteria)
        return f"{pairs} in {self.locale}" if self.locale else pairs


@dataclass(frozen=True, slots=True)
class AssetDescription:
    """What a source says about an asset at one moment.

    Times are aware and in UTC, or in `describing.DAY` where only a day is known.
    """

    ref: AssetRef
    asset_id: str
    """The source's id of this version, or of the asset where versions have none."""
    version: str
    """Changes whenever the bytes do."""
    etag: str | None
    media_type: str | None
    size: int | None
    """Bytes of the original."""
    width: int | None
    height: int | None
    approval: Approval
    rights_from: datetime | None
    """The first moment at which it may be used; None: no limit."""
    rights_until: datetime | None
    """The first moment at which it may no longer be used; None: no limit."""
    territories: tuple[str, ...]
    """Where it may be used; empty: no limit is stated."""
    locale: str | None
    deleted: bool
    name: str
    attributes: tuple[tuple[str, str], ...] = field(default=())
    """Further mapped metadata; a field with several values appears once for each."""
    fresh_until: datetime | None = field(default=None, compare=False)
    """Until when the system itself says that it need not be asked again (RFC 9111); None: it says nothing."""
    stale_until: datetime | None = field(default=None, compare=False)
    """Until when, as the system says, the bytes may still be used while it cannot be asked (RFC 5861); None: it says
    nothing. Never a permission to pass over approval or rights."""


def _check_text(what: str, text: str) -> None:
    if not text:
        raise ValueError(f"asset ref: {what} is empty; e.g. {_EXAMPLE}")
    if len(text) > _MAX_ID:
        raise ValueError(f"asset ref: {what} is longer than {_MAX_ID} characters")
    if _CONTROL.search(text) or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"asset ref: {what} holds a control character or half a character; e.g. {_EXAMPLE}")


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"asset ref: the qualifier {part[:40]!r} has no value; write name=value, e.g. {_EXAMPLE}")
        yield unquote(name, errors="strict"), unquote(value, errors="strict")
