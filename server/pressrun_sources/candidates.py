"""Chooses among the assets that a system's search gave, the same way for every source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

from pressrun_sources.describing import in_force
from pressrun_sources.errors import NotFoundError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef
from pressrun_sources.protocol import MOST_RANKED

__all__ = ["Candidates", "best", "meets", "none_found", "ranked", "usable"]

Candidates = AsyncGenerator[AssetDescription, None]
"""What meets a query, the best first; described only as far as it is asked for."""


def usable(description: AssetDescription, now: datetime) -> bool:
    """Whether an asset is approved, there, and in its rights now; where and for what it is used is not asked."""
    approved = description.approval is Approval.APPROVED and not description.deleted
    return approved and in_force(description, now)


def meets(description: AssetDescription, criteria: Mapping[str, str]) -> bool:
    """Whether a description agrees with the criteria that it says something of.

    A search index may be behind the assets, so what it found is looked at again.
    """
    told = {name for name, _ in description.attributes}
    return all(name not in told or (name, value) in description.attributes for name, value in criteria.items())


async def best(candidates: Candidates, query: AssetQuery, now: datetime) -> AssetRef:
    """The first candidate that is usable; those behind it are not described.

    Raises:
        NotFoundError: none is.
    """
    seen = 0
    async with aclosing(candidates) as found:
        async for description in found:
            if usable(description, now):
                return description.ref
            seen += 1
    raise none_found(query, seen)


async def ranked(
    candidates: Candidates, query: AssetQuery, now: datetime, most: int = MOST_RANKED
) -> Sequence[AssetRef]:
    """The first candidates, `most` at most; the first usable one is among them, wherever it stands.

    Raises:
        NotFoundError: there is none at all.
    """
    refs: list[AssetRef] = []
    good = False
    async with aclosing(candidates) as found:
        async for description in found:
            fits = usable(description, now)
            # Until there is a usable one, a place is kept for it.
            if len(refs) < (most if good or fits else most - 1):
                refs.append(description.ref)
            good = good or fits
            if good and len(refs) == most:
                break
    if not refs:
        raise none_found(query, 0)
    return refs


def none_found(query: AssetQuery, seen: int) -> NotFoundError:
    """The error for a query that no asset meets, or none that may be used.

    Args:
        query: what was asked.
        seen: how many met it and may not be used.
    """
    message = f"{query.source} has no approved asset with {query}; check the criteria and what is approved"
    return NotFoundError(query.source, None, message, f"{seen} candidates, none of them usable")
