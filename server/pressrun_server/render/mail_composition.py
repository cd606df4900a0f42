"""One e-mail in a composer: bind the record into its HTML and its plain text, and put the message together."""

from __future__ import annotations

import hashlib
import html
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from pressrun_server.emit import mime
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import ComposePhases, ComposeSummary, RenderWarning
from pressrun_server.model.mail import MAIL_FORMAT, SKETCH, MailOrder, MailProgram
from pressrun_server.model.mailbox import Address, mailbox
from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.render.encoded import ANOTHER_ENGINE
from pressrun_server.render.environment import environment
from pressrun_server.render.record import Record
from pressrun_server.render.shown_pictures import ShownPictures
from pressrun_server.render.verdict import judged
from pressrun_server.template.knowing import Known
from pressrun_server.template.links import target
from pressrun_server.template.mailbinder import (
    ENCLOSED,
    Enclosed,
    HeaderBinder,
    MailBinder,
    PlainMailBinder,
    Shown,
    TextBinder,
)
from pressrun_server.template.steps import Steps
from pressrun_server.template.webbinder import COLUMNS, PICTURES

__all__ = ["LoadedMailProgram", "MailComposition"]

_QUICKENED: Final = 2
"""Messages after which a program gets code; what is used once is done sooner without."""
_CLIPPED: Final = 102 * 1024
"""Bytes of HTML from which Gmail shows a message in part."""
_HEAVY: Final = 10 * 1000 * 1000
"""Bytes of a message that servers take as a rule: many take 10 MB, large providers 20 to 35."""
_HOST: Final = "pressrun.invalid"
"""Behind the names of enclosed pictures: no host has such a name (RFC 6761, 6.4)."""
_EXTENSIONS: Final = {"image/png": "png", "image/jpeg": "jpg"}
_WIDEST: Final = 640
"""CSS pixels of a picture that says nothing of its width."""
_WAYS: Final = frozenset({"url", "mail"})
"""What a template says of how to end it."""
_MOST_URL: Final = 900
"""Characters of a URL in a header, whose line may have 998."""


class LoadedMailProgram:
    """A program ready to compose; holds nothing of any record."""

    def __init__(self, program: MailProgram) -> None:
        if program.format != MAIL_FORMAT:
            raise PressrunError(Reason.INTERNAL, ANOTHER_ENGINE)
        self.program = program
        locale, envelope = program.locale_data, program.envelope
        known = Known(program.page, program.text, envelope)
        self.page = (PlainMailBinder if program.plain else MailBinder)(program.page, locale, known)
        self.text = TextBinder(program.text, locale, known)
        self.subject = HeaderBinder(envelope.subject, locale, known)
        self.headers = {
            name: HeaderBinder(parts, locale, known)
            for name, parts in (
                ("from", envelope.sender),
                ("to", envelope.recipient),
                ("reply_to", envelope.reply_to),
                ("url", envelope.unsubscribe_url),
                ("mail", envelope.unsubscribe_mail),
                ("attachment", envelope.attachment),
            )
            if parts
        }
        self._slots = frozenset(program.slots)
        self._addressed: dict[str, str] = {}
        self._sketches = {
            f"{SKETCH}{sketch.name}": _part(sketch.name, "image/png", sketch.data, 0) for sketch in program.sketches
        }
        self._composed = 0

    def composed(self) -> None:
        """A message of it is done; a program that is used again gets code for its loops."""
        self._composed += 1
        if self._composed == _QUICKENED:
            self.page.quicken()
            self.subject.quicken()
            for binder in self.headers.values():
                binder.quicken()
            if self.program.plain:
                self.text.write(mime.quoted)
            else:
                self.text.quicken()

    def addressed(self, name: str, key: str, env: dict[str, object]) -> str:
        """The header of an address that the template says; nothing where it says none.

        Raises:
            PressrunError: INVALID_RECORD, it is none.
        """
        line = self._addressed.get(key)
        if line is None:
            told = self.headers[key].line(env) if key in self.headers else ""
            line = mime.address_header(name, [_mailbox(told, key)]) if told else ""
            if key not in self.headers or self.headers[key].fixed:
                self._addressed[key] = line
        return line

    def text_part(self, env: dict[str, object]) -> bytes:
        """The plain text as a part of the message."""
        blocks = self.text.blocks(env)
        part = mime.quoted_part(blocks) if blocks is not None else None
        return mime.text_body(self.text.plain(env)) if part is None else part

    def pictures(
        self, assets: Mapping[str, tuple[Digest, PreparedPicture]], links: Mapping[str, HostedLink]
    ) -> dict[str, Shown]:
        """By slot, what shows its asset; drawings of the template as well."""
        found = dict(self._sketches)
        for slot, asset in assets.items():
            if slot in self._slots:
                link = links.get(slot)
                found[slot] = _PICTURES.of(*asset) if link is None or not link.url else _linked(link, asset[1])
        return found


def _enclosed(digest: Digest, picture: PreparedPicture) -> Shown:
    return _part(digest.sha256[:24], picture.media_type, picture.data, min(picture.width, _WIDEST))


_PICTURES: Final = ShownPictures(_enclosed, lambda shown: len(shown.part))


def _part(name: str, media_type: str, data: bytes, width: int) -> Shown:
    identifier = f"{name}@{_HOST}"
    file = f"{name}.{_EXTENSIONS.get(media_type, 'bin')}"
    return Shown(f"cid:{identifier}", width, mime.enclosed(media_type, file, identifier, data))


def _linked(link: HostedLink, picture: PreparedPicture) -> Shown:
    width = min(link.width or picture.width, _WIDEST)
    return Shown(html.escape(target(link.url)), width, b"", html.escape(target(link.video)) if link.video else "")


class MailComposition:
    """The making of one message; iterate over its bytes; `summary` is there with the last ones.

    Guarantee: the same record, assets, order and program give the same bytes; there is no date and no message id but
    those that the order gives.

    Args:
        program: the program.
        record: JSON text, already validated.
        assets: by slot.
        attributes: the request's.
        as_of: the moment that the message speaks of.
        links: by slot where its asset's system shows it; the message links to these.
        order: what the request wants beside.
    """

    summary: ComposeSummary
    finished = False
    """Whether the message was given."""

    def __init__(
        self,
        program: LoadedMailProgram,
        record: bytes | Record,
        *,
        assets: Mapping[str, tuple[Digest, PreparedPicture]],
        attributes: Mapping[str, str],
        as_of: datetime,
        links: Mapping[str, HostedLink] | None = None,
        order: MailOrder | None = None,
    ) -> None:
        self._loaded = program
        self._record = Record.of(record)
        self._assets = assets
        self._attributes = attributes
        self._as_of = as_of
        self._links = links or {}
        self._order = order or MailOrder()

    def __iter__(self) -> Iterator[bytes]:
        """The message's bytes.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit the template; LIMIT_EXCEEDED; DOCUMENT_REFUSED, the
                template does not let a message of its size pass.
        """
        started, cpu = time.perf_counter(), time.thread_time()
        loaded = self._loaded
        program = loaded.program
        steps = Steps()
        env = steps.into(environment(self._record, self._attributes, self._as_of, links=self._links))
        mark = hashlib.sha256(b"%s%s" % (program.template_digest.encode(), self._record.text)).hexdigest()[:24]
        enclosed = Enclosed(f"{mark}@{_HOST}")
        pictures = loaded.pictures(self._assets, self._links)
        env[PICTURES], env[ENCLOSED], env[COLUMNS] = pictures, enclosed, {}
        page = "".join(loaded.page.text(env))
        text = loaded.text_part(env)
        html_part, html_size = mime.html_body(page)
        warnings = self._warnings(html_size)
        related = [shown.part for slot in enclosed.pictures if (shown := pictures[slot]).part]
        related += [
            mime.enclosed("image/png", f"{name}.png", f"{name}.{enclosed.mark}", data)
            for name, data in enclosed.figures
        ]
        bound = {name: binder.line(env) for name, binder in loaded.headers.items() if name in _WAYS}
        attachment = ""
        if self._order.attached:
            named = loaded.headers["attachment"].line(env) if "attachment" in loaded.headers else ""
            attachment = mime.file_name(named or program.template.partition("@")[0], ".pdf")
        data = b"".join(self._message(env, bound, mark, html_part, text, related, attachment))
        warnings += self._weighed(len(data))
        bind = time.perf_counter() - started
        digest = hashlib.sha256(data).hexdigest()
        self.summary = ComposeSummary(
            pages=1,
            size=len(data),
            sha256=digest,
            warnings=warnings,
            seconds=time.perf_counter() - started,
            cpu_seconds=time.thread_time() - cpu,
            phases=ComposePhases(bind=bind),
            attachment=attachment,
        )
        self.finished = True
        yield data
        loaded.composed()

    def _message(
        self,
        env: dict[str, object],
        bound: Mapping[str, str],
        mark: str,
        page: bytes,
        text: bytes,
        related: list[bytes],
        attachment: str,
    ) -> Iterator[bytes]:
        both, whole, outer = (mime.boundary(kind, mark) for kind in ("alt", "rel", "mix"))
        yield self._headers(env, bound).encode("ascii")
        if attachment:
            yield mime.opening("mixed", outer).encode("ascii")
            yield b"--%s\r\n" % outer.encode("ascii")
        yield mime.opening("alternative", both).encode("ascii")
        yield b"--%s\r\n" % both.encode("ascii")
        yield text
        yield b"\r\n--%s\r\n" % both.encode("ascii")
        if not related:
            yield page
        else:
            inner = whole.encode("ascii")
            yield mime.opening("related", whole, ';\r\n type="text/html"').encode("ascii")
            yield b"--%s\r\n" % inner
            yield page
            for part in related:
                yield b"\r\n--%s\r\n" % inner
                yield part
            yield mime.closing(whole).encode("ascii")
        yield mime.closing(both).encode("ascii")
        if attachment:
            yield b"\r\n--%s\r\n" % outer.encode("ascii")
            yield mime.attached("application/pdf", attachment, self._order.attached)
            yield mime.closing(outer).encode("ascii")

    def _headers(self, env: dict[str, object], bound: Mapping[str, str]) -> str:
        order = self._order
        lines: list[str] = []
        for name, key, own in (
            ("From", "from", order.sender),
            ("To", "to", order.recipient),
            ("Reply-To", "reply_to", order.reply_to),
        ):
            lines.append(
                mime.address_header(name, [_mailbox(own, key)]) if own else self._loaded.addressed(name, key, env)
            )
        lines.append(mime.header("Subject", self._loaded.subject.line(env)))
        if order.date is not None:
            lines.append(f"Date: {mime.date(order.date)}\r\n")
        if order.message_id:
            lines.append(f"Message-ID: <{order.message_id}>\r\n")
        lines.append(f"Content-Language: {self._loaded.program.locale}\r\n")
        lines += self._unsubscribe(bound.get("url", ""), bound.get("mail", ""))
        lines.append("MIME-Version: 1.0\r\n")
        return "".join(lines)

    def _unsubscribe(self, url: str, mail: str) -> Iterator[str]:
        """How to end it (RFC 2369, 3.2, and RFC 8058)."""
        ways = [target(url)] if url else []
        if mail:
            ways.append(
                target(mail if mail.startswith("mailto:") else f"mailto:{_mailbox(mail, 'unsubscribe.mail')[1]}")
            )
        if any(len(way) > _MOST_URL for way in ways):
            problem = f"a URL to unsubscribe by has more than {_MOST_URL} characters"
            raise PressrunError(Reason.INVALID_RECORD, problem, violations=(Violation("record", problem),))
        if ways:
            yield "List-Unsubscribe: " + ",\r\n ".join(f"<{way}>" for way in ways) + "\r\n"
        if self._loaded.program.envelope.one_click and url:
            yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"

    def _warnings(self, size: int) -> tuple[RenderWarning, ...]:
        if size <= _CLIPPED:
            return ()
        return self._judged(
            f"the HTML has {size:,} bytes; Gmail shows no more than {_CLIPPED:,} and cuts the rest off; "
            "say less in the e-mail, or link to the whole",
            "html",
        )

    def _weighed(self, size: int) -> tuple[RenderWarning, ...]:
        """What there is to say of a whole message's size."""
        if size <= _HEAVY:
            return ()
        return self._judged(
            f"the message has {size:,} bytes; many mail servers take no more than {_HEAVY:,}; link to what is large "
            "(images: hosted), or send it without the PDF",
            "message",
        )

    def _judged(self, text: str, place: str) -> tuple[RenderWarning, ...]:
        return judged(RenderWarning("EMAIL_SIZE", text, place), "email-size", self._loaded.program.policy)


def _mailbox(text: str, key: str) -> Address:
    try:
        return mailbox(text)
    except ValueError as error:
        problem = f"email.{key} {error}"
        raise PressrunError(
            Reason.INVALID_RECORD,
            f"the message can't be addressed: {problem}",
            violations=(Violation(f"email.{key}", str(error)),),
        ) from None
