"""Binds a record into the program of an e-mail: its HTML, its plain text, and what its headers say."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from pressrun_server.model.webpage import Called, Code, Graph, Notes, Picture, Repeat
from pressrun_server.template.evaluation import Environment, Evaluator, evaluator
from pressrun_server.template.mailfigures import chart_beside, chart_file, chart_table, code_file
from pressrun_server.template.plaintext import BLOCK, LINE, settled
from pressrun_server.template.textcode import BlockCode, Quoting, block_code
from pressrun_server.template.webbinder import COLUMNS, CONTROLS, NOTES, PICTURES, FootNotes, WebBinder

__all__ = ["ENCLOSED", "Enclosed", "HeaderBinder", "MailBinder", "PlainMailBinder", "Shown", "TextBinder"]

ENCLOSED: Final = " enclosed"
"""Where an environment holds the document's `Enclosed`: a name that no expression can say."""


_FILM: Final = "display:block;text-decoration:none"
_PLAY: Final = (
    '<span aria-hidden="true" style="display:block;padding:8px 0;background-color:#111111;color:#ffffff;'
    'font-size:18px;line-height:22px;text-align:center">&#9654;&#65038;</span>'
)
"""Below a film's still: clients put nothing over a picture, and what its system shows is not ours to draw on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the HTML shows it and as a part of the message."""

    source: str
    """Its URL, escaped."""
    width: int
    """CSS pixels, where the template says nothing of it."""
    part: bytes
    """Empty where it does not come with the message."""
    film: str = ""
    """The URL of the film whose still it is, escaped; empty where it is a picture."""


@dataclass(slots=True)
class Enclosed:
    """What a message shows that must come with it."""

    mark: str
    """Part of the names of what is this message's own."""
    pictures: dict[str, None] = field(default_factory=dict)
    """The slots, and drawings, that are shown."""
    figures: list[tuple[str, bytes]] = field(default_factory=list)
    """Barcodes and charts: a name, and a PNG."""

    def add(self, kind: str, data: bytes) -> str:
        """One more figure; where the HTML finds it."""
        name = f"{kind}{len(self.figures) + 1}"
        self.figures.append((name, data))
        return f"cid:{name}.{self.mark}"


_SPECIAL: Final = re.compile("[&<>\"'\x00-\x08\n-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_BEYOND: Final = re.compile("[&<>\"'\x00-\x08\n-\x1f\x7f-\U0010ffff]")
_END: Final = re.compile("\r\n|\r|\n")


class MailBinder(WebBinder):
    """The HTML; its lines end as those of mail do, also where a value brings its own."""

    _encoded = False
    special = staticmethod(_SPECIAL.search)

    @staticmethod
    def escaped(text: str) -> str:
        """A value as it can stand in the text."""
        return _END.sub("\r\n", html.escape(CONTROLS.sub("", text)))

    def _picture(self, part: Picture) -> Callable[[Environment], str]:
        slot, before, alt = part.slot, part.before, self._joined(part.alt)
        sized = " width=" in before

        def picture(env: Environment) -> str:
            shown: Shown | None = env[PICTURES].get(slot)
            if shown is None:
                return ""
            env[ENCLOSED].pictures[slot] = None
            wide = "" if sized else f' width="{shown.width}"'
            picture = f'{before}{wide} alt="{alt(env)}" src="{shown.source}">'
            return f'<a href="{shown.film}" style="{_FILM}">{picture}{_PLAY}</a>' if shown.film else picture

        return picture

    def coded(self, part: Code, side: int, modules: bytes, alt: str, env: Environment) -> str:
        """A barcode, as a picture that comes with the message."""
        enclosed: Enclosed = env[ENCLOSED]
        return f'{part.before} alt="{alt}" src="{enclosed.add("code", code_file(part, side, modules))}">'

    def drawn(
        self,
        part: Graph,
        bars: Sequence[tuple[str, Decimal]],
        ticks: Sequence[tuple[Decimal, str]],
        alt: str,
        env: Environment,
    ) -> str:
        """A chart, as a picture that comes with the message, or as a table."""
        if not part.width:
            return chart_table(part, bars, ticks, alt)
        enclosed: Enclosed = env[ENCLOSED]
        return chart_beside(part, bars, ticks, alt, enclosed.add("chart", chart_file(part, bars, ticks)))


class PlainMailBinder(MailBinder):
    """The HTML in ASCII: references stand for what is not, so that nothing of a whole page is looked through for it."""

    special = staticmethod(_BEYOND.search)

    @staticmethod
    def escaped(text: str) -> str:
        """A value as it can stand in the text."""
        return MailBinder.escaped(text).encode("ascii", "xmlcharrefreplace").decode()

    @staticmethod
    def marked(text: str) -> str:
        """A value without controls likewise."""
        return html.escape(text).encode("ascii", "xmlcharrefreplace").decode()

    @staticmethod
    def sign(text: str) -> str:
        """A sign of an amount likewise."""
        return text.encode("ascii", "xmlcharrefreplace").decode()


class TextBinder(WebBinder):
    """The plain text, whole."""

    _encoded = False
    special = staticmethod(CONTROLS.search)
    _written: BlockCode | None = None

    def write(self, quoting: Quoting) -> None:
        """Make code that gives the text as it is encoded; takes some milliseconds."""
        self._written = block_code(self._parts, self._formatter, self, quoting, COLUMNS)

    def blocks(self, env: Environment) -> list[bytes] | None:
        """The text's paragraphs, encoded, some of them perhaps empty; None before there is code for that.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression; LIMIT_EXCEEDED.
        """
        if self._written is None:
            return None
        self._known.begin(env)
        return self._written({**env, NOTES: FootNotes([])})

    def items(self, part: Repeat) -> Evaluator:
        """The closure of a loop's list."""
        return evaluator(part.items, self._formatter, part.place)

    @staticmethod
    def escaped(text: str) -> str:
        """A value without controls, and so without marks."""
        return CONTROLS.sub("", text)

    @staticmethod
    def marked(text: str) -> str:
        """A value without controls as it is."""
        return text

    def plain(self, env: Environment) -> str:
        """The text as it is read.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression; LIMIT_EXCEEDED.
        """
        return settled("".join(self.text(env)))

    def _picture(self, part: Picture) -> Callable[[Environment], str]:
        slot, alt = part.slot, self._joined(part.alt)
        return lambda env: alt(env) if slot in env[PICTURES] else ""

    def called(self, part: Called, number: int, call: str, marker: str, text: str) -> tuple[str, str]:  # noqa: ARG002 - as the page's
        """A footnote's call in brackets, and its text in a line."""
        return f"[{call}]", f"{LINE}[{call}] {text}"

    def noted(self, part: Notes, notes: FootNotes) -> str:  # noqa: ARG002 - as the page's
        """The footnotes that were called since the last list, a line each."""
        found = f"{BLOCK}{''.join(notes.waiting)}{BLOCK}" if notes.waiting else ""
        notes.waiting.clear()
        return found


class HeaderBinder(TextBinder):
    """One line, for a header."""

    @property
    def fixed(self) -> bool:
        """Whether it says the same in every document."""
        return all(isinstance(part, str) for part in self._parts)

    def line(self, env: Environment) -> str:
        """The text in one line.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit its expression.
        """
        return " ".join("".join(self.text(env)).split())
