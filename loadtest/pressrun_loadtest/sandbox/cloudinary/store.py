"""The state of the Cloudinary stand-in: assets as immutable values, and the slower view that search has of them.

`asset_id` stays over replacement; `version` is the upload time in seconds and grows with each file.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.cloudinary.access import AccessRule
from pressrun_loadtest.sandbox.cloudinary.metadata import MetadataField, MetadataValue
from pressrun_loadtest.sandbox.cloudinary.seed import AssetSeed, CloudinarySeed
from pressrun_loadtest.sandbox.fields import BadInputError
from pressrun_loadtest.sandbox.pictures import Picture, probe

__all__ = ["Asset", "CloudinaryStore", "ForcedContent"]

_VIDEO = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08mdat"


@dataclass(frozen=True, slots=True)
class ForcedContent:
    """Bytes that delivery gives out for every URL of an asset, whatever they are."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Asset:
    """One image, or a video with its still as the picture."""

    asset_id: str
    public_id: str
    type: str
    data: bytes
    picture: Picture
    etag: str
    version: int
    version_id: str
    created: datetime
    uploaded: datetime
    display_name: str
    asset_folder: str
    tags: tuple[str, ...]
    context: dict[str, str]
    metadata: dict[str, MetadataValue]
    moderation_status: str | None
    moderated: datetime | None
    access_control: tuple[AccessRule, ...]
    updated: datetime
    forced: ForcedContent | None = None
    resource_type: str = "image"

    @property
    def original(self) -> bytes:
        """The file itself; of a video a stand-in of the stand-in, for nobody here plays it."""
        return _VIDEO + self.etag.encode() if self.resource_type == "video" else self.data

    @property
    def format(self) -> str:
        """The short name of the file's format."""
        return "mp4" if self.resource_type == "video" else self.picture.format


class CloudinaryStore:
    """All images of the product environment."""

    def __init__(self, seed: CloudinarySeed, clock: Clock, index_delay_s: float) -> None:
        self.metadata_fields: dict[str, MetadataField] = {spec.external_id: spec for spec in seed.metadata_fields}
        self._seed = seed
        self._clock = clock
        self._delay = timedelta(seconds=index_delay_s)
        self._assets: dict[str, Asset] = {}
        self._indexed: dict[str, Asset] = {}
        self._unindexed: deque[tuple[datetime, str, Asset | None]] = deque()
        self.reset()

    def reset(self) -> None:
        """Back to the seed, with the search index up to date."""
        self._unindexed.clear()
        self._assets = {asset.asset_id: asset for asset in map(_from_seed, self._seed.assets)}
        self._indexed = dict(self._assets)

    def get(self, asset_id: str) -> Asset | None:
        """The asset of that id."""
        return self._assets.get(asset_id)

    def find(self, delivery_type: str, public_id: str, resource_type: str = "image") -> Asset | None:
        """The asset of that kind, delivery type and public id."""
        wanted = (resource_type, delivery_type, public_id)
        return next((a for a in self._assets.values() if (a.resource_type, a.type, a.public_id) == wanted), None)

    def assets(self) -> list[Asset]:
        """All assets as they are now."""
        return list(self._assets.values())

    def searchable(self) -> list[Asset]:
        """The assets as search sees them, which is `index_delay_s` behind."""
        seen_until = self._clock() - self._delay
        while self._unindexed and self._unindexed[0][0] <= seen_until:
            _, asset_id, asset = self._unindexed.popleft()
            if asset is None:
                self._indexed.pop(asset_id, None)
            else:
                self._indexed[asset_id] = asset
        return list(self._indexed.values())

    def put(self, asset: Asset) -> Asset:
        """Store a changed asset."""
        updated = replace(asset, updated=self._clock())
        self._assets[asset.asset_id] = updated
        self._unindexed.append((self._clock(), asset.asset_id, updated))
        return updated

    def replace_file(self, asset: Asset, data: bytes) -> Asset:
        """Upload another file to the same public id: same `asset_id`, new `version`.

        Raises:
            BadInputError: the bytes are no picture.
        """
        now = self._clock()
        version = max(int(now.timestamp()), asset.version + 1)
        return self.put(
            replace(
                asset,
                data=data,
                picture=_picture(data, asset.public_id),
                etag=_md5(data),
                version=version,
                version_id=_md5(f"{asset.asset_id}/{version}".encode()),
                uploaded=datetime.fromtimestamp(version, UTC),
                forced=None,
            )
        )

    @staticmethod
    def made(seed: AssetSeed) -> Asset:
        """A new asset; `put` stores it.

        Raises:
            BadInputError: the bytes are no picture.
        """
        return _from_seed(seed)

    def delete(self, asset: Asset) -> None:
        """Remove an asset."""
        del self._assets[asset.asset_id]
        self._unindexed.append((self._clock(), asset.asset_id, None))


def _from_seed(seed: AssetSeed) -> Asset:
    kind = "" if seed.resource_type == "image" else f"{seed.resource_type}/"
    asset_id = _md5(f"{kind}{seed.type}/{seed.public_id}".encode())
    version = int(seed.uploaded.timestamp())
    return Asset(
        asset_id,
        seed.public_id,
        seed.type,
        seed.data,
        _picture(seed.data, seed.public_id),
        _md5(seed.data),
        version,
        _md5(f"{asset_id}/{version}".encode()),
        seed.uploaded,
        seed.uploaded,
        seed.display_name or seed.public_id.rpartition("/")[2],
        seed.asset_folder,
        seed.tags,
        seed.context,
        seed.metadata,
        seed.moderation_status,
        seed.uploaded if seed.moderation_status else None,
        seed.access_control,
        seed.uploaded,
        resource_type=seed.resource_type,
    )


def _picture(data: bytes, public_id: str) -> Picture:
    picture = probe(data)
    if picture is None:
        raise BadInputError(f"{public_id}: the file is no picture of a known format")
    return picture


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
