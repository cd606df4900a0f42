"""What a template says for some of its output channels only: `pr-channel="print email"` on an element."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics, closest
from pressrun_server.template.markup import Markup

__all__ = ["CHANNEL", "EMAIL", "MEDIA", "MOBILE", "SCREENS", "leave_out"]

CHANNEL: Final = "pr-channel"
"""The attribute; the output channels that show an element, with spaces between."""
EMAIL: Final = "email"
MOBILE: Final = "mobile"
SCREENS: Final = ("web", EMAIL, MOBILE)
"""Output channels whose pictures are files for screens."""
MEDIA: Final = {"web": ("screen",), EMAIL: ("screen", "email"), MOBILE: ("screen", "mobile")}
"""The media whose rules of a style sheet hold in them; those of print hold in others."""


def leave_out(markup: Markup, channel: str, offered: Iterable[str], diagnostics: Diagnostics) -> bool:
    """Take out what an output channel does not show, and the attribute itself.

    Args:
        markup: the template's; changed.
        channel: the output channel that is compiled for.
        offered: all that the template offers.
        diagnostics: takes names of output channels that it does not offer.

    Returns:
        whether anything is for some output channels only.
    """
    known = tuple(offered)
    some = False
    for parent in list(markup.root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or CHANNEL not in child.attrib:
                continue
            some = True
            names = child.attrib[CHANNEL].split()
            for name in [name for name in names if name not in known] or ([""] if not names else []):
                place = markup.at(markup.find(child, CHANNEL))
                message = f"the template offers no output channel {name!r}" if name else f"{CHANNEL} names none"
                diagnostics.error("directive", place, message, closest(name, known) or "add it to channels")
            del child.attrib[CHANNEL]
            if channel not in names:
                _remove(parent, child)
    return some


def _remove(parent: Element, child: Element) -> None:
    """Take an element out; the text behind it stays."""
    children = list(parent)
    index = children.index(child)
    if child.tail:
        if index:
            before = children[index - 1]
            before.tail = (before.tail or "") + child.tail
        else:
            parent.text = (parent.text or "") + child.tail
    child.tail = None
    parent.remove(child)
