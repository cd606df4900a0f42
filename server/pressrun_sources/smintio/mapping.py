"""Which fields of a Smint.io tenant mean what, and what the keys of licence terms mean here.

Documented: the keys of licence terms. Inferred: everything below. `fields` are dotted paths into an asset, whatever the
case. CLAPI-C's paths are not public: those below are proposals, and the owner of a tenant has to fill in the real ones.

```yaml
fields: {approval: rawData.approvalStatus, language: fileMetadata.language, region: rawData.region,
         licence: rawData.licenceTransaction}
approved: [approved]
attributes: {segment: rawData.segment, campaign: rawData.campaign, compliance: rawData.compliance}
criteria: {segment: segment}             # our name: id of a filter of the search page
download_item: Original
body_encoding: array                     # or string: the list once more as a JSON text, as one guide has it
poll_seconds: 5                          # between two looks at a background task; at least 1
licences: {path: /sync/licensePurchaseTransactions, sync_seconds: 60, limit: 10, purpose: marketing, industry: ""}
hosted: {picture: largeThumbnailUrl, video: playbackLargeUrl}   # fields with addresses that everybody can open
territories: {europe_any: [DE, FR], europe_germany: [DE]}
channels: {channel_email: [email]}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pressrun_sources.shape import Section

__all__ = ["SmintioMapping", "parse_mapping"]

_EUROPE = (
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip


def _attributes() -> Mapping[str, str]:
    names = ("segment", "campaign", "compliance", "product")
    return {name: f"rawData.{name}" for name in names}


def _criteria() -> Mapping[str, str]:
    return {"segment": "segment", "campaign": "campaign", "compliance": "compliance"}


def _territories() -> Mapping[str, tuple[str, ...]]:
    return {"europe_any": _EUROPE, "europe_germany": ("DE",), "north_america_united_states": ("US",)}


def _channels() -> Mapping[str, tuple[str, ...]]:
    return {
        "channel_email": ("email",),
        "channel_print": ("print",),
        "media_print": ("print",),
        "channel_web": ("web",),
        "channel_digital": ("email", "web", "mobile"),
    }


@dataclass(frozen=True, slots=True)
class SmintioMapping:
    """The meaning of fields and keys."""

    approval: str = "rawData.approvalStatus"
    language: str = "fileMetadata.language"
    region: str = "rawData.region"
    licence: str = "rawData.licenceTransaction"
    """The uuid of the licence purchase transaction; empty in an asset: it needs no licence."""
    approved: tuple[str, ...] = ("approved",)
    attributes: Mapping[str, str] = field(default_factory=_attributes)
    criteria: Mapping[str, str] = field(default_factory=_criteria)
    download_item: str = "Original"
    body_encoding: str = "array"
    """How parameters travel: `array`, a list with one JSON text, or `string`, that list as a text; guides show both."""
    poll_seconds: int = 5
    page_size: int = 50
    max_pages: int = 20
    licence_path: str = "/sync/licensePurchaseTransactions"
    sync_seconds: int = 60
    sync_limit: int = 10
    purpose: str = "marketing"
    """`editorial` lets assets in whose licence is for editorial use only."""
    industry: str = ""
    """The key of our industry, e.g. industry_insurance; a licence that bars it bars the asset."""
    hosted_picture: str = ""
    """The field with an address at which everybody sees the asset; empty: the portal shows nothing to everybody."""
    hosted_video: str = ""
    territories: Mapping[str, tuple[str, ...]] = field(default_factory=_territories)
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=_channels)


def parse_mapping(text: str) -> tuple[SmintioMapping, list[str]]:
    """Read a mapping file; also returned are its faults, each with its place."""
    faults: list[str] = []
    default = SmintioMapping()
    top = Section.parse(text, faults)
    fields, licences, search = top.section("fields"), top.section("licences"), top.section("search")
    attributes, criteria = top.section("attributes"), top.section("criteria")
    territories, channels = top.section("territories"), top.section("channels")
    hosted = top.section("hosted")
    mapping = SmintioMapping(
        approval=fields.text("approval", default.approval),
        language=fields.text("language", default.language),
        region=fields.text("region", default.region),
        licence=fields.text("licence", default.licence),
        approved=top.texts("approved") or default.approved,
        attributes=dict(default.attributes) | {name: attributes.text(name) for name in attributes.names()},
        criteria=dict(default.criteria) | {name: criteria.text(name) for name in criteria.names()},
        download_item=top.text("download_item", default.download_item),
        body_encoding=top.choice("body_encoding", ("array", "string"), default.body_encoding),
        poll_seconds=top.integer("poll_seconds", default.poll_seconds, 1, 60),
        page_size=search.integer("page_size", default.page_size, 1, 200),
        max_pages=search.integer("max_pages", default.max_pages, 1, 1000),
        licence_path=licences.text("path", default.licence_path),
        sync_seconds=licences.integer("sync_seconds", default.sync_seconds, 1, 86_400),
        sync_limit=licences.integer("limit", default.sync_limit, 1, 1000),
        purpose=licences.text("purpose", default.purpose),
        industry=licences.text("industry"),
        hosted_picture=hosted.text("picture"),
        hosted_video=hosted.text("video"),
        territories=dict(default.territories) | {name: territories.texts(name) for name in territories.names()},
        channels=dict(default.channels) | {name: channels.texts(name) for name in channels.names()},
    )
    top.finish()
    return mapping, faults
