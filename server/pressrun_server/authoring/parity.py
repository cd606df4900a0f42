"""Parity: whether a document says the same in print and in a browser, word for word and link for link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

import tinyhtml5

from pressrun_server.model.tagged import TaggedElement

__all__ = ["Gap", "parity"]

_AROUND: Final = 4
"""Words that are shown before and behind a gap."""
_FAR: Final = 400
"""Letters that the page may say more at once; beyond that a word counts as missing, and not as found later."""
_NOTE: Final = "Note"
_BACK: Final = "doc-backlink"
_RUNNING: Final = {"header", "footer"}
"""Elements of a page that hold what runs along the first sheet, which in print is no part of the text."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that one of the two does not say."""

    what: str
    """`word`, `text` (without spaces) or `link`."""
    missing: str
    where: str
    """`print` or `web`: the one that lacks it."""
    around: str
    """What stands around it in the other."""


def parity(paper: Iterable[TaggedElement], page: str) -> list[Gap]:
    """What is said in one and not in the other, or elsewhere in it.

    Case is not compared, since `text-transform` is the browser's affair there, nor are markers of lists and labels of
    charts, which are drawn.

    Args:
        paper: the PDF's elements.
        page: the HTML.

    Returns:
        the gaps, in order; empty where both say the same. More than running elements on the page is one too.
    """
    # A page has its footnotes at its end, and not at the foot of each sheet.
    elements = sorted(paper, key=lambda element: element.path.partition("/")[0] == _NOTE)
    document = tinyhtml5.parse(page, namespace_html_elements=False)
    body = None if document is None else document.find("body")
    assert body is not None, "the parser makes one of anything"
    printed = [word for element in elements for word in _told(element)]
    shown = _Shown(body)
    leads = [element.link for element in elements if element.link]
    hrefs = [link.get("href", "") for link in body.iter("a")]
    return [
        *_gaps(printed, shown),
        *_missing_links(leads, [href for href in hrefs if href and not href.startswith("#")]),
    ]


def _told(element: TaggedElement) -> list[str]:
    if element.path.endswith("Lbl"):
        return []
    own = "" if element.path.endswith("Figure") else element.text
    return re.sub("\u00ad", "", f"{own} {element.alt}").split()


class _Shown:
    """What a browser shows, without spaces: where words end is a matter of lines, and of elements in them."""

    def __init__(self, body: Element) -> None:
        self._texts: list[str] = []
        self._running: list[bool] = []
        self._take(body, running=False)
        self.text = "".join(self._texts)
        self.running = [running for text, running in zip(self._texts, self._running, strict=True) for _ in text]

    def find(self, word: str, start: int) -> int | None:
        """The next place of a word, where little but running elements is passed over."""
        place = self.text.find(word, start)
        if place < 0 or sum(not running for running in self.running[start:place]) > _FAR:
            return None
        return place

    def surplus(self, start: int, end: int) -> str:
        """What is passed over there, but for running elements."""
        return "".join(
            letter for letter, running in zip(self.text[start:end], self.running[start:end], strict=True) if not running
        )

    def _take(self, element: Element, *, running: bool) -> None:
        name = str(element.tag).rpartition("}")[2]
        if element.get("role") == _BACK:
            return  # the number before a footnote is a label
        running = running or name in _RUNNING
        if name in {"img", "svg", "video"}:
            self._add(element.get("alt") or element.get("aria-label") or "", running=running)
            return
        self._add(element.text or "", running=running)
        for child in element:
            self._take(child, running=running)
            self._add(child.tail or "", running=running)

    def _add(self, text: str, *, running: bool) -> None:
        self._texts.append(_bare(text))
        self._running.append(running)


def _bare(text: str) -> str:
    return re.sub(r"[\s\u00ad]", "", text).lower()


def _gaps(printed: list[str], shown: _Shown) -> list[Gap]:
    """Follows both from their beginning; a word that the page does not have soon is a gap."""
    gaps: list[Gap] = []
    at = 0
    for index, word in enumerate(printed):
        bare = _bare(word)
        place = shown.find(bare, at)
        if place is None:
            gaps.append(Gap("word", word, "web", _context(printed, index)))
            continue
        more = shown.surplus(at, place)
        if more:
            gaps.append(Gap("text", more, "print", _context(printed, index)))
        at = place + len(bare)
    more = shown.surplus(at, len(shown.text))
    return [*gaps, Gap("text", more, "print", "the end")] if more else gaps


def _context(words: list[str], index: int) -> str:
    return " ".join(words[max(index - _AROUND, 0) : index + _AROUND + 1])


def _missing_links(printed: list[str], shown: list[str]) -> list[Gap]:
    """A link that is parted by a page's end has an element for each part."""
    return [
        *(Gap("link", link, "web", "") for link in dict.fromkeys(printed) if link not in shown),
        *(Gap("link", link, "print", "") for link in dict.fromkeys(shown) if link not in printed),
    ]
