"""How an HTTP endpoint is laid out, and which fields of its metadata mean what.

Nothing here is documented by a standard: every value is a proposal that an operator adapts. Paths are templates
(RFC 6570): `{id}` encodes slashes, `{+id}` keeps them. Fields are JSON Pointers (RFC 6901) into the metadata.

```yaml
asset: "/assets/{+id}"
metadata: "/metadata/{+id}"             # without it the endpoint says nothing of approval and rights
assume_approved: false                  # true: the operator vouches for whatever has no metadata
public: false                           # true: everybody can open these addresses, so documents may link to them
fields: {approval: /status, rights_from: /validFrom, rights_until: /validUntil, territories: /regions,
         language: /language, version: /version, name: /name, attributes: /attributes}
approved: [approved]                    # further values of the approval field that mean approved
search: {path: /search, items: /items, id: /id, next: /next, cursor: cursor, language: language, max_pages: 5}
changes: {path: /changes, mark: /changed}   # asked with ?since=2026-11-03T12:00:00Z; items, id and next as in search
```
"""

from __future__ import annotations

from dataclasses import dataclass

from pressrun_sources.shape import Section

__all__ = ["HttpMapping", "parse_mapping", "pointed"]


@dataclass(frozen=True, slots=True)
class HttpMapping:
    """The layout; an empty path switches its operation off."""

    asset: str = "/assets/{+id}"
    metadata: str = ""
    assume_approved: bool = False
    public: bool = False
    """Whether everybody can open the addresses of assets, so that pages and messages may link to them."""
    approval: str = "/status"
    rights_from: str = "/validFrom"
    rights_until: str = "/validUntil"
    territories: str = "/regions"
    language: str = "/language"
    version: str = "/version"
    name: str = "/name"
    attributes: str = "/attributes"
    """An object of texts and lists of texts."""
    approved: tuple[str, ...] = ()
    search_path: str = ""
    search_items: str = "/items"
    search_id: str = "/id"
    search_next: str = "/next"
    search_cursor: str = "cursor"
    """The query parameter that carries what `search_next` gave."""
    search_language: str = "language"
    max_pages: int = 5
    changes_path: str = ""
    """Answers `?since=` (ISO 8601, UTC) as a search does, with what changed; empty: nobody asks."""
    changes_mark: str = "/changed"


def parse_mapping(text: str) -> tuple[HttpMapping, list[str]]:
    """Read a mapping file; also returned are its faults, each with its place."""
    faults: list[str] = []
    default = HttpMapping()
    top = Section.parse(text, faults)
    fields, search, changes = top.section("fields"), top.section("search"), top.section("changes")
    mapping = HttpMapping(
        asset=_path(top, "asset", default.asset),
        metadata=_path(top, "metadata", default.metadata),
        assume_approved=top.flag("assume_approved", default=default.assume_approved),
        public=top.flag("public", default=default.public),
        approval=_pointer(fields, "approval", default.approval),
        rights_from=_pointer(fields, "rights_from", default.rights_from),
        rights_until=_pointer(fields, "rights_until", default.rights_until),
        territories=_pointer(fields, "territories", default.territories),
        language=_pointer(fields, "language", default.language),
        version=_pointer(fields, "version", default.version),
        name=_pointer(fields, "name", default.name),
        attributes=_pointer(fields, "attributes", default.attributes),
        approved=top.texts("approved"),
        search_path=search.text("path"),
        search_items=_pointer(search, "items", default.search_items),
        search_id=_pointer(search, "id", default.search_id),
        search_next=_pointer(search, "next", default.search_next),
        search_cursor=search.text("cursor", default.search_cursor),
        search_language=search.text("language", default.search_language),
        max_pages=search.integer("max_pages", default.max_pages, 1, 1000),
        changes_path=changes.text("path"),
        changes_mark=_pointer(changes, "mark", default.changes_mark),
    )
    if mapping.changes_path and not mapping.changes_path.startswith("/"):
        changes.fault("path", "expected a path such as /changes")
    if mapping.search_path and not mapping.search_path.startswith("/"):
        search.fault("path", "expected a path such as /search")
    top.finish()
    return mapping, faults


def pointed(value: object, pointer: str) -> object:
    """What a JSON Pointer names, or None."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _path(section: Section, name: str, default: str) -> str:
    path = section.text(name, default)
    if path and (not path.startswith("/") or not ("{id}" in path) ^ ("{+id}" in path)):
        section.fault(name, "expected a path with one {id} or {+id}, e.g. /assets/{+id}")
        return default
    return path


def _pointer(section: Section, name: str, default: str) -> str:
    pointer = section.text(name, default)
    if not pointer.startswith("/"):
        section.fault(name, f"expected a JSON Pointer such as /status, got {pointer!r}")
        return default
    return pointer
