"""What an output channel shows of a template: its markup, with approved texts in it, and the styles there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from pressrun_server.model.approved import PreparedText
from pressrun_server.template.approved import put_in
from pressrun_server.template.breaks import keep_before
from pressrun_server.template.bundle import read_text
from pressrun_server.template.cascade import REPEATED, Style, cascade
from pressrun_server.template.channels import MEDIA, leave_out
from pressrun_server.template.datacolumns import spread_columns
from pressrun_server.template.description import Description
from pressrun_server.template.diagnostics import Diagnostics, closest
from pressrun_server.template.fragments import include
from pressrun_server.template.headings import check_headings
from pressrun_server.template.heights import settle_heights
from pressrun_server.template.markup import Markup, parse_markup
from pressrun_server.template.paper import Paper
from pressrun_server.template.stylesheet import StyleSheet, read_stylesheet
from pressrun_server.template.variables import Variables, root_variables

__all__ = ["Tree", "tree_of"]

_MOST_ELEMENTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Tree:
    """A template's elements in one output channel."""

    markup: Markup
    """With copies of repeated elements already made."""
    sheets: list[StyleSheet]
    styles: dict[Element, Style]
    apart: bool
    """Whether another output channel may have other elements, or other styles."""


def tree_of(
    files: Mapping[str, bytes],
    description: Description,
    source: str,
    texts: Mapping[str, PreparedText],
    brand: Variables,
    channel: str,
    diagnostics: Diagnostics,
) -> Tree | None:
    """The elements of a template in an output channel; None where they are too many.

    Args:
        files: of the bundle.
        description: of the template.
        source: the HTML.
        texts: approved texts by slot.
        brand: what the tokens of brands are called in style sheets, and their values.
        channel: the output channel.
        diagnostics: takes what there is to say.
    """
    markup = parse_markup(description.html, source)
    include(markup, diagnostics)
    put_in(markup, texts)
    apart = leave_out(markup, channel, description.channels, diagnostics)
    crowded = markup.repeat(REPEATED, _MOST_ELEMENTS)
    if crowded is not None:
        place = markup.place(crowded)
        diagnostics.error("nesting", place, f"pr-for multiplies to over {_MOST_ELEMENTS} elements", "nest fewer loops")
        return None
    media = MEDIA.get(channel, ("print",))
    sources = _sources(files, markup, diagnostics)
    variables = root_variables([(source.path, source.css) for source in sources], brand, media, diagnostics)
    sheets = [
        read_stylesheet(
            source.path, source.css, diagnostics, line=source.line, column=source.column, variables=variables
        )
        for source in sources
    ]
    apart = apart or any(rule.medium for sheet in sheets for rule in sheet.rules)
    styles = cascade(markup, sheets, diagnostics, media, variables)
    keep_before(markup, styles)
    spread_columns(markup, styles, description.schema, diagnostics)

    def page_height(name: str) -> int:
        pages = Paper(sheets, markup, diagnostics).sheets
        return pages.get(name, pages[""]).height

    settle_heights(markup, styles, page_height, diagnostics)
    body = markup.root.find("body")
    if body is not None:
        check_headings(body, markup, styles, diagnostics)
    return Tree(markup, sheets, styles, apart)


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of a style sheet, and where it begins in its file."""

    path: str
    css: str
    line: int = 0
    column: int = 0


def _sources(files: Mapping[str, bytes], markup: Markup, diagnostics: Diagnostics) -> list[_Source]:
    sources: list[_Source] = []
    for element in markup.root.iter():
        place = None
        if element.tag == "style":
            place = markup.at(markup.end_of_tag(element))
            sources.append(_Source(markup.file, element.text or "", place.line - 1, place.column - 1))
        elif element.tag == "link":
            place = markup.place(element)
            path = element.get("href", "")
            if element.get("rel") != "stylesheet" or path not in files:
                hint = closest(path, [name for name in files if name.endswith(".css")])
                message = (
                    f"the bundle has no file {path!r}" if path not in files else 'only rel="stylesheet" is supported'
                )
                diagnostics.error("link", place, message, hint)
                continue
            text = read_text(files, path, diagnostics)
            if text is not None:
                sources.append(_Source(path, text))
        elif element.tag == "script":
            diagnostics.error(
                "unknown-element", markup.place(element), "scripts cannot stand in documents", "remove it"
            )
    return sources
