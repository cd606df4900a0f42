"""Widths of columns that are as wide as their contents (CSS 2.2, 17.5.2.2, and CSS Tables 3, 3.8 and 3.9).

Each column has a least width, of its widest word, and a greatest one, of its widest line. The table's width is shared
between two guesses of what columns get, or what is left of it goes to those columns that may grow. All sums are of
whole millipoints, and what a share loses by rounding is in the next column, so that columns end where the table does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pressrun_server.model.columns import Track
from pressrun_server.model.fluid import spread

__all__ = ["Contents", "Sizes", "assigned"]

_WHOLE = 100_000
_WIDEST = 1 << 40


@dataclass(slots=True)
class Contents:
    """What a table's cells need, by the columns that they take."""

    needs: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """By first column and number of columns: the least and the greatest width."""

    def add(self, column: int, span: int, least: int, most: int) -> None:
        """A cell."""
        key = (column, span)
        known = self.needs.get(key)
        if known is None:
            self.needs[key] = least, max(least, most)
        elif least > known[0] or most > known[1]:
            self.needs[key] = max(least, known[0]), max(most, known[1], least)


@dataclass(slots=True)
class Sizes:
    """Columns with what their contents need."""

    least: list[int]
    most: list[int]
    shares: list[int]
    """Of the table's width, in thousandths of a percent."""
    given: list[bool]

    @classmethod
    def of(cls, tracks: Sequence[Track], contents: Contents) -> Sizes:
        """Of columns as a template has them, with their contents."""
        own = [spread(track.width, 0) if track.width is not None else 0 for track in tracks]
        alone = [contents.needs.get((index, 1), (0, 0)) for index in range(len(tracks))]
        left = _WHOLE
        shares: list[int] = []
        for track in tracks:
            shares.append(min(track.share, left))
            left -= shares[-1]
        sizes = cls(
            [max(asked, need[0]) for asked, need in zip(own, alone, strict=True)],
            [max(asked, need[1]) for asked, need in zip(own, alone, strict=True)],
            shares,
            [track.given for track in tracks],
        )
        spanning = sorted((span, column) for column, span in contents.needs if span > 1)
        for span, column in spanning:
            least, most = contents.needs[column, span]
            columns = range(column, min(column + span, len(tracks)))
            for widths, need in ((sizes.least, least), (sizes.most, most)):
                excess = need - sum(widths[index] for index in columns)
                if excess > 0:
                    sizes.grow(widths, columns, excess)
        sizes.most = [max(pair) for pair in zip(sizes.least, sizes.most, strict=True)]
        return sizes

    def grow(self, widths: list[int], columns: Iterable[int], excess: int) -> None:
        """Give an excess width to columns, first to those that are not told otherwise (CSS Tables 3, 3.9.2.2)."""
        every = list(columns)
        free = [index for index in every if not self.shares[index] and not self.given[index]]
        given = [index for index in every if not self.shares[index] and self.given[index]]
        wide = [index for index in free if self.most[index]]
        if wide or free:
            _add(widths, wide or free, [self.most[index] for index in wide] or [1] * len(free), excess)
        elif any(self.most[index] for index in given):
            _add(widths, given, [self.most[index] for index in given], excess)
        else:
            parts = [self.shares[index] if self.most[index] else 0 for index in every]
            _add(widths, every, parts if any(parts) else [1] * len(every), excess)

    def greatest(self) -> int:
        """The width that the table would have, had it room for all."""
        found = [sum(self.most)]
        left = _WHOLE - sum(self.shares)
        rest = sum(most for most, share in zip(self.most, self.shares, strict=True) if not share)
        found += [most * _WHOLE // share for most, share in zip(self.most, self.shares, strict=True) if share]
        if rest:
            found.append(rest * _WHOLE // left if left else _WIDEST)
        return min(max(found), _WIDEST)


def assigned(sizes: Sizes, width: int) -> list[int]:
    """The widths of columns in a table of a width.

    Where that is less than the least widths need, all give way in proportion.
    """
    least = sizes.least
    if width < sum(least):
        return _between([0] * len(least), least, width)
    by_share = [
        max(low, share * width // _WHOLE) if share else low for low, share in zip(least, sizes.shares, strict=True)
    ]
    by_length = [
        most if given and not share else guess
        for guess, most, given, share in zip(by_share, sizes.most, sizes.given, sizes.shares, strict=True)
    ]
    all_of = [guess if share else most for guess, most, share in zip(by_share, sizes.most, sizes.shares, strict=True)]
    guesses = [least, by_share, by_length, all_of]
    for lower, upper in itertools.pairwise(guesses):
        if sum(upper) > width:
            return _between(lower, upper, width)
    found = list(all_of)
    if width > sum(found) and found:
        sizes.grow(found, range(len(found)), width - sum(found))
    return found


def _between(lower: Sequence[int], upper: Sequence[int], width: int) -> list[int]:
    """Widths between two guesses, each as far from the lower one as the others."""
    found = list(lower)
    parts = [high - low for low, high in zip(lower, upper, strict=True)]
    _add(found, range(len(found)), parts, width - sum(lower))
    return found


def _add(widths: list[int], columns: Sequence[int], parts: Sequence[int], excess: int) -> None:
    """Add an excess to columns, in proportion to parts."""
    whole, before, done = sum(parts), 0, 0
    if not whole:
        return
    for index, part in zip(columns, parts, strict=True):
        before += part
        end = excess * before // whole
        widths[index] += end - done
        done = end
