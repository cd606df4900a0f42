"""Assets as a node knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pressrun_client.errors import RenderError
from pressrun_client.models.manifest import Digest

__all__ = [
    "AssetDescriptor",
    "AssetOutcome",
    "KeptContent",
    "LicenceOutcome",
    "Missing",
    "Rendition",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The technical version of an asset; zero and empty mean the asset's own.

    Example:
        >>> Rendition(width=2000, format="jpg", quality=85).width
        2000
    """

    width: int = 0
    """Width in pixels."""
    height: int = 0
    """Height in pixels."""
    fit: str = ""
    """How the asset is fitted into width and height: `limit`, `fill`, `fit`, `pad` or `scale`."""
    format: str = ""
    """The format: `jpg`, `png`, `webp`, `svg` or `pdf`; `text` for approved text, as `<pr-content>` takes it."""
    quality: int = 0
    """JPEG quality, 1 to 100."""
    dpi: int = 0
    """Resolution in dots per inch."""
    color_space: str = ""
    """The colour space: `srgb`, `cmyk` or `gray`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDescriptor:
    """What is known about one rendition of an asset.

    Example:
        See until when a banner may be used::

            for descriptor in await client.describe_asset("cloudinary:statement/banner-premier"):
                print(descriptor.version, descriptor.approval, descriptor.rights_until)
    """

    ref: str
    """The asset ref."""
    rendition: Rendition
    """The rendition."""
    digest: Digest
    """The bytes."""
    asset_id: str = ""
    """The source's id of this version."""
    version: str = ""
    """The source's version."""
    etag: str = ""
    """The source's entity tag, where it gives one."""
    media_type: str = ""
    """The media type, found from the bytes."""
    width: int = 0
    """Width in pixels."""
    height: int = 0
    """Height in pixels."""
    approval: str = ""
    """What the source says of the approval, e.g. `approved`."""
    rights_from: datetime | None = None
    """Start of the right of use, where the source knows one."""
    rights_until: datetime | None = None
    """End of the right of use, where the source knows one."""
    territories: tuple[str, ...] = ()
    """Territories that the rights are for; empty for all."""
    locale: str = ""
    """The locale of the asset, where the source knows one."""
    fetched_at: datetime | None = None
    """When the source was asked."""
    fresh_until: datetime | None = None
    """Until when the answer is used without asking again."""
    regulated: bool = False
    """Whether its source says that it is regulated: then it is used only while the node holds a lease on it."""
    hosted_url: str = ""
    """Where the source's system shows the rendition to everybody, if that was asked for and it does."""


@dataclass(frozen=True, slots=True)
class LicenceOutcome:
    """What came of a wish to use an asset for a run.

    Example:
        >>> LicenceOutcome("smintio:12:image:2001", granted=False, limit=500, used=480, held=20).granted
        False
    """

    ref: str
    """The asset ref as it was asked for."""
    granted: bool
    """Whether the run holds what it wished for; where not, it holds what it held before."""
    limit: int | None = None
    """Documents that the licence allows in all; None: any number, and nothing is held."""
    used: int = 0
    """Documents that were counted so far."""
    held: int = 0
    """Uses that runs hold and have not made yet, this one's among them."""
    error: RenderError | None = None
    """Why the asset cannot be used."""


@dataclass(frozen=True, slots=True)
class AssetOutcome:
    """What became of one asset: a descriptor or an error, never both.

    Example:
        Find out what is missing before a run::

            for outcome in await client.prefetch("statement@1"):
                if outcome.error is not None:
                    print(outcome.ref, outcome.error)
    """

    ref: str
    """The asset ref as it was asked for."""
    descriptor: AssetDescriptor | None = None
    """The asset, where it is here."""
    error: RenderError | None = None
    """Why it is not."""
    found_in: str = ""
    """Where it was found: `memory`, `disk`, `redis`, `s3` or `source`."""

    @property
    def ok(self) -> bool:
        """Whether the asset is here."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Missing:
    """What a node does not hold, of what it was asked for.

    Example:
        >>> bool(Missing()), bool(Missing(refs=("library:logo.png",)))
        (False, True)
    """

    refs: tuple[str, ...] = ()
    """The asset refs."""
    digests: tuple[Digest, ...] = ()
    """The blobs."""

    def __bool__(self) -> bool:
        return bool(self.refs or self.digests)


@dataclass(frozen=True, slots=True)
class KeptContent:
    """The version that came of pushed content.

    Example:
        >>> KeptContent("pushed:terms/card", "3", Digest("ab", 2), "text/html", created=True).version
        '3'
    """

    ref: str
    """The asset ref by which templates use it."""
    version: str
    """The version."""
    digest: Digest
    """The bytes."""
    media_type: str
    """Found from the bytes."""
    created: bool
    """False where the newest version was the same already."""
