"""PrintOptions, to and from protobuf."""

from __future__ import annotations

from typing import Final

from pressrun.v1 import document_pb2
from pressrun_client.models.press import CodePlace, Imposition, PrintOptions

__all__ = ["fill_press", "to_press"]

_IMPOSITIONS: Final[dict[Imposition, document_pb2.Imposition]] = {
    Imposition.NONE: document_pb2.IMPOSITION_UNSPECIFIED,
    Imposition.TWO_UP: document_pb2.IMPOSITION_TWO_UP,
    Imposition.FOUR_UP: document_pb2.IMPOSITION_FOUR_UP,
    Imposition.BOOKLET: document_pb2.IMPOSITION_BOOKLET,
}


def fill_press(message: document_pb2.PrintOptions, options: PrintOptions) -> None:
    """Writes options into an empty message.

    Raises:
        ValueError: the imposition is none.
    """
    message.bleed_mm = options.bleed_mm
    message.crop_marks = options.crop_marks
    message.registration_marks = options.registration_marks
    message.imposition = _IMPOSITIONS[Imposition(options.imposition)]
    message.duplex = options.duplex
    for place, target in ((options.omr, message.omr), (options.data_matrix, message.data_matrix)):
        if place is not None:
            target.x_mm, target.y_mm = place.x_mm, place.y_mm
            target.SetInParent()
    message.first_number = options.first_number
    message.output_condition = options.output_condition
    message.pdf_x4 = options.pdf_x4
    message.SetInParent()


def to_press(message: document_pb2.PrintOptions) -> PrintOptions:
    """The options of a message."""
    known = {number: imposition for imposition, number in _IMPOSITIONS.items()}
    return PrintOptions(
        bleed_mm=message.bleed_mm,
        crop_marks=message.crop_marks,
        registration_marks=message.registration_marks,
        imposition=known.get(message.imposition, Imposition.NONE),
        duplex=message.duplex,
        omr=_to_place(message.omr) if message.HasField("omr") else None,
        data_matrix=_to_place(message.data_matrix) if message.HasField("data_matrix") else None,
        first_number=message.first_number,
        output_condition=message.output_condition,
        pdf_x4=message.pdf_x4,
    )


def _to_place(message: document_pb2.CodePlace) -> CodePlace:
    return CodePlace(message.x_mm, message.y_mm)
