"""How large the pictures of a slot are placed, and which rendition that asks for.

`renditions: {print: {dpi: 300}}` without a width means 300 dots an inch where the slot's picture stands. A program
knows the place; where a slot has several, the largest counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from pressrun_server.model.program import Background, Box, Image, Page, Program
from pressrun_server.model.template import RenditionSpec, Slot

__all__ = ["Placed", "placed", "sized"]

_INCH = 72_000
_WHOLE = 100_000
_CUT = frozenset({"cover", "none", "scale-down"})
_LEAVES = frozenset({int, str, bool, bytes, float, type(None)})


@dataclass(frozen=True, slots=True)
class Placed:
    """The place of a slot's pictures, in 1/1000 pt; None where it follows from the picture."""

    width: int | None
    height: int | None


def placed(programs: Iterable[Program]) -> dict[str, Placed | None]:
    """The largest place of each slot that has one; None where the picture's own pixels decide how large it is."""
    found: dict[str, Placed | None] = {}
    for program in programs:
        for slot, place in _places(program):
            found[slot] = _larger(found[slot], place) if slot in found else place
    return found


def sized(
    slots: Iterable[Slot], places: Mapping[str, Mapping[str, Placed | None]], otherwise: str
) -> tuple[tuple[Slot, ...], list[tuple[str, str]]]:
    """The slots with their renditions in pixels; and the name and output channel of those that have no place.

    Args:
        slots: of the template.
        places: by output channel, those of its slots.
        otherwise: the output channel whose places count for one that has none of its own.
    """
    done: list[Slot] = []
    lacking: list[tuple[str, str]] = []
    for slot in slots:
        renditions = dict(slot.renditions)
        for channel, spec in slot.renditions.items():
            if spec.dpi is None or spec.width is not None or spec.height is not None:
                continue
            place = places.get(channel, places[otherwise]).get(slot.name)
            if place is None:
                lacking.append((slot.name, channel))
            else:
                renditions[channel] = _in_pixels(spec, spec.dpi, place)
        done.append(msgspec.structs.replace(slot, renditions=renditions))
    return tuple(done), lacking


def _in_pixels(spec: RenditionSpec, dpi: int, place: Placed) -> RenditionSpec:
    width = None if place.width is None else -(-place.width * dpi // _INCH)
    height = None if place.height is None else -(-place.height * dpi // _INCH)
    return msgspec.structs.replace(spec, width=width, height=height)


def _places(node: Any) -> Iterator[tuple[str, Placed | None]]:
    """Every place of a picture below a node of a program."""
    if isinstance(node, Image):
        yield node.slot, _of_image(node)
    elif isinstance(node, Box) and node.picture is not None:
        yield node.picture.slot, _of_background(node.picture, node)
    elif isinstance(node, Page) and node.slot:
        yield node.slot, Placed(node.width, node.height)
    inner: Iterable[Any] = ()
    if isinstance(node, msgspec.Struct):
        inner = [getattr(node, name) for name in node.__struct_fields__]
    elif isinstance(node, tuple | list):
        inner = node
    elif isinstance(node, dict):
        inner = node.values()
    for item in inner:
        if item.__class__ not in _LEAVES:  # most are, and are not asked
            yield from _places(item)


def _of_image(image: Image) -> Placed | None:
    width, height = image.width, image.height
    if width is None and height is None:
        return None
    # A picture that fills its place needs no more pixels than that; one that is cut may.
    if width is not None and height is not None and image.fit in _CUT:
        return None
    return Placed(width, height)


def _of_background(picture: Background, box: Box) -> Placed | None:
    if picture.size == "contain":
        return Placed(box.width, None)
    if isinstance(picture.size, str):
        return None
    across, down = picture.size
    if across is None:
        return None if down is None or down[1] else Placed(None, down[0])
    return Placed(across[0] + across[1] * box.width // _WHOLE, None)


def _larger(one: Placed | None, other: Placed | None) -> Placed | None:
    """A place for both; None where one follows from the width alone and the other from the height."""
    if one is None or other is None:
        return None
    width = None if one.width is None or other.width is None else max(one.width, other.width)
    height = None if one.height is None or other.height is None else max(one.height, other.height)
    return None if width is None and height is None else Placed(width, height)
