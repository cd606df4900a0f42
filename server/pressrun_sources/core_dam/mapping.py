"""How one tenant's Core DAM is laid out: paths, operators and the metadata fields that mean something to us.

There is no public REST document for the Core DAM service; everything that was inferred, or that every tenant models
for itself (approval above all), is therefore a setting here. Documented for OTMM v6, and the defaults: the paths, the
condition types, the built-in `ARTESIA.FIELD.*` ids, the operators `CHAR.CONTAINS` and `NUMBER.IS`. Inferred: that
`CHAR.CONTAINS` is the operator to use for ids and lookup keys; what comes back is therefore compared again, exactly.

```yaml
auth: {client_auth: basic, scope: "", session_life_s: 1200}
paths: {search: /search/text, asset: "/assets/{id}", contents: "/assets/{id}/contents", sessions: /sessions}
operators: {text: ARTESIA.OPERATOR.CHAR.CONTAINS}
search: {config_id: 3, load_type: metadata, page_size: 200, max_pages: 5, versions: 5}
fields:
  expires: ARTESIA.FIELD.EXPIRATION DATE
  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED], rejected: [REJECTED]}  # or {security_policy_id: 42}
  language: LANGUAGE_COMBO_CHAR_ID
  region: {table: OTMM.FIELD.REGION.TAB, column: OTMM.COLUMN.REGION.TAB}
  segment: {table: OTMM.FIELD.MARKET_SEGMENT.TAB, column: OTMM.COLUMN.MARKET_SEGMENT.TAB}  # any further name
renditions: {preview: {width: 800, height: 800}}
delivery: {width: wd, height: ht, format: format}     # inferred; the delivery network's parameters, for links
changes: {updated: ARTESIA.FIELD.DATE LAST UPDATED}   # inferred; without it nobody asks what has changed
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pressrun_sources.model import Approval
from pressrun_sources.shape import Section

__all__ = ["ApprovalRule", "CoreDamMapping", "FieldPath", "RenditionSize", "parse_mapping"]

_STATES = (Approval.APPROVED, Approval.PENDING, Approval.REJECTED, Approval.RETIRED)
_RENDITIONS = ("thumbnail", "preview")


@dataclass(frozen=True, slots=True)
class FieldPath:
    """Where a metadata value sits: in a field, or in a column of a table field."""

    field: str
    """The id of the field, or of the table."""
    column: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What counts as approved: the keys of a field, or that a security policy is attached."""

    path: FieldPath | None = None
    keys: Mapping[str, Approval] = field(default_factory=dict)
    security_policy_id: str | None = None


@dataclass(frozen=True, slots=True)
class RenditionSize:
    """The box in which the system keeps a rendition of each picture."""

    kind: str
    """`thumbnail` or `preview`."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CoreDamMapping:
    """The layout of a tenant."""

    client_auth: str = "basic"
    """How client id and secret go to the token service: `basic` or `form`."""
    scope: str = ""
    session_life_s: int = 1200
    """Seconds after which a session is renewed; the system does not say how long one lives."""
    search_path: str = "/search/text"
    asset_path: str = "/assets/{id}"
    contents_path: str = "/assets/{id}/contents"
    sessions_path: str = "/sessions"
    oauth_path: str = "/sessions/oauth2/token"
    text_operator: str = "ARTESIA.OPERATOR.CHAR.CONTAINS"
    search_config_id: int = 3
    load_type: str = "metadata"
    page_size: int = 200
    max_pages: int = 5
    expires: FieldPath | None = FieldPath("ARTESIA.FIELD.EXPIRATION DATE")
    starts: FieldPath | None = None
    approval: ApprovalRule | None = None
    """None: the system says nothing about approval, and every asset's is unknown."""
    language: FieldPath | None = None
    region: FieldPath | None = None
    attributes: Mapping[str, FieldPath] = field(default_factory=dict)
    """Further names, for criteria and for descriptions."""
    versions: int = 5
    """The newest versions of which the newest approved one is used; 1 takes the newest whatever its state."""
    updated: str = ""
    """The id of the field by which the system sorts what was updated last; empty: it is not asked what has changed."""
    renditions: tuple[RenditionSize, ...] = ()
    """Smallest first."""
    delivery: Mapping[str, str] = field(default_factory=dict)
    """The delivery network's parameters of `width`, `height` and `format`; those that are not named are not sent."""

    def criteria(self) -> Mapping[str, FieldPath]:
        """What a query may ask for, by name."""
        named = {"language": self.language, "region": self.region}
        return {name: path for name, path in named.items() if path is not None} | dict(self.attributes)


def parse_mapping(text: str) -> tuple[CoreDamMapping, list[str]]:
    """Read a mapping file; also returned are its faults, each with its place."""
    faults: list[str] = []
    top = Section.parse(text, faults)
    default = CoreDamMapping()
    auth, paths, search = top.section("auth"), top.section("paths"), top.section("search")
    operators, fields = top.section("operators"), top.section("fields")
    mapping = CoreDamMapping(
        client_auth=auth.choice("client_auth", ("basic", "form"), default.client_auth),
        scope=auth.text("scope"),
        session_life_s=auth.integer("session_life_s", default.session_life_s, 1, 86_400),
        search_path=_path(paths, "search", default.search_path, has_id=False),
        asset_path=_path(paths, "asset", default.asset_path, has_id=True),
        contents_path=_path(paths, "contents", default.contents_path, has_id=True),
        sessions_path=_path(paths, "sessions", default.sessions_path, has_id=False),
        oauth_path=_path(paths, "oauth_token", default.oauth_path, has_id=False),
        text_operator=operators.text("text", default.text_operator),
        search_config_id=search.integer("config_id", default.search_config_id, 0, 1_000_000),
        load_type=search.choice("load_type", ("metadata", "inherited_metadata", "full"), default.load_type),
        page_size=search.integer("page_size", default.page_size, 1, 1000),
        max_pages=search.integer("max_pages", default.max_pages, 1, 100),
        expires=_field(fields, "expires") or default.expires,
        starts=_field(fields, "starts"),
        approval=_approval(fields),
        language=_field(fields, "language"),
        region=_field(fields, "region"),
        attributes=_attributes(fields),
        versions=search.integer("versions", default.versions, 1, 50),
        updated=top.section("changes").text("updated"),
        renditions=_renditions(top.section("renditions")),
        delivery=_delivery(top.section("delivery")),
    )
    top.finish()
    return mapping, faults


def _path(section: Section, name: str, default: str, *, has_id: bool) -> str:
    text = section.text(name, default)
    if not text.startswith("/") or ("{id}" in text) != has_id or text.replace("{id}", "").count("{"):
        section.fault(name, f"expected a path such as {default}, got {text!r}")
        return default
    return text


def _field(section: Section, name: str) -> FieldPath | None:
    value = section.take(name)
    if value is None:
        return None
    if isinstance(value, str) and value:
        return FieldPath(value)
    return _table(section.section(name))


def _table(section: Section) -> FieldPath | None:
    table, column = section.text("table"), section.text("column")
    section.finish()
    if not table or not column:
        section.fault("", "expected a field id, or {table: id, column: id}")
        return None
    return FieldPath(table, column)


def _approval(fields: Section) -> ApprovalRule | None:
    if fields.take("approval") is None:
        return None
    section = fields.section("approval")
    policy = section.text("security_policy_id")
    keys = {key: state for state in _STATES for key in section.texts(state.value)}
    field_id, table = section.text("field"), section.text("table")
    column = section.text("column")
    section.finish()
    path = FieldPath(field_id) if field_id else FieldPath(table, column) if table and column else None
    if policy and path is None:
        return ApprovalRule(security_policy_id=policy)
    if path is None or policy:
        section.fault("", "expected one of: field; table and column; security_policy_id")
    elif Approval.APPROVED not in keys.values():
        section.fault("approved", "name at least one key that counts as approved, e.g. [APPROVED]")
    return ApprovalRule(path, keys)


def _attributes(fields: Section) -> Mapping[str, FieldPath]:
    ours = ("expires", "starts", "approval", "language", "region")
    found = {name: _field(fields, name) for name in fields.names() if name not in ours}
    return {name: path for name, path in found.items() if path is not None}


def _delivery(section: Section) -> Mapping[str, str]:
    found = {name: section.text(name) for name in ("width", "height", "format")}
    section.finish()
    return {name: parameter for name, parameter in found.items() if parameter}


def _renditions(section: Section) -> tuple[RenditionSize, ...]:
    sizes = []
    for kind in _RENDITIONS:
        if section.take(kind) is not None:
            box = section.section(kind)
            sizes.append(RenditionSize(kind, box.integer("width", 1, 1, 20_000), box.integer("height", 1, 1, 20_000)))
            box.finish()
    section.finish()
    return tuple(sorted(sizes, key=lambda size: size.width * size.height))
