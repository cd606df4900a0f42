"""Puts pages on the sides of sheets as a printer wants them: room to cut, marks, several pages a side, codes a sheet.

A side is a page of the file. Pages leave as they come, each side when its pages are there; a booklet's sides when all
are. What a sheet's code says is known when the document is paginated, so it is a form of its own that is written then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pressrun_server.emit.printrun import RunDocument
from pressrun_server.emit.sheetmarks import MARK_ROOM, code_content, codes_off_sheet, mark_content, points
from pressrun_server.emit.syntax import decimal
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.page import Page
from pressrun_server.model.press import Imposition

__all__ = ["PressDocument"]

_NEAR = 20
"""Millipoints by which what reaches the edge of a page may miss it."""
_SCALE = 1_000_000
_MM = 72_000 / 25.4


class _Cell(NamedTuple):
    """A page that is to be put on a side."""

    form: int
    width: int
    height: int


class PressDocument(RunDocument):
    """Writes one document of a file whose sheets are not its pages; arguments as for `RunDocument`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._spec = self._file.spec
        self._cells: list[_Cell] = []
        self._codes: list[tuple[int, int, int]] = []
        """Form, width and height of each sheet that has codes."""
        self._last_side = (0, 0)
        self._size: tuple[int, int] | None = None

    @property
    def _duplex(self) -> bool:
        return self._spec.duplex or self._spec.imposition is Imposition.BOOKLET

    def page(self, page: Page, deferred: Sequence[int] = ()) -> bytes:
        """A page; arguments as for `RunDocument.page`."""
        file, spec = self._file, self._spec
        out: list[bytes] = []
        if spec.bleed:
            _continue_fills(page, spec.bleed)
        content, entries = self._content(out, page, deferred)
        if spec.imposition is Imposition.NONE:
            self._side(out, page.width, page.height, content, entries)
        else:
            self._check_size(page)
            form = file.take()
            box = b"/BBox[0 0 %s]" % points(page.width, page.height)
            file.write_stream(
                out, form, b"/Type/XObject/Subtype/Form%s/Resources%s" % (box, self._held(entries)), content
            )
            self._cells.append(_Cell(form, page.width, page.height))
            if spec.imposition is not Imposition.BOOKLET and len(self._cells) == spec.imposition.cells:
                self._imposed(out, self._cells)
                self._cells = []
        self.pages += 1
        return file.written(out)

    def end(self) -> bytes:
        """The document is whole: its last sides, its codes, and its part."""
        out: list[bytes] = []
        if self._spec.imposition is Imposition.BOOKLET:
            for side in _booklet(self._cells):
                self._imposed(out, side)
        elif self._cells:
            self._imposed(out, self._cells)
        if self._duplex and self.sides % 2:
            self._side(out, *self._last_side, "", b"")
        for number, (form, width, height) in enumerate(self._codes, 1):
            content = code_content(self._spec, (self._label.number, number, len(self._codes)), height)
            box = b"/BBox[0 0 %s]" % points(width, height)
            self._file.write_stream(out, form, b"/Type/XObject/Subtype/Form%s/Resources<<>>" % box, content)
        return self._file.written(out) + super().end()

    def _check_size(self, page: Page) -> None:
        """Pages of different sizes can't be put on sheets that are folded, or cut, at one place."""
        size, (width, height) = (page.width, page.height), self._size or (page.width, page.height)
        self._size = width, height
        if size != (width, height):
            first, other = (f"{across / _MM:.0f} x {down / _MM:.0f} mm" for across, down in ((width, height), size))
            told = (
                f"{self._spec.imposition} needs pages of one size; the document has {first} and, as page"
                f" {self.pages + 1}, {other}; ask for none, or print those pages as a document of their own"
            )
            raise PressrunError(Reason.INVALID_REQUEST, told, violations=(Violation("print.imposition", told),))

    def _check_codes(self, width: int, height: int) -> None:
        wrong = tuple(Violation(f"print.{name}", told) for name, told in codes_off_sheet(self._spec, width, height))
        if wrong:
            told = "; ".join(f"{fault.field} {fault.description}" for fault in wrong)
            raise PressrunError(Reason.INVALID_REQUEST, told, violations=wrong)

    def _held(self, entries: bytes) -> bytes:
        """A resource dictionary with these XObjects."""
        return b"<</Font %d 0 R/XObject<<%s>>%s%s>>" % (
            self._kit.fonts,
            entries,
            self._file.colors,
            self._kit.states,
        )

    def _imposed(self, out: list[bytes], cells: Sequence[_Cell | None]) -> None:
        """A side with several pages on it, each as large as goes."""
        first = next(cell for cell in cells if cell is not None)
        width, height = first.width, first.height
        across, down = 2, 2
        if self._spec.imposition is not Imposition.FOUR_UP:
            # Two of a sheet of the same paper, turned.
            across, down = (2, 1) if height >= width else (1, 2)
            width, height = height, width
        room = width // across, height // down
        parts, names = [], []
        for index, cell in enumerate(cells):
            if cell is None:
                continue
            scale = min(_SCALE * room[0] // cell.width, _SCALE * room[1] // cell.height)
            x = index % across * room[0] + (room[0] - cell.width * scale // _SCALE) // 2
            y = (down - 1 - index // across) * room[1] + (room[1] - cell.height * scale // _SCALE) // 2
            factor = f"{scale // _SCALE}.{scale % _SCALE:06d}"
            parts.append(f"q {factor} 0 0 {factor} {decimal(x)} {decimal(y)} cm /P{cell.form} Do Q\n")
            names.append(b"/P%d %d 0 R" % (cell.form, cell.form))
        self._side(out, width, height, "".join(parts), b"".join(names))

    def _side(self, out: list[bytes], width: int, height: int, content: str, entries: bytes) -> None:
        """A side of a sheet that is cut to that size."""
        file, spec = self._file, self._spec
        if self._duplex and self.sides % 2 and {width, height} != set(self._last_side):
            self._side(out, *self._last_side, "", b"")  # it is no back of that paper
        margin = spec.bleed + (MARK_ROOM if spec.marked else 0)
        place = f"q\n1 0 0 1 {decimal(margin)} {decimal(margin)} cm\n" if margin else "q\n"
        parts = [f"{place}{content}\nQ\n"] if content else []
        front = not self._duplex or self.sides % 2 == 0
        if front and spec.coded and self._label.number:
            self._check_codes(width, height)
            form = file.take()
            self._codes.append((form, width, height))
            entries += b"/C%d %d 0 R" % (form, form)
            parts.append(f"{place}/C{form} Do\nQ\n")
        stream, number = file.take(), file.take()
        file.write_stream(out, stream, b"", "".join(parts))
        contents = b"%d 0 R" % stream
        if spec.marked:
            marks = file.shared_stream(out, ("marks", width, height), lambda: mark_content(spec, width, height, margin))
            contents = b"[%d 0 R %d 0 R]" % (stream, marks)
        boxes = b"/MediaBox[0 0 %s]" % points(width + 2 * margin, height + 2 * margin)
        if margin or spec.pdf_x:
            edge = margin - spec.bleed
            bleed = points(edge, edge, width + margin + spec.bleed, height + margin + spec.bleed)
            boxes += b"/BleedBox[%s]/TrimBox[%s]" % (bleed, points(margin, margin, width + margin, height + margin))
        self._add(out, number, b"%s/Resources%s/Contents %s" % (boxes, self._held(entries), contents))
        self._last_side = width, height


def _continue_fills(page: Page, bleed: int) -> None:
    """Have coloured areas that reach an edge of the page go on into the bleed; pictures stay as they are."""
    shift = page.shift
    for index, (x, y, width, height, color) in enumerate(page.fills):
        if not isinstance(color, int):
            continue
        left = bleed if x + shift <= _NEAR else 0
        right = bleed if x + shift + width >= page.width - _NEAR else 0
        top = bleed if y <= _NEAR else 0
        bottom = bleed if y + height >= page.height - _NEAR else 0
        if left or right or top or bottom:
            page.fills[index] = x - left, y - top, width + left + right, height + top + bottom, color


def _booklet(cells: Sequence[_Cell]) -> list[list[_Cell | None]]:
    """The sides of folded sheets that lie in each other: the outermost first, front before back."""
    count = -(-len(cells) // 4) * 4
    padded: list[_Cell | None] = [*cells, *[None] * (count - len(cells))]
    sides = []
    for sheet in range(count // 4):
        sides.append([padded[count - 1 - 2 * sheet], padded[2 * sheet]])
        sides.append([padded[2 * sheet + 1], padded[count - 2 - 2 * sheet]])
    return sides
