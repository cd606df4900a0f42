"""Which pages of a document are made into pictures, and how."""

from __future__ import annotations

import msgspec

__all__ = ["LAST_PAGE", "PictureSpec", "wanted_pages"]

LAST_PAGE = -1
"""As the end of a range: the document's last page, whichever that is."""
_PRINTER_DPI = {"pcl": (75, 100, 150, 200, 300, 600), "pwg": (150, 200, 300, 360, 600)}
"""What printers of a language have; 300 is the default."""
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
    gray: bool = False
    """Of PWG raster: without colours."""

    @property
    def ranged(self) -> bool:
        """Whether there may be several pictures."""
        return self.last != 0

    @property
    def pixels_across(self) -> int:
        """Device pixels across; 0 where the page decides."""
        return round(self.width * self.density)


def wanted_pages(form: str, *, gray: bool = False, **fields: float) -> tuple[PictureSpec, list[tuple[str, str]]]:
    """What a request asks for of pages, 0 meaning the default; and what is wrong, by field, with what would be valid.

    Args:
        form: `png`, `jpeg`, `webp`, `pcl` or `pwg`.
        gray: whether colours are left out, of PWG raster.
        fields: the other fields of the contract's ImageOptions, by name.
    """
    offered = _PRINTER_DPI.get(form)
    if offered is None:
        wanted, wrong = _pictures(**fields)  # type: ignore[arg-type]
        return wanted, [*wrong, ("gray", "is for PWG raster; leave it out")] if gray else wrong
    last = int(fields.get("last_page", 0))
    wanted, wrong = _pictures(int(fields.get("first_page", 0)), last or LAST_PAGE)
    dpi = int(fields.get("dpi", 0))
    if dpi and dpi not in offered:
        wrong.append(("dpi", f"is {dpi}; {form.upper()} has {', '.join(map(str, offered))}, or 0 for 300"))
    wrong += [
        (name, f"means nothing in {form.upper()}; leave it out")
        for name in ("width", "density", "quality")
        if fields.get(name)
    ]
    return PictureSpec(wanted.first, wanted.last, dpi=dpi or 300, gray=gray or form == "pcl"), wrong


def _pictures(
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
