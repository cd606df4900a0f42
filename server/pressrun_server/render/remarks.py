"""Remarks on a document while it is made: each becomes nothing, a warning or a failure, as its template says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pressrun_server.errors import PressrunError
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.ink import Clipped
from pressrun_server.model.page import Drawing, Page, Strip, TextItem
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Program
from pressrun_server.render.verdict import refusal

__all__ = ["Remarks", "small_styles"]

_MOST = 50
"""Of one kind, so that a document of nothing but strange characters has a manifest of a bearable size."""
_INCH = 72_000


def small_styles(program: Program) -> frozenset[int]:
    """The text styles below the policy's minimum; none where nothing comes of it."""
    policy = program.policy
    if policy.small_text == "pass":
        return frozenset()
    return frozenset(index for index, style in enumerate(program.styles) if style.size < policy.minimum_text)


class Remarks:
    """What there is to say about one document.

    Args:
        program: its template.
        small: `small_styles` of it.
        images: index of the slot, and the picture in it.
    """

    def __init__(self, program: Program, small: frozenset[int], images: Sequence[tuple[int, PreparedImage]]) -> None:
        self._policy = program.policy
        self._styles = program.styles
        self._slots = program.slots
        self._small = small
        least = self._policy.minimum_ppi
        self._largest = {
            slot: (image.width * _INCH // least, image.height * _INCH // least)
            for slot, image in images
            if least and self._policy.low_resolution != "pass" and not image.vector
        }
        self._pixels = {slot: image.width for slot, image in images} if self._largest else {}
        self._missing: dict[str, int] = {}
        self._overflows: dict[str, tuple[int, str]] = {}
        self._coarse: dict[int, tuple[int, float]] = {}
        self._tiny: dict[int, int] = {}
        self.page = 1
        """The page that is being made."""

    def note(self, note: str) -> None:
        """Layout says something: one character that no font has, or an overflow (`layout.overflow`).

        Raises:
            PressrunError: DOCUMENT_REFUSED, the policy does not let it pass.
        """
        if len(note) == 1:
            if note not in self._missing:
                self._missing[note] = self.page
                if self._policy.missing_glyph == "fail":
                    text = (
                        f"no font of the template has U+{ord(note):04X}; correct the record, or add a font that has it"
                    )
                    raise self._refused("missing-glyph", RenderWarning("MISSING_GLYPH", text, f"page {self.page}"))
            return
        place, _, text = note.partition("\n")
        key = place or text
        if key not in self._overflows and len(self._overflows) < _MOST:
            self._overflows[key] = self.page, note
            if self._policy.overflow == "fail":
                raise self._refused("overflow", self._of_overflow(self.page, note))

    def look(self, page: Page, number: int) -> None:
        """Look at a page with all that is on it: how coarse its pictures are, and how small its text.

        Raises:
            PressrunError: DOCUMENT_REFUSED, the policy does not let it pass.
        """
        for _, _, width, height, shown, _ in page.images:
            if isinstance(shown, Drawing):
                if self._small:
                    self._text(shown.text, number)
                continue
            if isinstance(shown, Clipped):
                width, height, shown = shown.width, shown.height, shown.slot  # noqa: PLW2901 - the whole picture
            largest = self._largest.get(shown)
            if largest is None or (width <= largest[0] and height <= largest[1]) or shown in self._coarse:
                continue
            self._coarse[shown] = number, self._pixels[shown] * _INCH / width
            if self._policy.low_resolution == "fail":
                raise self._refused("low-resolution", self._of_coarse(shown))
        if self._small:
            self._text(page.text, number)

    def _text(self, items: Iterable[TextItem], number: int) -> None:
        for head, _, third, _, _ in items:
            if isinstance(head, Strip):
                values = iter(third)
                for column in head.columns:
                    if column.x is None:
                        next(values)
                    style = next(values) if column.style is None else column.style
                    if column.codes is None:
                        next(values)
                    if style in self._small:
                        self._is_tiny(style, number)
            elif not isinstance(head, str) and third in self._small:
                self._is_tiny(third, number)

    def _is_tiny(self, style: int, number: int) -> None:
        size = self._styles[style].size
        if size not in self._tiny:
            self._tiny[size] = number
            if self._policy.small_text == "fail":
                raise self._refused("small-text", self._of_tiny(size))

    def warnings(self, untagged_from: int = 0, *, inks: bool = False) -> tuple[RenderWarning, ...]:
        """All that is worth a warning, by kind.

        Args:
            untagged_from: the first page without tags, because the document has too many objects.
            inks: whether pictures are in process colours without a profile.
        """
        found: list[RenderWarning] = []
        if self._policy.missing_glyph == "warn":
            found += [self._of_missing(character) for character in sorted(self._missing)[:_MOST]]
        if self._policy.overflow == "warn":
            found += [self._of_overflow(page, note) for page, note in self._overflows.values()]
        found += [self._of_coarse(slot) for slot in sorted(self._coarse)]
        found += [self._of_tiny(size) for size in sorted(self._tiny)]
        if untagged_from:
            text = "from here on the document has no tags, since PDF/A allows no more objects; split it to have them"
            found.append(RenderWarning("UNTAGGED", text, f"page {untagged_from}"))
        if inks:
            text = (
                "pictures are in CMYK without a profile, which PDF/A-2 allows only beside a printing condition; so the "
                "document does not say that it is PDF/A. Leave color_space out where it shall be"
            )
            found.append(RenderWarning("NOT_ARCHIVAL", text, ""))
        return tuple(found)

    def _of_missing(self, character: str) -> RenderWarning:
        text = f"no font of the template has U+{ord(character):04X}; a question mark stands in its place"
        return RenderWarning("MISSING_GLYPH", text, f"page {self._missing[character]}")

    @staticmethod
    def _of_overflow(page: int, note: str) -> RenderWarning:
        place, _, text = note.partition("\n")
        return RenderWarning("OVERFLOW", text, f"page {page}, {place}" if place else f"page {page}")

    def _of_coarse(self, slot: int) -> RenderWarning:
        page, ppi = self._coarse[slot]
        text = (
            f"slot {self._slots[slot]!r}: the picture has {ppi:.0f} pixels an inch where it stands, the template wants "
            f"{self._policy.minimum_ppi}; ask for a larger rendition, or show it smaller"
        )
        return RenderWarning("LOW_RESOLUTION", text, f"page {page}")

    def _of_tiny(self, size: int) -> RenderWarning:
        least = self._policy.minimum_text
        text = f"text of {size / 1000:g} pt is below the template's least size of {least / 1000:g} pt; enlarge it"
        return RenderWarning("SMALL_TEXT", text, f"page {self._tiny[size]}")

    @staticmethod
    def _refused(kind: str, warning: RenderWarning) -> PressrunError:
        return refusal(msgspec.structs.replace(warning, message=f"{warning.place}: {warning.message}"), kind)
