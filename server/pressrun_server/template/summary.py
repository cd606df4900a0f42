"""Compiles a template's summary for one locale, and says at once what would make it long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pressrun_server.model.program import Inline, Text, Value
from pressrun_server.model.summary import SUMMARY_FORMAT, SummaryProgram
from pressrun_server.model.webpage import Part, Shown
from pressrun_server.template.description import Description
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.locales import locale_data
from pressrun_server.template.scope import Scope
from pressrun_server.template.styles import StyleTable
from pressrun_server.template.summarizing import Summarizing
from pressrun_server.template.summarybinder import settled
from pressrun_server.template.textlength import foreign, length_of, simplified
from pressrun_server.template.textpage import TextPage
from pressrun_server.template.tree import Tree

__all__ = ["summary_program"]

_FEW: Final = 4
"""Of this many letters one at most is foreign where a text is meant to be in the small alphabet."""
_NAMED: Final = 5


def summary_program(
    description: Description, tree: Tree, locale: str, digest: str, diagnostics: Diagnostics
) -> SummaryProgram:
    """The program of a locale.

    Args:
        description: of a template with a summary.
        tree: what the output channel mobile shows.
        locale: the locale's tag.
        digest: the template's.
        diagnostics: where problems go.
    """
    summary = description.summary
    assert summary is not None, "there is a summary"
    place = description.place(*summary.path(locale))
    scope = Scope.of_record(description.schema)
    table = StyleTable(diagnostics, tree.markup.file, locale)
    strings = description.strings.get(locale, {})
    page = TextPage(tree.markup, dict(tree.styles), table, scope, strings, (), locale, diagnostics)
    parts = tuple(_parts(page.text(summary.text(locale), 0, lambda _index: place, scope)))
    _check(description, summary, locale, parts, diagnostics)
    return SummaryProgram(
        format=SUMMARY_FORMAT,
        template=f"{description.name}@{description.version}",
        template_digest=digest,
        locale=locale,
        parts=parts,
        locale_data=locale_data(locale),
        policy=description.policy,
        segments=summary.segments,
        characters=summary.characters,
        simplify=summary.simplify,
    )


def _parts(inlines: Iterable[Inline]) -> Iterable[Part]:
    for inline in inlines:
        if isinstance(inline, Text):
            yield inline.text
        else:
            assert isinstance(inline, Value), "no elements stand in it"
            yield Shown(inline.expression, inline.place)


def _check(
    description: Description,
    summary: Summarizing,
    locale: str,
    parts: Iterable[Part],
    diagnostics: Diagnostics,
) -> None:
    """What can be told of the length before there is a record: by the text that all records have."""
    place = description.place(*summary.path(locale))
    fixed = settled("".join(part for part in parts if isinstance(part, str)))
    text = simplified(fixed) if summary.simplify else fixed
    letters = foreign(text)
    if letters and sum(letter in letters for letter in text) * _FEW <= len(text):
        named = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters[:_NAMED])
        hint = "use other characters"
        if not foreign(simplified(text)):
            hint = 'write "simplify: true" beside text, or plain quotes and dashes'
        diagnostics.warning(
            "summary",
            place,
            f"in {locale} {named} make it a message in UCS-2, of which one has 70 characters instead of 160",
            hint,
        )
    length = length_of(text)
    for limit, found, what in (
        (summary.segments, length.segments, "messages"),
        (summary.characters, length.characters, "characters"),
    ):
        if limit and found > limit:
            message = (
                f"in {locale} the text alone is {found} {what}, with nothing of a record in it; allowed are {limit}"
            )
            told = diagnostics.error if description.policy.summary_length == "fail" else diagnostics.warning
            told("summary", place, message, "say less, or allow more")
