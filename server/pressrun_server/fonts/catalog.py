"""The fonts that every node has: open TrueType families from the `pymupdf-fonts` package (SIL OFL 1.1)."""

from __future__ import annotations

import functools

from pressrun_server.fonts.errors import UnknownFontError

__all__ = ["FAMILIES", "family_name", "font_file"]

FAMILIES: dict[str, dict[tuple[bool, bool], str]] = {
    # family -> (bold, italic) -> the package's key
    "FiraGO": {(False, False): "figo", (True, False): "figbo", (False, True): "figit", (True, True): "figbi"},
    "Noto Sans": {
        (False, False): "notos",
        (True, False): "notosbo",
        (False, True): "notosit",
        (True, True): "notosbi",
    },
    "Ubuntu": {
        (False, False): "ubuntu",
        (True, False): "ubuntubo",
        (False, True): "ubuntuit",
        (True, True): "ubuntubi",
    },
    "Fira Mono": {(False, False): "fimo", (True, False): "fimbo"},
}

_GENERIC = {"sans-serif": "FiraGO", "serif": "FiraGO", "monospace": "Fira Mono", "system-ui": "FiraGO"}
_BY_LOWER = {name.lower(): name for name in FAMILIES} | _GENERIC


def family_name(requested: str) -> str:
    """The catalogue's name of a family; generic families have one too.

    Raises:
        UnknownFontError: there is no such family here.
    """
    try:
        return _BY_LOWER[requested.strip().lower()]
    except KeyError:
        raise UnknownFontError(f"no font family {requested!r}; available: {', '.join(sorted(FAMILIES))}") from None


@functools.lru_cache(maxsize=16)
def font_file(family: str, *, bold: bool, italic: bool) -> bytes:
    """The TrueType file of a face.

    Raises:
        UnknownFontError: the family has no such face.
    """
    import pymupdf_fonts  # noqa: PLC0415 - megabytes of fonts; only preparers need them

    try:
        key = FAMILIES[family][(bold, italic)]
    except KeyError:
        style = " ".join(name for name, on in (("bold", bold), ("italic", italic)) if on) or "regular"
        raise UnknownFontError(f"the font family {family!r} has no {style} face here") from None
    data: bytes = pymupdf_fonts.fontbuffers[key]()
    return data
