"""`POST /{resource_type}/upload` and `/destroy`: signed parameters, a file, and what becomes of them.

Documented: the parameters, the string that is signed (sorted pairs, `&` in values escaped since version 2 of the
signature), an hour's life of the timestamp, `overwrite`, the answer. The sandbox takes bytes and data URIs, no
addresses.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pressrun_loadtest.sandbox.cloudinary.access import rules_from_json
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
from pressrun_loadtest.sandbox.cloudinary.metadata import MetadataField, check_metadata, split_pairs
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.cloudinary.seed import DELIVERY_TYPES, RESOURCE_TYPES, AssetSeed
from pressrun_loadtest.sandbox.cloudinary.store import Asset, CloudinaryStore
from pressrun_loadtest.sandbox.fields import BadInputError

__all__ = ["Upload", "check_signature", "file_bytes"]

_LIFE_S = 3600
_UNSIGNED = frozenset({"api_key", "cloud_name", "file", "resource_type", "signature"})
_IGNORED = frozenset({"invalidate", "notification_url", "timestamp", "signature", "api_key", "unique_filename"})
_KNOWN = (
    "access_control", "asset_folder", "context", "display_name", "metadata", "moderation", "overwrite", "public_id",
    "tags", "type",
)  # fmt: skip
_DATA_URI = re.compile(r"data:[\w/+.-]*;base64,(.*)", re.DOTALL)


def check_signature(form: Mapping[str, str], options: CloudinaryOptions, now: datetime) -> None:
    """Accept parameters that the account's secret signed within the last hour.

    Raises:
        ApiError: 401, the key or the signature is wrong; 400, the request is stale.
    """
    if not hmac.compare_digest(form.get("api_key", "").encode(), options.api_key.encode()):
        raise ApiError(401, f"Unknown API key {form.get('api_key', '')}")
    pairs = sorted((name, value) for name, value in form.items() if name not in _UNSIGNED and value)
    texts = ["&".join(f"{name}={value.replace('&', '%26')}" for name, value in pairs)]
    texts.append("&".join(f"{name}={value}" for name, value in pairs))
    digest = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}[options.signature_algorithm]
    given = form.get("signature", "")
    right = [digest((text + options.api_secret).encode()).hexdigest() for text in texts]
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in right):
        raise ApiError(401, f"Invalid Signature {given}. String to sign - '{texts[0]}'.")
    stamp = form.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(now.timestamp() - int(stamp)) > _LIFE_S:
        raise ApiError(400, f"Stale request - reported time is {stamp or 'missing'}, which is more than 1 hour off")


@dataclass(frozen=True, slots=True)
class Upload:
    """Takes files into a store."""

    store: CloudinaryStore

    def put(self, resource_type: str, form: Mapping[str, str], data: bytes, now: datetime) -> Asset:
        """The new asset, or the one that the file replaced.

        Raises:
            ApiError: 400, a parameter is unknown or its value is not valid.
        """
        unknown = sorted(set(form) - set(_KNOWN) - _IGNORED - {"file"})
        if unknown:
            raise ApiError(400, f"Unknown parameter {unknown[0]}; known here: {', '.join(_KNOWN)}")
        kind = form.get("type", "upload")
        if resource_type not in RESOURCE_TYPES or kind not in DELIVERY_TYPES:
            raise ApiError(400, f"Invalid resource_type or type {resource_type}/{kind}")
        public_id = form.get("public_id") or secrets.token_hex(10)
        before = self.store.find(kind, public_id, resource_type)
        if before is not None and form.get("overwrite") in ("false", "0"):
            return before
        try:
            asset = self._placed(before, AssetSeed(public_id, data, kind, resource_type, uploaded=now), form, now)
        except (ValueError, BadInputError) as error:
            raise ApiError(400, str(error)) from error
        return self.store.put(asset)

    def _placed(self, before: Asset | None, seed: AssetSeed, form: Mapping[str, str], now: datetime) -> Asset:
        asset = self.store.replace_file(before, seed.data) if before is not None else self.store.made(seed)
        fields: Mapping[str, MetadataField] = self.store.metadata_fields
        if "tags" in form:
            asset = replace(asset, tags=tuple(tag.strip() for tag in form["tags"].split(",") if tag.strip()))
        if "context" in form:
            asset = replace(asset, context=split_pairs(form["context"]))
        if "metadata" in form:
            asset = replace(asset, metadata=asset.metadata | check_metadata(fields, split_pairs(form["metadata"])))
        if "access_control" in form:
            asset = replace(asset, access_control=rules_from_json(form["access_control"]))
        if "moderation" in form:
            if form["moderation"] != "manual":
                raise ValueError("moderation: the sandbox has manual only; others are add-ons")
            asset = replace(asset, moderation_status="pending", moderated=now)
        return replace(
            asset,
            display_name=form.get("display_name") or asset.display_name,
            asset_folder=form.get("asset_folder") or asset.asset_folder,
        )


def file_bytes(given: object) -> bytes:
    """The bytes of the parameter `file`: a part of the form, or a data URI.

    Raises:
        ApiError: 400, it is neither.
    """
    if isinstance(given, bytes):
        return given
    found = _DATA_URI.fullmatch(given) if isinstance(given, str) else None
    try:
        return base64.b64decode(found[1], validate=True) if found else _missing()
    except binascii.Error as error:
        raise ApiError(400, "file: the data URI is not base64") from error


def _missing() -> bytes:
    raise ApiError(400, "Missing required parameter - file (the sandbox takes bytes and data URIs, no addresses)")
