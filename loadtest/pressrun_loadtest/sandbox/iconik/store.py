"""The state of the iconik stand-in: assets as immutable values, each version with its own approval and files."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.iconik.seed import AssetSeed, IconikSeed
from pressrun_loadtest.sandbox.pictures import probe, thumbnail

__all__ = ["Asset", "IconikStore", "StoredFile", "Version"]

_IDS = uuid.UUID("3e0f2d3e-9d11-41f0-8a01-000000000000")
# An empty video: only its poster is ever looked at here.
_VIDEO = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08mdat"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes in the cloud store."""

    id: str
    kind: str
    """`FILE`, `PROXY`, `KEYFRAME`, `POSTER` or `KEYFRAME_MAP`."""
    name: str
    data: bytes
    width: int = 0
    height: int = 0
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an asset."""

    id: str
    approval: str
    created: datetime
    files: tuple[StoredFile, ...]
    """The original first."""
    status: str = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset; its versions oldest first."""

    id: str
    title: str
    media_type: str
    versions: tuple[Version, ...]
    metadata: dict[str, tuple[str, ...]]
    modified: datetime
    status: str = "ACTIVE"
    is_blocked: bool = False
    collections: tuple[str, ...] = ()

    @property
    def current(self) -> Version:
        """The newest version that is active, or else the newest."""
        return next((v for v in reversed(self.versions) if v.status == "ACTIVE"), self.versions[-1])


class IconikStore:
    """All assets, and the signatures that open the cloud store."""

    def __init__(self, seed: IconikSeed, clock: Clock, url_life_s: int) -> None:
        self._seed = seed
        self._clock = clock
        self._life = url_life_s
        self._key = hashlib.sha256(b"sandbox store").digest()
        self.assets: dict[str, Asset] = {}
        self.public: set[str] = set()
        """Keyframes and proxies whose link everybody can open."""
        self.reset()

    def reset(self) -> None:
        """Back to the seed."""
        self.assets = {asset.id: _from_seed(asset) for asset in self._seed.assets}
        shown = {asset.id for asset in self._seed.assets if asset.public}
        files = (f for asset in self.assets.values() if asset.id in shown for v in asset.versions for f in v.files)
        self.public = {file.id for file in files if file.kind != "FILE"}

    def put(self, asset: Asset) -> Asset:
        """Store a changed asset; its time of change moves."""
        changed = replace(asset, modified=self._clock())
        self.assets[asset.id] = changed
        return changed

    def approve(self, asset: Asset, status: str) -> Asset:
        """Set the approval of the current version."""
        wanted = asset.current.id
        versions = (replace(v, approval=status) if v.id == wanted else v for v in asset.versions)
        return self.put(replace(asset, versions=tuple(versions)))

    def add_version(self, asset: Asset, name: str, data: bytes, approval: str) -> Asset:
        """A new newest version, with an approval of its own."""
        number = len(asset.versions) + 1
        version = _version(asset.id, number, asset.media_type, name, data, approval, self._clock())
        return self.put(replace(asset, versions=(*asset.versions, version)))

    def file(self, file_id: str) -> StoredFile | None:
        """A file of any asset that is still there."""
        every = (f for asset in self.assets.values() for version in asset.versions for f in version.files)
        return next((f for f in every if f.id == file_id), None)

    def sign(self, file_id: str) -> str:
        """The query of a signed URL from now on."""
        expires = int(self._clock().timestamp()) + self._life
        return f"expires={expires}&signature={self._signature(file_id, expires)}"

    def opens(self, file_id: str, expires: str, signature: str) -> bool:
        """Whether a signed URL is genuine and has not ended."""
        if not (expires.isascii() and expires.isdigit()) or int(expires) < self._clock().timestamp():
            return False
        return hmac.compare_digest(self._signature(file_id, int(expires)), signature)

    def _signature(self, file_id: str, expires: int) -> str:
        return hmac.new(self._key, f"{file_id}/{expires}".encode(), hashlib.sha256).hexdigest()


def _from_seed(seed: AssetSeed) -> Asset:
    versions = tuple(
        _version(seed.id, number, seed.media_type, v.name, v.data, v.approval, v.created)
        for number, v in enumerate(seed.versions, 1)
    )
    return Asset(
        seed.id,
        seed.title,
        seed.media_type,
        versions,
        dict(seed.metadata),
        versions[-1].created,
        collections=seed.collections,
    )


def _version(
    asset_id: str, number: int, media_type: str, name: str, data: bytes, approval: str, created: datetime
) -> Version:
    identifier = str(uuid.uuid5(_IDS, f"{asset_id}/{number}"))
    small = thumbnail(data, 320)
    original = _VIDEO if media_type == "video" else data
    kinds = [("FILE", name, original), ("KEYFRAME_MAP", "map.png", small), ("KEYFRAME", "keyframe.png", small)]
    if media_type == "video":
        kinds += [("POSTER", "poster.jpg", data), ("PROXY", "proxy.mp4", _VIDEO)]
    else:
        kinds.append(("PROXY", "proxy.png", thumbnail(data, 1280)))
    return Version(identifier, approval, created, tuple(_file(identifier, *kind) for kind in kinds))


def _file(version_id: str, kind: str, name: str, data: bytes) -> StoredFile:
    identifier, picture = str(uuid.uuid5(_IDS, f"{version_id}/{kind}")), probe(data)
    if picture is None:
        return StoredFile(identifier, kind, name, data, media_type="video/mp4")
    return StoredFile(identifier, kind, name, data, picture.width, picture.height, picture.media_type)
