"""Which pairs of characters a template shows in text that no record can change, and how they are kerned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pressrun_server.fonts.kerning import kerning
from pressrun_server.model.program import Break, Paragraph, Text, TextStyle
from pressrun_server.model.transform import transformed

__all__ = ["FaceKey", "kerned_pairs"]

FaceKey = tuple[str, bool, bool, bool]
"""Family, whether bold, italic, and with digits of one width."""


def kerned_pairs(
    nodes: Iterable[Any], styles: Sequence[TextStyle], faces: Sequence[FaceKey]
) -> tuple[dict[str, int], ...]:
    """By face, how much further apart the characters of pairs are, in 1/1000 em.

    Args:
        nodes: the parts of a program.
        styles: its text styles.
        faces: its faces.
    """
    shown: list[set[str]] = [set() for _ in faces]
    for node in nodes:
        _gather(node, styles, shown)
    return tuple(
        kerning(family, (pair for pair in pairs if not (tabular and _has_digit(pair))), bold=bold, italic=italic)
        for (family, bold, italic, tabular), pairs in zip(faces, shown, strict=True)
    )


def _gather(node: Any, styles: Sequence[TextStyle], shown: list[set[str]]) -> None:
    if isinstance(node, Paragraph) and all(isinstance(inline, Text | Break) for inline in node.inlines):
        for inline in node.inlines:
            if isinstance(inline, Text) and styles[inline.style].kerning:
                text = transformed(inline.text, styles[inline.style].transform)
                pairs = (text[index : index + 2] for index in range(len(text) - 1))
                shown[styles[inline.style].face].update(pair for pair in pairs if not _has_space(pair))
    elif isinstance(node, msgspec.Struct):
        for field in node.__struct_fields__:
            _gather(getattr(node, field), styles, shown)
    elif isinstance(node, tuple):
        for part in node:
            _gather(part, styles, shown)


def _has_space(pair: str) -> bool:
    return any(character.isspace() for character in pair)


def _has_digit(pair: str) -> bool:
    return any(character.isdigit() for character in pair)
