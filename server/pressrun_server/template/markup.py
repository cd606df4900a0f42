"""Parses a template's HTML into elements that know their place in the source."""

from __future__ import annotations

import bisect
import copy
from typing import Any, cast
from xml.etree.ElementTree import Element

from tinyhtml5.parser import HTMLParser
from tinyhtml5.treebuilder import TreeBuilder

from pressrun_server.template.diagnostics import Place

__all__ = ["Markup", "parse_markup"]

_OFFSET = "pr:offset"


class _PlacingTreeBuilder(TreeBuilder):  # type: ignore[misc]
    """Notes on each element where its start tag ended; the parser's tokens carry no place of their own."""

    parser: HTMLParser

    def _note(self, token: dict[str, Any]) -> None:
        stream = self.parser.tokenizer.stream
        token["data"] = dict(token["data"]) | {_OFFSET: "{}:{}".format(*stream.position())}

    def create_element(self, token: dict[str, Any]) -> Any:
        self._note(token)
        return super().create_element(token)

    def insert_element_normal(self, token: dict[str, Any]) -> Any:
        if _OFFSET not in token["data"]:
            self._note(token)
        return super().insert_element_normal(token)


class Markup:
    """An HTML file: its element tree and the places of its elements."""

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.source = source.replace("\r\n", "\n").replace("\r", "\n")
        self._starts = [0, *(index + 1 for index, char in enumerate(self.source) if char == "\n")]
        parser = HTMLParser(namespace_html_elements=False)
        parser.tree = _PlacingTreeBuilder(namespace_html_elements=False)
        parser.tree.parser = parser
        for phase in parser.phases.values():
            phase.tree = parser.tree
        self.root: Element = cast("Element", parser.parse(self.source))
        _drop_comments(self.root)
        self._offsets: dict[Element, tuple[int, int]] = {}
        self._parents: dict[Element, Element] = {}
        self._ends: dict[Element, int] = {}
        """Of elements that were made, where what follows them begins."""
        lowered = self.source.lower()
        for element in self.root.iter():
            for child in element:
                self._parents[child] = element
            noted = element.attrib.pop(_OFFSET, "")
            if noted:
                line, column = (int(part) for part in noted.split(":"))
                end = min(self._starts[min(line, len(self._starts)) - 1] + column, len(self.source))
                name = element.tag.rsplit("}", 1)[-1].lower()  # of SVG, without its namespace
                start = lowered.rfind(f"<{name}", 0, end)
                if start >= 0:
                    self._offsets[element] = (start, end)

    def place(self, element: Element) -> Place:
        """Where the element's start tag begins; for one that the parser made up, where its parent's does."""
        current: Element | None = element
        while current is not None and current not in self._offsets:
            current = self._parents.get(current)
        return self.at(self._offsets[current][0]) if current is not None else Place(self.file)

    def parent(self, element: Element) -> Element | None:
        """The element around an element."""
        return self._parents.get(element)

    def made(self, element: Element, parent: Element, end: int, *, begins: int | None = None) -> None:
        """An element, with all in it, that a style sheet made stands in `parent`.

        Args:
            element: the one that was made.
            parent: the element around it.
            end: the offset of what follows it.
            begins: where its text begins; without it, it comes from the tag of `parent`.
        """
        start = self._offsets.get(parent, (0, 0))[0]
        self._parents[element] = parent
        for each in element.iter():
            self._offsets[each] = (start, start if begins is None else begins)
            self._ends[each] = end
            for child in each:
                self._parents[child] = each

    def find(self, element: Element, text: str, *, after: int | None = None) -> int:
        """The offset of a piece of text at or after an element's start tag; the tag's own where it is not found."""
        if element in self._ends:
            return self._ends[element]
        start, _ = self._offsets.get(element, (0, 0))
        found = self.source.find(text, start if after is None else after)
        return found if found >= 0 else start

    def end_of_tag(self, element: Element) -> int:
        """The offset just behind an element's start tag."""
        return self._offsets.get(element, (0, 0))[1]

    def at(self, offset: int) -> Place:
        """The place of an offset."""
        line = bisect.bisect_right(self._starts, offset)
        return Place(self.file, line, offset - self._starts[line - 1] + 1)

    def belongs(self, element: Element, parent: Element) -> None:
        """An element that the compiler made stands in `parent`, and has its place."""
        self._parents[element] = parent

    def adopt(self, original: Element, double: Element, parent: Element, *, whole: bool = True) -> None:
        """Give the copy of an element, and all in it if it is `whole`, the places of the original.

        It stands in `parent` now.
        """
        self._parents[double] = parent
        for old, new in zip(original.iter(), double.iter(), strict=True) if whole else [(original, double)]:
            if old in self._offsets:
                self._offsets[new] = self._offsets[old]
            if old in self._ends:
                self._ends[new] = self._ends[old]
            for child in new:
                self._parents[child] = new

    def repeat(self, mark: str, most: int) -> Element | None:
        """Give every element with pr-for a copy behind it: the two stand for odd and even repetitions in the cascade.

        Args:
            mark: the attribute set on both, "odd" and "even".
            most: the most elements there may be afterwards.

        Returns:
            the element at which there were too many, or None.
        """
        total = sum(1 for _ in self.root.iter())
        # Inner ones first, so that the copies of outer ones hold both.
        for element in [item for item in self.root.iter() if isinstance(item.tag, str) and "pr-for" in item.attrib][
            ::-1
        ]:
            parent = self._parents.get(element)
            total += sum(1 for _ in element.iter())
            if total > most:
                return element
            if parent is None:
                continue
            double = copy.deepcopy(element)
            element.tail = None
            element.set(mark, "odd")
            double.set(mark, "even")
            parent.insert(list(parent).index(element) + 1, double)
            self.adopt(element, double, parent)
        return None


def _drop_comments(root: Element) -> None:
    """Take comments out of the tree; the text behind one joins the text before it."""
    for parent in list(root.iter()):
        before: Element | None = None
        for child in list(parent):
            tag: Any = child.tag  # a comment's is a function
            if isinstance(tag, str):
                before = child
                continue
            if before is None:
                parent.text = (parent.text or "") + (child.tail or "")
            else:
                before.tail = (before.tail or "") + (child.tail or "")
            child.tail = None
            parent.remove(child)


def parse_markup(file: str, source: str) -> Markup:
    """Parse an HTML file as browsers do (WHATWG HTML); any text gives a tree."""
    return Markup(file, source)
