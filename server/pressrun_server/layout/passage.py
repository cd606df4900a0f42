"""Places passages: siblings that a record fills with texts, and that layout need not look at one by one.

A passage that fits on a page is laid out the same wherever it stands, so what layout made of its form once serves every
record whose outline has that form (which branches are shown, how many lines a text takes, in which styles). A form is
what the nodes come to when they are placed one by one, with the places of texts and figures left open: what comes out
is the same, byte for byte, and whether a form is at hand changes nothing but the time it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pressrun_server.layout.chart import chart
from pressrun_server.layout.lines import Typesetter, joined
from pressrun_server.model.content import BoundBarcode, BoundChart, BoundPassage, Leaf
from pressrun_server.model.page import (
    ARTIFACT,
    MIXED,
    Bookmark,
    Column,
    Drawing,
    Fill,
    Matrix,
    Page,
    PlacedImage,
    Shape,
    Strip,
    TextItem,
    flat,
)
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Barcode, Chart, Image, Paragraph

__all__ = ["Filled", "Form", "Passages", "Trial", "fill"]

_MOST_FORMS = 48
"""Of a passage; records of further forms are laid out node by node."""
_MOST_MISSES = 32
"""Uses in vain after which a passage is looked at: where most are, it is not tried again."""
_LEFT, _CENTER, _RIGHT = 0, 1, 2
_ALIGN = {"left": _LEFT, "center": _CENTER, "right": _RIGHT}

_Missing: TypeAlias = "Callable[[str], None]"


@dataclass(frozen=True, slots=True)
class Trial:
    """A passage that was laid out by itself from y = 0."""

    page: Page
    end: int
    """Where its last content ends."""
    pending: int
    """The margin that waits there."""
    lead: int | None
    """The margin before its first content; None where it has none."""
    keeps_first: bool
    """Whether its first content is kept with what follows."""
    keeps_next: bool
    """Whether it is kept with what follows it,"""
    kept_from: int
    """and below which part of the margin before it that begins."""
    divided: bool
    """Whether that is said of its last part only."""


@dataclass(slots=True, eq=False)
class Form:
    """What all records of one form have in common."""

    strip: Strip | None
    fills: list[Fill]
    images: list[PlacedImage]
    shape: Shape | None
    bookmarks: list[Bookmark]
    lead: int
    end: int
    pending: int
    keeps_first: bool
    keeps_next: bool
    kept_from: int = 0


@dataclass(slots=True, eq=False)
class Filled:
    """A form with what a record puts into it."""

    form: Form
    values: list[Any]
    mixed: int
    """1 where some of the values are runs of several shards."""
    figures: list[BoundBarcode | BoundChart | None]
    """In the order of the form's images; None for a picture, or a drawing of the template."""
    alts: list[str]


@dataclass(slots=True, eq=False)
class _Kept:
    """What is kept of one passage."""

    forms: dict[tuple[Any, ...], Form | None]
    hits: int = 0
    misses: int = 0


class Passages:
    """The forms of a program's passages.

    Args:
        setter: the program's typesetter.
        try_out: lays a passage out by itself; None where something of it is worth a note, which a form can't tell.
    """

    def __init__(self, setter: Typesetter, try_out: Callable[..., Trial | None]) -> None:
        self._setter = setter
        self._try_out = try_out
        self._kept: dict[int, _Kept] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}
        """Shapes of forms by their tags: the structure of a page is made once for each sequence of them."""

    def fill(
        self, bound: BoundPassage, images: Mapping[str, PreparedImage], *, artifact: bool, role: str
    ) -> Filled | None:
        """A passage in its form; None where it must be placed node by node.

        Args:
            bound: the passage.
            images: prepared image by slot.
            artifact: whether it is no part of the document's structure.
            role: the type of the cell that it stands in, if it does.
        """
        # Passages live as long as the program, so their ids are keys that stay.
        kept = self._kept.get(id(bound.node))
        if kept is None:
            kept = self._kept[id(bound.node)] = _Kept({})
        if kept.misses > _MOST_MISSES and kept.misses > kept.hits:
            return None
        outline = bound.outline()
        found = None if outline is None else self._measured(outline[0], outline[1], images, artifact=artifact)
        if found is None:
            kept.misses += 1
            return None
        decisions, filled = found
        key = (artifact, role, *decisions)
        forms = kept.forms
        if key in forms:
            form = forms[key]
        elif len(forms) < _MOST_FORMS:
            trial = self._try_out(bound, images, artifact=artifact, role=role)
            form = forms[key] = None if trial is None else self._form(trial, bound)
        else:
            form = None
        if form is None:
            kept.misses += 1
            return None
        kept.hits += 1
        filled.form = form
        return filled

    @property
    def used(self) -> int:
        """How often a passage was placed in its form."""
        return sum(kept.hits for kept in self._kept.values())

    def in_vain(self, bound: BoundPassage) -> None:
        """Note that a passage did not fit where it was to go."""
        self._kept[id(bound.node)].misses += 2

    def _measured(
        self, decisions: list[Any], leaves: list[Leaf], images: Mapping[str, PreparedImage], *, artifact: bool
    ) -> tuple[list[Any], Filled] | None:
        """All that decides about the form, and what goes in; None where it is not told by lines of text."""
        values: list[Any] = []
        figures: list[BoundBarcode | BoundChart | None] = []
        alts: list[str] = []
        mixed = 0
        styles = self._setter.plain_styles
        for node, value in leaves:
            if node.__class__ is Paragraph:
                several = len(value) > 1
                if several:
                    value = joined(value)  # noqa: PLW2901 - as it is set
                if len(value) == 1:
                    style, text = value[0]
                    plain, size = styles[style]
                    found = plain(text)
                    if found is not None:
                        found = found[0], found[1] * size // 1000
                    elif node.wrap:
                        found = self._setter.mixed(style, text)
                        mixed = 1 if found is not None else mixed
                    if found is not None and text and text[0] != " " and text[-1] != " ":
                        box = node.box
                        spare = box.content_width - found[1]
                        if spare >= 0:
                            align = node.align
                            if align != "left":
                                values.append(box.content_x + (spare if align == "right" else spare // 2))
                            values.append(found[0])
                            decisions.append((style,) if several else style)
                            continue
                told = self._lines(node, value, decisions, values)
                if told is None:
                    return None
                mixed |= told
                continue
            alt = value if node.__class__ is not Barcode and node.__class__ is not Chart else value.alt
            if node.__class__ is Image:
                image = images.get(node.slot)
                if image is None:
                    decisions.append(None)
                    continue
                decisions.append((image.width, image.height, bool(alt)))
                figures.append(None)
            elif node.__class__ is Barcode:
                decisions.append((value.side, bool(alt)))
                figures.append(value)
            else:
                decisions.append(bool(alt))
                figures.append(value if node.__class__ is Chart else None)
            if alt and not artifact:
                alts.append(alt)
        return decisions, Filled(_NO_FORM, values, mixed, figures, alts)

    def _lines(self, node: Paragraph, pieces: list[Any], decisions: list[Any], values: list[Any]) -> int | None:
        """The same of a paragraph that is not a single plain line; 1 where some text needs several shards."""
        if not any(text for _, text in pieces):
            return None
        setter = self._setter
        # Running elements say much the same on each page.
        key = (id(node), *pieces)
        known = setter.seen.get(key)
        if known is None:
            known = self._form_of(node, pieces)
            setter.remember(key, known)
        form, shown, mixed = known
        if form is None:
            return None
        decisions.append(form)
        values += shown
        return int(mixed)

    def _form_of(self, node: Paragraph, pieces: list[Any]) -> tuple[tuple[Any, ...] | None, list[Any], int]:
        """What decides about the form of a paragraph of lines, None where they don't; what is put in; 1 where mixed."""
        notes: list[str] = []
        values: list[Any] = []
        nothing = (None, values, 0)
        lines = self._setter.paragraph(node, pieces, notes.append)
        if notes or not self._setter.fits(node):
            return nothing
        form: list[Any] = [len(pieces)]
        mixed = 0
        box, align = node.box, node.align
        for line in lines:
            x = box.content_x
            if align != "left":
                spare = box.content_width - line.width
                x += spare if align == "right" else spare // 2
            form.append((line.height, line.ascent))
            for index, (offset, style, shard, codes) in enumerate(line.segments):
                if shard == MIXED:
                    mixed = 1
                elif shard:
                    return nothing
                form.append(style)
                if index or align != "left":
                    values.append(x + offset)
                values.append(codes)
        return tuple(form), values, mixed

    def _form(self, trial: Trial, bound: BoundPassage) -> Form | None:
        page = trial.page
        if trial.lead is None or page.links or trial.divided:
            return None
        columns = _columns(page.text, bound.node.paragraphs(bound.env))
        if columns is None:
            return None
        strip = None
        if columns:
            bare = None if any(column.tag == ARTIFACT for column in columns) else Strip(_artifacts(columns), None)
            strip = Strip(tuple(columns), bare)
        tags = tuple(flat(page.tags))
        shape = Shape(tags) if tags else None
        if shape is not None:
            shape = self._shapes.setdefault(shape.tags, shape)
        return Form(
            strip, page.fills, page.images, shape, page.bookmarks, trial.lead, trial.end, trial.pending,
            trial.keeps_first, trial.keeps_next, trial.kept_from,
        )  # fmt: skip


_NO_FORM = Form(None, [], [], None, [], 0, 0, 0, keeps_first=False, keeps_next=False)


def fill(filled: Filled, page: Page, dy: int, setter: Typesetter, missing: _Missing, *, artifact: bool) -> None:
    """Put a passage on a page, `dy` lower than in its form.

    Args:
        filled: the passage.
        page: where it goes.
        dy: how much lower.
        setter: the program's typesetter.
        missing: told each character of a chart that no face has.
        artifact: whether it is no part of the document's structure.
    """
    form = filled.form
    if form.strip is not None:
        page.text.append((form.strip, dy, filled.values, filled.mixed, ""))
    if form.fills:
        page.fills += [(x, y + dy, w, h, color) for x, y, w, h, color in form.fills] if dy else form.fills
    for (x, y, width, height, shown, tagged), figure in zip(form.images, filled.figures, strict=True):
        if isinstance(figure, BoundBarcode):
            assert isinstance(shown, Drawing)
            assert shown.matrix is not None
            matrix = Matrix(figure.side, figure.modules, shown.matrix.unit, shown.matrix.color)
            shown = Drawing(matrix=matrix)  # noqa: PLW2901 - the record's in the place of the first one's
        elif figure is not None:
            shown = chart(figure, figure.node.box.content_width, setter, missing)  # noqa: PLW2901
        page.images.append((x, y + dy, width, height, shown, tagged))
    if artifact:
        return
    if form.shape is not None:
        page.tags.append(form.shape)
    page.alts += filled.alts
    if form.bookmarks:
        page.bookmarks += [(y + dy, level, text) for y, level, text in form.bookmarks]


def _columns(text: Sequence[TextItem], paragraphs: list[tuple[Paragraph, bool]]) -> list[Column] | None:
    """The runs of a passage, those of the record's texts left open; None where they can't be told apart."""
    found: list[Column] = []
    waiting = iter(paragraphs)
    open_ = False
    begin = ""
    begins = False
    align, line, index = _LEFT, -1, 0
    for head, y, third, shard, codes in text:
        if isinstance(head, str):
            entry = next(waiting, None)
            if entry is None or begins:
                return None  # a mark without text
            open_, align = entry[1], _ALIGN[entry[0].align]
            begin, begins, line = head, True, -1
        elif isinstance(head, Strip):
            if begins:
                return None
            values = iter(third)
            for number, column in enumerate(head.columns):
                x = next(values) if column.x is None else column.x
                style = next(values) if column.style is None else column.style
                shown = next(values) if column.codes is None else column.codes
                if column.tag is not None:
                    entry = next(waiting, None)
                    if entry is None:
                        return None
                    open_ = entry[1]
                if not (open_ or isinstance(shown, str)):
                    return None
                found.append(
                    Column(
                        column.tag,
                        None if open_ and column.x is None else x,
                        y + column.y,
                        style,
                        None if open_ else shown,
                        begins=not number or column.begins,
                        alone=column.style is None or column.alone,
                        shard=column.shard,
                    )
                )
        else:
            if not begins and not found:
                return None
            index = 0 if y != line else index + 1
            line = y
            if shard == MIXED and not open_:
                return None
            known = not open_ or (index == 0 and align == _LEFT)
            found.append(
                Column(
                    begin if begins else None,
                    head if known else None,
                    y,
                    third,
                    None if open_ else codes,
                    begins=begins,
                    shard=max(shard, 0),
                )
            )
            begins = False
    return None if begins or next(waiting, None) is not None else found


def _artifacts(columns: list[Column]) -> tuple[Column, ...]:
    return tuple(
        Column(None if c.tag is None else ARTIFACT, c.x, c.y, c.style, c.codes, c.begins, c.alone, c.shard)
        for c in columns
    )
