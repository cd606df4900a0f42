"""PDF syntax: text strings, dates, colours (PDF 32000-1, 7.3 and 7.9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

__all__ = ["alpha_state", "alpha_states", "color_operands", "date_string", "decimal", "text_string", "utc"]

_NO_SEPARATORS = {ord(separator): None for separator in "-T:"}


def text_string(text: str) -> bytes:
    """A text string: ASCII as it is, anything else as UTF-16BE with a mark (7.9.2.2)."""
    if text.isascii() and text.isprintable():
        return b"(" + text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("ascii") + b")"
    return b"<FEFF" + text.encode("utf-16-be", "replace").hex().upper().encode("ascii") + b">"


def date_string(moment: datetime) -> bytes:
    """A date in UTC (7.9.4)."""
    return b"(D:%sZ)" % utc(moment).translate(_NO_SEPARATORS).encode("ascii")


def utc(moment: datetime) -> str:
    """A moment in UTC to the second, `2026-09-30T12:00:00`; `strftime` takes ten times as long."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def decimal(thousandths: int) -> str:
    """An integer of thousandths as a number without needless zeros."""
    whole, part = divmod(abs(thousandths), 1000)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}.{part:03d}".rstrip("0").rstrip(".") if part else f"{sign}{whole}"


def alpha_state(alpha: int) -> str:
    """Selects the state in which colours have an alpha of 1 to 255 (11.6.4.4)."""
    return f"/T{alpha} gs\n"


def alpha_states(alphas: Iterable[int]) -> bytes:
    """The entry of a resource dictionary for such states; nothing where all is opaque."""
    names = [f"/T{alpha}<</ca {decimal(alpha * 1000 // 255)}/CA {decimal(alpha * 1000 // 255)}>>" for alpha in alphas]
    return f"/ExtGState<<{''.join(names)}>>".encode() if names else b""


def color_operands(rgb: int) -> str:
    """Red, green and blue, 0 to 1, from 0xRRGGBB."""
    # Rounded up, so that a viewer that truncates comes back to the same eighth bit.
    return " ".join(decimal(-(-((rgb >> shift) & 0xFF) * 1000 // 255)) for shift in (16, 8, 0))
