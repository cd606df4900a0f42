"""What is measured in rounds: the order to a process that composes, and how far apart its rounds were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.customers import Customer, spread, write_records

__all__ = ["composing", "described"]


def composing(sizes: Sizes, seed: int, folder: Path, name: str) -> tuple[dict[str, Any], list[Customer], int]:
    """Write the records of a measurement of composing.

    Args:
        sizes: how much.
        seed: whose statements.
        folder: where the records go, and the folder of the documents that are checked.
        name: of both.

    Returns:
        what the measuring process is told; the customers whose documents it writes into the folder `documents`; how
        many documents it makes in all.
    """
    first = sizes.compose_warm
    count = first + sizes.compose_rounds * sizes.compose_documents
    sampled = spread(first, count, sizes.checked)
    records, documents = folder / f"{name}.ndjson", folder / name
    documents.mkdir()
    customers = write_records(records, seed, count, sampled)
    order = {
        "records": str(records),
        "documents": str(documents),
        "sampled": sorted(sampled),
        "warm": first,
        "round": sizes.compose_documents,
    }
    return order, customers, count


def described(rounds: Sequence[float], decimals: int = 2) -> str:
    """How far apart the rounds were.

    Example:
        >>> described([1.5, 1.25, 2.0])
        'median of 3 rounds of 1.25 to 2.00'
    """
    return f"median of {len(rounds)} rounds of {min(rounds):,.{decimals}f} to {max(rounds):,.{decimals}f}"
