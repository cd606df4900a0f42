"""Reads a tagged PDF as a screen reader does: its elements in order, with what each marks. A preparer's task.

Only documents of our own are read: the text is taken from marks of the content streams, single-byte codes, and the
fonts' ToUnicode maps (PDF 32000-1, 9.10.3 and 14.7).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pikepdf

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.tagged import TaggedElement

__all__ = ["marked_texts", "read_tagged", "tagged_task"]

_RANGE: Final = re.compile(rb"<(\w\w)>\s*<(\w\w)>\s*<(\w+)>")
_IN_LINES: Final = {"/Link", "/Span", "/Em", "/Strong", "/Sub", "/Quote", "/Code", "/Reference"}
"""Types of elements that stand in lines (PDF 32000-1, 14.8.4.4)."""
_CHAR: Final = re.compile(rb"<(\w\w)>\s*<(\w+)>")


def tagged_task(payload: bytes) -> bytes:
    """The preparer's task `tagged`: a PDF to its elements (MessagePack: a list of TaggedElement).

    Raises:
        PressrunError: as `read_tagged` does.
    """
    return msgspec.msgpack.encode(read_tagged(payload))


def read_tagged(data: bytes) -> list[TaggedElement]:
    """All elements in reading order.

    Raises:
        PressrunError: INVALID_REQUEST, it is no tagged document of ours.
    """
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            texts = marked_texts(pdf)
            return list(_below(pdf.Root.StructTreeRoot.K[0], "", texts))
    except (pikepdf.PdfError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise PressrunError(
            Reason.INVALID_REQUEST,
            "the document is no tagged PDF that was made here",
            detail=f"{type(error).__name__}: {error}"[:300],
        ) from error


def marked_texts(pdf: pikepdf.Pdf) -> dict[tuple[int, int], dict[int, str]]:
    """By page, the text of each mark."""
    return {page.obj.objgen: _marked(page) for page in pdf.pages}


def _below(element: Any, path: str, texts: dict[tuple[int, int], dict[int, str]]) -> Iterator[TaggedElement]:
    """An element and those in it; what stands in its lines is its text."""
    here = f"{path}/{str(element.S)[1:]}"
    own: list[str] = []
    inner: list[Any] = []
    links = _lines(element, texts, own, inner)
    yield TaggedElement(here.removeprefix("/Document/"), " ".join(own), str(element.get("/Alt", "")), "")
    yield from (TaggedElement(f"{here}/Link".removeprefix("/Document/"), "", "", link) for link in links)
    for kid in inner:
        yield from _below(kid, here, texts)


def _lines(element: Any, texts: dict[tuple[int, int], dict[int, str]], own: list[str], inner: list[Any]) -> list[str]:
    """Collects the text of an element's lines in order, and the elements that are blocks; gives where links lead."""
    links: list[str] = []
    kids = element.get("/K", pikepdf.Array())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, int):
            own.append(texts[element.Pg.objgen][kid])
        elif kid.get("/Type") == "/MCR":
            own.append(texts[kid.Pg.objgen][int(kid.MCID)])
        elif kid.get("/Type") == "/OBJR":
            links.append(str(kid.Obj.get("/A", pikepdf.Dictionary()).get("/URI", "")))
        elif str(kid.get("/S", "")) in _IN_LINES:
            links += _lines(kid, texts, own, inner)
        elif "/S" in kid:
            inner.append(kid)
    return [link for link in links if link]


def _characters(font: Any) -> dict[int, str]:
    """Code and text, from a font's ToUnicode map."""
    data = font.ToUnicode.read_bytes()
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", data, re.DOTALL):
        for code, text in _CHAR.findall(block):
            found[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", data, re.DOTALL):
        for low, high, text in _RANGE.findall(block):
            first = int(text, 16)
            found |= {code: chr(first + code - int(low, 16)) for code in range(int(low, 16), int(high, 16) + 1)}
    return found


def _marked(page: Any) -> dict[int, str]:
    """The text of each mark of a page; lines of one mark are parted by a space."""
    fonts = {str(name): _characters(font) for name, font in page.obj.Resources.get("/Font", {}).items()}
    found: dict[int, str] = {}
    mark: int | None = None
    characters: dict[int, str] = {}
    instructions: Any = pikepdf.parse_content_stream(page)
    for operands, operator in instructions:
        name = str(operator)
        if name == "BDC":
            mark = int(operands[1].MCID)
            found[mark] = ""
        elif name in {"BMC", "EMC"}:
            mark = None
        elif name == "Tf":
            characters = fonts[str(operands[0])]
        elif name in {"Td", "Tm"} and mark is not None and found[mark]:
            # A run below the one before is another line; one beside it goes on.
            below = operands[1] != 0 if name == "Td" else True
            found[mark] += " " if below and not found[mark].endswith(("-", " ")) else ""
        elif name == "Tj" and mark is not None:
            found[mark] += "".join(characters[code] for code in bytes(operands[0]))
    return found
