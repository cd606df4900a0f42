"""Which pages of a document are made into pictures, and how."""

from __future__ import annotations

import msgspec

__all__ = ["LAST_PAGE", "PictureSpec", "chosen_pictures"]

LAST_PAGE = -1
"""As the end of a range: the document's last page, whichever that is."""
_BOUNDS = {
    "width": (16, 4096, " CSS pixels"),
    "density": (0.5, 4.0, ""),
    "dpi": (10, 600, " dpi"),
    "quality": (1, 100, ""),
}


class PictureSpec(msgspec.Struct, frozen=True):
    """What a request says of its pictures, with the defaults of the contract put in."""

    first: int = 1
    """The page, from 1."""
    last: int = 0
    """The last page of a range, or `LAST_PAGE`; 0: the first alone, and no ZIP file."""
    width: int = 0
    """Across, in CSS pixels; 0: as `dpi` says."""
    density: float = 1.0
    """Device pixels to a CSS pixel."""
    dpi: int = 96
    """Resolution at density 1, where no width is given."""
    quality: int = 80
    """Of JPEG and WebP, 1 to 100."""

    @property
    def ranged(self) -> bool:
        """Whether there may be several pictures."""
        return self.last != 0

    @property
    def pixels_across(self) -> int:
        """Device pixels across; 0 where the page decides."""
        return round(self.width * self.density)


def chosen_pictures(
    first_page: int = 0,
    last_page: int = 0,
    width: int = 0,
    density: float = 0.0,
    dpi: int = 0,
    quality: int = 0,
) -> tuple[PictureSpec, list[tuple[str, str]]]:
    """What a request asks for, 0 meaning the default; and what is wrong with it, by field, with what would be valid."""
    wrong = []
    first = first_page or 1
    if first < 1:
        wrong.append(("first_page", f"is {first}; pages count from 1"))
    if last_page not in {LAST_PAGE, 0} and last_page < first:
        wrong.append(("last_page", f"is {last_page}; must be {first} or more, -1 for the document's last page, or 0"))
    if width and dpi:
        wrong.append(("dpi", "says, as width does, how large a picture is; leave one of them out"))
    given = {"width": width, "density": density, "dpi": dpi, "quality": quality}
    for name, (least, most, unit) in _BOUNDS.items():
        # A number that is none is within no bounds.
        if given[name] != 0 and not least <= given[name] <= most:
            wrong.append((name, f"is {given[name]:g}; must be {least:g} to {most:g}{unit}, or 0 for the default"))
    usual = PictureSpec()
    wanted = PictureSpec(first, last_page, width, density or usual.density, dpi or usual.dpi, quality or usual.quality)
    return wanted, wrong
