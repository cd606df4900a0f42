"""What a rectangle may be painted with besides a colour; it keeps its place as a fill does (`model.page.Fill`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pressrun_server.model.tint import FULL

__all__ = ["Backdrop", "Clipped", "Dashes", "Ink", "Radii", "Ring", "Rounded"]

Radii: TypeAlias = "tuple[int, int, int, int]"
"""Of the corners: top left, top right, bottom right, bottom left."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """A colour inside rounded corners."""

    color: int
    radii: Radii


@dataclass(frozen=True, slots=True)
class Ring:
    """A border of one colour on all sides, with rounded corners."""

    color: int
    radii: Radii
    widths: tuple[int, int, int, int]
    """Top, right, bottom, left."""


@dataclass(frozen=True, slots=True)
class Dashes:
    """A side of a border in dashes or dots, along the middle of the rectangle."""

    color: int
    dotted: bool
    upright: bool


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A picture behind a box: what of it lies inside the rectangle, once or repeated."""

    slot: int
    x: int
    y: int
    """Of the first picture, from the rectangle's top left corner."""
    width: int
    height: int
    across: bool
    down: bool
    """Whether it is repeated."""
    radii: Radii
    alpha: int = FULL


@dataclass(frozen=True, slots=True)
class Clipped:
    """A picture larger than its place, beside its middle, or faded: where it lies from the place's top left corner."""

    slot: int
    x: int
    y: int
    width: int
    height: int
    alpha: int = FULL


Ink: TypeAlias = Rounded | Ring | Dashes | Backdrop
