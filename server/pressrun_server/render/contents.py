"""Content that is pushed: what it is is found from its bytes, it is kept, and documents use it at once."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import LOCALE
from pressrun_server.prepare.media import DRAWING, inspect_image, recognise
from pressrun_sources.durable import DISK_FULL
from pressrun_sources.errors import InvalidReferenceError, NotFoundError, UnavailableError
from pressrun_sources.model import Approval, AssetRef
from pressrun_sources.pushed.source import NAME, PushedSource
from pressrun_sources.pushed.version import Version

__all__ = ["Content", "ContentDesk", "Kept", "Noticing"]

_MOST_IMAGE: Final = 16 * 1024 * 1024
_MOST_TEXT: Final = 256 * 1024
_LONGEST_ID: Final = 512
_ID: Final = f"must be 1 to {_LONGEST_ID} characters without controls, names between slashes, e.g. terms/credit-card"
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/svg+xml", "application/pdf"})
_JSON: Final = "application/json"
_TEXTS: Final = frozenset({"text/plain", "text/html", _JSON})
_TYPES: Final = ", ".join(sorted(_IMAGES | _TEXTS))
_WRITTEN: Final = _TEXTS | {"application/xml", "application/octet-stream"}
"""What written text may look like from its first bytes."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Content(msgspec.Struct, frozen=True):
    """Content as its sender gives it."""

    identifier: str
    data: bytes
    """Empty: the bytes of the newest version."""
    media_type: str = ""
    approval: Approval = Approval.PENDING
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    territories: tuple[str, ...] = ()
    locale: str = ""
    name: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """The version that came of it."""

    ref: str
    version: str
    digest: Digest
    media_type: str
    created: bool


class Noticing(Protocol):
    """Looks after assets; `assets.resolver.AssetResolver` in a node."""

    async def check_image(self, digest: Digest, data: bytes) -> None:
        """Decode and prepare an image, as its first use would.

        Raises:
            PressrunError: ASSET_INVALID, ASSET_TOO_LARGE, or as the preparers raise.
        """

    async def check_text(self, digest: Digest, data: bytes) -> None:
        """Read an approved text, as its first use would.

        Raises:
            PressrunError: ASSET_INVALID, ASSET_TOO_LARGE, or as the preparers raise.
        """

    async def changed(self, *names: str) -> bool:
        """Forget what is believed of assets: their sources have other versions; says whether all nodes were told."""

    async def hear(self, names: Sequence[str]) -> None:
        """The same at this node alone: somebody else tells the others."""


class ContentDesk:
    """Takes what is pushed.

    Guarantee: what is answered is on disk, is what its media type says, and is what the next document gets.
    """

    def __init__(self, source: PushedSource, assets: Noticing, clock: Clock) -> None:
        self._source = source
        self._assets = assets
        self._clock = clock
        self._telling: dict[str, asyncio.Future[bool]] = {}
        """By ref, the telling of the newest version that is under way."""

    async def put(self, content: Content) -> Kept:
        """Keep a version.

        Raises:
            PressrunError: INVALID_REQUEST, a field or the bytes; ASSET_NOT_FOUND, no bytes yet; ASSET_TOO_LARGE;
                ASSET_INVALID, the image can't be decoded; ASSET_UNAVAILABLE, the cluster can't be told; STORAGE_FULL;
                as the preparers raise.
        """
        ref = self._check(content)
        data = content.data
        digest, media_type = Digest("", 0), ""
        if data:
            media_type = _media_type(content)
            digest = await asyncio.to_thread(Digest.of, data)
            if media_type in _IMAGES:
                await self._assets.check_image(digest, data)
            else:
                await self._assets.check_text(digest, data)
        elif content.media_type:
            raise _wrong(
                "media_type", "is given without content; leave it empty to keep the bytes of the newest version"
            )
        version = Version(
            number=0,
            sha256=digest.sha256,
            size=digest.size,
            media_type=media_type,
            approval=content.approval,
            effective_from=content.effective_from,
            effective_until=content.effective_until,
            territories=content.territories,
            locale=content.locale or None,
            name=content.name,
            attributes=tuple(sorted(set(content.attributes))),
            pushed_at=self._clock.now(),
        )
        try:
            kept, created = await self._source.put(content.identifier, version, data or None)
        except NotFoundError as error:
            raise PressrunError(Reason.ASSET_NOT_FOUND, error.message, metadata={"ref": str(ref)}) from error
        except UnavailableError as error:
            raise PressrunError(
                Reason.ASSET_UNAVAILABLE,
                error.message,
                detail=error.detail,
                retry_after=1.0,
                metadata={"ref": str(ref)},
            ) from error
        except InvalidReferenceError as error:
            raise PressrunError(Reason.ASSET_TOO_LARGE, error.message, metadata={"ref": str(ref)}) from error
        except (OSError, ValueError) as error:
            raise _not_stored(error) from error
        await self._tell(str(ref), content.identifier, created=created)
        return Kept(str(ref), str(kept.number), Digest(kept.sha256, kept.size), kept.media_type, created)

    async def _tell(self, ref: str, identifier: str, *, created: bool) -> None:
        """See to it that nothing of before is believed any more; whoever pushed the same meanwhile waits, too."""
        telling = self._telling.get(ref)
        if created:
            # A task of its own: the version is there, whether or not its caller waits for the answer.
            telling = self._telling[ref] = asyncio.ensure_future(self._assets.changed(ref))
            telling.add_done_callback(functools.partial(self._told, ref))
        elif telling is None and self._source.learned(identifier):
            await self._assets.hear((ref,))
        if telling is not None:
            await asyncio.shield(telling)

    def _told(self, ref: str, telling: asyncio.Future[bool]) -> None:
        if self._telling.get(ref) is telling:
            del self._telling[ref]

    @staticmethod
    def _check(content: Content) -> AssetRef:
        try:
            ref = AssetRef(NAME, content.identifier)
        except ValueError as error:
            raise _wrong("id", _ID) from error
        parts = content.identifier.split("/")
        if len(content.identifier) > _LONGEST_ID or any(part in {"", ".", ".."} for part in parts):
            raise _wrong("id", _ID)
        if content.locale and not LOCALE.fullmatch(content.locale):
            raise _wrong("locale", "must be a BCP 47 tag with hyphens, e.g. de-AT")
        begins, ends = content.effective_from, content.effective_until
        if begins is not None and ends is not None and ends <= begins:
            raise _wrong("effective_until", "must be after effective_from")
        return ref


def _media_type(content: Content) -> str:
    """What the bytes are.

    Raises:
        PressrunError: INVALID_REQUEST, ASSET_INVALID, ASSET_TOO_LARGE.
    """
    data, stated = content.data, content.media_type
    if stated and stated not in _IMAGES | _TEXTS:
        raise _wrong("media_type", f"is {stated!r}; valid: {_TYPES}")
    if stated in _TEXTS:
        return _text_type(data, stated)
    found = recognise(data)
    if found.media_type in _WRITTEN and not stated:
        raise _wrong("media_type", f"is needed: the bytes are no image that is known; valid: {_TYPES}")
    if found.media_type not in _IMAGES or (stated and stated != found.media_type):
        wanted = f"which is not {stated}" if stated else f"which is not taken; valid: {_TYPES}"
        raise _wrong("content", f"is {found.words}, {wanted}")
    if len(data) > _MOST_IMAGE:
        raise _too_large(len(data), _MOST_IMAGE, "an image")
    return inspect_image(data).media_type


def _text_type(data: bytes, stated: str) -> str:
    if len(data) > _MOST_TEXT:
        raise _too_large(len(data), _MOST_TEXT, "a text")
    found = recognise(data)
    if found.media_type not in _WRITTEN and not (stated == "text/html" and found.media_type == DRAWING):
        raise _wrong("content", f"is {found.words}, which is not {stated}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _wrong("content", f"is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    control = _CONTROL.search(text)
    if control is not None:
        raise _wrong("content", f"has the control character U+{ord(control[0]):04X} at character {control.start()}")
    if stated == _JSON:
        _check_object(data)
    return stated


def _check_object(data: bytes) -> None:
    """JSON is taken for a brand's tokens, which are an object."""
    try:
        sound = isinstance(msgspec.json.decode(data), dict)
    except (msgspec.MsgspecError, RecursionError):
        sound = False
    if not sound:
        raise _wrong("content", f"is no JSON object, which {_JSON} is to be: a brand's tokens")


def _wrong(field: str, problem: str) -> PressrunError:
    return PressrunError(Reason.INVALID_REQUEST, f"{field} {problem}", violations=(Violation(field, problem),))


def _too_large(size: int, most: int, what: str) -> PressrunError:
    metadata: Mapping[str, str] = {"limit": str(most)}
    return PressrunError(
        Reason.ASSET_TOO_LARGE, f"content has {size} bytes, the most for {what} is {most}", metadata=dict(metadata)
    )


def _not_stored(error: OSError | ValueError) -> PressrunError:
    full = isinstance(error, OSError) and error.errno in DISK_FULL
    return PressrunError(
        Reason.STORAGE_FULL if full else Reason.INTERNAL,
        "the disk of this node's data folder (PRESSRUN_DATA_DIR) is full, so the content was not kept; free space, and "
        "push it again"
        if full
        else "the content can't be stored on this node, so it was not kept; push it to another node",
        detail=f"storing pushed content failed: {error}",
    )
