"""What a template says of the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pressrun_server.model.fluid import Length, spread

__all__ = ["Columns", "Track", "shared"]


class Track(msgspec.Struct, frozen=True):
    """A column."""

    width: Length | None = None
    """What its `<col>` asks for, or, where columns are fixed, a cell of the first row."""
    share: int = 0
    """Thousandths of a percent of the table's width, where columns are as wide as their contents; 0 says nothing."""
    given: bool = False
    """Whether a length is asked for, there, by its `<col>` or by one of its cells."""


class Columns(msgspec.Struct, frozen=True):
    """The columns of a table whose widths are known only when its contents are, or the column that it stands in."""

    tracks: tuple[Track, ...]
    auto: bool
    """Whether they are as wide as their contents (CSS Tables 3, 3.8)."""
    x: int
    width: int
    """The block that contains the table."""


def shared(tracks: Sequence[Track], width: int) -> list[int]:
    """Widths of fixed columns (CSS 2.2, 17.5.2.1): as asked for, and the others share what is left of the table's."""
    asked = [None if track.width is None else spread(track.width, width) for track in tracks]
    fixed = sum(size for size in asked if size is not None)
    free = asked.count(None)
    share = max(width - fixed, 0) // free if free else 0
    found = [size if size is not None else share for size in asked]
    if free:
        last = max(index for index, size in enumerate(asked) if size is None)
        found[last] += max(width - sum(found), 0)
    elif found and fixed != width and fixed:
        # All fixed and not the table's width: in proportion, as the table's width is a demand.
        found = [size * width // fixed for size in found]
        found[-1] += width - sum(found)
    return found
