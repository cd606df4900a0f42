"""Parts a row in two where a page ends."""

from __future__ import annotations

import itertools

from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import ARTIFACT, Strip, Tag, TextItem

__all__ = ["baselines", "lines_within", "split"]

_BELOW = 4
"""The part of a line that is below its baseline, about; a row's frame says no more than where that is."""


def split(frame: RowFrame, room: int) -> tuple[RowFrame, RowFrame]:
    """A row that is taller than a page as two: what fits into `room`, and the rest.

    Each part is a row of its own for the structure, with its cells and a paragraph for each piece of them.
    """
    if frame.y:
        text = [(x, y - frame.y, style, shard, codes) for x, y, style, shard, codes in frame.text]
        frame = RowFrame(
            frame.height, text, frame.fills, frame.images, 0, frame.tags, frame.alts, frame.links,
            frame.roles, frame.notes,
        )  # fmt: skip
    lines = baselines(frame)
    fitting = lines[: lines_within(lines, room)]
    if len(lines) - len(fitting) == 1 and len(fitting) > 1:
        fitting.pop()  # no line goes on alone
    cut = fitting[-1] if fitting else lines[0] if lines else room
    here, later = RowFrame(room, roles=frame.roles), RowFrame(0, roles=frame.roles)
    _share(frame, cut, here, later)
    for x, y, width, height, color in frame.fills:
        here.fills.append((x, y, width, min(height, room - y), color))
    here.notes = [(y, note) for y, note in frame.notes if y <= cut]
    later.notes = [(y, note) for y, note in frame.notes if y > cut]
    if not later.text and not later.images:
        return here, later
    # What is left begins where its first line or picture begins.
    first = min(
        [_baseline(item) for item in later.text if item[0].__class__ is not str]
        + [image[1] + image[3] for image in later.images]
    )
    line = min((after - before for before, after in itertools.pairwise(lines)), default=first)
    shift = first - max(line - line // _BELOW, 1)
    later.height = max(frame.height - shift, 1)
    later.text = [(x, y - shift, style, shard, codes) for x, y, style, shard, codes in later.text]
    later.fills = [
        (x, max(y - shift, 0), width, height - max(shift - y, 0), color)
        for x, y, width, height, color in frame.fills
        if y + height > shift
    ]
    later.links = [(x, y - shift, width, height, link) for x, y, width, height, link in later.links]
    later.notes = [(y - shift, note) for y, note in later.notes]
    later.images = [(x, y - shift, width, height, slot, tag) for x, y, width, height, slot, tag in later.images]
    return here, later


def lines_within(lines: list[int], room: int) -> int:
    """How many of a row's lines, given by their baselines, end within a height."""
    below = min((after - before for before, after in itertools.pairwise(lines)), default=0) // _BELOW
    return sum(line + below <= room for line in lines)


def baselines(frame: RowFrame) -> list[int]:
    """The baselines of a row's lines, from its top."""
    return sorted({_baseline(item) - frame.y for item in frame.text if item[0].__class__ is not str})


def _baseline(item: TextItem) -> int:
    return item[1] + item[0].columns[0].y if isinstance(item[0], Strip) else item[1]


def _share(frame: RowFrame, cut: int, here: RowFrame, later: RowFrame) -> None:
    """Text and images above the cut to one part, the others to the other, with marks and tags of their own."""
    opened = {id(here): None, id(later): None}
    cells: dict[int, dict[int, list[Tag]]] = {id(here): {}, id(later): {}}
    mark: TextItem = (ARTIFACT, 0, 0, 0, "")
    links, line = iter(frame.links), -1
    for item in frame.text:
        if isinstance(item[0], str):
            mark, line = item, -1
            continue
        part = here if _baseline(item) <= cut else later
        if not isinstance(item[0], Strip) and opened[id(part)] is not mark:
            opened[id(part)] = mark  # type: ignore[assignment]
            part.text.append(mark)
            if mark[0] == "Link":
                cells[id(part)].setdefault(mark[2], []).extend(("(P", "(Link", ".", ")", ")"))
            elif mark[0] == "Reference":
                cells[id(part)].setdefault(mark[2], []).extend(("(P", "(Reference", ".", ")", ")"))
            elif mark[0] != ARTIFACT:
                cells[id(part)].setdefault(mark[2], []).append("P" if mark[0][0] == "T" else mark[0])
        if mark[0] == "Link" and item[1] != line:
            line = item[1]
            place = next(links, None)  # a link has a place on each of its lines
            if place is not None:
                part.links.append(place)
                cells[id(part)][mark[2]].insert(-2, "&")
        part.text.append(item)
    for x, y, width, height, slot, tagged in frame.images:
        part = here if y <= cut else later
        part.images.append((x, y, width, height, slot, tagged))
    for image, alt in zip([image for image in frame.images if image[5]], frame.alts, strict=True):
        part = here if image[1] <= cut else later
        cells[id(part)].setdefault(0, []).append("!Figure")
        part.alts.append(alt)
    for part in (here, later):
        inner = cells[id(part)]
        if frame.roles and inner:
            part.tags = [f"({frame.roles[0]}"] if frame.roles[0] else []
            for index, role in enumerate(frame.roles[1:]):
                part.tags += [f"({role}", *inner.get(index, []), ")"] if role else inner.get(index, [])
            if frame.roles[0]:
                part.tags.append(")")
