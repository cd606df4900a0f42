"""Which of the system's own renditions can stand for one that is wanted.

Documented: a thumbnail and a preview exist beside the master. Inferred: their sizes, which are therefore settings; a
rendition is used only where a box is configured and the outcome is certain to be large enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from pressrun_sources.core_dam.mapping import RenditionSize
from pressrun_sources.model import AssetDescription, Rendition

__all__ = ["choose_rendition"]


def choose_rendition(description: AssetDescription, rendition: Rendition, sizes: Sequence[RenditionSize]) -> str | None:
    """The kind of the smallest sufficient rendition, or None for the master.

    Args:
        description: what the asset is; without its pixels only the master is certain.
        rendition: what is wanted. Print (a resolution, CMYK) and vectors always take the master.
        sizes: the boxes into which the system fits its renditions, smallest first.
    """
    if rendition.dpi is not None or rendition.color_space == "cmyk" or rendition.format in ("svg", "pdf"):
        return None
    width, height = description.width, description.height
    if width is None or height is None or not (rendition.width or rendition.height):
        return None
    ratios = [
        wanted / own for wanted, own in ((rendition.width, width), (rendition.height, height)) if wanted is not None
    ]
    # To fill a box both sides must be long enough, to fit into it the shorter demand decides.
    needed = max(ratios) if rendition.fit in ("fill", "scale") else min(ratios)
    for size in sizes:
        if min(size.width / width, size.height / height, 1.0) >= needed:
            return size.kind
    return None
