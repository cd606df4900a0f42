"""Choices from a seed that are the same on every version of Python.

The choosing methods of `random.Random` have changed between versions and may again; `getrandbits` of the Mersenne
Twister has not. Every choice is made from it here, with integers only.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Chance"]

T = TypeVar("T")


class Chance:
    """Choices for one record.

    Args:
        seed: the run's seed, 0 or more.
        index: the record's place in the run; each record has its own stream, so that record 7 does not depend on how
            many choices record 6 took.
    """

    def __init__(self, seed: int, index: int) -> None:
        if seed < 0 or index < 0:
            raise ValueError(f"seed and index must be 0 or more, not {seed} and {index}; give e.g. seed 1")
        self._bits = random.Random((seed << 40) | index).getrandbits  # noqa: S311 - test data, not secrets

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1, all equally likely."""
        if limit < 1:
            raise ValueError(f"limit must be 1 or more, not {limit}")
        width = limit.bit_length()
        # Throwing away what is too large keeps every number equally likely; a remainder would not.
        while (found := self._bits(width)) >= limit:
            pass
        return found

    def between(self, first: int, last: int) -> int:
        """A number from `first` to `last`, both included."""
        return first + self.below(last - first + 1)

    def one_in(self, count: int) -> bool:
        """True once in `count` times."""
        return self.below(count) == 0

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[int, T]]) -> T:
        """One of the items, each as likely as the whole number before it."""
        point = self.below(sum(weight for weight, _ in items))
        for weight, item in items:
            if point < weight:
                return item
            point -= weight
        raise AssertionError("the point is below the sum of the weights")

    def digits(self, count: int) -> str:
        """Decimal digits, the first of them not 0."""
        return str(self.between(10 ** (count - 1), 10**count - 1))

    def letters(self, count: int) -> str:
        """Capitals that are hard to mistake for digits."""
        return "".join(self.pick("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))

    def filled(self, form: str) -> str:
        """A form such as `EH3 {d}{L}{L}` with digits for `{d}`, `{dd}` and so on, and capitals for `{L}`."""
        while "{" in form:
            before, _, rest = form.partition("{")
            mark, _, after = rest.partition("}")
            form = before + (self.letters(1) if mark == "L" else self.digits(len(mark))) + after
        return form
