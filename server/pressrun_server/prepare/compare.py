"""Says where two PDF documents differ first: on which page, in which object, and how. A preparer's task."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pressrun_server.errors import PressrunError
from pressrun_server.model.difference import Difference
from pressrun_server.prepare.raster import open_pdf
from pressrun_server.prepare.tasks import COMPARE

__all__ = ["compare_pdfs", "compare_task", "compare_texts"]

_OBJECT = re.compile(rb"(?:^|[\r\n])(\d{1,10}) 0 obj\b")
_WINDOW = 1 << 20
_SHOWN = 80
_PDF = b"%PDF-"
_AROUND = 40


def compare_task(payload: bytes) -> bytes:
    """The preparer's task `compare`: two documents to the encoded first difference."""
    order = COMPARE.decode(payload)
    compare = compare_pdfs if order.made.startswith(_PDF) else compare_texts
    return msgspec.msgpack.encode(compare(order.given, order.made))


def compare_texts(given: bytes, made: bytes) -> Difference:
    """The first difference of two documents that are text, such as pages for browsers, and not the same bytes.

    Args:
        given: the document as it is.
        made: the document as it was made again.
    """
    offset = _first_difference(given, made)
    theirs, ours = (
        data[max(offset - _AROUND, 0) : offset + _AROUND].decode("utf-8", "replace") for data in (given, made)
    )
    return Difference("structure", 0, 0, offset, f"{theirs!r} stands where {ours!r} was made")


def compare_pdfs(given: bytes, made: bytes) -> Difference:
    """The first difference of two documents that are not the same bytes.

    Args:
        given: the document as it is.
        made: the document as it was made again; sound.
    """
    offset = _first_difference(given, made)
    try:
        with open_pdf(given) as theirs, open_pdf(made) as ours:
            found = _of_pages(theirs, ours)
    except PressrunError as error:
        return Difference("structure", 0, 0, offset, f"the document that was given cannot be read: {error.message}")
    if found is not None:
        return msgspec.structs.replace(found, offset=offset)
    number = _object_at(given, offset)
    place = f"object {number}" if number else "the file's outer parts"
    return Difference("structure", 0, number, offset, f"the pages are the same; {place} differs")


def _of_pages(theirs: Any, ours: Any) -> Difference | None:
    for number in range(min(theirs.page_count, ours.page_count)):
        given, made = theirs[number], ours[number]
        page = number + 1
        if given.mediabox != made.mediabox:
            what = f"the page measures {_sides(given)} where {_sides(made)} was made"
            return Difference("page-size", page, given.xref, 0, what)
        if given.read_contents() != made.read_contents():
            contents = given.get_contents()
            return Difference("page-content", page, contents[0] if contents else 0, 0, _of_text(given, made))
        changed = _of_resources(theirs, given, ours, made)
        if changed:
            return Difference("page-resources", page, changed, 0, "an image or a font of the page differs")
    if theirs.page_count != ours.page_count:
        what = f"the document has {theirs.page_count} pages where {ours.page_count} were made"
        return Difference("page-count", min(theirs.page_count, ours.page_count) + 1, 0, 0, what)
    return None


def _of_resources(theirs: Any, given: Any, ours: Any, made: Any) -> int:
    """The object of the first image or font file that differs; 0 where none does."""
    for kind in ("get_images", "get_fonts"):
        mine, others = getattr(given, kind)(), getattr(made, kind)()
        for one, other in zip(mine, others, strict=False):
            if _content(theirs, one[0]) != _content(ours, other[0]):
                return int(one[0])
        if len(mine) != len(others):
            return int(given.xref)
    return 0


def _content(document: Any, xref: int) -> tuple[Any, ...]:
    """What there is of an image or a font, without the numbers of its objects."""
    if document.xref_is_stream(xref):
        return (document.xref_stream_raw(xref),)
    return document.extract_font(xref)[1:] if xref else ()


def _of_text(given: Any, made: Any) -> str:
    """The first line of text that differs, in words."""
    mine, others = (page.get_text().splitlines() for page in (given, made))
    for one, other in zip(mine, others, strict=False):
        if one != other:
            return f"the page shows {one[:_SHOWN]!r} where {other[:_SHOWN]!r} was made"
    if len(mine) != len(others):
        return f"the page has {len(mine)} lines of text where {len(others)} were made"
    return "the page shows the same text in another way"


def _sides(page: Any) -> str:
    return f"{page.mediabox.width:g} x {page.mediabox.height:g} pt"


def _object_at(data: bytes, offset: int) -> int:
    """The object that a byte belongs to; 0 where it is none's."""
    number = 0
    for match in _OBJECT.finditer(data, max(0, offset - _WINDOW), offset + 1):
        number = int(match[1])
    return number


def _first_difference(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
