"""Stands in for sources that are not configured, so that an author can see a template before the assets are there.

An asset is a file of a folder: the one that `stand-ins.yaml` in it names for the ref, else one whose name without its
ending is the last part of the asset's id (`cloudinary:statement/banner-premier` is `banner-premier.jpg`). Where there
is none it is a grey picture with a cross, and that is noted. What stands in counts as approved.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import yaml

from pressrun_server.errors import PressrunError, Reason
from pressrun_sources.errors import NotFoundError
from pressrun_sources.media import format_of, media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef, Rendition

__all__ = ["StandIn", "read_names"]

_NAMES = "stand-ins.yaml"
_SIZE = (640, 160)
_ENDINGS = (".png", ".jpg", ".jpeg", ".svg", ".webp", ".pdf", ".html", ".txt", ".json")


def read_names(folder: Path) -> dict[str, Path]:
    """Files by asset ref, as `stand-ins.yaml` says.

    Raises:
        PressrunError: INVALID_REQUEST, it is no map from refs to files of the folder.
    """
    path = folder / _NAMES
    if not path.is_file():
        return {}
    what = f"{path}: write a line for each asset, such as `core-dam:7f20c1d4: logo.png`, with a file of that folder"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PressrunError(Reason.INVALID_REQUEST, f"{what} ({error})") from error
    if not isinstance(found, dict):
        raise PressrunError(Reason.INVALID_REQUEST, what)
    names: dict[str, Path] = {}
    for ref, name in found.items():
        file = folder / str(name)
        if Path(str(name)).name != str(name) or not file.is_file():
            raise PressrunError(Reason.INVALID_REQUEST, f"{what}; there is no file {str(name)!r}")
        names[str(ref)] = file
    return names


@dataclass(frozen=True, slots=True)
class _Body:
    media_type: str
    data: bytes
    etag: str

    @property
    def size(self) -> int:
        return len(self.data)

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.data


class StandIn:
    """A source that gives files of a folder in the place of its assets.

    Args:
        name: the source's name.
        folder: where files are looked for; None for none.
        names: files by asset ref.
        note: told of each asset that has no file.
    """

    def __init__(self, name: str, folder: Path | None, names: dict[str, Path], note: Callable[[str], None]) -> None:
        self.name = name
        self._names = names
        self._note = note
        self._files: dict[str, Path] = {}
        if folder is not None:
            self._files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in _ENDINGS}

    async def select(self, query: AssetQuery) -> AssetRef:
        """Nothing can be searched here."""
        raise NotFoundError(self.name, None, f"{self.name} is not configured, so {query} finds nothing")

    async def rank(self, query: AssetQuery) -> Sequence[AssetRef]:
        """Nothing can be searched here."""
        return [await self.select(query)]

    async def describe(self, ref: AssetRef) -> AssetDescription:
        """The file, or the grey picture."""
        data, ending = self._read(ref)
        digest = hashlib.sha256(data).hexdigest()
        return AssetDescription(
            ref=ref,
            asset_id=f"sha256:{digest}",
            version=digest[:16],
            etag=digest,
            media_type=media_type_of(ending),
            size=len(data),
            width=None,
            height=None,
            approval=Approval.APPROVED,
            rights_from=None,
            rights_until=None,
            territories=(),
            locale=None,
            deleted=False,
            name=ref.id.rpartition("/")[2],
            attributes=(("format", format_of(ending)),),
        )

    @asynccontextmanager
    async def open(
        self,
        description: AssetDescription,
        rendition: Rendition,  # noqa: ARG002 - files come as they are
    ) -> AsyncGenerator[_Body, None]:
        """The file's bytes."""
        data, ending = self._read(description.ref)
        yield _Body(media_type_of(ending) or "application/octet-stream", data, hashlib.sha256(data).hexdigest())

    async def check(self) -> None:
        """A folder is always there."""

    async def close(self) -> None:
        """Nothing is held."""

    def _read(self, ref: AssetRef) -> tuple[bytes, str]:
        path = self._names.get(str(ref)) or self._files.get(ref.id.rpartition("/")[2])
        if path is None:
            self._note(f"{ref} has no stand-in: a grey picture is shown; put its file into the folder of assets")
            return _grey(), "png"
        return path.read_bytes(), path.suffix.lower().removeprefix(".")


def _grey() -> bytes:
    from PIL import Image, ImageDraw  # noqa: PLC0415 - seldom needed

    picture = Image.new("RGB", _SIZE, "#e6e8ea")
    draw = ImageDraw.Draw(picture)
    width, height = _SIZE
    draw.rectangle((0, 0, width - 1, height - 1), outline="#a8adb3", width=2)
    draw.line((0, 0, width, height), fill="#a8adb3", width=2)
    draw.line((0, height, width, 0), fill="#a8adb3", width=2)
    data = BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()
