"""Messages of Internet mail as bytes: headers, bodies and enclosed files (RFC 5322, 2045 to 2047).

Nothing here is chosen by chance or by the clock. Lines end as mail has them; what a header holds has no controls and is
encoded where it is not plain, so that nothing in it begins another header.
"""

from __future__ import annotations

import binascii
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from pressrun_server.model.mailbox import BREAKING, Address

__all__ = [
    "address_header",
    "attached",
    "base64_lines",
    "boundary",
    "closing",
    "date",
    "enclosed",
    "file_name",
    "header",
    "html_body",
    "opening",
    "quoted",
    "quoted_part",
    "text_body",
]

_PLAIN: Final = re.compile(r"[ -~]*\Z")
_UNFILED: Final = re.compile(r'[/\\:*?"<>|]')
_PARAMETER: Final = 60
"""Characters of a part of a parameter."""
_LONGEST_NAME: Final = 60
"""Characters of the name of a file: encoded, they fit into a line."""
_WIDEST: Final = 76
_LONGEST: Final = 990
"""Bytes of a line, its end not counted: RFC 5322, 2.1.1, has 998."""
_WORD: Final = 45
"""Bytes of text in an encoded word: base64 makes 60 of them, and the word may have 75 (RFC 2047, 2)."""
_AROUND: Final = len("=?utf-8?b??=")
_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ASCII: Final = bytes(range(0x80))
_BASE64: Final = 4 / 3 * 78 / 76
"""What base64 makes of a length, with the ends of lines; quoted-printable adds two bytes to each that it escapes."""
_REFERENCES: Final = re.compile("&#(1[6-9][0-9]|[2-9][0-9]{2}|[1-9][0-9]{3,6});")
"""Those of characters beyond ASCII and its controls."""
_REFERENCE: Final = 7
"""Characters of a reference, about."""
_MUCH: Final = 48 * 1024
"""Bytes of HTML that are worth a look for references."""
_SWELLING: Final = 1.25
"""How much character references may make of an HTML text before it is encoded otherwise."""


_QUOTED_HEAD: Final = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


def header(name: str, value: str) -> str:
    """A header's line, folded; characters that end lines or turn text around are taken out.

    Args:
        name: the header's.
        value: unstructured text (RFC 5322, 3.6.5).
    """
    text = " ".join(BREAKING.sub(" ", value).split())
    if not text:
        return ""
    return f"{name}: {_words(text, len(name) + 2)}\r\n"


def address_header(name: str, mailboxes: Iterable[Address]) -> str:
    """A header's line with mailboxes, one on each line."""
    found = [_mailbox(*mailbox, len(name) + 2) for mailbox in mailboxes]
    return f"{name}: " + ",\r\n ".join(found) + "\r\n" if found else ""


def date(moment: datetime) -> str:
    """A moment as headers have it (RFC 5322, 3.3), in UTC."""
    at = moment.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} +0000"


def _mailbox(name: str, address: str, taken: int) -> str:
    if not name:
        return address
    between = " " if taken + len(name) + len(address) + 5 <= _WIDEST else "\r\n "
    if len(name) + taken > _WIDEST or "=?" in name:
        return f"{_encoded(name, taken)}\r\n <{address}>"
    if _ATOM.match(name):
        return f"{name}{between}<{address}>"
    if _PLAIN.match(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"{between}<{address}>'
    return f"{_encoded(name, taken)}\r\n <{address}>"


def _words(text: str, taken: int) -> str:
    """Text for a header: as it is where it is plain, with folds where a line would be long, else encoded."""
    if not _PLAIN.match(text) or "=?" in text:
        return _encoded(text, taken)
    if taken + len(text) <= _WIDEST:
        return text
    if any(len(word) > _WIDEST for word in text.split(" ")):
        return _encoded(text, taken)
    lines: list[str] = []
    line = ""
    room = _WIDEST - taken
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, _WIDEST - 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded(text: str, taken: int) -> str:
    """Encoded words of base64, each of whole characters, in lines of at most 76.

    Args:
        text: the text.
        taken: characters that stand before it in its line.
    """
    words: list[bytes] = []
    held = b""
    room = min((_WIDEST - taken - _AROUND) // 4 * 3, _WORD)
    whole = text.encode("utf-8", "replace")
    for data in [whole] if len(whole) <= room else [letter.encode("utf-8", "replace") for letter in text]:
        if len(held) + len(data) > room:
            words.append(held)
            held, room = b"", _WORD
        held += data
    words.append(held)
    return "\r\n ".join(f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode()}?=" for word in words)


def boundary(kind: str, mark: str) -> str:
    """The line between the parts of a message: it holds what no encoded body can.

    Args:
        kind: a letter, another one for each level.
        mark: hexadecimal digits, of the message alone.
    """
    return f"=_{kind}_{mark}"


def opening(kind: str, line: str, more: str = "") -> str:
    """The header of what has parts.

    Args:
        kind: `alternative`, `related` or `mixed`.
        line: `boundary`'s.
        more: a further parameter, with the separator before it.
    """
    return f'Content-Type: multipart/{kind};\r\n boundary="{line}"{more}\r\n\r\n'


def text_body(text: str) -> bytes:
    """A part of plain text, header and body, up to its last line's end.

    In quoted-printable, or in base64 where that is shorter.
    """
    part = _quoted_part(quoted(text))
    if part is not None:
        return part
    data = base64_lines(text.replace("\n", "\r\n").encode("utf-8", "replace"))
    return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + data


def html_body(text: str) -> tuple[bytes, int]:
    """A part of HTML, header and body, and how many bytes the HTML has for who reads it.

    Args:
        text: its lines end as those of mail do, and no carriage return or line feed stands alone.

    Characters beyond ASCII become references, so that nothing is to be encoded; where that is long, as in languages
    with no Latin letters, or a line is longer than mail allows, it is encoded.
    """
    # Encoded first: what follows looks through bytes, and not through characters of two bytes each.
    data = text.encode("ascii", "xmlcharrefreplace")
    if len(data) > _MUCH and data.count(b"&#") * _REFERENCE > len(data) * (_SWELLING - 1):
        text = _REFERENCES.sub(_character, text)
    way, size = b"7bit", len(data)
    if len(data) > len(text) * _SWELLING or not _stands(data):
        size = len(text.encode("utf-8", "replace"))
        way, data = _packed(text)
    return b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (way, data), size


def _character(reference: re.Match[str]) -> str:
    number = int(reference[1])
    return chr(number) if number <= sys.maxunicode else reference[0]


def _stands(data: bytes) -> bool:
    """Whether a body may stay as it is: no line is too long, and none is what old stores of mail take for a message."""
    # Backwards, since few bytes are ends of lines and many are spaces: what is looked for is compared there first.
    if data.rfind(b"\nFrom ") >= 0 or data.startswith(b"From "):
        return False
    # From the end of a line to the last one that is near enough.
    at, last = -1, len(data) - _LONGEST - 1
    while at < last:
        end = data.rfind(b"\n", at + 1, at + _LONGEST + 3)
        if end < 0:
            return False
        at = end
    return True


def _packed(text: str) -> tuple[bytes, bytes]:
    """The name of an encoding and a body in it: quoted-printable where that is no longer, base64 for other scripts."""
    data = text.encode("utf-8", "replace")
    escaped = len(data.translate(None, _ASCII))
    if escaped * 2 > len(data) * (_BASE64 - 1):
        return b"base64", base64_lines(data)
    return b"quoted-printable", quoted(text)


def quoted(text: str) -> bytes:
    """Quoted-printable (RFC 2045, 6.7), in which no line is what old stores of mail take for another message."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    data = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    if b"From " in data:
        data = data.replace(b"\nFrom ", b"\n=46=\nrom ")
        data = b"=46=\n" + data[1:] if data.startswith(b"From ") else data
    return data.replace(b"\n", b"\r\n")


def quoted_part(blocks: Iterable[bytes]) -> bytes | None:
    """A part of plain text, header and body, in quoted-printable; None where base64 would be shorter.

    Args:
        blocks: as `quoted` gives them; those that are empty are left out.
    """
    return _quoted_part(b"\r\n\r\n".join(filter(None, blocks)) + b"\r\n")


def _quoted_part(data: bytes) -> bytes | None:
    escapes = data.count(b"=")
    if escapes * 2 > (len(data) - 3 * escapes) * (_BASE64 - 1):
        return None
    return _QUOTED_HEAD + data


def base64_lines(data: bytes) -> bytes:
    """Bytes in base64, in lines (RFC 2045, 6.8)."""
    text = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([text[at : at + _WIDEST] for at in range(0, len(text), _WIDEST)])


def enclosed(media_type: str, name: str, identifier: str, data: bytes) -> bytes:
    """A picture that the HTML shows, header and body.

    Args:
        media_type: its type.
        name: of the file.
        identifier: by which the HTML means it (RFC 2392).
        data: its bytes.
    """
    head = (
        f'Content-Type: {media_type}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-ID: <{identifier}>\r\nContent-Disposition: inline; filename="{name}"\r\n\r\n'
    )
    return head.encode("ascii") + base64_lines(data)


def attached(media_type: str, name: str, data: bytes) -> bytes:
    """A file that comes with a message, header and body.

    Args:
        media_type: its type.
        name: of the file, as `file_name` gave it; beyond ASCII it is encoded as RFC 2231, 4, says, with a plain name
            of the type for those who can't read that.
        data: its bytes.
    """
    plain = "".join(letter if letter.isascii() else "_" for letter in name)
    head = (
        f'Content-Type: {media_type};\r\n name="{plain}"\r\nContent-Transfer-Encoding: base64\r\n'
        f"Content-Disposition: attachment;\r\n {_named(name, plain)}\r\n\r\n"
    )
    return head.encode("ascii") + base64_lines(data)


def _named(name: str, plain: str) -> str:
    """The parameter with the name of a file; a long one in parts (RFC 2231, 3)."""
    if plain == name:
        return f'filename="{name}"'
    parts = ["utf-8''"]
    for letter in map(_percent, name):
        if len(parts[-1]) + len(letter) > _PARAMETER:  # each part is of whole characters: some readers take them alone
            parts.append("")
        parts[-1] += letter
    if len(parts) == 1:
        return f"filename*={parts[0]}"
    return ";\r\n ".join(f"filename*{number}*={part}" for number, part in enumerate(parts))


def _percent(letter: str) -> str:
    return letter if letter.isalnum() and letter.isascii() else quote(letter, safe="")


def file_name(text: str, ending: str) -> str:
    """A text as the name of a file on any machine: without folders, controls and what shells and systems take amiss.

    Args:
        text: what a template says.
        ending: with its dot; added where the text has another one.
    """
    clean = " ".join(_UNFILED.sub(" ", BREAKING.sub(" ", text)).split()).strip(". ")
    stem = clean[: -len(ending)] if clean.lower().endswith(ending) else clean
    return f"{stem[:_LONGEST_NAME].strip('. ') or 'document'}{ending}"


def closing(line: str) -> str:
    """Behind the last part."""
    return f"\r\n--{line}--\r\n"
