"""What systems are told of the use of their assets. Declared for whoever delivers it: no source takes any yet.

A source that can take one of these has the protocol's method, and `isinstance` says so; what a system has no place for,
it does not have. Where the reports go is seldom documented: in iconik usage goes to `stats/v1/assets` and the asset's
history, a status to a metadata field, a package becomes an asset of its own; Core DAM and Cloudinary have metadata
fields alone, and Smint.io an interface that a site installs. Which field that is will be a setting of the mapping.

Reports are sent outside the rendering path, and again where nobody knows whether they came: each carries a `key`, and
the same key twice counts once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pressrun_sources.model import AssetRef

__all__ = ["Archiving", "Package", "Standing", "StandingReport", "TakesStanding", "TakesUsage", "Usage"]

_SHA256 = 64
"""Hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a version of an asset was used for one purpose in one period; counts of several reports add up.

    Raises:
        ValueError: it has no key, counts nothing, or names a moment without a zone or an end before its begin.
    """

    key: str
    """Names this report, of all of all times."""
    ref: AssetRef
    asset_id: str
    """As `AssetDescription.asset_id`: the version, or the asset where versions have no ids."""
    version: str
    count: int
    """Documents."""
    first_used: datetime
    last_used: datetime
    channel: str = ""
    """`print`, `email`, `web` or `mobile`."""
    communication_type: str = ""
    campaign: str = ""
    segment: str = ""
    region: str = ""
    """ISO 3166, where the recipients are."""
    licence: str = ""
    """The licence's own id, where its volume is reconciled."""

    def __post_init__(self) -> None:
        _check_report(self.key, self.first_used, self.last_used)
        if self.count < 1:
            raise ValueError(f"usage.count: {self.count} is not a number of documents from 1 on")
        if self.last_used < self.first_used:
            raise ValueError(f"usage.last_used: {self.last_used} is before first_used, {self.first_used}")


class Standing(StrEnum):
    """What an asset is to communications; no system decides that by itself."""

    USED = "used"
    SUPERSEDED = "superseded"
    """Templates use another one in its place."""
    RETIRED = "retired"
    """Nothing uses it any more."""
    REPLACEMENT_REQUESTED = "replacement-requested"
    """It has to be replaced: its rights end, or it was refused."""


@dataclass(frozen=True, slots=True)
class StandingReport:
    """That an asset's standing changed.

    Raises:
        ValueError: it has no key, a moment without a zone, or names what came in its place although nothing did.
    """

    key: str
    ref: AssetRef
    asset_id: str
    version: str
    standing: Standing
    at: datetime
    reason: str = ""
    """For people, in the words of who decided; never of a customer."""
    replaced_by: AssetRef | None = None
    """With `SUPERSEDED`: by what."""

    def __post_init__(self) -> None:
        _check_report(self.key, self.at)
        if self.replaced_by is not None and self.standing is not Standing.SUPERSEDED:
            raise ValueError(f"standing_report.replaced_by: only what is superseded has it, this is {self.standing}")


@dataclass(frozen=True, slots=True)
class Package:
    """A finished package that a system is to keep: a document or a run, with what went into it.

    Raises:
        ValueError: it has no key, no bytes, or a digest that is no SHA-256.
    """

    key: str
    name: str
    """A file's name, e.g. `letters-2026-10.pdf`."""
    media_type: str
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal, in small letters."""
    manifest: bytes
    """JSON: what went into it, assets with ids and versions among it."""
    assets: tuple[AssetRef, ...]
    """Those of the same system that are in it, to be related with it."""
    chunks: Callable[[], AsyncIterator[bytes]]
    """Gives the bytes, from the first one on each time that it is called."""

    def __post_init__(self) -> None:
        _check_report(self.key)
        if self.size < 1:
            raise ValueError(f"package.size: {self.size} is not a number of bytes from 1 on")
        if len(self.sha256) != _SHA256 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError(f"package.sha256: {self.sha256[:80]!r} is not 64 hexadecimal digits in small letters")


@runtime_checkable
class TakesUsage(Protocol):
    """A source whose system keeps how its assets are used."""

    async def report_usage(self, reports: Sequence[Usage]) -> None:
        """Tell of uses; all are taken when it returns. Told again, those that were taken count once.

        Raises:
            NotFoundError: an asset has gone since; the error names it, and none of the others was lost.
            DeniedError: this service may not write there.
            SourceError: as the methods of `Source` do.
        """
        ...


@runtime_checkable
class TakesStanding(Protocol):
    """A source whose system keeps what its assets are to communications."""

    async def report_standing(self, report: StandingReport) -> None:
        """Tell of a standing; an older report that comes later changes nothing.

        Raises:
            NotFoundError: the asset has gone since.
            DeniedError: this service may not write there.
            SourceError: as the methods of `Source` do.
        """
        ...


@runtime_checkable
class Archiving(Protocol):
    """A source whose system can hold a finished package."""

    async def archive(self, package: Package) -> AssetRef:
        """Keep a package; what it is called there. One that is there already, by its key, is not kept twice.

        Raises:
            TooLargeError: the system does not take so many bytes.
            DeniedError: this service may not write there.
            SourceError: as the methods of `Source` do.
        """
        ...


def _check_report(key: str, *moments: datetime) -> None:
    if not key:
        raise ValueError("key: is empty; a report without one would count twice when it is sent again")
    for moment in moments:
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no zone; give an aware moment, e.g. in UTC")
