"""Which rendition a slot's pictures have in each output channel where its template does not say.

Print has 300 dots an inch where the picture stands; what is for screens has two or more for each pixel of CSS; mobile
is narrow. Cutting, format and colours are the template's to say, and so is another size: a width, a height or a
resolution in `renditions` is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from pressrun_server.model.template import RenditionSpec, Slot

__all__ = ["NARROW", "RESOLUTIONS", "settled", "with_defaults"]

Filled = frozenset[tuple[str, str]]
"""Names of slots, with output channels."""
RESOLUTIONS: Final = {"print": 300, "email": 192, "web": 240, "mobile": 192}
"""Dots an inch at the size of the place, which is that of print: e-mail has the same, two pixels for each of CSS; in a
browser the body's text, and pictures with it, are a fourth larger."""
NARROW: Final = 780
"""Pixels across a telephone of 390, at two for one."""


def with_defaults(slots: Iterable[Slot], channels: Iterable[str]) -> tuple[tuple[Slot, ...], Filled]:
    """The slots with a resolution for each output channel in which nothing is said of size; and which those are."""
    done: list[Slot] = []
    filled: set[tuple[str, str]] = set()
    offered = tuple(channels)
    for slot in slots:
        renditions = dict(slot.renditions)
        for channel in offered if not slot.text else ():
            spec = renditions.get(channel, RenditionSpec())
            if spec.dpi is None and spec.width is None and spec.height is None:
                renditions[channel] = msgspec.structs.replace(spec, dpi=RESOLUTIONS[channel])
                filled.add((slot.name, channel))
        done.append(msgspec.structs.replace(slot, renditions=renditions))
    return tuple(done), frozenset(filled)


def settled(slots: Iterable[Slot], filled: Filled, lacking: Iterable[tuple[str, str]]) -> tuple[Slot, ...]:
    """The slots when their pixels are known.

    Args:
        slots: with pixels where their resolution gave some.
        filled: slots and output channels whose resolution is none of the template's.
        lacking: those of all that have no place; there the original is taken, as large as it is.
    """
    without = frozenset(lacking)

    def spec(slot: str, channel: str, given: RenditionSpec) -> RenditionSpec:
        if (slot, channel) not in filled:
            return given
        if (slot, channel) in without:
            return msgspec.structs.replace(given, dpi=None)
        if channel == "print":
            return given
        if channel == "mobile" and given.width is not None and given.width > NARROW:
            height = None if given.height is None else max(given.height * NARROW // given.width, 1)
            return msgspec.structs.replace(given, width=NARROW, height=height, dpi=None)
        return msgspec.structs.replace(given, dpi=None)

    return tuple(
        msgspec.structs.replace(
            slot, renditions={channel: spec(slot.name, channel, given) for channel, given in slot.renditions.items()}
        )
        for slot in slots
    )
