"""The file beside a file that says what a DAM would say: `logo.png.yaml` describes `logo.png`.

```yaml
approval: approved            # approved, pending, rejected, retired, unknown
rights_from: 2026-01-01       # a day or a time
rights_until: 2026-12-31      # a day counts whole
territories: [DE, AT]
locale: de-AT
version: "7"                  # without it, the version is taken from the bytes
name: Logo, two colours
deleted: false
attributes: {segment: premier, region: [emea, apac]}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pressrun_sources.describing import moment
from pressrun_sources.model import Approval
from pressrun_sources.shape import read_yaml

__all__ = ["SUFFIX", "Sidecar", "parse_sidecar"]

SUFFIX = ".yaml"

_FIELDS = (
    "approval",
    "rights_from",
    "rights_until",
    "territories",
    "locale",
    "version",
    "name",
    "deleted",
    "attributes",
)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says; the defaults are those of a file without one."""

    approval: Approval | None = None
    rights_from: datetime | None = None
    rights_until: datetime | None = None
    territories: tuple[str, ...] = ()
    locale: str | None = None
    version: str | None = None
    name: str | None = None
    deleted: bool = False
    attributes: tuple[tuple[str, str], ...] = ()


def parse_sidecar(text: str) -> Sidecar:
    """Read a sidecar.

    Raises:
        ValueError: it is not understood; the text names the field and what would be valid.
    """
    value = read_yaml(text)
    if value is None:
        return Sidecar()
    if not isinstance(value, Mapping):
        raise ValueError(f"expected fields ({', '.join(_FIELDS)}), got {type(value).__name__}")
    unknown = [str(name) for name in value if name not in _FIELDS]
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; valid are {', '.join(_FIELDS)}")
    return Sidecar(
        approval=_approval(value.get("approval")),
        rights_from=_moment("rights_from", value.get("rights_from"), end=False),
        rights_until=_moment("rights_until", value.get("rights_until"), end=True),
        territories=_texts("territories", value.get("territories")),
        locale=_text("locale", value.get("locale")),
        version=_text("version", value.get("version")),
        name=_text("name", value.get("name")),
        deleted=_flag("deleted", value.get("deleted")),
        attributes=_attributes(value.get("attributes")),
    )


def _approval(value: object) -> Approval | None:
    if value is None:
        return None
    try:
        return Approval(str(value))
    except ValueError as error:
        raise ValueError(f"approval: {value!r} is not one of {', '.join(Approval)}") from error


def _moment(name: str, value: object, *, end: bool) -> datetime | None:
    if value is None:
        return None
    # YAML has read plain dates and times already.
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    try:
        return moment(text, end=end)
    except ValueError as error:
        raise ValueError(f"{name}: {text!r} is not a day such as 2026-12-31 or a time with its zone") from error


def _text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise ValueError(f"{name}: expected a text (in quotes where YAML would read something else)")
    return str(value)


def _texts(name: str, value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(text for item in items if (text := _text(name, item)) is not None)


def _flag(name: str, value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name}: expected true or false")
    return bool(value)


def _attributes(value: object) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise ValueError("attributes: expected names with a text or a list")
    return tuple(
        sorted((str(name), text) for name, items in value.items() for text in _texts(f"attributes.{name}", items))
    )
