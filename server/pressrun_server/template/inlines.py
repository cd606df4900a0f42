"""What stands in lines: texts, links, branches, and the paragraphs around them with their white space collapsed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.program import (
    Break,
    Inline,
    InlineConditional,
    InlineFor,
    InlineWith,
    Note,
    Paragraph,
    Text,
    Value,
)
from pressrun_server.template.approved import LITERAL
from pressrun_server.template.bookmarks import bookmark_label, bookmark_level
from pressrun_server.template.builder import ALIGN, ANONYMOUS, NO_STYLE, PRESERVE, Builder
from pressrun_server.template.cascade import REPEATED
from pressrun_server.template.decimals import decimals
from pressrun_server.template.diagnostics import Place
from pressrun_server.template.footnotes import CALL, CALL_LABEL, MARKER, MARKER_LABEL, check_footnote, is_footnote
from pressrun_server.template.geometry import box_of
from pressrun_server.template.links import SAFE_TARGET, TARGETS
from pressrun_server.template.scope import Scope

__all__ = ["InlineStructure", "collapse"]

_TEXT_ROLES = {"h1": "H1", "h2": "H2", "h3": "H3", "h4": "H4", "h5": "H5", "h6": "H6", "figcaption": "Caption"}
_RISES = {"super": 0.48, "sub": -0.2}
"""Of raised and lowered text, in its own size."""
_BOXED = (
    *(f"{kind}-{side}" for kind in ("margin", "padding") for side in ("left", "right")),
    *(f"border-{side}-width" for side in ("top", "right", "bottom", "left")), "width", "height",
)  # fmt: skip
_SPACE = re.compile(r"[ \t\n\r\f]+")
_SPACE_IN_LINE = re.compile(r"[ \t\f]+")
_LINE_END = re.compile(r"[ \t\f]*(?:\r\n|\n|\r)[ \t\f]*")


class InlineStructure(Builder):
    """Builds inline content and paragraphs."""

    def _inline_directed(self, group: list[Element], scope: Scope) -> list[Inline]:
        first = group[0]
        if first.get(REPEATED) == "odd":
            found = self._loop(first, scope)
            if found is None:
                return []
            name, items, inner, place = found
            begun = len(self.links)
            odd, even = (tuple(self._inline_chosen([copy], inner)) for copy in group)
            if any(not isinstance(part, Text) for told in self.links[begun:] for part in told):
                message = "a link that is repeated in a line leads to the same place each time"
                self.diagnostics.error("link", place, message, "repeat a block, e.g. <li>, or give it a fixed href")
            return [InlineFor(name, items, odd, even, str(place))]
        return self._inline_chosen(group, scope)

    def _inline_chosen(self, group: list[Element], scope: Scope) -> list[Inline]:
        if "pr-if" not in group[0].attrib:
            return self._inline_named(group[0], scope)
        branches = [tuple(self._inline_named(element, scope)) for element in group]
        return [InlineConditional(tuple(zip(self._tests(group, scope), branches, strict=True)))]

    def _inline_named(self, element: Element, scope: Scope) -> list[Inline]:
        named = self._names(element, scope)
        if named is None:
            return self._inline(element, scope)
        names, inner, place = named
        return [InlineWith(names, tuple(self._inline(element, inner)), str(place))]

    def _inline(self, element: Element, scope: Scope) -> list[Inline]:
        if self._skipped(element):
            return []
        if is_footnote(self.styles[element]):
            return self._footnote(element, scope)
        if element.tag == "br":
            return [Break()]
        if element.tag == "a":
            return self._anchor(element, scope)
        before, style = self._rise, self.styles[element]
        boxed = next((name for name in _BOXED if style[name] not in {0, "auto"}), "")
        if boxed:
            place, message = self.markup.place(element), f"{boxed} has no effect inside a line"
            self.diagnostics.warning("value", place, message, "put it on a block; a background-color is painted")
        around = self.markup.parent(element)
        if around is not None and style["white-space"] != self.styles[around]["white-space"]:
            place = self.markup.place(element)
            message = "white-space is not supported inside a line"
            self.diagnostics.error("value", place, message, "put it on the block, or write &nbsp; between the words")
        self._rise += round(_RISES.get(style["vertical-align"], 0.0) * style["font-size"])
        found = self._inlines(element, scope)
        self._rise = before
        return found

    def _footnote(self, element: Element, scope: Scope) -> list[Inline]:
        """A footnote: a call where it stands, and its text as a paragraph as wide as the page's content."""
        if not check_footnote(element, self.markup, self.styles, self.diagnostics):
            return []
        self.noted = True
        style, risen = self.styles[element], self._rise
        self._rise = 0
        x, width = self.page_content
        text = self._paragraph(element, self._inlines(element, scope), x, width)
        self._rise = risen
        if text is None:
            place = self.markup.place(element)
            self.diagnostics.error("footnote", place, "a footnote has no text", "write it into the element")
            return []
        margins = {f"margin-{side}": style[f"margin-{side}"] for side in ("top", "bottom", "left", "right")}
        paddings = {f"padding-{side}": style[f"padding-{side}"] for side in ("left", "right")}
        text = msgspec.structs.replace(
            text, box=box_of(ANONYMOUS | margins | paddings, x, width), role="", bookmark=0, label=()
        )
        call, marker = style[CALL], style[MARKER]
        rises = [round(_RISES.get(item["vertical-align"], 0.0) * item["font-size"]) for item in (call, marker)]
        return [
            Note(
                self.table.index(call, 0, risen + rises[0], "Reference"),
                call["content"] or CALL_LABEL,
                self.table.index(marker, 0, rises[1], "Lbl"),
                marker["content"] or MARKER_LABEL,
                text,
                str(self.markup.place(element)),
            )
        ]

    def _anchor(self, element: Element, scope: Scope) -> list[Inline]:
        """A link: its text has a style of its own, by which layout knows where the link is."""
        place, target = self.markup.place(element), element.get("href", "")
        if self._link:
            self.diagnostics.error("structure", place, "a link stands in a link", "end the outer one before")
        fixed = target.partition("{{")[0]
        if fixed == target and not (SAFE_TARGET.match(target) or target[:1] == "#"):
            self.diagnostics.error("link", place, f"the link {target!r} is not supported", f"valid: {TARGETS}")
            return self._inlines(element, scope)
        literal: tuple[Inline, ...] = (Text(0, target),)
        told = literal if LITERAL in element.attrib else tuple(self.text(target, 0, lambda _index: place, scope))
        self.links.append(told)
        self._link = len(self.links)
        found = self._inlines(element, scope)
        self._link = 0
        return found

    def _inlines(self, element: Element, scope: Scope) -> list[Inline]:
        inlines = self._loose(element, element.text, self.markup.end_of_tag(element), scope)
        for group in self._groups(element):
            if self._is_block(group[0]):
                place = self.markup.place(group[0])
                message = f"the block <{group[0].tag}> stands inside the inline <{element.tag}>"
                self.diagnostics.error("structure", place, message, "make the outer element a block")
                continue
            inlines += self._inline_directed(group, scope)
            after = self.markup.find(group[-1], f"</{group[-1].tag}")
            inlines += self._loose(element, group[-1].tail, after, scope)
        return inlines

    def _paragraph(self, element: Element, inlines: list[Inline], x: int, width: int) -> Paragraph | None:
        style = self.styles[element]
        preserve = PRESERVE.get(style["white-space"], "")
        collapsed, content, _space = collapse(inlines, space=True, preserve=preserve)
        if not content:
            return None
        own = self.table.index(style)
        collapsed = [
            Text(own, inline.text) if isinstance(inline, Text) and inline.style == NO_STYLE else inline
            for inline in collapsed
        ]
        plain = dict(ANONYMOUS)
        last = style["text-align-last"]
        if last == "auto":
            last = ALIGN.get(style["text-align"], "left")
        behind = decimals(style, self.locale)
        if behind:
            last = "right"
        return Paragraph(
            box=box_of(plain, x, width),
            inlines=tuple(collapsed),
            style=own,
            align=last,
            upper="" if behind or style["text-align"] == last else style["text-align"],
            wrap=style["white-space"] not in {"nowrap", "pre"},
            preserve=preserve,
            orphans=style["orphans"],
            widows=style["widows"],
            role=self._text_role(element),
            bookmark=bookmark_level(element, self.markup, self.styles),
            label=bookmark_label(element, self.markup, self.styles, self.diagnostics),
            decimals=behind,
            calls=_has_notes(inlines),
            indent=style["text-indent"],
            place=str(self.markup.place(element)) if all(isinstance(part, Text | Break) for part in collapsed) else "",
        )

    def _text_role(self, element: Element) -> str:
        """The type of text that stands directly in an element; a term is its item's label, unless it holds blocks."""
        if element.tag == "dt":
            return "P" if self._holds_blocks(element) else "Lbl"
        if element.tag == "caption":
            return "P" if self._layout_only(element) or self._holds_blocks(element) else "Caption"
        return _TEXT_ROLES.get(element.tag, "P")

    def _holds_blocks(self, element: Element) -> bool:
        return any(isinstance(child.tag, str) and self._is_block(child) for child in element)

    def _loose(self, element: Element, text: str | None, after: int, scope: Scope) -> list[Inline]:
        """The inline content of text that stands directly in an element; white space alone needs no font."""
        if not text:
            return []
        if not text.strip(" \t\n\r\f") and self.styles[element]["white-space"] not in PRESERVE:
            around = self.styles[element]["decorations"]
            if all(self.styles[child]["decorations"] == around for child in element if child in self.styles):
                return [Text(NO_STYLE, " ")]
        style = self.table.index(self.styles[element], self._link, self._rise)
        if LITERAL in element.attrib:
            return [Text(style, text)]

        def place(index: int) -> Place:
            offset = after
            for _ in range(index + 1):
                found = self.markup.source.find("{", offset)
                offset = found + 2 if found >= 0 else offset
            return self.markup.at(max(offset - 2, 0))

        return self.text(text, style, place, scope)


def collapse(inlines: list[Inline], *, space: bool, preserve: str = "") -> tuple[list[Inline], bool, bool]:
    """Collapse white space as CSS Text 3, 4.1.1 has it.

    Args:
        inlines: what stands in the line.
        space: whether white space was just before (or the line begins).
        preserve: what white space stays: `lines`, `all` or nothing.

    Returns:
        the inlines, whether there is anything but white space, and whether the last thing was white space.
    """
    found: list[Inline] = []
    content = False
    for inline in inlines:
        if isinstance(inline, Text):
            text = _collapsed(inline.text, preserve)
            style = inline.style
            if style == NO_STYLE:
                style = next((before.style for before in found[::-1] if isinstance(before, Text | Value)), NO_STYLE)
            if space and preserve != "all":
                text = text.removeprefix(" ")
            if text:
                space = text.endswith((" ", "\n"))
                content = content or bool(text.strip(" \t\n"))
                if found and isinstance(found[-1], Text) and found[-1].style == style:
                    text = found.pop().text + text  # type: ignore[union-attr]
                found.append(Text(style, text))
        elif isinstance(inline, Break):
            found.append(inline)
            space, content = True, True
        elif isinstance(inline, Note):
            found.append(inline)
            space, content = False, True
        elif isinstance(inline, Value):
            found.append(msgspec.structs.replace(inline, preserve=True) if preserve else inline)
            space, content = False, True
        elif isinstance(inline, InlineFor):
            # What is before a turn may be the end of the one before it, so no space at its edges is dropped here.
            odd, even = (collapse(list(parts), space=False, preserve=preserve) for parts in (inline.odd, inline.even))
            content = content or odd[1] or even[1]
            found.append(msgspec.structs.replace(inline, odd=tuple(odd[0]), even=tuple(even[0])))
            space = False
        elif isinstance(inline, InlineWith):
            named, some, space = collapse(list(inline.parts), space=space, preserve=preserve)
            content = content or some
            found.append(msgspec.structs.replace(inline, parts=tuple(named)))
        else:
            branches = []
            for test, parts in inline.branches:
                inner, some, _ = collapse(list(parts), space=space, preserve=preserve)
                content = content or some
                branches.append((test, tuple(inner)))
            found.append(InlineConditional(tuple(branches)))
            space = False
    return found, content, space


def _has_notes(inlines: Iterable[Inline]) -> bool:
    for inline in inlines:
        match inline:
            case Note():
                return True
            case InlineConditional():
                inner = [part for _, parts in inline.branches for part in parts]
            case InlineFor():
                inner = [*inline.odd, *inline.even]
            case InlineWith():
                inner = list(inline.parts)
            case _:
                continue
        if _has_notes(inner):
            return True
    return False


def _collapsed(text: str, preserve: str) -> str:
    if preserve == "all":
        return text.replace("\r\n", "\n").replace("\r", "\n")
    if preserve == "lines":
        return _SPACE_IN_LINE.sub(" ", _LINE_END.sub("\n", text))
    return _SPACE.sub(" ", text)
