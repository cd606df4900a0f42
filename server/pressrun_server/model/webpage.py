"""The program of a page for browsers: a template compiled for one locale to text with holes; data only.

Text is HTML that is escaped already; what a record puts in is escaped when it is bound.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from pressrun_server.model.expression import Expression
from pressrun_server.model.locale import LocaleData
from pressrun_server.model.policy import Policy

__all__ = [
    "WEB_FORMAT",
    "Adding",
    "Called",
    "Choice",
    "Code",
    "First",
    "Graph",
    "Named",
    "Notes",
    "Part",
    "Picture",
    "Repeat",
    "Shown",
    "Summing",
    "Target",
    "WebProgram",
]

WEB_FORMAT = 2
"""Raised when the form of a program changes, so that an old blob is compiled again instead of misread."""


class Shown(msgspec.Struct, frozen=True, tag="shown"):
    """Text that an expression gives."""

    expression: Expression
    place: str
    """Where it stands, `file:line:column`."""
    preserve: bool = False
    """Whether white space of it stays as it is."""


class Target(msgspec.Struct, frozen=True, tag="target"):
    """Where a link leads that a record decides."""

    parts: tuple[Part, ...]


class Choice(msgspec.Struct, frozen=True, tag="choice"):
    """Parts of the first branch whose test holds; a test of None is `pr-else`."""

    branches: tuple[tuple[Expression | None, tuple[Part, ...]], ...]


class Repeat(msgspec.Struct, frozen=True, tag="repeat"):
    """Parts repeated for each item; even ones may differ."""

    name: str
    items: Expression
    odd: tuple[Part, ...]
    even: tuple[Part, ...]
    place: str


class Named(msgspec.Struct, frozen=True, tag="named"):
    """Parts under names for values; a name is known to the values behind it."""

    names: tuple[tuple[str, Expression], ...]
    parts: tuple[Part, ...]
    place: str


class First(msgspec.Struct, frozen=True, tag="first"):
    """The first of several candidates that shows anything."""

    candidates: tuple[tuple[Part, ...], ...]


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """The asset of a slot; nothing where the document has none."""

    slot: str
    before: str
    """`<img` with what no record decides."""
    alt: tuple[Part, ...]
    sizes: str = ""
    """How wide it is shown, for pictures that come in several widths; empty: as the window is."""


class Code(msgspec.Struct, frozen=True, tag="code"):
    """A barcode, as a picture of a pixel for each module."""

    kind: str
    value: tuple[Part, ...]
    alt: tuple[Part, ...]
    level: str
    quiet: int
    before: str
    """`<img` with what no record decides."""
    color: int
    place: str


class Graph(msgspec.Struct, frozen=True, tag="graph"):
    """A bar chart, as a drawing; sizes in CSS pixels."""

    name: str
    items: Expression
    value: Expression
    label: tuple[Part, ...]
    tick: tuple[Part, ...]
    alt: tuple[Part, ...]
    before: str
    """The start tag of the element around its drawing."""
    height: int
    text: int
    """Size of the labels."""
    color: int
    line: int
    axis: int
    place: str
    width: int = 0
    """Of its picture in an e-mail; 0 where it is none."""
    ground: int | None = None
    """Behind its picture, where a dark ground would hide it."""


class Summing(msgspec.Struct, frozen=True, tag="summing"):
    """A table whose rows add up to sums: what is before its rows, the rows, and what is behind them."""

    names: tuple[str, ...]
    before: tuple[Part, ...]
    rows: tuple[Part, ...]
    behind: tuple[Part, ...]


class Adding(msgspec.Struct, frozen=True, tag="adding"):
    """A row that adds to sums of its table."""

    sums: tuple[tuple[str, Expression], ...]
    parts: tuple[Part, ...]
    place: str


class Called(msgspec.Struct, frozen=True, tag="called"):
    """A footnote where it is called; its text stands in the page's `Notes`."""

    before: str
    """The call's element."""
    call: tuple[str, str, str]
    """What it says: text, kind of numeral, text."""
    item: str
    """The start of its text's element, but for the end of the tag."""
    marker: tuple[str, str, str]
    marker_before: str
    """The element of the number before its text, but for the end of the tag."""
    parts: tuple[Part, ...]


class Notes(msgspec.Struct, frozen=True, tag="notes"):
    """The footnotes that were called so far, as a list; nothing where none was."""

    before: str
    """The list's element."""


Part: TypeAlias = (
    str | Shown | Target | Choice | Repeat | Named | First | Picture | Code | Graph | Summing | Adding | Called | Notes
)


class WebProgram(msgspec.Struct, frozen=True):
    """A template compiled for browsers, for one locale."""

    format: int
    template: str
    """`name@version`."""
    template_digest: str
    locale: str
    parts: tuple[Part, ...]
    """The whole document."""
    slots: tuple[str, ...]
    locale_data: LocaleData
    policy: Policy = Policy()
    texts: tuple[tuple[str, str], ...] = ()
    """By slot, the digest of the approved text that was compiled in."""
    form: str = "web"
    """What kind of program it is; those of PDF have no such field."""
