"""Plain text out of text with marks: paragraphs, lists, aligned tables, links with where they lead.

Marks are control characters, which no value can hold when it comes here. Paragraphs stay one line each: every client
breaks lines at its own width, which on a telephone is not ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Final, TypeAlias

__all__ = [
    "CELL",
    "HEADING",
    "ITEM",
    "LINE",
    "LINK",
    "LIST",
    "MARKS",
    "NUMBER",
    "PAD",
    "ROW",
    "TABLE",
    "TARGET",
    "TITLE",
    "Rows",
    "close",
    "linked",
    "pair",
    "settled",
    "table_lines",
]

BLOCK: Final = "\x01"
"""Around a paragraph."""
LINE: Final = "\x02"
"""A line's end."""
CELL: Final = "\x03"
"""Before a cell; behind it `r` where its text stands at the right or `l`, and a digit for the columns that it takes."""
ROW: Final = "\x04"
"""Before a row; behind it `h` where that is of headings, or `d`."""
TABLE: Final = ("\x05", "\x06")
"""Around a table of data; behind the first `p` for one of pairs, else `t`."""
TITLE: Final = "\x0e"
"""Behind the title."""
HEADING: Final = "\x0f"
"""Behind another heading."""
LINK: Final = "\x10"
"""Before a link's text."""
TARGET: Final = ("\x11", "\x12")
"""Around where it leads, behind the text."""
ITEM: Final = "\x13"
"""Before an item of a list without order."""
LIST: Final = ("\x14", "\x15")
"""Around a list with order."""
NUMBER: Final = "\x16"
"""Before an item of one."""

Rows: TypeAlias = "Sequence[tuple[str, bool, Sequence[Sequence[str]]]]"
"""A table's rows in groups: side and columns of each cell (`l1r1`), whether they are of headings, and their texts."""

MARKS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What must be in no text before its marks are put in."""

_WIDEST: Final = 78
"""Characters of a table whose columns are aligned (RFC 5322, 2.1.1); in a wider one, cells follow each other."""
_BETWEEN: Final = "  "
_APART: Final = " · "
_BESIDE: Final = " | "
_STRIPPED: Final = " ·"
PAD: Final = "\x1f"
"""A space that stays."""
_LINK: Final = re.compile(f"{LINK}([^{LINK}{TARGET[0]}{TARGET[1]}]*){TARGET[0]}([^{TARGET[1]}]*){TARGET[1]}")
_LIST: Final = re.compile(f"{LIST[0]}([^{LIST[0]}{LIST[1]}]*){LIST[1]}")
_ENDS: Final = f"{BLOCK}{LINE}{TABLE[1]}{TITLE}{HEADING}{ITEM}{NUMBER}{LIST[0]}{LIST[1]}"
_BESIDE_MARKS: Final = re.compile(f" *([{_ENDS}]|{CELL}[lr][0-9]|{ROW}[hd]|{TABLE[0]}[pt]) *")
_ROOM: Final = f" {LINE}"
_LINES: Final = re.compile(f"{LINE}[ {LINE}]*")
_INSIDE: Final = re.compile(f"[ ]*[{BLOCK}{LINE}{TITLE}{HEADING}][ {BLOCK}{LINE}{TITLE}{HEADING}]*")
_MARKED: Final = "\u0300"
_HYPHEN: Final = "\u00ad"
"""The first character that stands above another one, and the one before it that takes no room."""
_WIDE: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u1100-\u115f\u200b-\u200f"
    "\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe00-\ufe6f\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001faff"
    "\U00020000-\U0003fffd]"
)
"""Characters that are not one column wide."""


def close(text: str) -> str:
    """A template's own text without the spaces that stand beside marks, where none is read."""
    return _BESIDE_MARKS.sub(r"\1", text)


def settled(text: str) -> str:
    """The text without marks, ending in a line's end."""
    while "  " in text:  # where pieces of text meet; in themselves they hold none
        text = text.replace("  ", " ")
    text = linked(text)
    while (end := text.find(TABLE[1])) >= 0:  # the innermost one first
        begin = text.rindex(TABLE[0], 0, end)
        text = f"{text[:begin]}{_table(text[begin + 1], text[begin + 2 : end])}{text[end + 1 :]}"
    while (changed := _LIST.sub(_numbered, text)) != text:
        text = changed
    text = text.replace(ITEM, f"{LINE}- ")
    text = "\n\n".join(filter(None, [part.strip(_ROOM) for part in text.split(BLOCK)]))
    text = _LINES.sub("\n", text).replace(" \n", "\n").strip("\n ")
    return f"{_headed(text).replace(PAD, ' ')}\n"


def linked(text: str) -> str:
    """The text with its links' targets behind what they say."""
    return _LINK.sub(_link, text) if LINK in text else text


def _link(match: re.Match[str]) -> str:
    """A link's text with where it leads, unless the text says so itself."""
    text, target = match[1].strip(), match[2]
    plain = target.partition(":")[2].removeprefix("//").rstrip("/")
    if not target or target.startswith("#") or text in {target, plain} or plain == text.replace(" ", ""):
        return match[1]
    return f"{match[1]} <{target}>"


def _numbered(match: re.Match[str]) -> str:
    before, *items = match[1].split(NUMBER)
    return before + "".join(f"{LINE}{number}. {item.lstrip()}" for number, item in enumerate(items, 1))


def _headed(text: str) -> str:
    """The headings with a line of marks below, as long as they are."""
    found: list[str] = []
    *parts, rest = text.replace(TITLE, f"{TITLE}{HEADING}").split(HEADING)
    for part in parts:
        above, sign = (part[:-1], "=") if part.endswith(TITLE) else (part, "-")
        found.append(above)
        line = above.rpartition("\n")[2].rstrip()
        if line:
            found.append(f"\n{sign * _width(line)}")
    return "".join([*found, rest])


def _table(kind: str, text: str) -> str:
    """A table's rows: pairs as `label: value`, others aligned, or one cell behind the other where that is too wide.

    Args:
        kind: as behind the mark of a table.
        text: what is in it.
    """
    if BLOCK in text or LINE in text or TITLE in text or HEADING in text:
        text = CELL.join([_INSIDE.sub(_APART, cell) for cell in text.split(CELL)])
    # A row begins with its mark, a cell with its side and its columns.
    lines = text.split(ROW)[1:]
    rows = [line.split(CELL) for line in lines]
    texts = [[cell[2:].strip(_STRIPPED) for cell in cells[1:]] for cells in rows]
    if kind == "p":
        lines = [pair(list(filter(None, found))) for found in texts]
        return f"{BLOCK}{LINE.join(filter(None, lines))}{BLOCK}"
    shapes = ["".join([cell[:2] for cell in cells[1:]]) for cells in rows]
    groups = [(shape, cells[0][:1] == "h", (found,)) for shape, cells, found in zip(shapes, rows, texts, strict=True)]
    return f"{BLOCK}{LINE.join(table_lines(groups, text))}{BLOCK}"


def table_lines(groups: Rows, whole: str) -> list[str]:
    """The lines of a table, its columns aligned, or one cell behind the other where that is too wide.

    Args:
        groups: its rows.
        whole: all that its cells say.
    """
    count = max([len(shape) // 2 for shape, _, _ in groups], default=0)
    beside: list[str] = []
    wide = False
    for shape, _, rows in groups:
        found = [line for cells in rows if (line := _BESIDE.join(filter(None, cells)))]
        # Of most tables that are too wide one row is already: it has a character more between cells here.
        wide |= set(shape[1::2]) == {"1"} and max(map(len, found), default=0) >= _WIDEST + count
        beside += found
    if wide:
        return beside
    measure: Callable[[str], int] = len
    sizes = _sizes(groups, measure)
    if _fits(sizes) and _WIDE.search(whole):
        sizes = _sizes(groups, measure := _width)
    if not _fits(sizes):
        return beside
    lines: list[str] = []
    headed = False
    for shape, head, rows in groups:
        if not rows:
            continue
        if headed and not head:
            lines.append(_ruled(sizes))
        headed = head
        if measure is len and len(shape) == 2 * len(sizes) and shape[1::2] == "1" * len(sizes):
            form = _form(shape, sizes).format
            lines += [form(*cells).rstrip(PAD) for cells in rows]
        else:
            lines += [_aligned(shape, cells, sizes, measure) for cells in rows]
    return list(filter(None, lines))


def _fits(sizes: list[int]) -> bool:
    return sum(sizes) + len(_BETWEEN) * (len(sizes) - 1) <= _WIDEST


def pair(texts: list[str]) -> str:
    """The line of a row of a label and a value, neither of them empty."""
    if len(texts) < 2:  # noqa: PLR2004 - a label without a value, or a value without a label
        return "".join(texts)
    label = texts[0] if texts[0].endswith((":", "?")) else f"{texts[0]}:"
    return f"{label} {_APART.join(texts[1:])}"


def _sizes(groups: Rows, measure: Callable[[str], int]) -> list[int]:
    """The width of each column: of what has it for itself."""
    count = max((len(shape) // 2 for shape, _, _ in groups), default=0)
    whole: list[Sequence[str]] = []
    for shape, _, rows in groups:
        if len(shape) // 2 == count:
            whole += rows
            continue
        for cells in rows:
            alone: list[str] = []
            for span, text in zip(map(int, shape[1::2]), cells, strict=True):
                alone += [text] if span == 1 else [""] * span
            whole.append((alone + [""] * count)[: max(count, len(alone))])
    return [max(map(measure, column)) for column in zip_longest(*whole, fillvalue="")]


def _form(shape: str, sizes: list[int]) -> str:
    """How rows are written whose cells have a column each: the side of each cell, and its room."""
    cells = (f"{{:{PAD}{'>' if side == 'r' else '<'}{size}}}" for side, size in zip(shape[::2], sizes, strict=True))
    return (PAD * len(_BETWEEN)).join(cells)


def _aligned(shape: str, texts: Sequence[str], sizes: list[int], measure: Callable[[str], int]) -> str:
    parts: list[str] = []
    at = 0
    for side, span, text in zip(shape[::2], map(int, shape[1::2]), texts, strict=True):
        room = sum(sizes[at : at + span]) + len(_BETWEEN) * (span - 1)
        padding = PAD * (room - measure(text))
        parts.append(f"{padding}{text}" if side == "r" else f"{text}{padding}")
        at += span
    return (PAD * len(_BETWEEN)).join(parts).rstrip(PAD)


def _ruled(sizes: list[int]) -> str:
    return (PAD * len(_BETWEEN)).join("-" * size for size in sizes).rstrip(PAD)


def _width(text: str) -> int:
    """Columns that a text takes where every character has one or two."""
    if text.isascii() or (max(text) < _MARKED and _HYPHEN not in text):
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Cf"}
        else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )  # fmt: skip
