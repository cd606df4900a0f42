"""Puts what was laid out apart on a page: a page of frames, or a row, at its place."""

from __future__ import annotations

from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import Drawing, Page

__all__ = ["ground", "place", "place_row"]


def place(inner: Page, page: Page, dy: int) -> None:
    """Put all of a page on another, `dy` lower."""
    page.text += [(x, y + dy, style, shard, codes) for x, y, style, shard, codes in inner.text]
    page.tags += inner.tags
    page.alts += inner.alts
    if inner.links:
        page.links += [(x, y + dy, w, h, link) for x, y, w, h, link in inner.links]
    if inner.bookmarks:
        page.bookmarks += [(y + dy, level, text) for y, level, text in inner.bookmarks]
    if inner.notes:
        page.notes += [(y + dy, note) for y, note in inner.notes]
    _boxes(inner, page, dy)


def place_row(frame: RowFrame, page: Page, y: int) -> None:
    """Put a row on a page, its top at `y`."""
    dy = y - frame.y
    page.text += (
        [(x, line + dy, style, shard, codes) for x, line, style, shard, codes in frame.text] if dy else frame.text
    )
    page.tags += frame.tags
    page.alts += frame.alts
    if frame.links:
        page.links += [(x, line + y, w, h, link) for x, line, w, h, link in frame.links]
    if frame.notes:
        page.notes += [(line + y, note) for line, note in frame.notes]
    _boxes(frame, page, y)


def ground(page: Page, fills: int, images: int) -> None:
    """Have what was placed last paint over the pictures that were there before, as it does over other fills.

    Args:
        page: what it was placed on.
        fills: how many fills there were before.
        images: how many pictures.
    """
    own = page.fills[fills:]
    left, top = min(fill[0] for fill in own), min(fill[1] for fill in own)
    right, bottom = max(x + width for x, _, width, _, _ in own), max(y + height for _, y, _, height, _ in own)
    behind = page.images[:images]
    if any(x < right and x + width > left and y < bottom and y + height > top for x, y, width, height, _, _ in behind):
        del page.fills[fills:]
        painted = Drawing([(x - left, y - top, width, height, color) for x, y, width, height, color in own])
        page.images.insert(images, (left, top, right - left, bottom - top, painted, False))


def _boxes(inner: Page | RowFrame, page: Page, dy: int) -> None:
    if inner.fills:
        page.fills += [(x, y + dy, w, h, color) for x, y, w, h, color in inner.fills]
    if inner.images:
        page.images += [(x, y + dy, w, h, slot, tagged) for x, y, w, h, slot, tagged in inner.images]
