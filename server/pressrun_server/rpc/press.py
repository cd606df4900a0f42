"""PrintOptions, from a request and into a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pressrun.v1 import document_pb2
from pressrun_server.errors import Violation
from pressrun_server.model.digest import Digest
from pressrun_server.model.press import CodePlace, Imposition, OutputProfile, PressSpec, press_faults

__all__ = ["press_message", "read_press"]

_MM: Final = 360_000 / 127
"""Millipoints of a millimetre."""
_IMPOSITIONS: Final[dict[document_pb2.Imposition, Imposition]] = {
    document_pb2.IMPOSITION_UNSPECIFIED: Imposition.NONE,
    document_pb2.IMPOSITION_TWO_UP: Imposition.TWO_UP,
    document_pb2.IMPOSITION_FOUR_UP: Imposition.FOUR_UP,
    document_pb2.IMPOSITION_BOOKLET: Imposition.BOOKLET,
}
_USUAL_OMR: Final = (5.0, 100.0)
_USUAL_MATRIX: Final = (5.0, 20.0)
_MOST: Final = 1e6
"""Millimetres beyond which a number is no length of paper."""


def read_press(
    message: document_pb2.PrintOptions, profiles: Mapping[str, Digest], bad: list[Violation], field: str = "print"
) -> PressSpec:
    """What is asked for; what is wrong is added to `bad`.

    Args:
        message: the options.
        profiles: digests of the node's profiles, by printing condition.
        bad: takes violations.
        field: where the options stand in the request.
    """
    imposition = _IMPOSITIONS.get(message.imposition)
    if imposition is None:
        choices = ", ".join(document_pb2.Imposition.Name(number) for number in _IMPOSITIONS)
        bad.append(Violation(f"{field}.imposition", f"{message.imposition} is not known; choose {choices}"))
    profile = None
    if message.output_condition:
        known = profiles.get(message.output_condition)
        if known is None:
            offered = ", ".join(sorted(profiles)) or "none (PRESSRUN_OUTPUT_PROFILES is not set)"
            bad.append(Violation(f"{field}.output_condition", f"is none of this node's; it has {offered}"))
        profile = OutputProfile(message.output_condition, known.sha256 if known else "", known.size if known else 0)
    spec = PressSpec(
        bleed=_length(message.bleed_mm),
        crop_marks=message.crop_marks,
        registration_marks=message.registration_marks,
        imposition=imposition or Imposition.NONE,
        duplex=message.duplex,
        omr=_place(message.omr, _USUAL_OMR) if message.HasField("omr") else None,
        data_matrix=_place(message.data_matrix, _USUAL_MATRIX) if message.HasField("data_matrix") else None,
        first_number=message.first_number or 1,
        profile=profile,
        pdf_x=message.pdf_x4,
    )
    bad += [Violation(f"{field}.{name}", problem) for name, problem in press_faults(spec)]
    return spec


def press_message(spec: PressSpec) -> document_pb2.PrintOptions:
    """The same as a message that asks for the same."""
    message = document_pb2.PrintOptions(
        bleed_mm=spec.bleed / _MM,
        crop_marks=spec.crop_marks,
        registration_marks=spec.registration_marks,
        imposition=next(number for number, known in _IMPOSITIONS.items() if known is spec.imposition),
        duplex=spec.duplex,
        first_number=spec.first_number,
        output_condition=spec.profile.identifier if spec.profile is not None else "",
        pdf_x4=spec.pdf_x,
    )
    for place, target in ((spec.omr, message.omr), (spec.data_matrix, message.data_matrix)):
        if place is not None:
            target.x_mm, target.y_mm = place.x / _MM, place.y / _MM
    return message


def _place(message: document_pb2.CodePlace, usual: tuple[float, float]) -> CodePlace:
    across, down = (message.x_mm, message.y_mm) if message.x_mm or message.y_mm else usual
    return CodePlace(_length(across), _length(down))


def _length(millimetres: float) -> int:
    """Millipoints; what is no length is below 0, which no check lets pass."""
    return round(millimetres * _MM) if -_MOST < millimetres < _MOST else -1
