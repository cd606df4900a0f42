"""Which structured metadata of a Cloudinary product environment means what.

There is no built-in approval or rights date; what is assumed by default (a field `approval` together with an approved
moderation, fields `rights_start` and `rights_end`, `language`, `region`) is inferred and can be changed here.

```yaml
approval: {field: approval, approved: [approved], rejected: [rejected], retired: [retired, superseded]}
require_moderation: true
rights_from: rights_start
rights_until: rights_end
language: language
region: region
criteria: {segment: segment, offer: offer_code}   # our name: external id; other names are taken as external ids
video_still: auto                                 # or seconds (3.5), or a percentage (25p)
search: {page_size: 100, max_pages: 5}
review: {assets: 100}                             # reviewed again in one call; 0, the default: each by itself
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pressrun_sources.describing import APPROVAL_WORDS
from pressrun_sources.model import Approval
from pressrun_sources.shape import Section

__all__ = ["CloudinaryMapping", "parse_mapping"]

_STILL = re.compile(r"auto|\d{1,5}(\.\d{1,3})?p?")
_STATES = (Approval.APPROVED, Approval.PENDING, Approval.REJECTED, Approval.RETIRED)


@dataclass(frozen=True, slots=True)
class CloudinaryMapping:
    """The meaning of metadata; every value is the external id of a field."""

    approval: str = "approval"
    approval_keys: Mapping[str, Approval] = field(default_factory=lambda: APPROVAL_WORDS)
    require_moderation: bool = True
    """Whether `moderation_status: approved` is needed as well."""
    rights_from: str = "rights_start"
    rights_until: str = "rights_end"
    language: str = "language"
    region: str = "region"
    criteria: Mapping[str, str] = field(default_factory=dict)
    video_still: str = "auto"
    """Which moment of a video documents show: seconds such as 3.5, a percentage such as 25p, or `auto`."""
    page_size: int = 100
    max_pages: int = 5
    reviewed: int = 0
    """Assets whose records are looked at again in one call, since calls are counted by the hour; 0: each by itself."""


def parse_mapping(text: str) -> tuple[CloudinaryMapping, list[str]]:
    """Read a mapping file; also returned are its faults, each with its place."""
    faults: list[str] = []
    default = CloudinaryMapping()
    top = Section.parse(text, faults)
    approval, search, criteria = top.section("approval"), top.section("search"), top.section("criteria")
    review = top.section("review")
    keys = {key: state for state in _STATES for key in approval.texts(state.value)}
    if keys and Approval.APPROVED not in keys.values():
        approval.fault("approved", "name at least one key that counts as approved, e.g. [approved]")
    mapping = CloudinaryMapping(
        approval=approval.text("field", default.approval),
        approval_keys=keys or default.approval_keys,
        require_moderation=top.flag("require_moderation", default=default.require_moderation),
        rights_from=top.text("rights_from", default.rights_from),
        rights_until=top.text("rights_until", default.rights_until),
        language=top.text("language", default.language),
        region=top.text("region", default.region),
        criteria={name: criteria.text(name) for name in criteria.names()},
        video_still=top.text("video_still", default.video_still),
        page_size=search.integer("page_size", default.page_size, 1, 500),
        max_pages=search.integer("max_pages", default.max_pages, 1, 100),
        reviewed=review.integer("assets", default.reviewed, 0, 100),
    )
    if not _STILL.fullmatch(mapping.video_still):
        top.fault(
            "video_still",
            f"expected auto, seconds such as 3.5 or a percentage such as 25p, got {mapping.video_still!r}",
        )
    top.finish()
    return mapping, faults
