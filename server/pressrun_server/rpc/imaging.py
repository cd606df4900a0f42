"""ImageOptions, from a request and into a manifest."""

from __future__ import annotations

from pressrun.v1 import document_pb2
from pressrun_server.errors import Violation
from pressrun_server.model.pictures import LAST_PAGE, PictureSpec, wanted_pages
from pressrun_server.model.spec import PRINTER_FORMATS, OutputFormat

__all__ = ["image_message", "read_pictures"]


def read_pictures(message: document_pb2.ImageOptions, form: OutputFormat, bad: list[Violation]) -> PictureSpec:
    """What is asked for, with the defaults of the contract; what is wrong is added to `bad`."""
    wanted, wrong = wanted_pages(
        form,
        first_page=message.first_page,
        last_page=message.last_page,
        width=message.width,
        density=message.density,
        dpi=message.dpi,
        quality=message.quality,
        gray=message.gray,
    )
    bad += [Violation(f"image.{field}", problem) for field, problem in wrong]
    return wanted


def image_message(wanted: PictureSpec, form: OutputFormat) -> document_pb2.ImageOptions:
    """The same as a message that asks for the same pictures."""
    if form in PRINTER_FORMATS:
        last = 0 if wanted.last == LAST_PAGE else wanted.last
        return document_pb2.ImageOptions(
            first_page=wanted.first, last_page=last, dpi=wanted.dpi, gray=wanted.gray and form is OutputFormat.PWG
        )
    return document_pb2.ImageOptions(
        first_page=wanted.first,
        last_page=wanted.last,
        width=wanted.width,
        density=wanted.density,
        dpi=0 if wanted.width else wanted.dpi,
        quality=wanted.quality,
    )
