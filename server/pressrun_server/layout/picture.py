"""Where a picture lies in its place: object-fit and object-position, and backgrounds (CSS Images 3, Backgrounds 3)."""

from __future__ import annotations

from pressrun_server.model.ink import Backdrop, Clipped
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Background, Box, Image, Length
from pressrun_server.model.tint import FULL

__all__ = ["backdrop", "fitted", "image_size"]

_PIXEL = 750
_WHOLE = 100_000


def fitted(
    slot: int,
    image: PreparedImage,
    fit: str,
    position: tuple[Length, Length],
    width: int,
    height: int,
    alpha: int = FULL,
) -> int | Clipped:
    """The picture of a slot in a place; the slot itself where it fills the place exactly and lets nothing through."""
    own = image.width * _PIXEL, image.height * _PIXEL
    if fit == "scale-down":
        fit = "none" if own[0] <= width and own[1] <= height else "contain"
    if fit == "fill":
        return slot if alpha == FULL else Clipped(slot, 0, 0, width, height, alpha)
    if fit != "none":
        own = _scaled(image, width, height, covers=fit == "cover")
    x, y = _place(position[0], width - own[0]), _place(position[1], height - own[1])
    whole = (x, y, *own) == (0, 0, width, height) and alpha == FULL
    return slot if whole else Clipped(slot, x, y, *own, alpha)


def image_size(node: Image, image: PreparedImage, most: int) -> tuple[int, int]:
    """The size of a picture's place: as given, else of its own proportion; limits keep that (CSS 2.2, 10.4)."""
    width, height = node.width, node.height
    if width is None and height is None:
        width, height = image.width * _PIXEL, image.height * _PIXEL
        if width > most:
            width, height = most, most * image.height // image.width
    elif width is None and height is not None:
        width = height * image.width // image.height
    elif height is None and width is not None:
        height = width * image.height // image.width
    assert width is not None
    assert height is not None
    if node.max_width is not None and width > node.max_width:
        width, height = node.max_width, height if node.height else height * node.max_width // width
    if node.max_height is not None and height > node.max_height:
        width, height = width if node.width else width * node.max_height // height, node.max_height
    return max(width, 1), max(height, 1)


def backdrop(picture: Background, slot: int, image: PreparedImage, box: Box, height: int) -> Backdrop:
    """A background picture of a box of a height: it is placed in the padding box and shown in the border box."""
    top, left = (side.width if side else 0 for side in (box.border_top, box.border_left))
    right, bottom = (side.width if side else 0 for side in (box.border_right, box.border_bottom))
    inner_width, inner_height = box.width - left - right, height - top - bottom
    if isinstance(picture.size, str):
        size = _scaled(image, inner_width, inner_height, covers=picture.size == "cover")
    else:
        across, down = picture.size
        wide = None if across is None else _place(across, inner_width)
        tall = None if down is None else _place(down, inner_height)
        if wide is None:
            wide = image.width * _PIXEL if tall is None else tall * image.width // image.height
        size = wide, wide * image.height // image.width if tall is None else tall
    size = max(size[0], 1), max(size[1], 1)
    x, y = _place(picture.position[0], inner_width - size[0]), _place(picture.position[1], inner_height - size[1])
    return Backdrop(
        slot, left + x, top + y, *size,
        across=picture.across, down=picture.down, radii=box.radii, alpha=picture.alpha,
    )  # fmt: skip


def _scaled(image: PreparedImage, width: int, height: int, *, covers: bool) -> tuple[int, int]:
    """The largest size of the picture's proportion that fits into a place, or the smallest that covers it."""
    by_width = width, max(width * image.height // image.width, 1)
    by_height = max(height * image.width // image.height, 1), height
    return by_width if (by_width[1] >= height) == covers else by_height


def _place(length: Length, of: int) -> int:
    return length[0] + length[1] * of // _WHOLE
