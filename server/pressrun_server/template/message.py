"""Compiles a template to the program of its e-mail in one locale: its HTML, its plain text, and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pressrun_server.model.mail import MAIL_FORMAT, Envelope, MailProgram
from pressrun_server.model.mailbox import mailbox
from pressrun_server.model.program import Inline
from pressrun_server.model.webpage import Part
from pressrun_server.template.channels import EMAIL
from pressrun_server.template.description import Description
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.hosted import hosted_schema
from pressrun_server.template.locales import locale_data
from pressrun_server.template.mailpage import MailPage
from pressrun_server.template.opacity import faded
from pressrun_server.template.paper import Paper
from pressrun_server.template.scope import Scope
from pressrun_server.template.styles import StyleTable
from pressrun_server.template.textpage import TextPage
from pressrun_server.template.tints import opaque_styles
from pressrun_server.template.tree import Tree

__all__ = ["Message"]

_ENVELOPE: Final = {
    "sender": "from",
    "recipient": "to",
    "reply_to": "reply_to",
    "unsubscribe_url": "unsubscribe.url",
    "unsubscribe_mail": "unsubscribe.mail",
    "attachment": "attach.name",
}


class Message:
    """One locale's e-mail.

    Args:
        description: the template's.
        tree: what its e-mail shows.
        locale: the locale's tag.
        diagnostics: where problems go.
    """

    def __init__(
        self,
        description: Description,
        tree: Tree,
        locale: str,
        diagnostics: Diagnostics,
    ) -> None:
        self._description = description
        markup = tree.markup
        self._sheets = tree.sheets
        self._width = Paper(tree.sheets, markup, diagnostics).content_width
        self._locale = locale
        self._diagnostics = diagnostics
        body = markup.root.find("body")
        assert body is not None, "print was compiled before"
        self._body = body
        self._scope = scope = Scope.of_record(description.schema, hosted_schema(description.slots, EMAIL))
        table = StyleTable(diagnostics, markup.file, locale)
        strings = description.strings.get(locale, {})
        slots = tuple(slot.name for slot in description.slots)
        # Each has styles of its own: building a page changes some.
        self._page = MailPage(
            markup, opaque_styles(faded(tree.styles, markup), markup), table, scope, strings, slots, locale, diagnostics
        )
        self._text = TextPage(markup, dict(tree.styles), table, scope, strings, slots, locale, diagnostics)

    def program(self, title: str, digest: str, texts: tuple[tuple[str, str], ...]) -> MailProgram:
        """The program.

        Args:
            title: the document's, with expressions.
            digest: the template's.
            texts: by slot, the digest of the approved text that is in the markup.
        """
        description, mailing = self._description, self._description.mailing
        page = self._page.message(
            self._body,
            self._sheets,
            self._inlines(title, "title"),
            self._inlines(mailing.text("preheader"), "email", "preheader"),
            self._width,
            charts=mailing.charts,
        )
        plain = self._page.plain(page)
        envelope = {field: self._line(mailing.text(key), "email", *key.split(".")) for field, key in _ENVELOPE.items()}
        self._check(envelope)
        subject = mailing.text("subject")
        return MailProgram(
            format=MAIL_FORMAT,
            template=f"{description.name}@{description.version}",
            template_digest=digest,
            locale=self._locale,
            page=plain or page,
            text=self._text.alternative(self._body, self._sheets, self._width),
            envelope=Envelope(
                subject=self._line(subject, "email", "subject") if subject else self._line(title, "title"),
                one_click=mailing.one_click,
                **envelope,
            ),
            sketches=tuple(self._page.sketches.values()),
            slots=tuple(slot.name for slot in description.slots),
            locale_data=locale_data(self._locale),
            policy=description.policy,
            texts=texts,
            plain=plain is not None,
        )

    def _check(self, envelope: Mapping[str, tuple[Part, ...]]) -> None:
        """Addresses that no record decides are told now."""
        for field in ("sender", "recipient", "reply_to", "unsubscribe_mail"):
            parts = envelope[field]
            text = "".join(part for part in parts if isinstance(part, str))
            if not parts or any(not isinstance(part, str) for part in parts) or text.startswith("mailto:"):
                continue
            try:
                mailbox(text)
            except ValueError as error:
                key = _ENVELOPE[field]
                problem, _, valid = str(error).partition("; ")
                self._diagnostics.error(
                    "value", self._description.place("email", *key.split(".")), f"{key} {problem}", valid
                )

    def _inlines(self, text: str, *path: str) -> list[Inline]:
        return self._page.text(text, 0, lambda _index: self._description.place(*path), self._scope)

    def _line(self, text: str, *path: str) -> tuple[Part, ...]:
        """A header's text."""
        return self._text.plain(self._inlines(text, *path))
