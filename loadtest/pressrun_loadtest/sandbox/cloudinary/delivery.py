"""The delivery plane: decides whether an asset may be given out, gets its bytes, answers with the CDN's headers.

Documented: header names and values, `X-Cld-Error`, which types need a signature. Inferred: 401 for a locked asset or
a wrong signature, the formats that `f_auto` picks, and conditional requests.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock, http_date, parse_http_date
from pressrun_loadtest.sandbox.cloudinary.access import open_to_all
from pressrun_loadtest.sandbox.cloudinary.address import Address, parse_address
from pressrun_loadtest.sandbox.cloudinary.auth import url_signature_is_valid
from pressrun_loadtest.sandbox.cloudinary.derived import DerivedCache
from pressrun_loadtest.sandbox.cloudinary.errors import ACL_FAILURE, DeliveryError
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.cloudinary.rendering import Derived, render
from pressrun_loadtest.sandbox.cloudinary.store import Asset, CloudinaryStore
from pressrun_loadtest.sandbox.cloudinary.transformation import Transformation, parse_transformation
from pressrun_loadtest.sandbox.pictures import MEDIA_TYPES

__all__ = ["Delivery"]

_WRITABLE = frozenset({"avif", "gif", "jpg", "png", "tif", "webp"})
_FORMAT_NAMES = {"jpeg": "jpg", "tiff": "tif"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """The handler of delivery URLs and what it needs."""

    options: CloudinaryOptions
    store: CloudinaryStore
    cache: DerivedCache
    clock: Clock

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a GET or HEAD of a delivery URL.

        Raises:
            DeliveryError: it may not, or cannot, be given out.
        """
        address = parse_address(request.raw_path.partition("?")[0])
        transformation = self._check_address(address)
        asset = self._asset(address)
        target, negotiated = _target(transformation, address, asset, request.headers.get("Accept", ""))
        original = not transformation.components and target == asset.format
        self._check_access(asset, address, original=original)
        if asset.forced is not None:
            derived = Derived(asset.forced.data, asset.forced.content_type, ())
        elif original:
            derived = Derived(asset.original, MEDIA_TYPES[target], ())
        else:
            derived = await self._derive(asset, transformation, target)
        return _respond(request, asset, derived, _disposition(transformation, asset, target), negotiated=negotiated)

    def _check_address(self, address: Address) -> Transformation:
        if address.cloud != self.options.cloud_name:
            raise DeliveryError(401, f"Unknown customer {address.cloud}")
        if address.signature and not url_signature_is_valid(address.signature, address.to_sign, self.options):
            raise DeliveryError(401, f"Invalid signature {address.signature}")
        return parse_transformation(address.components, self.options.named_transformations)

    def _asset(self, address: Address) -> Asset:
        # The version only makes URLs differ: an old one gives the present file.
        asset = self.store.find(address.type, address.public_id, address.resource_type)
        if asset is None:
            raise DeliveryError(404, f"Resource not found - {address.public_id}")
        if self.options.moderation_blocks_delivery and asset.moderation_status not in (None, "approved"):
            raise DeliveryError(404, f"Resource not found - {address.public_id}")
        return asset

    def _check_access(self, asset: Asset, address: Address, *, original: bool) -> None:
        needs_signature = asset.type == "authenticated" or (asset.type == "private" and original)
        if needs_signature and address.signature is None:
            raise DeliveryError(401, ACL_FAILURE)
        if not open_to_all(asset.access_control, self.clock()):
            raise DeliveryError(401, ACL_FAILURE)

    async def _derive(self, asset: Asset, transformation: Transformation, target: str) -> Derived:
        if target == "pdf":
            # New accounts do not deliver PDF.
            raise DeliveryError(401, ACL_FAILURE)
        if target not in _WRITABLE:
            raise DeliveryError(400, f"Unsupported format {target} for an image of format {asset.picture.format}")
        key = (asset.etag, transformation.canonical(), target)
        data, limit = asset.data, self.options.max_output_pixels
        return await self.cache.get(key, lambda: render(data, transformation, target, limit))


def _target(transformation: Transformation, address: Address, asset: Asset, accept: str) -> tuple[str, bool]:
    """The format to deliver, and whether it was negotiated."""
    wanted = transformation.last("f")
    if wanted is None:
        return address.format or asset.format, False
    if wanted in {"auto", "auto:image"}:
        best = next((name for name in ("avif", "webp") if MEDIA_TYPES[name] in accept), asset.picture.format)
        return best, True
    return _FORMAT_NAMES.get(wanted, wanted), False


def _disposition(transformation: Transformation, asset: Asset, target: str) -> str | None:
    flag = next((flag for flag in transformation.flags() if flag.partition(":")[0] == "attachment"), None)
    if flag is None:
        return None
    name = flag.partition(":")[2] or asset.public_id.rpartition("/")[2]
    return f'attachment; filename="{name}.{target}"'.encode("ascii", "replace").decode()


def _respond(
    request: web.Request, asset: Asset, derived: Derived, disposition: str | None, *, negotiated: bool
) -> web.Response:
    etag = '"' + hashlib.md5(derived.data, usedforsecurity=False).hexdigest() + '"'
    headers = {
        "ETag": etag,
        "Last-Modified": http_date(asset.uploaded),
        "Cache-Control": "private, no-transform, immutable, max-age=2592000",
        "Vary": "Accept, User-Agent",
        "Server": "Cloudinary",
        "Server-Timing": "cld-sandbox;dur=0",
        "Access-Control-Allow-Origin": "*",
    }
    if _unchanged(request, etag, asset):
        return web.Response(status=304, headers=headers)
    if disposition is not None:
        headers["Content-Disposition"] = disposition
    if derived.not_applied:
        headers["X-Sandbox-Not-Applied"] = ", ".join(derived.not_applied)
    if negotiated:
        headers["X-Sandbox-Negotiated"] = derived.media_type
    return web.Response(body=derived.data, headers=headers | {"Content-Type": derived.media_type})


def _unchanged(request: web.Request, etag: str, asset: Asset) -> bool:
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        # Weak comparison, RFC 9110 section 13.1.2; with it, If-Modified-Since does not count.
        return tags.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    since = parse_http_date(request.headers.get("If-Modified-Since", ""))
    return since is not None and asset.uploaded.replace(microsecond=0) <= since
