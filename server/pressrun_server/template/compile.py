"""Compiles a bundle: from files to the programs of its locales, with everything there is to say about it.

Pure: no I/O, no clock; the same files give the same programs under any hash seed. Any input gives programs or
diagnostics, never another error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pressrun_server.model.approved import PreparedText
from pressrun_server.model.mail import MailProgram
from pressrun_server.model.program import FORMAT, Program
from pressrun_server.model.summary import SUMMARY
from pressrun_server.model.template import CompiledTemplate, FontUse, RenditionSpec, Slot, TemplateInfo, program_key
from pressrun_server.model.tokens import PreparedTokens
from pressrun_server.model.webpage import WEB_FORMAT, WebProgram
from pressrun_server.template.ahead import lists_needed
from pressrun_server.template.brand import brand_variables
from pressrun_server.template.bundle import bundle_digest, read_text
from pressrun_server.template.channels import EMAIL, MOBILE, SCREENS
from pressrun_server.template.description import Description, read_description
from pressrun_server.template.diagnostics import Diagnostics, Place
from pressrun_server.template.filling import check_fills
from pressrun_server.template.hosted import hosted_schema
from pressrun_server.template.locales import UnknownLocaleError, locale_data
from pressrun_server.template.markup import Markup
from pressrun_server.template.message import Message
from pressrun_server.template.opacity import faded
from pressrun_server.template.pairs import kerned_pairs
from pressrun_server.template.paper import Paper
from pressrun_server.template.placement import placed, sized
from pressrun_server.template.renditions import settled, with_defaults
from pressrun_server.template.scope import Scope
from pressrun_server.template.structure import Structure
from pressrun_server.template.styles import StyleTable
from pressrun_server.template.summary import summary_program
from pressrun_server.template.tints import alphas_of
from pressrun_server.template.tree import Tree, tree_of
from pressrun_server.template.webpage import WebPage

__all__ = ["compile_bundle", "compile_edition"]

_LONGEST_SOURCE: Final = 1_000_000
_PRINT: Final = "print"


@dataclass(slots=True)
class _Found:
    """What the programs of locales and output channels have in common."""

    programs: dict[str, bytes] = field(default_factory=dict)
    """By `program_key`."""
    laid_out: dict[str, list[Program]] = field(default_factory=dict)
    """By output channel, its tree on paper; only the first one where all have the same."""
    fonts: dict[FontUse, None] = field(default_factory=dict)
    texts: dict[str, Place] = field(default_factory=dict)
    """Slots of approved text, and where each is shown."""
    pictures: set[str] = field(default_factory=set)
    """Slots of pictures."""


def compile_bundle(files: Mapping[str, bytes]) -> CompiledTemplate:
    """Compile a bundle for all its locales.

    Returns:
        the programs and what the front must know; or, where there are errors, only the diagnostics.
    """
    return _compiled(files, {}, None)


def compile_edition(
    files: Mapping[str, bytes],
    locale: str,
    texts: Mapping[str, tuple[str, PreparedText | PreparedTokens]],
    channel: str = "print",
) -> CompiledTemplate:
    """Compile a bundle for one of its locales and output channels with approved texts, or brands' tokens, in it.

    Args:
        files: of a bundle that compiles without.
        locale: which program is wanted.
        texts: by slot, each with its digest.
        channel: for which output channel.
    """
    return _compiled(files, texts, (locale, channel))


def _compiled(
    files: Mapping[str, bytes],
    texts: Mapping[str, tuple[str, PreparedText | PreparedTokens]],
    only: tuple[str, str] | None,
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
    if only is None:
        locales, channels = description.locales, (_PRINT, *filter(SCREENS.__contains__, description.channels))
    else:
        locales, channels = (only[0],), (only[1],)
    try:
        found = _Compilation(files, description, source, texts, diagnostics).run(locales, channels)
    except RecursionError:
        diagnostics.error("nesting", Place(description.html), "elements are nested too deeply", "simplify the document")
        return CompiledTemplate(diagnostics.all())
    except (ArithmeticError, UnicodeError) as error:
        problem = f"a number is too large, or a text has half a character ({type(error).__name__})"
        diagnostics.error("value", Place(description.html), problem, "look for absurd lengths and escapes like \\ud800")
        return CompiledTemplate(diagnostics.all())
    slots = _text_slots(description, found, diagnostics)
    _unused_slots(description, files, source, found, diagnostics)
    if diagnostics.failed:
        return CompiledTemplate(diagnostics.all())
    if only is None:  # an edition has the places of one output channel alone
        slots = _screened(_placed_slots(description, slots, found.laid_out, diagnostics), description)
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
        attach=description.mailing.attach,
        summary=description.summary is not None,
        whole=tuple(sorted({name for program in found.laid_out.get(_PRINT, ()) for name in lists_needed(program)})),
    )
    return CompiledTemplate(diagnostics.all(), info, found.programs)


def _screened(slots: tuple[Slot, ...], description: Description) -> tuple[Slot, ...]:
    """The slots, with pictures for screens where an output channel is for them."""
    screens = [channel for channel in description.channels if channel in SCREENS]

    def shown(slot: Slot, channel: str) -> RenditionSpec:
        spec = slot.renditions.get(channel, RenditionSpec())
        mail = channel == EMAIL
        hosted = spec.hosted or (mail and description.mailing.images == "hosted")
        return msgspec.structs.replace(spec, screen=True, mail=mail, hosted=hosted)

    return tuple(
        msgspec.structs.replace(
            slot,
            renditions=slot.renditions | {channel: shown(slot, channel) for channel in screens},
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
    shown = {*found.texts, *found.pictures}
    for slot in description.slots:
        if slot.name in found.texts and slot.renditions:
            place = description.place("slots", slot.name, "renditions")
            diagnostics.error("rendition", place, "approved text has no renditions", "remove them")
    for name in sorted(slot.name for slot in description.slots if slot.tokens and slot.name in shown):
        message = f"the slot {name!r} takes tokens, which style sheets show: var(--{name}-...)"
        place = found.texts.get(name) or description.place("slots", name, "tokens")
        diagnostics.error("slot", place, message, "use another slot for the text or the picture")
    return tuple(
        msgspec.structs.replace(slot, text=True) if slot.tokens or slot.name in found.texts else slot
        for slot in description.slots
    )


def _placed_slots(
    description: Description,
    slots: tuple[Slot, ...],
    programs: Mapping[str, Iterable[Program]],
    diagnostics: Diagnostics,
) -> tuple[Slot, ...]:
    """The slots, with renditions in pixels where they are given by resolution alone."""
    slots, filled = with_defaults(slots, description.channels)
    if not any(spec.dpi for slot in slots for spec in slot.renditions.values()):
        return slots
    slots, lacking = sized(slots, {channel: placed(found) for channel, found in programs.items()}, _PRINT)
    for slot, channel in lacking:
        if (slot, channel) in filled:
            continue
        diagnostics.warning(
            "rendition",
            description.place("slots", slot, "renditions", channel),
            f"the slot {slot!r} has no place of a size of its own, so {channel} cannot follow from dpi alone",
            "give its picture a width in the style sheet, or the rendition a width in pixels",
        )
    return settled(slots, filled, lacking)


class _Compilation:
    """The compiling of one bundle; its arguments are those of `compile_edition`."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        description: Description,
        source: str,
        texts: Mapping[str, tuple[str, PreparedText | PreparedTokens]],
        diagnostics: Diagnostics,
    ) -> None:
        self._files = files
        self._description = description
        self._source = source
        given = {slot: text for slot, (_, text) in texts.items()}
        self._brand = brand_variables(description, files, given, diagnostics)
        self._texts = {slot: text for slot, text in given.items() if isinstance(text, PreparedText)}
        self._digests = tuple(sorted((slot, digest) for slot, (digest, _) in texts.items()))
        self._diagnostics = diagnostics
        self._bundle = bundle_digest(files)
        self._slots = tuple(slot.name for slot in description.slots)
        self._found = _Found()

    def run(self, locales: tuple[str, ...], channels: tuple[str, ...]) -> _Found:
        """The programs of locales and output channels; none of those with errors.

        All that stands in a template is held to what can be laid out, whatever output channels show it: a tree that
        differs from that of print is laid out too, for what there is to say of it.
        """
        found = self._found
        trees = {channel: tree for channel in channels if (tree := self._tree(channel)) is not None}
        for channel, tree in trees.items():
            if channel == channels[0] or tree.apart:
                laid_out = (self._laid_out(tree, locale, whole=channel == _PRINT) for locale in locales)
                found.laid_out[channel] = [program for program in laid_out if program is not None]
        if self._diagnostics.failed:
            return found
        for program in found.laid_out.get(_PRINT, ()):
            found.programs[program_key(program.locale, _PRINT)] = msgspec.msgpack.encode(program)
            found.fonts |= dict.fromkeys(FontUse(face.name, face.sha256) for face in program.faces)
        for channel in [channel for channel in trees if channel != _PRINT]:
            for locale in locales:
                tree = trees[channel]
                made = self._message(tree, locale) if channel == EMAIL else self._page(tree, locale, channel)
                found.programs[program_key(locale, channel)] = msgspec.msgpack.encode(made)
                if channel == MOBILE and self._description.summary is not None:
                    summary = summary_program(self._description, tree, locale, self._bundle, self._diagnostics)
                    found.programs[program_key(locale, SUMMARY)] = msgspec.msgpack.encode(summary)
        return found

    def _tree(self, channel: str) -> Tree | None:
        description = self._description
        return tree_of(
            self._files,
            description,
            self._source,
            self._texts,
            self._brand,
            channel,
            self._diagnostics,
        )

    def _page(self, tree: Tree, locale: str, channel: str) -> WebProgram:
        """The program of a page for browsers, or for telephones."""
        description, markup = self._description, tree.markup
        body = markup.root.find("body")
        assert body is not None
        width = Paper(tree.sheets, markup, self._diagnostics).content_width
        table = StyleTable(self._diagnostics, markup.file, locale)
        scope = Scope.of_record(description.schema, hosted_schema(description.slots, channel))
        strings = description.strings.get(locale, {})
        page = WebPage(markup, tree.styles, table, scope, strings, self._slots, locale, self._diagnostics)
        title = page.text(_title(description, markup), 0, lambda _index: description.place("title"), scope)
        return WebProgram(
            format=WEB_FORMAT,
            template=f"{description.name}@{description.version}",
            template_digest=self._bundle,
            locale=locale,
            parts=page.document(body, tree.sheets, title, width, narrow=channel == MOBILE),
            slots=self._slots,
            locale_data=locale_data(locale),
            policy=description.policy,
            texts=self._digests,
        )

    def _message(self, tree: Tree, locale: str) -> MailProgram:
        """The program of an e-mail."""
        description = self._description
        message = Message(description, tree, locale, self._diagnostics)
        return message.program(_title(description, tree.markup), self._bundle, self._digests)

    def _laid_out(self, tree: Tree, locale: str, *, whole: bool) -> Program | None:
        """The program of print of a tree; notes which slots it shows."""
        description, markup, diagnostics, found = self._description, tree.markup, self._diagnostics, self._found
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
        said = "" if len(description.locales) > 1 else markup.root.get("lang", "")
        table = StyleTable(diagnostics, markup.file, locale if "{{" in said else said or locale)
        table.index(tree.styles[body])
        scope = Scope.of_record(description.schema, hosted_schema(description.slots, "print"))
        strings = description.strings.get(locale, {})
        # Its own styles: a row of boxes writes into them what it finds.
        styles = faded(tree.styles, markup)
        structure = Structure(markup, dict(styles), table, scope, strings, self._slots, locale, diagnostics)
        paper = Paper(tree.sheets, markup, diagnostics)
        structure.sheets, structure.margin_left = paper.sheets, paper.margin_left
        name = tree.styles[body]["page"]
        structure.page = name if name in paper.sheets else ""
        content = structure.block(body, *structure.page_content, scope)
        structure.page = ""
        pages, kinds = paper.pages(structure, scope, whole=whole)
        kerning = kerned_pairs((content, pages), table.styles(), table.keys())
        check_fills(content, structure.fills, diagnostics)
        title = structure.text(_title(description, markup), 0, lambda _index: description.place("title"), scope)
        found.texts |= {name: place for name, place in structure.texts.items() if name not in found.texts}
        found.pictures |= structure.pictures
        return Program(
            format=FORMAT,
            template=f"{description.name}@{description.version}",
            template_digest=self._bundle,
            locale=locale,
            language=locale,
            title=tuple(title),
            faces=table.faces(),
            kerning=kerning,
            styles=table.styles(),
            slots=self._slots,
            pages=pages,
            kinds=kinds,
            body=content,
            links=tuple(structure.links),
            locale_data=data,
            policy=description.policy,
            texts=self._digests,
            alphas=alphas_of(styles.values(), pages),
            flexible=structure.flexible,
        )


def _title(description: Description, markup: Markup) -> str:
    return description.title or (markup.root.findtext("head/title") or "").strip() or description.name


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


def _unused_slots(
    description: Description, files: Mapping[str, bytes], source: str, found: _Found, diagnostics: Diagnostics
) -> None:
    for slot in description.slots:
        if slot.tokens:
            asked = f"--{slot.name}-".encode()
            if not any(asked in data for path, data in files.items() if path.endswith((".css", ".html"))):
                place, hint = description.place("slots", slot.name), f"use them: var(--{slot.name}-...), or remove it"
                diagnostics.warning("slot", place, f"the tokens of {slot.name!r} are never used", hint)
        elif f"asset:{slot.name}" not in source and slot.name not in {*found.texts, *found.pictures}:
            diagnostics.warning(
                "slot",
                description.place("slots", slot.name),
                f"the slot {slot.name!r} is declared and never used",
                f'use it: <img src="asset:{slot.name}"> or <pr-content slot="{slot.name}">, or remove it',
            )
