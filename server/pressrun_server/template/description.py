"""Reads template.yaml: what the template is called, which record it takes, its locales, strings and slots."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import yaml

from pressrun_server.model.policy import Policy
from pressrun_server.model.template import RenditionSpec, Requirement, Slot, SlotRule
from pressrun_server.template.bundle import MANIFEST, read_text
from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.grammar import GrammarError, parse_condition
from pressrun_server.template.keys import check_keys
from pressrun_server.template.locales import UnknownLocaleError, is_tag, locale_data
from pressrun_server.template.mailing import Mailing, read_mailing
from pressrun_server.template.policy import read_policy
from pressrun_server.template.query import read_query
from pressrun_server.template.requirement import read_requirement, read_territory
from pressrun_server.template.schema import UnsafeSchemaError, validator
from pressrun_server.template.summarizing import Summarizing, read_summary
from pressrun_sources.model import AssetRef

__all__ = ["Description", "read_description"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_SLOT = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
_KEYS = {
    "name", "version", "title", "channels", "default_locale", "locales", "html", "strings", "schema", "slots",
    "samples", "warnings", "description", "email", "summary",
}  # fmt: skip
_CHANNELS = ("print", "email", "web", "mobile")
_BUILT = ("print", "email", "web", "mobile")
_SLOT_KEYS = {"rules", "require", "renditions", "otherwise", "tokens", "description"}
_MOST_RULES = 200
_MOST_PIXELS = 100_000

PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
"""CLDR's plural categories."""


@dataclass(frozen=True, slots=True)
class Description:
    """The contents of template.yaml."""

    name: str
    version: str
    title: str
    html: str
    channels: tuple[str, ...]
    locales: tuple[str, ...]
    default_locale: str
    strings: dict[str, dict[str, str | dict[str, str]]]
    """By locale, then by key."""
    schema: dict[str, Any]
    slots: tuple[Slot, ...]
    samples: tuple[str, ...]
    policy: Policy
    mailing: Mailing
    summary: Summarizing | None
    places: _Places

    def place(self, *path: str) -> Place:
        """Where a key stands in template.yaml."""
        return self.places.of(*path)


class _Places:
    """Lines of the keys of a YAML document."""

    def __init__(self, node: yaml.Node | None) -> None:
        self._node = node

    def of(self, *path: str | int) -> Place:
        node, found = self._node, None
        for step in path:
            below = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        found, below = key, value
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = below = node.value[step]
            if below is None:
                break
            node = below
        if found is None:
            return Place(MANIFEST, 1, 1)
        return Place(MANIFEST, found.start_mark.line + 1, found.start_mark.column + 1)


class _Reader:
    def __init__(
        self, files: Mapping[str, bytes], data: dict[str, Any], places: _Places, diagnostics: Diagnostics
    ) -> None:
        self.files = files
        self.data = data
        self.places = places
        self.diagnostics = diagnostics

    def error(self, path: tuple[str | int, ...], message: str, hint: str = "", code: str = "description") -> None:
        self.diagnostics.error(code, self.places.of(*path), message, hint)

    def read(self) -> Description:
        check_keys(self.data, _KEYS, (), self.error)
        locales, channels = self._locales(), self._channels()
        return Description(
            name=self._text("name", _NAME, "small letters, digits and dashes, e.g. statement"),
            version=self._text("version", _VERSION, 'a quoted text, e.g. "3" or "2026-09"'),
            title=self._text("title", None, "the document's title, e.g. Statement {{ statement.number }}", default=""),
            html=self._html(),
            channels=channels,
            locales=locales,
            default_locale=self._default_locale(locales),
            strings=self._strings(locales),
            schema=self._schema(),
            slots=self._slots(),
            samples=self._samples(),
            policy=read_policy(self.data.get("warnings", {}), self.error),
            mailing=self._mailing(channels),
            summary=read_summary(self.data.get("summary"), locales, channels, self.error),
            places=self.places,
        )

    def _mailing(self, channels: tuple[str, ...]) -> Mailing:
        mailing = read_mailing(self.data.get("email", {}), self.error)
        if mailing.text("attach.name") and "print" not in channels:
            self.error(("email", "attach"), "the PDF is that of print", "add print to channels, or remove attach")
        return mailing

    def _text(self, key: str, form: re.Pattern[str] | None, valid: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if value is None:
            self.error((), f"{key} is missing", f"add `{key}: ...`, {valid}")
            return ""
        if not isinstance(value, str) or (form is not None and not form.match(value)):
            self.error((key,), f"{key} is not valid", f"valid: {valid}")
            return ""
        return value

    def _list(self, key: str, default: list[str]) -> list[str]:
        value = self.data.get(key, default)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            self.error((key,), f"{key} must be a list of texts", f"write e.g. `{key}: [{', '.join(default)}]`")
            return default
        return value

    def _html(self) -> str:
        path = self._text("html", None, "the HTML file of the bundle", default="template.html")
        if path and path not in self.files:
            self.error(("html",), f"the bundle has no file {path!r}", closest(path, self.files))
            return ""
        return path

    def _channels(self) -> tuple[str, ...]:
        channels = self._list("channels", ["print"])
        for channel in channels:
            if channel not in _CHANNELS:
                self.error(("channels",), f"unknown output channel {channel!r}", closest(channel, _CHANNELS))
            elif channel not in _BUILT:
                self.error(
                    ("channels",), f"the output channel {channel!r} is not built yet", f"available: {', '.join(_BUILT)}"
                )
        return tuple(channels)

    def _locales(self) -> tuple[str, ...]:
        locales = self._list("locales", ["en-GB"])
        for index, tag in enumerate(locales):
            try:
                locale_data(tag)
            except UnknownLocaleError as error:
                self.error(("locales", index), str(error))
        return tuple(dict.fromkeys(locales))

    def _default_locale(self, locales: tuple[str, ...]) -> str:
        value = self.data.get("default_locale", locales[0])
        if value not in locales:
            self.error(("default_locale",), "default_locale is not one of locales", f"valid: {', '.join(locales)}")
            return locales[0]
        return str(value)

    def _strings(self, locales: tuple[str, ...]) -> dict[str, dict[str, str | dict[str, str]]]:
        value = self.data.get("strings", {})
        if not isinstance(value, dict) or not all(isinstance(part, dict) for part in value.values()):
            self.error(
                ("strings",), "strings must be texts by locale and key", "write `strings: {en-GB: {total: Total}}`"
            )
            return {}
        strings: dict[str, dict[str, str | dict[str, str]]] = {}
        for locale, texts in value.items():
            if locale not in locales:
                self.error(("strings", str(locale)), f"{locale} is not one of locales", f"valid: {', '.join(locales)}")
            for key, text in texts.items():
                if isinstance(key, bool):
                    hint = "YAML reads on, off, yes, no as truth values; put the key into quotes, or call it otherwise"
                    self.error(("strings", str(locale)), "a string has no name but a truth value", hint)
                    continue
                self._string(str(locale), str(key), text)
            strings[str(locale)] = {
                str(key): {str(form): str(part) for form, part in text.items()} if isinstance(text, dict) else str(text)
                for key, text in texts.items()
            }
        everything = {key for texts in strings.values() for key in texts}
        for locale in locales:
            for key in sorted(everything - set(strings.get(locale, {}))):
                self.error(
                    ("strings", locale), f"the string {key!r} is missing in {locale}", "translate it", "localisation"
                )
        return strings

    def _string(self, locale: str, key: str, text: object) -> None:
        place = ("strings", locale, key)
        if isinstance(text, dict):
            if (
                not set(text) <= PLURALS
                or "other" not in text
                or not all(isinstance(part, str) for part in text.values())
            ):
                hint = f"valid: {', '.join(sorted(PLURALS))}, other among them, each a text"
                self.error(place, f"the plural forms of the string {key!r} are not valid", hint)
        elif not isinstance(text, str):
            self.error(
                place, f"the string {key!r} must be a text", "quote it, or give plural forms {one: ..., other: ...}"
            )

    def _schema(self) -> dict[str, Any]:
        value = self.data.get("schema")
        if not isinstance(value, dict):
            self.error(("schema",), "schema is missing or not a mapping", "give the JSON Schema of the record")
            return {}
        try:
            schema: dict[str, Any] = json.loads(json.dumps(value))
        except (TypeError, ValueError):
            self.error(
                ("schema",), "the schema has values that JSON does not have", "quote dates and other such values"
            )
            return {}
        try:
            validator(schema)
        except UnsafeSchemaError as error:
            self.error(("schema",), str(error), "put definitions under $defs")
            return {}
        except (ValueError, jsonschema_rs.ValidationError) as error:
            message = getattr(error, "message", None) or str(error).split("\n", 1)[0]
            self.error(("schema",), f"not a JSON Schema (2020-12): {message}", "see json-schema.org")
            return {}
        return schema

    def _samples(self) -> tuple[str, ...]:
        value = self.data.get("samples", [])
        if not isinstance(value, list):
            self.error(("samples",), "samples must be a list of files", "write `samples: [samples/one.json]`")
            return ()
        for index, path in enumerate(value):
            if not isinstance(path, str) or path not in self.files:
                self.error(("samples", index), f"the bundle has no file {path!r}", closest(str(path), self.files))
        return tuple(str(path) for path in value)

    def _slots(self) -> tuple[Slot, ...]:
        value = self.data.get("slots", {})
        if not isinstance(value, dict):
            self.error(("slots",), "slots must be a mapping of slot names", "write `slots: {logo: {rules: [...]}}`")
            return ()
        return tuple(self._slot(str(name), slot) for name, slot in value.items())

    def _slot(self, name: str, slot: Any) -> Slot:
        empty = Slot(name, (), Requirement(), {}, "fail")
        if not _SLOT.match(name):
            self.error(("slots", name), f"the slot name {name!r} is not valid", "valid: small letters, digits, dashes")
        if not isinstance(slot, dict):
            self.error(("slots", name), f"the slot {name!r} must be a mapping", "give it rules")
            return empty
        check_keys(slot, _SLOT_KEYS, ("slots", name), self.error)
        rules = slot.get("rules")
        if not isinstance(rules, list) or not 0 < len(rules) <= _MOST_RULES:
            self.error(
                ("slots", name), f"the slot {name!r} needs 1 to {_MOST_RULES} rules", "write `rules: [{use: ...}]`"
            )
            rules = []
        return Slot(
            name=name,
            rules=tuple(rule for index, item in enumerate(rules) if (rule := self._rule(name, index, item))),
            require=read_requirement(name, slot.get("require", {}), self.error),
            territory=read_territory(name, slot.get("require", {}), self.error),
            renditions=self._renditions(name, slot.get("renditions", {})),
            otherwise=self._otherwise(name, slot.get("otherwise", "fail")),
            tokens=self._tokens(name, slot),
        )

    def _tokens(self, name: str, slot: dict[str, Any]) -> str:
        """The file with the tokens that stand in where the slot has no asset."""
        if "tokens" not in slot:
            return ""
        path = slot["tokens"]
        if not isinstance(path, str) or path not in self.files:
            hint = closest(str(path), self.files)
            self.error(("slots", name, "tokens"), f"the bundle has no file {path!r}", hint)
            return ""
        if slot.get("renditions"):
            self.error(("slots", name, "renditions"), "tokens have no renditions", "remove them", "rendition")
        return path

    def _rule(self, slot: str, index: int, rule: Any) -> SlotRule | None:
        path = ("slots", slot, "rules", index)
        if not isinstance(rule, dict) or len({"use", "query"} & set(rule)) != 1 or set(rule) - {"use", "query", "when"}:
            self.error(
                path,
                "a rule has `use` or `query` and, but for the last, `when`",
                'write {when: "...", use: "core-dam:..."} or {when: "...", query: {source: core-dam, where: {...}}}',
            )
            return None
        when = None
        if "when" in rule:
            try:
                when = parse_condition(str(rule["when"]))
            except GrammarError as error:
                self.error((*path, "when"), f"when: {error}", error.hint, "expression")
        text = str(rule.get("when", ""))
        if "query" in rule:
            query = read_query((*path, "query"), rule["query"], self.error)
            return None if query is None else SlotRule(when=when, text=text, query=query)
        use = rule["use"]
        if isinstance(use, dict) and use:
            return SlotRule(when=when, text=text, locales=self._variants((*path, "use"), use))
        if not isinstance(use, str):
            self.error(
                (*path, "use"), "use must be an asset ref, or asset refs by locale", "e.g. {fr: ..., default: ...}"
            )
            return None
        self._ref((*path, "use"), use)
        return SlotRule(use, when, text)

    def _variants(self, path: tuple[str | int, ...], value: dict[Any, Any]) -> tuple[tuple[str, str], ...]:
        for tag, ref in value.items():
            # YAML reads the code of Norwegian as a word for false.
            if not isinstance(tag, str) or not (tag == "default" or is_tag(tag)):
                self.error((*path, str(tag)), f"{tag!r} is not a locale", 'e.g. fr-CA, fr, "no", default')
            self._ref((*path, str(tag)), str(ref))
        return tuple((str(tag), str(ref)) for tag, ref in value.items())

    def _ref(self, path: tuple[str | int, ...], text: str) -> None:
        try:
            AssetRef.parse(text)
        except ValueError as error:
            self.error(path, f"not an asset ref: {error}", "e.g. cloudinary:statement/banner", "asset-ref")

    def _renditions(self, slot: str, value: Any) -> dict[str, RenditionSpec]:
        if not isinstance(value, dict):
            self.error(("slots", slot, "renditions"), "renditions are given by output channel", "write {print: {...}}")
            return {}
        found: dict[str, RenditionSpec] = {}
        for channel, fields in value.items():
            if channel not in _CHANNELS:
                self.error(
                    ("slots", slot, "renditions", str(channel)),
                    f"unknown output channel {channel!r}",
                    closest(str(channel), _CHANNELS),
                )
                continue
            known = set(RenditionSpec.__struct_fields__) - {"screen", "mail"}
            numbers = {"width", "height", "quality", "dpi"}
            for key, item in fields.items() if isinstance(fields, dict) else [("", None)]:
                fits = isinstance(item, bool) if key == "hosted" else _fits(item, number=key in numbers)
                if key not in known or not fits:
                    self.error(
                        ("slots", slot, "renditions", str(channel), str(key)),
                        f"the rendition's {key!r} is not valid",
                        f"known: {', '.join(sorted(known))}; "
                        "sizes are whole numbers from 1 to 100000, hosted true or false",
                    )
                    break
            else:
                found[str(channel)] = RenditionSpec(**fields)
        return found

    def _otherwise(self, slot: str, value: Any) -> str:
        if not isinstance(value, str) or value not in {"fail", "omit"}:
            self._ref(("slots", slot, "otherwise"), str(value))
        return str(value)


def _fits(value: Any, *, number: bool) -> bool:
    if number:
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_PIXELS
    return isinstance(value, str)


def read_description(files: Mapping[str, bytes], diagnostics: Diagnostics) -> Description | None:
    """Read template.yaml; None where it cannot be read at all."""
    if MANIFEST not in files:
        diagnostics.error("description", Place(MANIFEST), "the bundle has no template.yaml", "every bundle has one")
        return None
    text = read_text(files, MANIFEST, diagnostics)
    if text is None:
        return None
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            diagnostics.error("yaml", Place(MANIFEST), "aliases (*name) are not supported", "write the value again")
            return None
        node = yaml.compose(text, yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(MANIFEST, mark.line + 1, mark.column + 1) if mark else Place(MANIFEST)
        problem = getattr(error, "problem", None) or "not YAML"
        diagnostics.error("yaml", place, f"not YAML: {problem}", "check indentation and quotes")
        return None
    except (ValueError, RecursionError) as error:
        diagnostics.error("yaml", Place(MANIFEST), f"not readable: {error}", "check dates, numbers and nesting")
        return None
    if not isinstance(data, dict):
        diagnostics.error(
            "yaml", Place(MANIFEST, 1, 1), "template.yaml is not a mapping", "write `name: ...` and so on"
        )
        return None
    return _Reader(files, data, _Places(node), diagnostics).read()
