"""Compiles a bundle: from files to the programs of its locales, with everything there is to say about it.

Pure: no I/O, no clock; the same files give the same programs under any hash seed. Any input gives programs or
diagnostics, never another error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.approved import PreparedText
from pressrun_server.model.program import FORMAT, Program
from pressrun_server.model.template import CompiledTemplate, FontUse, RenditionSpec, Slot, TemplateInfo, program_key
from pressrun_server.model.webpage import WEB_FORMAT, WebProgram
from pressrun_server.template.approved import put_in
from pressrun_server.template.breaks import keep_before
from pressrun_server.template.bundle import bundle_digest, read_text
from pressrun_server.template.cascade import REPEATED, Style, cascade
from pressrun_server.template.channels import SCREENS, leave_out
from pressrun_server.template.description import Description, read_description
from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.filling import check_fills
from pressrun_server.template.fragments import include
from pressrun_server.template.headings import check_headings
from pressrun_server.template.locales import UnknownLocaleError, locale_data
from pressrun_server.template.markup import Markup, parse_markup
from pressrun_server.template.paper import Paper
from pressrun_server.template.placement import placed, sized
from pressrun_server.template.scope import Scope
from pressrun_server.template.structure import Structure
from pressrun_server.template.styles import StyleTable
from pressrun_server.template.stylesheet import StyleSheet, read_stylesheet
from pressrun_server.template.webpage import WebPage

__all__ = ["compile_bundle", "compile_edition"]

_MOST_ELEMENTS = 20_000
_LONGEST_SOURCE = 1_000_000


@dataclass(slots=True)
class _Found:
    """What the locales' programs have in common."""

    programs: dict[str, bytes] = field(default_factory=dict)
    fonts: dict[FontUse, None] = field(default_factory=dict)
    texts: dict[str, Place] = field(default_factory=dict)
    """Slots of approved text, and where each is shown."""
    pictures: set[str] = field(default_factory=set)
    """Slots of pictures."""
    web: dict[str, bytes] = field(default_factory=dict)
    """Programs of pages for browsers, by `program_key`."""


def compile_bundle(files: Mapping[str, bytes]) -> CompiledTemplate:
    """Compile a bundle for all its locales.

    Returns:
        the programs and what the front must know; or, where there are errors, only the diagnostics.
    """
    return _compiled(files, {}, None)


def compile_edition(
    files: Mapping[str, bytes],
    locale: str,
    texts: Mapping[str, tuple[str, PreparedText]],
    channel: str = "print",
) -> CompiledTemplate:
    """Compile a bundle for one of its locales and output channels with approved texts in it.

    Args:
        files: of a bundle that compiles without.
        locale: which program is wanted.
        texts: by slot, each with its digest.
        channel: for which output channel.
    """
    return _compiled(files, texts, (locale, channel))


def _compiled(
    files: Mapping[str, bytes], texts: Mapping[str, tuple[str, PreparedText]], only: tuple[str, str] | None
) -> CompiledTemplate:
    diagnostics = Diagnostics()
    description = read_description(files, diagnostics)
    if description is None or not description.html:
        return CompiledTemplate(diagnostics.all())
    for path, data in files.items():
        if path.endswith((".html", ".css", ".yaml")) and len(data) > _LONGEST_SOURCE:
            diagnostics.error("size", Place(path), "the file has more than 1,000,000 bytes", "split the template")
            return CompiledTemplate(diagnostics.all())
    source = read_text(files, description.html, diagnostics)
    if source is None:
        return CompiledTemplate(diagnostics.all())
    try:
        locales = description.locales if only is None else (only[0],)
        found = _programs(files, description, source, diagnostics, texts, locales)
        if "web" in description.channels and (only is None or only[1] == "web") and not diagnostics.failed:
            _web_programs(files, description, source, diagnostics, texts, locales, found)
    except RecursionError:
        diagnostics.error("nesting", Place(description.html), "elements are nested too deeply", "simplify the document")
        return CompiledTemplate(diagnostics.all())
    except (ArithmeticError, UnicodeError) as error:
        problem = f"a number is too large, or a text has half a character ({type(error).__name__})"
        diagnostics.error("value", Place(description.html), problem, "look for absurd lengths and escapes like \\ud800")
        return CompiledTemplate(diagnostics.all())
    slots = _text_slots(description, found, diagnostics)
    _unused_slots(description, source, found, diagnostics)
    if diagnostics.failed:
        return CompiledTemplate(diagnostics.all())
    slots = _screened(_placed_slots(description, slots, found.programs, diagnostics), description.channels)
    programs = {**found.programs, **found.web}
    if only is not None:
        key = program_key(*only)
        programs = {key: programs[key]}
    info = TemplateInfo(
        name=description.name,
        version=description.version,
        digest=bundle_digest(files),
        channels=description.channels,
        locales=description.locales,
        default_locale=description.default_locale,
        schema=json.dumps(description.schema, sort_keys=True).encode(),
        slots=slots,
        fonts=tuple(found.fonts),
        samples=description.samples,
        locale_data=locale_data(description.default_locale),
        policy=description.policy,
    )
    return CompiledTemplate(diagnostics.all(), info, programs)


def _screened(slots: tuple[Slot, ...], channels: tuple[str, ...]) -> tuple[Slot, ...]:
    """The slots, with pictures for screens where an output channel is for them."""
    screens = [channel for channel in channels if channel in SCREENS]
    return tuple(
        msgspec.structs.replace(
            slot,
            renditions=slot.renditions
            | {
                channel: msgspec.structs.replace(slot.renditions.get(channel, RenditionSpec()), screen=True)
                for channel in screens
            },
        )
        if screens and not slot.text
        else slot
        for slot in slots
    )


def _text_slots(description: Description, found: _Found, diagnostics: Diagnostics) -> tuple[Slot, ...]:
    """The slots, with those marked that take approved text."""
    for name in sorted(found.texts.keys() & found.pictures):
        message = f"the slot {name!r} takes approved text here and a picture elsewhere"
        diagnostics.error("slot", found.texts[name], message, "use two slots")
    for slot in description.slots:
        if slot.name in found.texts and slot.renditions:
            place = description.place("slots", slot.name, "renditions")
            diagnostics.error("rendition", place, "approved text has no renditions", "remove them")
    return tuple(
        msgspec.structs.replace(slot, text=True) if slot.name in found.texts else slot for slot in description.slots
    )


def _placed_slots(
    description: Description, slots: tuple[Slot, ...], programs: Mapping[str, bytes], diagnostics: Diagnostics
) -> tuple[Slot, ...]:
    """The slots, with renditions in pixels where they are given by resolution alone."""
    if not any(spec.dpi for slot in slots for spec in slot.renditions.values()):
        return slots
    places = placed(msgspec.msgpack.decode(program, type=Program) for program in programs.values())
    slots, lacking = sized(slots, places)
    for slot, channel in lacking:
        diagnostics.warning(
            "rendition",
            description.place("slots", slot, "renditions", channel),
            f"the slot {slot!r} has no place of a size of its own, so {channel} cannot follow from dpi alone",
            "give its picture a width in the style sheet, or the rendition a width in pixels",
        )
    return slots


def _programs(
    files: Mapping[str, bytes],
    description: Description,
    source: str,
    diagnostics: Diagnostics,
    texts: Mapping[str, tuple[str, PreparedText]],
    locales: tuple[str, ...],
) -> _Found:
    markup = _markup(description, source, diagnostics, texts, "print")
    found = _Found()
    crowded = markup.repeat(REPEATED, _MOST_ELEMENTS)
    if crowded is not None:
        place = markup.place(crowded)
        diagnostics.error("nesting", place, f"pr-for multiplies to over {_MOST_ELEMENTS} elements", "nest fewer loops")
        return found
    sheets = _sheets(files, markup, diagnostics)
    styles = cascade(markup, sheets, diagnostics)
    keep_before(markup, styles)
    body = markup.root.find("body")
    if body is not None:
        check_headings(body, markup, styles, diagnostics)
    digests = tuple(sorted((slot, digest) for slot, (digest, _) in texts.items()))
    for locale in locales:
        program = _program(files, description, markup, styles, sheets, locale, diagnostics, found)
        if program is not None and not diagnostics.failed:
            program = msgspec.structs.replace(program, texts=digests)
            found.programs[locale] = msgspec.msgpack.encode(program)
            found.fonts |= dict.fromkeys(FontUse(face.name, face.sha256) for face in program.faces)
    return found


def _markup(
    description: Description,
    source: str,
    diagnostics: Diagnostics,
    texts: Mapping[str, tuple[str, PreparedText]],
    channel: str,
) -> Markup:
    """The template's markup as an output channel has it, with approved texts in it."""
    markup = parse_markup(description.html, source)
    include(markup, diagnostics)
    put_in(markup, {slot: text for slot, (_, text) in texts.items()})
    leave_out(markup, channel, description.channels, diagnostics)
    return markup


def _web_programs(
    files: Mapping[str, bytes],
    description: Description,
    source: str,
    diagnostics: Diagnostics,
    texts: Mapping[str, tuple[str, PreparedText]],
    locales: tuple[str, ...],
    found: _Found,
) -> None:
    """The programs of pages for browsers; what there is to say of them that is said of print too is said once."""
    markup = _markup(description, source, diagnostics, texts, "web")
    if markup.repeat(REPEATED, _MOST_ELEMENTS) is not None:
        return
    sheets = _sheets(files, markup, diagnostics)
    styles = cascade(markup, sheets, diagnostics, "screen")
    body = markup.root.find("body")
    assert body is not None
    width = Paper(sheets, markup, diagnostics).content_width
    slots = tuple(slot.name for slot in description.slots)
    digests = tuple(sorted((slot, digest) for slot, (digest, _) in texts.items()))
    for locale in locales:
        table, scope = StyleTable(diagnostics, markup.file, locale), Scope.of_record(description.schema)
        strings = description.strings.get(locale, {})
        page = WebPage(markup, styles, table, scope, strings, slots, locale, diagnostics)
        title = page.text(_title(description, markup), 0, lambda _index: description.place("title"), scope)
        program = WebProgram(
            format=WEB_FORMAT,
            template=f"{description.name}@{description.version}",
            template_digest=bundle_digest(files),
            locale=locale,
            parts=page.document(body, sheets, title, width),
            slots=slots,
            locale_data=locale_data(locale),
            policy=description.policy,
            texts=digests,
        )
        found.texts |= {name: place for name, place in page.texts.items() if name not in found.texts}
        found.pictures |= page.pictures
        found.web[program_key(locale, "web")] = msgspec.msgpack.encode(program)


def _title(description: Description, markup: Markup) -> str:
    return description.title or (markup.root.findtext("head/title") or "").strip() or description.name


def _program(
    files: Mapping[str, bytes],
    description: Description,
    markup: Markup,
    styles: dict[Element, Style],
    sheets: list[StyleSheet],
    locale: str,
    diagnostics: Diagnostics,
    found: _Found,
) -> Program | None:
    body = markup.root.find("body")
    try:
        data = locale_data(locale)
    except UnknownLocaleError:
        return None  # the description said so already
    if body is None:
        diagnostics.error(
            "structure", Place(markup.file, 1, 1), "the HTML file has no body", "put the content into <body>"
        )
        return None
    _plurals(description, locale, frozenset(data.plurals), diagnostics)
    table = StyleTable(diagnostics, markup.file, locale)
    table.index(styles[body])
    scope = Scope.of_record(description.schema)
    slots = tuple(slot.name for slot in description.slots)
    structure = Structure(markup, styles, table, scope, description.strings.get(locale, {}), slots, locale, diagnostics)
    paper = Paper(sheets, markup, diagnostics)
    structure.page_size = (paper.width, paper.height)
    structure.page_names, structure.mirrored = paper.names, paper.mirrored
    content = structure.block(body, paper.margin_left, paper.content_width, scope)
    pages, kinds = paper.pages(structure, scope)
    check_fills(content, structure.fills, diagnostics)
    title = structure.text(
        _title(description, markup),
        0,
        lambda _index: description.place("title"),
        scope,
    )
    found.texts |= {name: place for name, place in structure.texts.items() if name not in found.texts}
    found.pictures |= structure.pictures
    return Program(
        format=FORMAT,
        template=f"{description.name}@{description.version}",
        template_digest=bundle_digest(files),
        locale=locale,
        language=locale,
        title=tuple(title),
        faces=table.faces(),
        styles=table.styles(),
        slots=slots,
        pages=pages,
        kinds=kinds,
        body=content,
        links=tuple(structure.links),
        locale_data=data,
        policy=description.policy,
    )


def _plurals(description: Description, locale: str, needed: frozenset[str], diagnostics: Diagnostics) -> None:
    for key, forms in description.strings.get(locale, {}).items():
        missing = sorted(needed - set(forms)) if isinstance(forms, dict) else []
        if missing:
            diagnostics.error(
                "localisation",
                description.place("strings", locale, key),
                f"the string {key!r} has no plural form for {', '.join(missing)}",
                f"{locale} has the forms {', '.join(sorted(needed | {'other'}))}",
            )


def _sheets(files: Mapping[str, bytes], markup: Markup, diagnostics: Diagnostics) -> list[StyleSheet]:
    sheets: list[StyleSheet] = []
    for element in markup.root.iter():
        place = None
        if element.tag == "style":
            place = markup.at(markup.end_of_tag(element))
            sheets.append(
                read_stylesheet(
                    markup.file, element.text or "", diagnostics, line=place.line - 1, column=place.column - 1
                )
            )
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
                sheets.append(read_stylesheet(path, text, diagnostics))
        elif element.tag == "script":
            diagnostics.error(
                "unknown-element", markup.place(element), "scripts cannot stand in documents", "remove it"
            )
    return sheets


def _unused_slots(description: Description, source: str, found: _Found, diagnostics: Diagnostics) -> None:
    for slot in description.slots:
        if f"asset:{slot.name}" not in source and slot.name not in {*found.texts, *found.pictures}:
            diagnostics.warning(
                "slot",
                description.place("slots", slot.name),
                f"the slot {slot.name!r} is declared and never used",
                f'use it: <img src="asset:{slot.name}"> or <pr-content slot="{slot.name}">, or remove it',
            )
