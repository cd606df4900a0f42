"""Where a system itself shows an asset to everybody, for pages and messages that link to it instead of holding it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from yarl import URL

from pressrun_sources.describing import DAY
from pressrun_sources.model import AssetDescription, Rendition

__all__ = ["Hosted", "Hosting", "ends_of", "public_url", "shown_size"]

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f:.]+")
"""As it stands in an address: IDNA for other scripts (RFC 5891); numbers of IPv6 without their brackets."""
_EARLIEST = timedelta(hours=14)
"""By which midnight comes sooner than in UTC in the first zone that has it (UTC+14)."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """The address of one rendition at the system that has it. Whoever knows it can see it, without credentials."""

    url: str
    """Of the picture; `https://`, but for systems that are reached by plain HTTP."""
    media_type: str | None
    """What comes; None: the system decides by who asks."""
    width: int | None
    height: int | None
    """Pixels, where they follow from what is known."""
    expires: datetime | None
    """From when on it may no longer be shown: rights, or an address that ends; None: no end is known."""
    video: str = ""
    """Where the picture is a still of a video: the video's address; else empty."""
    video_type: str = ""
    """The video's media type, where it is known."""


@runtime_checkable
class Hosting(Protocol):
    """A source whose system shows assets to everybody."""

    async def hosted(self, description: AssetDescription, rendition: Rendition) -> Hosted | None:
        """Where others can see a rendition of what was described; None where the system shows it to nobody.

        The picture behind it is the rendition that `Source.open` gives, or the nearest one that is public.

        Raises:
            NotFoundError: the asset has gone since.
            InvalidReferenceError: the system cannot make this rendition.
            SourceError: as the methods of `Source` do.
        """
        ...


def ends_of(description: AssetDescription) -> datetime | None:
    """The first moment at which an asset may no longer be shown somewhere; a day's end is that of the first zone."""
    until = description.rights_until
    if until is None:
        return None
    return until.replace(tzinfo=UTC) - _EARLIEST if until.tzinfo is DAY else until


def public_url(text: str | None) -> str:
    """An address that a system gave, if a reader may be sent there; else empty.

    It goes into documents, and its host into the policies of pages, so it has to be of the web, with a host of letters,
    digits, dots and hyphens (an address in numbers as well), and without a user's name.
    """
    try:
        url = URL(text or "")
        plain = _HOST.fullmatch(url.raw_host or "") is not None and url.user is None and url.password is None
        sound = plain and url.scheme in ("http", "https")
    except ValueError:
        return ""
    return str(url) if sound and not any(character < "!" for character in text or "") else ""


def shown_size(description: AssetDescription, rendition: Rendition) -> tuple[int | None, int | None]:
    """Width and height of a rendition, in pixels, where they follow from the original's.

    A picture is made smaller, never larger, but where `fit`, `scale` or `pad` say so.
    """
    width, height = description.width, description.height
    wide, high = rendition.width, rendition.height
    if wide is not None and high is not None and rendition.fit in ("fill", "pad", "scale"):
        return wide, high
    if not width or not height:
        return None, None
    if wide is None and high is None:
        return width, height
    ratio = min(wanted / own for wanted, own in ((wide, width), (high, height)) if wanted is not None)
    if rendition.fit in (None, "limit"):
        ratio = min(ratio, 1.0)
    return max(round(width * ratio), 1), max(round(height * ratio), 1)
