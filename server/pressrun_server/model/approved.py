"""Approved text as it is kept: a tree of the elements that may stand in documents, and nothing else."""

from __future__ import annotations

from typing import Final

import msgspec

from pressrun_server.model.template import RenditionSpec

__all__ = ["APPROVED", "PreparedText", "TextElement"]

APPROVED: Final = RenditionSpec(format="text")
"""The rendition of an asset whose bytes are taken as text."""


class TextElement(msgspec.Struct, frozen=True):
    """An element of HTML."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[TextElement | str, ...] = ()


class PreparedText(msgspec.Struct, frozen=True, tag="text"):
    """Approved text: blocks, or text that stands by itself."""

    parts: tuple[TextElement | str, ...]
