"""What is read of a sample beside its pages: in a browser, on a telephone, in an e-mail, in a short message.

A form is text: words by line, links with their targets, pictures by what they are said to show. It is what is kept as
approved, since it is the same whatever draws it; its looks are for the preview.
"""

from __future__ import annotations

import base64
import email
import email.policy
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Literal
from xml.etree.ElementTree import Element

import tinyhtml5

from pressrun_server.model.spec import OutputChannel, OutputFormat
from pressrun_server.model.summary import TextLength

__all__ = ["FORMS", "Form", "body_of", "mail_form", "message_of", "page_form", "text_form"]

FORMS: Final = {
    "web": (OutputChannel.WEB, OutputFormat.HTML),
    "mobile": (OutputChannel.MOBILE, OutputFormat.HTML),
    "email": (OutputChannel.EMAIL, OutputFormat.EML),
    "summary": (OutputChannel.MOBILE, OutputFormat.TEXT),
}
"""By name, what is asked for."""
_BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_HEADINGS: Final = re.compile("h[1-6]")
_CELLS: Final = frozenset({"td", "th"})
_HEADERS: Final = ("From", "To", "Reply-To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post")
_CID: Final = re.compile(r"cid:([^\"'\s>]+)")


@dataclass(frozen=True, slots=True)
class Form:
    """A sample in one form."""

    name: str
    """One of `FORMS`."""
    text: str
    """What is read."""
    document: bytes = b""
    page: str = ""
    """HTML that shows it; empty for text alone."""


def page_form(name: str, document: bytes) -> Form:
    """A page for browsers or telephones."""
    page = document.decode()
    return Form(name, _read(page), document, page)


def mail_form(document: bytes) -> Form:
    """An e-mail: its headers, its plain text, and the files that come with it."""
    message = message_of(document)
    lines = [f"{header}: {message[header]}" for header in _HEADERS if message[header]]
    files = [
        f"attached: {part.get_filename()}" for part in message.walk() if part.get_content_disposition() == "attachment"
    ]
    text = "\n".join((*lines, "", body_of(message, "plain").replace("\r\n", "\n").strip(), *files))
    return Form("email", f"{text}\n", document, _standing_alone(message))


def text_form(document: bytes, length: TextLength | None) -> Form:
    """A text for short messages, and how long it is."""
    told = ""
    if length is not None:
        count = "1 message" if length.segments == 1 else f"{length.segments} messages"
        told = f"\n({count}, {length.units} units, {length.alphabet})"
    return Form("summary", f"{document.decode()}{told}\n", document)


def message_of(document: bytes) -> EmailMessage:
    """An e-mail as Python's package reads it."""
    message = email.message_from_bytes(document, policy=email.policy.default)
    assert isinstance(message, EmailMessage), "the policy makes these"
    return message


def body_of(message: EmailMessage, kind: Literal["html", "plain"]) -> str:
    """A body of an e-mail."""
    part = message.get_body((kind,))
    assert part is not None, "a message has both"
    return str(part.get_content())


def _standing_alone(message: EmailMessage) -> str:
    """The HTML of an e-mail with its pictures in it."""
    pictures: dict[str, str] = {}
    for part in message.walk():
        identifier = str(part.get("Content-ID", "")).strip("<> ")
        if identifier:
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            pictures[identifier] = f"data:{part.get_content_type()};base64,{data}"
    page = body_of(message, "html")
    return _CID.sub(lambda found: html.escape(pictures.get(html.unescape(found[1]), "")), page)


def _read(page: str) -> str:
    document = tinyhtml5.parse(page, namespace_html_elements=False)
    body = None if document is None else document.find("body")
    assert body is not None, "the parser makes one of anything"
    lines = (" ".join(line.split()) for line in "".join(_told(body)).split("\n"))
    return "\n".join(line.removesuffix(" |") for line in lines if line and line != "|") + "\n"


def _told(element: Element) -> Iterator[str]:
    """What an element says, with the ends of its lines."""
    name = str(element.tag).rpartition("}")[2]
    if name in {"img", "svg"}:
        alt = element.get("alt") or element.get("aria-label") or ""
        yield f" [{alt}] " if alt else ""
        return
    if name == "br":
        yield "\n"
        return
    block = name in _BLOCKS
    if block:
        yield "\n"
    if _HEADINGS.fullmatch(name):
        yield f"{'#' * int(name[1])} "
    yield " ".join((element.text or "").split("\n"))
    for child in element:
        yield from _told(child)
        yield " ".join((child.tail or "").split("\n"))
    href = element.get("href", "")
    if name == "a" and href and not href.startswith("#"):
        yield f" <{href}>"
    if name in _CELLS:
        yield " | "
    if block:
        yield "\n"
