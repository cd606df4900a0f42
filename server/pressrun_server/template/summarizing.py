"""Reads `summary` in template.yaml: the text for short messages and notifications, and how long it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pressrun_server.template.keys import Complaining, check_keys

__all__ = ["Summarizing", "read_summary"]

_KEYS: Final = ("text", "segments", "characters", "simplify")
_MOST: Final = {"segments": 255, "characters": 4096}
"""More parts than TS 23.040 can number, and what push services take in all (4 KiB)."""
_EXAMPLE: Final = 'write `summary: {text: "{{ t.ready }}: {{ total | money(currency) }}", segments: 1}`'


@dataclass(frozen=True, slots=True)
class Summarizing:
    """What a template says of its summary."""

    texts: dict[str, str]
    """By locale; `` for all of them."""
    segments: int = 0
    """The most; 0: any number."""
    characters: int = 0
    simplify: bool = False

    def text(self, locale: str) -> str:
        """The text of a locale."""
        return self.texts.get(locale, self.texts.get("", ""))

    def path(self, locale: str) -> tuple[str, ...]:
        """Where that stands in template.yaml."""
        return ("summary", "text", locale) if locale in self.texts else ("summary", "text")


def read_summary(
    value: Any, locales: tuple[str, ...], channels: tuple[str, ...], error: Complaining
) -> Summarizing | None:
    """Read `summary`; None where a template has none.

    Args:
        value: what stands there.
        locales: the template's.
        channels: its output channels.
        error: takes a place, what is wrong, and a hint.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict):
        error(("summary",), "summary must be a text or a mapping", _EXAMPLE)
        return None
    check_keys(value, _KEYS, ("summary",), error)
    if "mobile" not in channels:
        error(("summary",), "a summary is for the output channel mobile", "add mobile to channels, or remove it")
    texts = _texts(value.get("text"), locales, error)
    segments, characters = (_limit(value, key, error) for key in _MOST)
    simplify: object = value.get("simplify", False)
    if not isinstance(simplify, bool):
        error(
            ("summary", "simplify"), "simplify must be true or false", "true: plain quotes and dashes where that helps"
        )
        simplify = False
    if not segments and not characters:
        segments = 1
    return Summarizing(texts, segments, characters, simplify)


def _texts(value: Any, locales: tuple[str, ...], error: Complaining) -> dict[str, str]:
    path = ("summary", "text")
    if isinstance(value, str) and value.strip():
        return {"": value}
    if not isinstance(value, dict) or not value:
        error(path, "text must be a text, or texts by locale", _EXAMPLE)
        return {}
    for locale, text in value.items():
        if locale not in locales:
            error((*path, str(locale)), f"{locale} is not one of locales", f"valid: {', '.join(locales)}")
        elif not isinstance(text, str) or not text.strip():
            error((*path, str(locale)), f"the text of {locale} must be a text", "quote it")
    for locale in locales:
        if locale not in value:
            error(path, f"the summary has no text in {locale}", "translate it, or write one text with t.NAME in it")
    return {str(locale): text for locale, text in value.items() if isinstance(text, str)}


def _limit(value: dict[str, Any], key: str, error: Complaining) -> int:
    if key not in value:
        return 0
    found = value[key]
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found <= _MOST[key]:
        error(("summary", key), f"{key} is not valid", f"valid: a whole number from 1 to {_MOST[key]}")
        return 0
    return found
