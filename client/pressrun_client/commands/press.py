"""The options that say what a printer wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pressrun_client.models.press import CodePlace, Imposition, PrintOptions

__all__ = ["press_of", "press_options"]

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--bleed", "bleed_mm", type=float, default=0.0, help="For a printer: room around the page, in mm."),
    click.option("--crop-marks", is_flag=True, help="For a printer: marks to cut by."),
    click.option("--registration-marks", is_flag=True, help="For a printer: marks to register plates by."),
    click.option(
        "--imposition",
        type=click.Choice([each.value for each in Imposition]),
        default=Imposition.NONE.value,
        show_default=True,
        help="For a printer: how pages are put on sides.",
    ),
    click.option("--duplex", is_flag=True, help="For a printer: sheets have two sides, documents begin on a front."),
    click.option("--omr", metavar="[X,Y]", is_flag=False, flag_value="0,0", help="OMR marks on each sheet, at mm."),
    click.option(
        "--data-matrix", metavar="[X,Y]", is_flag=False, flag_value="0,0", help="A Data Matrix on each sheet, at mm."
    ),
    click.option("--first-number", type=click.IntRange(min=1), default=1, help="Of the first document, in its codes."),
    click.option("--output-condition", default="", metavar="NAME", help="The printing condition, e.g. FOGRA39."),
    click.option("--pdf-x4", is_flag=True, help="The structure of PDF/X-4; needs --output-condition."),
)
_USUAL = PrintOptions(first_number=1)


def press_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say what a printer wants."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def press_of(imposition: str, omr: str | None, data_matrix: str | None, **options: Any) -> PrintOptions | None:
    """What the options ask for; None where they ask for nothing.

    Raises:
        click.BadParameter: a place is none.
    """
    found = PrintOptions(
        imposition=Imposition(imposition),
        omr=_place(omr, "--omr"),
        data_matrix=_place(data_matrix, "--data-matrix"),
        **options,
    )
    return None if found == _USUAL else found


def _place(text: str | None, option: str) -> CodePlace | None:
    if text is None:
        return None
    try:
        across, down = text.split(",")
        return CodePlace(float(across), float(down))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no place; write millimetres, e.g. 5,100.", param_hint=option) from None
