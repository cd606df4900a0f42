"""Looks into documents with PyMuPDF, in a process of its own: first pages as pictures, and the text.

`python -m pressrun_loadtest.demo.viewer` reads one order from standard input and answers on standard output, both
JSON. Nothing but that process loads PyMuPDF.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from pressrun_loadtest.demo.child import ask

__all__ = ["View", "draw_first_pages", "read_texts"]

_TIME_S = 120.0


class View(NamedTuple):
    """What a reader of a document sees."""

    pages: int
    text: str
    """Of all pages, with every run of white space as one blank."""
    complaints: tuple[str, ...]
    """What MuPDF found wrong with the file."""


def draw_first_pages(documents: Sequence[Path], folder: Path, *, width: int) -> list[Path]:
    """Draw the first page of each document as a PNG of that many pixels' width, into `folder`.

    Raises:
        HelperError: a document cannot be drawn, or the process failed.
    """
    pictures = [folder / f"{number:04}.png" for number in range(len(documents))]
    order = {"do": "draw", "documents": [*map(str, documents)], "pictures": [*map(str, pictures)], "width": width}
    ask(__name__, order, seconds=_TIME_S)
    return pictures


def read_texts(documents: Sequence[Path]) -> list[View]:
    """What a reader sees of each document.

    Raises:
        HelperError: a document cannot be read, or the process failed.
    """
    answers = ask(__name__, {"do": "read", "documents": [*map(str, documents)]}, seconds=_TIME_S)
    return [View(answer["pages"], answer["text"], tuple(answer["complaints"])) for answer in answers]


def _main() -> None:
    pymupdf: Any = import_module("pymupdf")  # only in this process, see above; its types are incomplete
    tools = pymupdf.TOOLS
    # Complaints belong into the answer; on standard output they would spoil it.
    tools.mupdf_display_errors(False)  # noqa: FBT003 - PyMuPDF's signature
    tools.mupdf_display_warnings(False)  # noqa: FBT003 - PyMuPDF's signature
    order = json.load(sys.stdin)
    answers = []
    for number, path in enumerate(order["documents"]):
        tools.reset_mupdf_warnings()
        with pymupdf.open(path) as document:
            if order["do"] == "draw":
                page = document[0]
                zoom = order["width"] / page.rect.width
                page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False).save(order["pictures"][number])
                continue
            text = " ".join(" ".join(page.get_text() for page in document).split())
            complaints = [line for line in tools.mupdf_warnings().splitlines() if line]
            if document.is_repaired:
                complaints.append("the file was broken and had to be repaired")
            answers.append({"pages": document.page_count, "text": text, "complaints": complaints})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    _main()
