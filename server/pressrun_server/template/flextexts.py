"""Text that stands directly in a flexible box: each run of it is an item of its own (CSS Flexbox 1, 4)."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from pressrun_server.template.approved import LITERAL
from pressrun_server.template.generated import GENERATED
from pressrun_server.template.markup import Markup

__all__ = ["wrap_texts"]

_BLANK = " \t\n\r\f"


def wrap_texts(markup: Markup, boxes: list[Element], made: Callable[[Element, Element], None]) -> None:
    """Put elements around such texts, before anything is built.

    Args:
        markup: the template's.
        boxes: the flexible ones.
        made: told each new element and the box that it is in.
    """
    for box in boxes:
        places = [(markup.end_of_tag(box), box.text)]
        children = [child for child in box if isinstance(child.tag, str)]
        places += [(markup.find(child, f"</{child.tag}"), child.tail) for child in children]
        for number, (offset, text) in enumerate(places):
            if not text or not text.strip(_BLANK):
                continue
            item = Element("span", {GENERATED: "text"} | ({LITERAL: ""} if LITERAL in box.attrib else {}))
            item.text = text
            if number:
                children[number - 1].tail = None
                box.insert(list(box).index(children[number - 1]) + 1, item)
            else:
                box.text = None
                box.insert(0, item)
            markup.made(item, box, offset, begins=offset)
            made(item, box)
