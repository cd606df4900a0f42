"""Turns a rendition into the transformation part of a delivery URL.

Documented: the keys and their values, one component of parameters joined by commas, keys in order; `dn_` from 1 to 300;
a still of a video by an image's extension and `so_`.
Inferred: the format always stands in the URL, because an automatic choice depends on who asks; `limit` where no fit is
given, because scaling to both sides distorts; a drawing keeps its own form unless another format is asked for.
"""

from __future__ import annotations

from dataclasses import replace

from pressrun_sources.model import Rendition

__all__ = ["transformation_of"]

_MAX_DPI = 300
_VECTORS = ("svg", "pdf")
_COLOR_SPACES = {"srgb": "cs_srgb", "cmyk": "cs_cmyk", "gray": "e_grayscale"}


def transformation_of(rendition: Rendition, own_format: str | None, *, still: str = "") -> tuple[str, str | None]:
    """The transformation, empty for the original, and the extension.

    Args:
        rendition: what is wanted.
        own_format: the format that the asset has, where it is known.
        still: of a video, which moment of it is shown (`so_`): seconds, a percentage or `auto`; a picture needs none.

    Raises:
        ValueError: the service does not offer it; the text says what would be valid.
    """
    if still and rendition.format in (None, own_format):
        # A document shows a still of a video, whatever else is asked for.
        rendition = replace(rendition, format="jpg")
    if own_format in _VECTORS and rendition.format in (None, own_format):
        # It has no pixels: it is drawn where it is shown, as large as it is wanted.
        return "", own_format
    wanted = rendition.format or own_format
    if replace(rendition, format=None) == Rendition() and rendition.format in (None, own_format):
        return "", own_format
    if wanted is None:
        raise ValueError("rendition.format: the asset's own format is not known; name one, e.g. jpg")
    parts = [f"f_{wanted}", *([f"so_{still}"] if still else [])]
    if rendition.width is not None or rendition.height is not None:
        parts.append(f"c_{rendition.fit or 'limit'}")
    if rendition.width is not None:
        parts.append(f"w_{rendition.width}")
    if rendition.height is not None:
        parts.append(f"h_{rendition.height}")
    if rendition.quality is not None:
        parts.append(f"q_{rendition.quality}")
    if rendition.dpi is not None:
        if rendition.dpi > _MAX_DPI:
            raise ValueError(f"rendition.dpi: {rendition.dpi} is not a whole number from 1 to {_MAX_DPI}")
        parts.append(f"dn_{rendition.dpi}")
    if rendition.color_space is not None:
        parts.append(_COLOR_SPACES[rendition.color_space])
    return ",".join(sorted(parts)), wanted
