"""Parity: whether a document says the same in all output channels, word for word and link for link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import tinyhtml5

from pressrun_server.model.tagged import TaggedElement
from pressrun_server.template.channels import CHANNEL
from pressrun_server.template.mailstyle import RUNNING

__all__ = ["Gap", "parity", "shared", "text_parity"]

_AROUND: Final = 4
"""Words that are shown before and behind a gap."""
_FAR: Final = 400
"""Letters that the page may say more at once; beyond that a word counts as missing, and not as found later."""
_NOTE: Final = "Note"
_BACK: Final = "doc-backlink"
_PRINT: Final = "print"
_RUNNING: Final = {"header", "footer"}
"""Elements of a page that hold what runs along the first sheet, which in print is no part of the text."""


_MARKERS: Final = re.compile(r"^(- |\[[^\]\s]{1,8}\] )", re.MULTILINE)
_MARKER: Final = re.compile(r"\W?|\w{1,8}\.")
"""Of an item of a list; anything else, but for the labels of footnotes, is a term."""
_RULES: Final = re.compile(r"^[-= ]+$", re.MULTILINE)
_LEADS: Final = re.compile(r"<(https?|mailto|tel):[^>\s]*>")
_DECORATION: Final = re.compile(r"[-:=|·\[\]]")
"""What plain text has of its own: markers of lists, lines below headings, targets of links, and what parts cells."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that one of the two does not say."""

    what: str
    """`word`, `text` (without spaces) or `link`."""
    missing: str
    where: str
    """The one that lacks it: `print`, or what it was compared with."""
    around: str
    """What stands around it in the other."""


def parity(paper: Iterable[TaggedElement], page: str, where: str = "web") -> list[Gap]:
    """What is said in one and not in the other, or elsewhere in it.

    Case is not compared, since `text-transform` is the browser's affair there, nor are markers of lists and labels of
    charts, which are drawn.

    Args:
        paper: the PDF's elements.
        page: the HTML.
        where: what the page is called in gaps.

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
        *_gaps(printed, shown, where),
        *_missing_links(leads, [href for href in hrefs if href and not href.startswith("#")], where),
    ]


def text_parity(page: str, text: str, where: str, source: str) -> list[Gap]:
    """What a message's HTML and its plain text do not both say; marks that make plain text readable are none.

    Args:
        page: the HTML.
        text: the plain text.
        where: what the text is called in gaps.
        source: what the HTML is called.
    """
    document = tinyhtml5.parse(page, namespace_html_elements=False)
    body = None if document is None else document.find("body")
    assert body is not None, "the parser makes one of anything"
    plain = _LEADS.sub("", _RULES.sub("", _MARKERS.sub("", text)))
    said = _Said(_DECORATION.sub("", plain))
    words = _DECORATION.sub("", " ".join(_Shown(body, numbered=True).words)).split()
    return [replace(gap, where=source if gap.where == _PRINT else gap.where) for gap in _gaps(words, said, where)]


def shared(source: str, channels: Iterable[str]) -> str:
    """A template's HTML with nothing but what it shows in all of some output channels.

    Args:
        source: the HTML.
        channels: the output channels.
    """
    wanted = set(channels)
    root = tinyhtml5.parse(source, namespace_html_elements=False)
    assert root is not None, "the parser makes one of anything"
    for parent in list(root.iter()):
        before: Element | None = None
        for child in list(parent):
            if not isinstance(child.tag, str):
                continue
            child.tag = child.tag.rpartition("}")[2]  # the parser knows drawings by their names
            named = child.get(CHANNEL)
            if named is not None and not wanted <= set(named.split()):
                if before is None:
                    parent.text = (parent.text or "") + (child.tail or "")
                else:
                    before.tail = (before.tail or "") + (child.tail or "")
                parent.remove(child)
                continue
            before = child
    return "<!DOCTYPE html>" + ET.tostring(root, encoding="unicode", method="html")


def _told(element: TaggedElement) -> list[str]:
    if element.path.endswith("Lbl") and (_NOTE in element.path or _MARKER.fullmatch(element.text.strip())):
        return []
    own = "" if element.path.endswith("Figure") else element.text
    return re.sub("\u00ad", "", f"{own} {element.alt}").split()


class _Shown:
    """What a browser shows, without spaces: where words end is a matter of lines, and of elements in them."""

    def __init__(self, body: Element, *, numbered: bool = False) -> None:
        self._numbered = numbered
        self.words: list[str] = []
        """As they stand there."""
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
        if element.get("aria-hidden") == "true" and "display:none" in element.get("style", ""):
            return  # what lists of messages show
        if element.get("role") == _BACK:
            return  # the number before a footnote is a label
        running = running or name in _RUNNING or element.get("class") == RUNNING
        if name in {"img", "svg", "video"} or element.get("role") == "img":
            self._add(element.get("alt") or element.get("aria-label") or "", running=running)
            return
        self._add(element.text or "", running=running)
        number = 0
        # Footnotes are a list too, whose numbers are labels.
        numbered = self._numbered and name == "ol" and "list-style:none" not in element.get("style", "")
        for child in element:
            if isinstance(child.tag, str):
                if numbered and child.tag == "li":
                    number += 1
                    self._add(f" {number}. ", running=running)
                self._take(child, running=running)
            self._add(child.tail or "", running=running)

    def _add(self, text: str, *, running: bool) -> None:
        self.words += text.split()
        self._texts.append(_bare(text))
        self._running.append(running)


class _Said:
    """Plain text, as `_Shown` has a page."""

    def __init__(self, text: str) -> None:
        self.text = _bare(text)

    def find(self, word: str, start: int) -> int | None:
        """The next place of a word, not far away."""
        place = self.text.find(word, start, start + _FAR + len(word))
        return None if place < 0 else place

    def surplus(self, start: int, end: int) -> str:
        """What is passed over there."""
        return self.text[start:end]


def _bare(text: str) -> str:
    return re.sub(r"[\s\u00ad]", "", text).lower()


def _gaps(printed: list[str], shown: _Shown | _Said, where: str) -> list[Gap]:
    """Follows both from their beginning; a word that the page does not have soon is a gap."""
    gaps: list[Gap] = []
    at = 0
    for index, word in enumerate(printed):
        bare = _bare(word)
        place = shown.find(bare, at)
        if place is None:
            gaps.append(Gap("word", word, where, _context(printed, index)))
            continue
        more = shown.surplus(at, place)
        if more:
            gaps.append(Gap("text", more, _PRINT, _context(printed, index)))
        at = place + len(bare)
    more = shown.surplus(at, len(shown.text))
    return [*gaps, Gap("text", more, _PRINT, "the end")] if more else gaps


def _context(words: list[str], index: int) -> str:
    return " ".join(words[max(index - _AROUND, 0) : index + _AROUND + 1])


def _missing_links(printed: list[str], shown: list[str], where: str) -> list[Gap]:
    """A link that is parted by a page's end has an element for each part."""
    return [
        *(Gap("link", link, where, "") for link in dict.fromkeys(printed) if link not in shown),
        *(Gap("link", link, _PRINT, "") for link in dict.fromkeys(shown) if link not in printed),
    ]
