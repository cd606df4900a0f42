"""The options that ask for pictures of pages instead of a document's own format."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from pressrun_client.models.image import ImageOptions
from pressrun_client.models.vocabulary import OutputFormat

__all__ = ["picture_options", "pictures_of"]

_PRINTED = frozenset({OutputFormat.PCL, OutputFormat.PWG})
_PICTURES = frozenset({OutputFormat.PNG, OutputFormat.JPEG, OutputFormat.WEBP, *_PRINTED})
_PAGES = re.compile(r"([1-9]\d{0,5})(?:-([1-9]\d{0,5})?)?")
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--format",
        "output_format",
        type=click.Choice([form.value for form in OutputFormat]),
        default=OutputFormat.DEFAULT.value,
        show_default=True,
        help="The file format; png, jpeg and webp are pictures of pages, pcl and pwg are for printers, text is for "
        "short messages.",
    ),
    click.option("--pages", metavar="N|N-M|N-|all", help="Of pictures: one page (1), or several in a ZIP file."),
    click.option("--width", type=int, default=0, help="Of pictures: CSS pixels across."),
    click.option("--density", type=float, default=0.0, help="Of pictures: device pixels to a CSS pixel (1)."),
    click.option("--dpi", type=int, default=0, help="Of pictures: resolution, where no width is given (96)."),
    click.option("--quality", type=int, default=0, help="Of JPEG and WebP, 1 to 100 (80)."),
)


def picture_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --format, --pages, --width, --density, --dpi and --quality."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def pictures_of(
    output_format: str, pages: str | None, width: int, density: float, dpi: int, quality: int
) -> ImageOptions | None:
    """What the options ask for; None for a document in a format of its own.

    Raises:
        click.BadParameter: --pages names none.
        click.UsageError: an option of pictures stands where no picture is asked for.
    """
    if output_format not in _PICTURES:
        if pages or width or density or dpi or quality:
            raise click.UsageError(
                "--pages, --width, --density, --dpi and --quality need --format png, jpeg, webp, pcl or pwg."
            )
        return None
    if quality and output_format == OutputFormat.PNG.value:
        raise click.UsageError("--quality is of JPEG and WebP: a PNG has every pixel as it is; leave it out.")
    first, last = _range(pages or ("all" if output_format in _PRINTED else "1"))
    if output_format in _PRINTED and not last:
        last = first
    return ImageOptions(first_page=first, last_page=last, width=width, density=density, dpi=dpi, quality=quality)


def _range(pages: str) -> tuple[int, int]:
    if pages == "all":
        return 1, -1
    found = _PAGES.fullmatch(pages)
    if found is None:
        raise click.BadParameter(f"{pages!r} names no pages; write 1, 2-5, 3- or all.", param_hint="--pages")
    if "-" not in pages:
        return int(found[1]), 0
    return int(found[1]), int(found[2]) if found[2] else -1
