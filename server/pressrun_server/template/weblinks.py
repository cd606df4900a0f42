"""What a page links to instead of holding it: pictures in the sizes that a screen needs, and players of films.

The addresses are those of the assets' own systems. The page's policy names their hosts and no others.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from pressrun_server.model.asset import HostedLink
from pressrun_server.template.links import target

__all__ = ["FILMS", "IMAGE_HOSTS", "MEDIA_HOSTS", "RESPONSIVE", "film", "hosts", "linked_picture"]

RESPONSIVE: Final = " responsive"
"""Where an environment holds the slots whose pictures come in several widths: a name that no expression can say."""
FILMS: Final = " films"
"""Where it holds, by slot, what stands between the label of a player and its end."""
IMAGE_HOSTS: Final = " image hosts"
MEDIA_HOSTS: Final = " media hosts"
"""Marks in a page where its policy says from where pictures and films may come: no slot can have these names."""
_NO_HOSTS: Final[Mapping[str, bytes]] = {IMAGE_HOSTS: b"", MEDIA_HOSTS: b""}


def linked_picture(link: HostedLink, width: int, height: int) -> str:
    """The attributes of an `img` that shows what its system shows, with a space before.

    Args:
        link: where that is.
        width: of the picture in pixels, for a link that does not know.
        height: the same.

    Raises:
        PressrunError: INVALID_RECORD, the address is none of the web.
    """
    if link.width is not None and link.height is not None:
        width, height = link.width, link.height
    text = f' src="{_url(link.url)}" width="{width}" height="{height}"'
    if link.narrower:
        widths = [(link.url, width), *link.narrower]
        text += (
            f' srcset="{", ".join(f"{_url(url)} {across}w" for url, across in sorted(widths, key=lambda one: one[1]))}"'
        )
    return text


def film(link: HostedLink, width: int, height: int) -> str:
    """What follows the label of a player whose still is that picture; it loads nothing before it is asked to play."""
    if link.width is not None and link.height is not None:
        width, height = link.width, link.height
    kind = f' type="{html.escape(link.video_type)}"' if link.video_type else ""
    return (
        f' controls preload="none" poster="{_url(link.url)}" width="{width}" height="{height}">'
        f'<source src="{_url(link.video)}"{kind}></video>'
    )


def hosts(links: Mapping[str, HostedLink]) -> Mapping[str, bytes]:
    """By mark, what a page's policy says of where pictures and films come from."""
    if not links:
        return _NO_HOSTS
    pictures = _origins(url for link in links.values() for url in (link.url, *(url for url, _ in link.narrower)))
    films = _origins(link.video for link in links.values() if link.video)
    return {
        IMAGE_HOSTS: "".join(f" {origin}" for origin in pictures).encode(),
        MEDIA_HOSTS: f";media-src {' '.join(films)}".encode() if films else b"",
    }


def _origins(urls: Iterable[str]) -> list[str]:
    """Scheme, host and port of each (RFC 6454); in the attribute of a policy nothing of them needs an escape."""
    found = (urlsplit(target(url)) for url in urls)
    return sorted({html.escape(f"{parts.scheme}://{parts.netloc}") for parts in found})


def _url(url: str) -> str:
    return html.escape(target(url))
