"""Takes a delivery path apart: cloud, type, signature, transformation, version, public id and extension.

The path has no marks between transformation and public id, so shape decides. Before a version segment everything
must be transformation. Without one, leading segments whose keys are all known are transformation, and the rest is
the public id. A folder named `v` and digits is therefore taken for a version, as on the real service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from pressrun_loadtest.sandbox.cloudinary.errors import DeliveryError
from pressrun_loadtest.sandbox.cloudinary.transformation import is_component, looks_like_component

__all__ = ["Address", "parse_address"]

_SIGNATURE = re.compile(r"s--[A-Za-z0-9_-]{8}--|s--[A-Za-z0-9_-]{32}--")
_VERSION = re.compile(r"v\d+")
_EXTENSIONS = frozenset(
    {"jpg", "jpeg", "png", "webp", "avif", "gif", "tif", "tiff", "svg", "pdf", "bmp", "ico", "mp4", "webm"}
)
_FORMAT_NAMES = {"jpeg": "jpg", "tiff": "tif"}
_PREFIX_SEGMENTS = 3


@dataclass(frozen=True, slots=True)
class Address:
    """What a delivery URL names."""

    cloud: str
    resource_type: str
    type: str
    signature: str | None
    components: tuple[str, ...]
    version: int | None
    public_id: str
    format: str | None
    """The short format name of the extension, or None without one."""
    to_sign: str
    """What the signature covers, as it stands in the URL."""


def parse_address(raw_path: str) -> Address:
    """Read the path of a request as it came, still percent-encoded.

    Raises:
        DeliveryError: 404, the path is no delivery URL.
    """
    segments = raw_path.lstrip("/").split("/")
    if len(segments) <= _PREFIX_SEGMENTS or not all(segments):
        raise DeliveryError(404, "Not a delivery URL: expected /{cloud}/{resource_type}/{type}/.../{public_id}")
    cloud, resource_type, delivery_type, *rest = segments
    signature = rest.pop(0) if len(rest) > 1 and _SIGNATURE.fullmatch(rest[0]) else None
    count, version = _split(rest)
    name = rest[count + (version is not None) :]
    public_id, extension = _public_id(unquote("/".join(name)))
    return Address(
        cloud,
        resource_type,
        delivery_type,
        signature,
        tuple(unquote(segment) for segment in rest[:count]),
        version,
        public_id,
        extension,
        "/".join(rest[:count] + name),
    )


def _split(rest: list[str]) -> tuple[int, int | None]:
    """How many leading segments are transformation, and the version after them."""
    for index, segment in enumerate(rest[:-1]):
        if _VERSION.fullmatch(segment) and all(looks_like_component(unquote(s)) for s in rest[:index]):
            return index, int(segment[1:])
    count = 0
    while count < len(rest) - 1 and is_component(unquote(rest[count])):
        count += 1
    return count, None


def _public_id(name: str) -> tuple[str, str | None]:
    stem, dot, extension = name.rpartition(".")
    if not dot or extension.lower() not in _EXTENSIONS:
        return name, None
    return stem, _FORMAT_NAMES.get(extension.lower(), extension.lower())
