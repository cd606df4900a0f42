"""Takes objects out of a PyMuPDF document as relocatable parts."""

from __future__ import annotations

import re
from typing import Any

from pressrun_server.model.prepared import PdfObject

__all__ = ["take_objects"]

_TOKENS = re.compile(
    rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>|/[^\s<>\[\]()/%{}]*|(?P<reference>(?<![0-9.+-])[0-9]+ [0-9]+ R\b)",
    re.DOTALL,
)
"""Strings and names, in which digits are no reference; and references."""


def take_objects(document: Any, root: int) -> tuple[PdfObject, ...]:
    """The object with the number `root` and all that it refers to, in the order in which references meet them.

    The order depends on nothing but the objects, so equal images give equal parts.

    Args:
        document: a `pymupdf.Document`.
        root: the number of the object that becomes the first one.
    """
    numbers = [root]
    objects: list[PdfObject] = []
    for number in numbers:  # grows while references are met
        text = document.xref_object(number, compressed=True).encode("utf-8")
        stream = document.xref_stream_raw(number) if document.xref_is_stream(number) else None
        parts: list[bytes | int] = []
        at = 0
        for match in _TOKENS.finditer(text):
            if match["reference"] is None:
                continue
            target = int(match["reference"].split()[0])
            if target not in numbers:
                numbers.append(target)
            parts += [text[at : match.start()], numbers.index(target)]
            at = match.end()
        parts.append(text[at:])
        objects.append(PdfObject(tuple(part for part in parts if part != b""), stream))
    return tuple(objects)
