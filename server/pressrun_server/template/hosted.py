"""What expressions know of slots whose pictures their own systems show: `{{ assets.film.video }}`.

`renditions: {print: {hosted: true}}` asks for the address at which the asset's system shows the rendition to everybody.
A print document holds the picture and can lead its reader there; pages and messages may link instead of holding it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pressrun_server.model.asset import HostedLink
from pressrun_server.model.template import Slot

__all__ = ["ASSETS", "hosted_schema", "hosted_values"]

ASSETS: Final = "assets"
"""The name in expressions; a record's own field of that name hides it."""

_FIELDS: Final = ("url", "media_type", "width", "height", "video", "video_type")
_NOTHING: Final[dict[str, Any]] = dict.fromkeys(_FIELDS, "") | {"width": 0, "height": 0}
_SCHEMA: Final = {"type": "object", "properties": {name: {} for name in _FIELDS}, "additionalProperties": False}


def hosted_schema(slots: Iterable[Slot], channel: str) -> dict[str, Any]:
    """What is known of `assets` in an output channel."""
    names = [slot.name for slot in slots if (spec := slot.renditions.get(channel)) is not None and spec.hosted]
    # Where there are none every field is unknown, and is reported as such.
    return {"type": "object", "properties": dict.fromkeys(names, _SCHEMA) or {"": {}}, "additionalProperties": False}


def hosted_values(links: Mapping[str, HostedLink]) -> dict[str, dict[str, Any]]:
    """The value of `assets`; what is not known is an empty text, or 0."""
    return {
        slot: {name: _NOTHING[name] if (value := getattr(link, name)) is None else value for name in _FIELDS}
        for slot, link in links.items()
    }
