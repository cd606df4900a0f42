"""Types of structure elements and their attributes as PDF (32000-1, 14.8.4 and 14.8.5)."""

from __future__ import annotations

import functools

__all__ = ["element_name", "type_entries"]

_TABLE_ATTRIBUTES = {"Scope", "ColSpan", "RowSpan"}
_NAMES = {"Scope"}
"""Attributes whose values are names."""


def element_name(role: str) -> str:
    """The type alone, as marked content names it."""
    return role.partition(" ")[0]


@functools.lru_cache(maxsize=1024)
def type_entries(role: str) -> bytes:
    """The entries S and A of an element's dictionary.

    Args:
        role: the type and its attributes, e.g. `TH Scope=Column ColSpan=2` (`model.page.Tag`).
    """
    name, *attributes = role.split(" ")
    entries = ""
    for attribute in attributes:
        key, _, value = attribute.partition("=")
        assert key in _TABLE_ATTRIBUTES, role
        entries += f"/{key}/{value}" if key in _NAMES else f"/{key} {value}"
    owner = f"/A<</O/Table{entries}>>" if entries else ""
    return f"/S/{name}{owner}".encode("ascii")
