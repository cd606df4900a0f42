"""Which metadata fields of an iconik tenant mean what.

iconik has approval of its own, for each version. It has no rights, language, region or life cycle: the fields named
here by default are inferred, and so is the meaning of the approval statuses but APPROVED.

```yaml
fields:
  {rights_from: RightsStart, rights_until: RightsEnd, language: Language, region: Region, lifecycle: LifecycleState}
retired: [retired, superseded]           # values of the life cycle that forbid use
public_links: existing                   # never; existing; make: publish what is hosted the first time it is needed
criteria: {segment: Segment, campaign: Campaign}   # our name: field; other names are taken as field names
rate_window_s: 20                        # after which the tenant counts its requests anew
versions: 5                              # how far to look back for an approved version
search: {page_size: 100, max_pages: 5}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pressrun_sources.shape import Section

__all__ = ["IconikMapping", "parse_mapping"]


def _criteria() -> Mapping[str, str]:
    return {"segment": "Segment", "campaign": "Campaign", "region": "Region", "language": "Language"}


@dataclass(frozen=True, slots=True)
class IconikMapping:
    """The meaning of metadata; every value is the technical name of a field."""

    rights_from: str = "RightsStart"
    rights_until: str = "RightsEnd"
    language: str = "Language"
    region: str = "Region"
    lifecycle: str = "LifecycleState"
    retired: tuple[str, ...] = ("retired", "superseded")
    public_links: str = "existing"
    """Whether pages and messages link to public keyframes and proxies: `never`, `existing` ones, or `make` them public,
    which needs the right to write and cannot be taken back from those who have the address."""
    criteria: Mapping[str, str] = field(default_factory=_criteria)
    versions: int = 5
    """The newest versions of which the newest approved one is taken; 1 takes the newest whatever its state."""
    rate_window_s: int = 20
    """The service counts 1,000 requests in 20 seconds and tells what is left, not until when; of a secondary source."""
    page_size: int = 100
    max_pages: int = 5


def parse_mapping(text: str) -> tuple[IconikMapping, list[str]]:
    """Read a mapping file; also returned are its faults, each with its place."""
    faults: list[str] = []
    default = IconikMapping()
    top = Section.parse(text, faults)
    fields, search, criteria = top.section("fields"), top.section("search"), top.section("criteria")
    mapping = IconikMapping(
        rights_from=fields.text("rights_from", default.rights_from),
        rights_until=fields.text("rights_until", default.rights_until),
        language=fields.text("language", default.language),
        region=fields.text("region", default.region),
        lifecycle=fields.text("lifecycle", default.lifecycle),
        retired=top.texts("retired") or default.retired,
        public_links=top.choice("public_links", ("never", "existing", "make"), default.public_links),
        criteria=dict(default.criteria) | {name: criteria.text(name) for name in criteria.names()},
        versions=top.integer("versions", default.versions, 1, 50),
        rate_window_s=top.integer("rate_window_s", default.rate_window_s, 1, 3600),
        page_size=search.integer("page_size", default.page_size, 1, 100),
        max_pages=search.integer("max_pages", default.max_pages, 1, 100),
    )
    top.finish()
    return mapping, faults
