"""ImageOptions, from a request and into a manifest."""

from __future__ import annotations

from pressrun.v1 import document_pb2
from pressrun_server.errors import Violation
from pressrun_server.model.pictures import PictureSpec, chosen_pictures

__all__ = ["image_message", "read_pictures"]


def read_pictures(message: document_pb2.ImageOptions, bad: list[Violation]) -> PictureSpec:
    """What is asked for, with the defaults of the contract; what is wrong is added to `bad`."""
    wanted, wrong = chosen_pictures(
        message.first_page, message.last_page, message.width, message.density, message.dpi, message.quality
    )
    bad += [Violation(f"image.{field}", problem) for field, problem in wrong]
    return wanted


def image_message(wanted: PictureSpec) -> document_pb2.ImageOptions:
    """The same as a message that asks for the same pictures."""
    return document_pb2.ImageOptions(
        first_page=wanted.first,
        last_page=wanted.last,
        width=wanted.width,
        density=wanted.density,
        dpi=0 if wanted.width else wanted.dpi,
        quality=wanted.quality,
    )
