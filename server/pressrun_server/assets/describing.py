"""From what a source says about an asset to the descriptor of one rendition; pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from pressrun_server.assets.entry import NO_BYTES
from pressrun_server.model.asset import AssetDescriptor, HostedLink
from pressrun_server.model.template import RenditionSpec
from pressrun_sources.describing import DAY
from pressrun_sources.hosted import Hosted
from pressrun_sources.model import Approval, AssetDescription, AssetRef, Rendition

__all__ = ["agrees", "described", "linked", "narrower", "narrows", "of_source", "refresh_at", "unchanged", "updated"]

_NARROWEST = 320
"""Pixels across, below which a picture is not made smaller for a screen."""
_CHANNEL = frozenset({"channel", "channels", "output_channel", "output_channels"})
_LICENCE = frozenset({"licence", "licences", "license", "licenses"})
_VOLUME = frozenset({"licence_volume", "license_volume", "licence_limit", "license_limit"})
_TAGS = frozenset({"compliance", "tag", "tags"})
_REGULATED = frozenset({"regulated"})
"""The attributes, as mappings of sources name them, that say where, under which licence and after which checks, and
whether a regulator has a word in it."""
_NO = frozenset({"", "0", "n", "no", "none", "false", "off"})
_CHANNEL_WORDS = {"e-mail": "email", "mail": "email", "paper": "print", "portal": "web", "app": "mobile"}
_EVERY_CHANNEL = frozenset({"all", "any", "*"})


def described(
    ref: AssetRef, description: AssetDescription, rendition: Rendition, *, now: datetime, seconds: float
) -> AssetDescriptor:
    """The descriptor before any byte was fetched, believed for so many seconds."""
    return AssetDescriptor(
        ref=str(ref),
        rendition=rendition.key(),
        asset_id=description.asset_id,
        version=description.version,
        etag=description.etag,
        digest=NO_BYTES,
        media_type=description.media_type or "",
        width=0,
        height=0,
        color_space="",
        approval=str(description.approval),
        rights_from=_plain(description.rights_from),
        rights_until=_plain(description.rights_until),
        territories=description.territories,
        locale=description.locale,
        fetched_at=now,
        fresh_until=now + timedelta(seconds=seconds),
        day_from=_is_day(description.rights_from),
        day_until=_is_day(description.rights_until),
        channels=_channels(description),
        licences=_values(description, _LICENCE),
        tags=_values(description, _TAGS),
        volume=_volume(description),
        regulated=any(value.strip().lower() not in _NO for value in _values(description, _REGULATED)),
    )


def of_source(spec: RenditionSpec) -> Rendition:
    """What a source is asked for.

    Raises:
        ValueError: a field is out of range.
    """
    fields = msgspec.structs.asdict(spec)
    del fields["screen"], fields["mail"], fields["hosted"]
    return Rendition(**fields)


def narrower(rendition: Rendition, hosted: Hosted) -> list[Rendition]:
    """Renditions of half and a quarter of the width, for narrow screens, where its system made the width asked for."""
    if rendition.width is None or hosted.width != rendition.width:
        return []
    return [
        dataclasses.replace(
            rendition,
            width=rendition.width // part,
            height=None if rendition.height is None else max(rendition.height // part, 1),
        )
        for part in (2, 4)
        if rendition.width // part >= _NARROWEST
    ]


def linked(descriptor: AssetDescriptor, hosted: Hosted | None, smaller: Iterable[Hosted] = ()) -> AssetDescriptor:
    """The descriptor with where its system shows the rendition.

    Args:
        descriptor: the asset's.
        hosted: where that is; None: nowhere.
        smaller: the same in smaller widths.
    """
    if hosted is None:
        return descriptor
    link = HostedLink(
        hosted.url,
        hosted.media_type,
        hosted.width,
        hosted.height,
        hosted.expires,
        hosted.video,
        hosted.video_type,
        tuple((one.url, one.width) for one in smaller if one.width is not None and one.url != hosted.url),
    )
    return msgspec.structs.replace(descriptor, hosted=link)


def refresh_at(descriptor: AssetDescriptor) -> datetime:
    """The beginning of the last fifth of the time in which it is fresh."""
    return descriptor.fresh_until - (descriptor.fresh_until - descriptor.fetched_at) / 5


def unchanged(old: AssetDescriptor, new: AssetDescriptor) -> bool:
    """Whether the bytes that are here are still those of the source."""
    return (
        old.digest != NO_BYTES
        and (old.asset_id, old.version) == (new.asset_id, new.version)
        and (old.etag is None or new.etag is None or old.etag == new.etag)
    )


def agrees(old: AssetDescriptor, new: AssetDescriptor) -> bool:
    """Whether two answers say the same of an asset, whichever renditions they were asked for: version and rights."""
    about = msgspec.structs.replace(
        updated(old, new),
        rendition=old.rendition,
        etag=old.etag,
        fetched_at=old.fetched_at,
        fresh_until=old.fresh_until,
        hosted=old.hosted,
    )
    return about == old


def narrows(old: AssetDescriptor, new: AssetDescriptor) -> bool:
    """Whether a newer answer forbids a use that the older one may have allowed.

    More is no news for those who use it already; and what a source lists in another order is the same.
    """
    return (
        (old.approval == Approval.APPROVED and new.approval != Approval.APPROVED)
        or _starts_later(old.rights_from, new.rights_from)
        or _ends_sooner(old.rights_until, new.rights_until)
        or (old.day_from, old.day_until) != (new.day_from, new.day_until)
        or _limits_more(old.territories, new.territories)
        or _limits_more(old.channels, new.channels)
        or not set(old.licences) <= set(new.licences)
        or not set(old.tags) <= set(new.tags)
        or (new.volume is not None and (old.volume is None or new.volume < old.volume))
        or (new.regulated and not old.regulated)
    )


def _starts_later(old: datetime | None, new: datetime | None) -> bool:
    return new is not None and (old is None or new > old)


def _ends_sooner(old: datetime | None, new: datetime | None) -> bool:
    return new is not None and (old is None or new < old)


def _limits_more(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Of lists of which an empty one is no limit."""
    return bool(new) and not (old and set(old) <= set(new))


def updated(old: AssetDescriptor, new: AssetDescriptor) -> AssetDescriptor:
    """The new description with what was found out from the bytes."""
    return msgspec.structs.replace(
        new,
        digest=old.digest,
        media_type=old.media_type,
        width=old.width,
        height=old.height,
        color_space=old.color_space,
    )


def _plain(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if _is_day(moment) and moment is not None else moment


def _is_day(moment: datetime | None) -> bool:
    return moment is not None and moment.tzinfo is DAY


def _values(description: AssetDescription, names: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for name, value in description.attributes if name.lower() in names))


def _volume(description: AssetDescription) -> int | None:
    """The least number that is stated; what can't be read as one allows nothing."""
    stated = [value.strip() for value in _values(description, _VOLUME)]
    return min((int(text) if text.isdecimal() else 0 for text in stated), default=None)


def _channels(description: AssetDescription) -> tuple[str, ...]:
    words = [value.strip().lower() for value in _values(description, _CHANNEL)]
    if any(word in _EVERY_CHANNEL for word in words):
        return ()
    return tuple(dict.fromkeys(_CHANNEL_WORDS.get(word, word) for word in words))
