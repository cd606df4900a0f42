"""Approved text from bytes that strangers wrote: HTML or plain text to the elements that may stand in a document.

What looks differs (style sheets, styles, colours) is the template's to say and is left out, with comments and what a
page's head holds. What would change the words if it were left out is refused: an element that is not known, a picture,
a form. Nothing of the text is an instruction: `{{ }}` and directives are text like any other.

Facts: elements and their content models, WHATWG HTML, 4; parsing, 13.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import tinyhtml5

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import PreparedText, TextElement
from pressrun_server.prepare.media import inspect_text, recognise
from pressrun_server.prepare.tokens import prepare_tokens

__all__ = ["ALLOWED", "MOST_BYTES", "prepare_text", "text_task"]

MOST_BYTES: Final = 256 * 1024
"""Of a text."""
_MOST_ELEMENTS: Final = 4000
_DEEPEST: Final = 24
_BLOCKS: Final = frozenset(
    {
        "section", "article", "aside", "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li",
        "hr", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption",
    }
)  # fmt: skip
_INLINE: Final = frozenset(
    {"span", "strong", "b", "em", "i", "small", "sub", "sup", "br", "a", "u", "ins", "s", "del", "code", "cite", "mark"}
)
ALLOWED: Final = _BLOCKS | _INLINE
"""Elements that may stand in approved text."""
_ALIKE: Final = {
    "main": "div", "header": "div", "footer": "div", "nav": "div", "address": "div", "center": "div",
    "abbr": "span", "time": "span", "dfn": "em", "bdi": "span", "font": "span",
    "kbd": "span", "samp": "span", "var": "em", "data": "span",
}  # fmt: skip
"""Elements that stand for another one, whose words stay."""
_HEAD: Final = frozenset({"title", "meta", "link", "style", "base"})
"""What says nothing that is shown."""
_KEPT: Final = {
    "a": ("href",),
    "ol": ("start",),
    "th": ("colspan", "rowspan", "scope"),
    "td": ("colspan", "rowspan"),
}
"""Attributes that stay, besides `class` and `lang`."""
_TARGET: Final = re.compile(r"(https?://[^/\s]|mailto:\S|tel:\S)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n\s*")


def text_task(data: bytes) -> bytes:
    """The task of a preparer: bytes to an encoded PreparedText, or PreparedTokens where they are a JSON object."""
    return msgspec.msgpack.encode(prepare_tokens(data) if _is_object(data) else prepare_text(data))


def _is_object(data: bytes) -> bool:
    if recognise(data).media_type != "application/json":
        return False
    if len(data) > MOST_BYTES:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE, f"the file has {len(data)} bytes; the most is {MOST_BYTES}; give fewer tokens"
        )
    try:
        return isinstance(msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf")), dict)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False  # text that begins with a brace


def prepare_text(data: bytes) -> PreparedText:
    """Approved text from HTML or plain text.

    Raises:
        PressrunError: ASSET_INVALID, the bytes are no text, or hold what cannot stand in a document; ASSET_TOO_LARGE.
    """
    header = inspect_text(data)
    if len(data) > MOST_BYTES:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE, f"the text has {len(data)} bytes; the most is {MOST_BYTES}; part it into several"
        )
    try:
        source = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise _wrong(f"the text is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    control = _CONTROL.search(source)
    if control is not None:
        raise _wrong(f"line {_line(source, control.start())}: a control character; remove it")
    parts = _Markup(source).parts() if header.media_type == "text/html" else _paragraphs(source)
    if not any(_says(part) for part in parts):
        raise _wrong("the text says nothing; write it, or let the slot be left out")
    return PreparedText(parts)


def _paragraphs(source: str) -> tuple[TextElement, ...]:
    """Plain text: an empty line begins a paragraph, another line end is one."""
    found = []
    for paragraph in _PARAGRAPH.split(source.strip()):
        children: list[TextElement | str] = []
        for number, line in enumerate(paragraph.split("\n")):
            children += [TextElement("br"), line] if number else [line]
        found.append(TextElement("p", (), tuple(children)))
    return tuple(found)


class _Markup:
    """An HTML text that is being read."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lowered = source.lower()
        self._seen: dict[str, int] = {}
        self._count = 0

    def parts(self) -> tuple[TextElement | str, ...]:
        try:
            root: Any = tinyhtml5.parse(self._source, namespace_html_elements=False)
            for element in root.find("head"):
                if isinstance(element.tag, str) and element.tag not in _HEAD:
                    raise self._refused(element.tag)
            body = root.find("body")
            return () if body is None else tuple(self._children(body, 0))
        except RecursionError:
            raise _wrong(f"its elements are nested more than {_DEEPEST} deep; simplify it") from None

    def _children(self, element: Any, depth: int) -> Iterator[TextElement | str]:
        if element.text:
            yield element.text
        for child in element:
            if isinstance(child.tag, str):
                yield self._element(child, depth + 1)
            if child.tail:
                yield child.tail

    def _element(self, element: Any, depth: int) -> TextElement:
        name = element.tag.rsplit("}", 1)[-1]
        self._seen[name] = self._seen.get(name, 0) + 1
        tag = _ALIKE.get(name, name)
        if tag not in ALLOWED:
            raise self._refused(name)
        self._count += 1
        if self._count > _MOST_ELEMENTS or depth > _DEEPEST:
            limit = f"{_MOST_ELEMENTS} elements" if self._count > _MOST_ELEMENTS else f"{_DEEPEST} levels"
            raise _wrong(f"line {self._place(name)}: the text has more than {limit}; part it into several texts")
        attributes = tuple(sorted(self._attributes(name, tag, element.attrib)))
        return TextElement(tag, attributes, tuple(self._children(element, depth)))

    def _attributes(self, name: str, tag: str, given: Any) -> Iterator[tuple[str, str]]:
        for key, value in given.items():
            if not isinstance(key, str):
                continue
            if key.startswith("on"):
                raise _wrong(f"line {self._place(name)}: <{name} {key}> would run a script; remove it")
            if key in {"class", "lang"} or key in _KEPT.get(tag, ()):
                if key == "href" and not _TARGET.match(value.strip()):
                    raise _wrong(
                        f"line {self._place(name)}: a link leads to {value[:60]!r}; links may lead to https://, "
                        "http://, mailto: and tel:"
                    )
                yield key, value.strip() if key == "href" else value

    def _refused(self, name: str) -> PressrunError:
        return _wrong(
            f"line {self._place(name)}: <{name}> cannot stand in approved text; valid are {', '.join(sorted(ALLOWED))}"
        )

    def _place(self, name: str) -> int:
        """The line of the element that is being read; of the first line where the parser made it up."""
        found = re.finditer(rf"<{re.escape(name)}(?=[\s/>])", self._lowered)
        starts = [match.start() for match in found]
        number = min(max(self._seen.get(name, 1), 1), len(starts))
        return _line(self._source, starts[number - 1]) if starts else 1


def _says(part: TextElement | str) -> bool:
    if isinstance(part, str):
        return bool(part.strip())
    return any(_says(child) for child in part.children)


def _line(source: str, offset: int) -> int:
    return source.count("\n", 0, offset) + 1


def _wrong(message: str) -> PressrunError:
    return PressrunError(Reason.ASSET_INVALID, message)
