"""Named destinations: the places that links inside a document lead to (PDF 32000-1, 12.3.2.3)."""

from __future__ import annotations

from collections.abc import Mapping

from pressrun_server.emit.syntax import decimal

__all__ = ["destination", "destinations"]


def destination(name: str) -> bytes:
    """The name of a destination: a byte string, whatever the id is made of."""
    return b"<%s>" % name.encode().hex().encode()


def destinations(places: Mapping[str, tuple[int, int]]) -> bytes:
    """The leaf of the name tree that has all destinations.

    Args:
        places: object number of the page and distance from its lower edge, in millipoints, by name.
    """
    # The names of a tree are sorted as bytes (7.9.6).
    names = b"".join(
        b"%s[%d 0 R/XYZ null %s null]" % (destination(name), page, decimal(y).encode())
        for name, (page, y) in sorted(places.items(), key=lambda item: item[0].encode())
    )
    return b"<</Names[%s]>>" % names
