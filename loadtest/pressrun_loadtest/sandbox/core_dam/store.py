"""The state of the Core DAM stand-in: every version of an asset is a row of its own.

A new version gets a new `asset_id`; all versions share the `original_asset_id`, and only the newest has
`latest_version`. Rows are immutable values; a change replaces the row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pressrun_loadtest.sandbox.clock import Clock, iso_seconds, parse_time
from pressrun_loadtest.sandbox.core_dam.metadata import EXPIRATION, Model, Value
from pressrun_loadtest.sandbox.core_dam.seed import CoreDamSeed, NamedSet
from pressrun_loadtest.sandbox.pictures import probe, thumbnail

__all__ = ["AssetVersion", "Content", "CoreDamStore"]

_TEXTS = {"html": "text/html", "txt": "text/plain"}
_RENDITION_SIZES = {"thumbnail": 160, "preview": 515}


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that can be downloaded: a master file or one of its renditions."""

    id: str
    kind: str
    """`master`, `preview` or `thumbnail`."""
    name: str
    media_type: str
    data: bytes
    checksum: str
    """MD5 in hex; of the bytes, unless a test asked for a wrong one."""
    width: int = -1
    height: int = -1


@dataclass(frozen=True, slots=True)
class AssetVersion:
    """One row."""

    asset_id: str
    original_asset_id: str
    version: int
    latest: bool
    name: str
    imported: datetime
    updated: datetime
    metadata: dict[str, Value]
    contents: tuple[Content, ...]
    """The master first, then the renditions there are."""
    deleted: bool = False

    @property
    def master(self) -> Content:
        """The file itself."""
        return self.contents[0]

    def content(self, kind: str) -> Content | None:
        """The master or a rendition by kind."""
        return next((content for content in self.contents if content.kind == kind), None)

    def expired(self, now: datetime) -> bool:
        """Whether the expiry date has come."""
        date = self.metadata.get(EXPIRATION)
        return isinstance(date, str) and parse_time(date) <= now


class CoreDamStore:
    """All rows, and the folders and collections that hold assets by their original id."""

    def __init__(self, seed: CoreDamSeed, clock: Clock) -> None:
        self.model: Model = seed.model
        self.folders: dict[str, NamedSet] = {folder.id: folder for folder in seed.folders}
        self.collections: dict[str, NamedSet] = {named.id: named for named in seed.collections}
        self._seed = seed
        self._clock = clock
        self._rows: dict[str, AssetVersion] = {}
        self.reset()

    def reset(self) -> None:
        """Back to the seed."""
        self._rows.clear()
        for asset in self._seed.assets:
            for version in asset.versions:
                self.add_version(
                    asset.original_asset_id, version.data, version.metadata, name=version.name, at=version.imported
                )
            if asset.deleted:
                self.delete(asset.original_asset_id)

    def rows(self) -> list[AssetVersion]:
        """Every row in the order of import, deleted ones included."""
        return list(self._rows.values())

    def get(self, asset_id: str) -> AssetVersion | None:
        """The row of that id: a version's own id, not the original's."""
        return self._rows.get(asset_id)

    def versions(self, original_asset_id: str) -> list[AssetVersion]:
        """All versions of an asset, oldest first."""
        return [row for row in self._rows.values() if row.original_asset_id == original_asset_id]

    def latest(self, original_asset_id: str) -> AssetVersion | None:
        """The newest version of an asset."""
        return next((row for row in self.versions(original_asset_id) if row.latest), None)

    def find_content(self, content_id: str) -> tuple[AssetVersion, Content] | None:
        """A master or rendition by its own id, with the row that it belongs to."""
        for row in self._rows.values():
            for content in row.contents:
                if content.id == content_id:
                    return row, content
        return None

    def members(self, named: NamedSet) -> list[AssetVersion]:
        """The newest, undeleted versions of what a folder or collection holds."""
        found = (self.latest(original) for original in named.assets)
        return [row for row in found if row is not None and not row.deleted]

    def add_version(
        self,
        original_asset_id: str,
        data: bytes,
        metadata: dict[str, Value],
        *,
        name: str,
        at: datetime | None = None,
    ) -> AssetVersion:
        """Import a new newest version; the one before loses `latest_version`."""
        before = self.versions(original_asset_id)
        moment = at or self._clock()
        number = before[-1].version + 1 if before else 1
        asset_id = _hex_id(original_asset_id, str(number))
        for row in before:
            if row.latest:
                self._rows[row.asset_id] = replace(row, latest=False)
        row = AssetVersion(
            asset_id,
            original_asset_id,
            number,
            latest=True,
            name=name,
            imported=moment,
            updated=moment,
            metadata=dict(metadata),
            contents=tuple(_contents(asset_id, name, data)),
        )
        self._rows[asset_id] = row
        return row

    def edit(self, original_asset_id: str, values: dict[str, Value]) -> AssetVersion | None:
        """Set metadata of the newest version."""
        row = self.latest(original_asset_id)
        return None if row is None else self._put(replace(row, metadata=row.metadata | values))

    def expire(self, original_asset_id: str, at: datetime | None = None) -> AssetVersion | None:
        """Set the expiry date of the newest version, now by default."""
        return self.edit(original_asset_id, {EXPIRATION: iso_seconds(at or self._clock())})

    def delete(self, original_asset_id: str) -> list[AssetVersion]:
        """Mark all versions deleted: search no longer finds them, the rows themselves still read."""
        return [self._put(replace(row, deleted=True)) for row in self.versions(original_asset_id)]

    def replace_bytes(
        self, original_asset_id: str, data: bytes, *, media_type: str | None, stale_checksum: bool
    ) -> AssetVersion | None:
        """Let the newest version's master be these bytes, whatever they are, without importing them."""
        row = self.latest(original_asset_id)
        if row is None:
            return None
        master = replace(
            row.master,
            data=data,
            media_type=media_type or row.master.media_type,
            checksum=row.master.checksum if stale_checksum else _md5(data),
        )
        return self._put(replace(row, contents=(master,)))

    def _put(self, row: AssetVersion) -> AssetVersion:
        updated = replace(row, updated=self._clock())
        self._rows[row.asset_id] = updated
        return updated


def _contents(asset_id: str, name: str, data: bytes) -> Iterable[Content]:
    picture = probe(data)
    if picture is None:
        kind = _TEXTS.get(name.rpartition(".")[2], "application/octet-stream")
        yield Content(_hex_id(asset_id, "master"), "master", name, kind, data, _md5(data))
        return
    yield Content(
        _hex_id(asset_id, "master"), "master", name, picture.media_type, data, _md5(data), picture.width, picture.height
    )
    stem = name.rsplit(".", 1)[0]
    for kind, side in _RENDITION_SIZES.items():
        small = thumbnail(data, side)
        shape = probe(small)
        if shape is not None:
            yield Content(
                _hex_id(asset_id, kind),
                kind,
                f"{stem}-{kind}.png",
                shape.media_type,
                small,
                _md5(small),
                shape.width,
                shape.height,
            )


def _hex_id(*parts: str) -> str:
    """40 hex characters, the same in every run."""
    return hashlib.sha1("/".join(parts).encode(), usedforsecurity=False).hexdigest()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
