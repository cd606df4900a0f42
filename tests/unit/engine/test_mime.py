"""Headers and bodies of mail: what Python's email package reads is what was meant, whatever a record holds."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.emit import mime
from pressrun_server.model.mailbox import BREAKING, mailbox

TEXT = st.text(
    st.one_of(st.sampled_from('=?_\r\n\t \x00\x0b\x1b\x7f\x85\u2028\u202e\u2066<>",;:@éЖ漢😀'), st.characters()),
    max_size=120,
).map(lambda text: text.encode("utf-8", "replace").decode())


def parsed(data: bytes) -> EmailMessage:
    """A message as Python reads it."""
    return cast("EmailMessage", email.message_from_bytes(data, policy=email.policy.default))


def defects(message: EmailMessage) -> list[object]:
    """All that is wrong with a message, its parts and their headers."""
    found: list[object] = []
    for part in message.walk():
        found += part.defects
        for value in part.values():
            found += getattr(value, "defects", ())
    return found


@given(TEXT)
def test_a_subject_is_one_header(value: str) -> None:
    """It reads back as it was, but for controls, line ends and what turns text around; nothing begins another header."""
    line = mime.header("Subject", value)
    message = parsed(f"{line}X-End: 1\r\n\r\nbody".encode("ascii"))
    assert set(message.keys()) <= {"Subject", "X-End"}
    assert message["X-End"] == "1"
    assert not defects(message)
    meant = " ".join(BREAKING.sub(" ", value).split())
    assert "".join(str(message["Subject"] or "").split()) == "".join(meant.split())
    assert all(len(text) <= 78 for text in line.split("\r\n")), line


@given(TEXT)
def test_a_name_is_no_address(name: str) -> None:
    """Whatever a display name holds, the header names the one mailbox that was meant."""
    try:
        found = mailbox(f"{name} <zoe@example.com>")
    except ValueError:
        return
    message = parsed(f"{mime.address_header('To', [found])}\r\n".encode("ascii"))
    assert list(message.keys()) == ["To"]
    assert [str(address.addr_spec) for address in message["To"].addresses] == ["zoe@example.com"]
    assert all(len(line) <= 78 for line in mime.address_header("To", [found]).split("\r\n"))


@pytest.mark.parametrize(
    "text",
    ["", "zoe", "zoe@", "@example.com", "a b@example.com", "zoe@exa mple.com", "zoe@example.com>", "Zoë <zoë@x.de>",
     "a@x.de, b@x.de", "Zoe <zoe@example.com> x", f"{'a' * 65}@x.de", "zoe@-x.de"],
)  # fmt: skip
def test_what_is_no_mailbox(text: str) -> None:
    """One address in ASCII is taken, and no list."""
    with pytest.raises(ValueError, match="no mail address"):
        mailbox(text)


def test_names_are_read_without_their_quotes() -> None:
    """A name in quotes is that name; a line's end in it is a space."""
    assert mailbox('"Bank, Meridian" <post@x.de>') == ("Bank, Meridian", "post@x.de")
    assert mailbox("a\r\nBcc: b <post@x.de>") == ("a Bcc: b", "post@x.de")
    assert mailbox("post@x.de") == ("", "post@x.de")


@given(st.lists(TEXT, max_size=4).map("\n".join))
@settings(deadline=None)
def test_bodies_are_what_they_were(text: str) -> None:
    """Plain text and HTML come out as they went in, in short lines of ASCII that no store of mail takes for an end."""
    text = text.replace("\r", "").replace("\x00", "")
    for body in (mime.text_body(text), mime.html_body(text.replace("\n", "\r\n"))[0]):
        assert body.isascii()
        assert max(map(len, body.split(b"\r\n"))) <= 998
        assert b"\nFrom " not in body.replace(b"\r", b"")
    message = parsed(mime.text_body(text))
    assert not defects(message)
    content = cast("bytes", message.get_payload(decode=True)).decode()
    assert content.replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_long_lines_and_other_scripts_are_encoded() -> None:
    """HTML is plain where it can be; with a line that is too long it is quoted-printable, and in another script base64."""
    plain = mime.html_body("<p>The town is called Köln, and it lies on the banks of the river Rhine</p>")[0]
    assert b"7bit" in plain
    assert b"K&#246;ln" in plain
    for text in ("x" * 1000, "<p>" + "漢字" * 40 + "</p>", "<p>\r\nFrom me</p>"):
        body, size = mime.html_body(text)
        assert size == len(text.encode())
        assert (b"base64" if "漢" in text else b"quoted-printable") in body
        assert max(map(len, body.split(b"\r\n"))) <= 76
        assert cast("bytes", parsed(body).get_payload(decode=True)).decode() == text


def test_much_text_in_references_is_characters_again() -> None:
    """A large text that is mostly references is sent as what they stand for, in a third of the bytes."""
    line = "漢字\U0001f600 &amp; " * 40
    text = f"<p>\r\n{line}\r\n" * 60
    body, size = mime.html_body(text.encode("ascii", "xmlcharrefreplace").decode())
    assert size == len(text.encode())
    assert cast("bytes", parsed(body).get_payload(decode=True)).decode() == text


def test_a_date() -> None:
    """It is written as RFC 5322 has it, in English."""
    assert mime.date(datetime(2026, 11, 3, 9, 5, 7, tzinfo=UTC)) == "Tue, 03 Nov 2026 09:05:07 +0000"


def test_a_long_mailbox_is_folded() -> None:
    """A name and an address that do not fit into a line (RFC 5322, 2.1.1) stand in two, and are read as one mailbox."""
    found = mailbox("The Department of Mutual Undertakings and Statements <statements.of.accounts@post.example.com>")
    line = mime.address_header("Reply-To", [found])
    assert line.count("\r\n") == 2
    (address,) = parsed(f"{line}\r\n".encode("ascii"))["Reply-To"].addresses
    assert (address.display_name, address.addr_spec) == found


@given(TEXT, st.binary(max_size=300))
def test_a_file_comes_with_its_name_and_bytes(text: str, data: bytes) -> None:
    """Whatever a template makes the name of, it is a name alone, with the ending that the file has."""
    name = mime.file_name(text, ".pdf")
    part = parsed(b"MIME-Version: 1.0\r\n" + mime.attached("application/pdf", name, data))
    assert not defects(part)
    assert part.get_filename() == name
    assert part.get_content_disposition() == "attachment"
    assert part.get_content() == data
    assert name.endswith(".pdf")
    assert not set(name) & set('/\\:*?"<>|\r\n\0')
    assert not name.startswith(".")


def test_names_of_files() -> None:
    """Folders and endings of a text are no part of the name; one without a word is called something."""
    assert mime.file_name("Statement 57", ".pdf") == "Statement 57.pdf"
    assert mime.file_name("Kontoauszug 57.PDF", ".pdf") == "Kontoauszug 57.pdf"
    assert mime.file_name("../../etc/passwd", ".pdf") == "etc passwd.pdf"
    assert mime.file_name(" . ", ".pdf") == "document.pdf"
