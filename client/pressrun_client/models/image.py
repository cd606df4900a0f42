"""Pictures of pages: what a caller asks for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ImageOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """Which pages are made into pictures, and how. One page gives one picture, a range a ZIP file of them.

    Of PCL and PWG raster, which have all pages at 300 dpi unless it is said otherwise, the pages, dpi and gray hold.

    Nothing is checked here: the node says which field is wrong and what would be valid.

    Example:
        A thumbnail for a list, sharp on a telephone with three pixels to one of CSS::

            thumbnail = ImageOptions(width=120, density=3)
            picture = await client.render(
                "statement@1", record, output_channel="mobile", output_format="webp", image=thumbnail
            )
    """

    first_page: int = 0
    """The page, from 1; 0 means the first."""
    last_page: int = 0
    """The last page of a range, -1 for the document's; 0: the one page alone, not in a ZIP file."""
    width: int = 0
    """Across, in CSS pixels, 16 to 4,096; 0: as `dpi` says."""
    density: float = 0.0
    """Device pixels to a CSS pixel, 0.5 to 4; 0 means 1."""
    dpi: int = 0
    """Resolution, 10 to 600, where no width is given; 0 means 96."""
    quality: int = 0
    """Of JPEG and WebP, 1 to 100; 0 means 80."""
    gray: bool = False
    """Of PWG raster: without colours."""
