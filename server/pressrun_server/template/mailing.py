"""Reads `email` in template.yaml: what the headers of a message say, and how its pictures come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pressrun_server.model.mail import ChartWay, ImageWay
from pressrun_server.template.keys import Complaining, check_keys

__all__ = ["Mailing", "read_mailing"]

_TEXTS: Final = ("subject", "preheader", "from", "to", "reply_to")
_KEYS: Final = (*_TEXTS, "unsubscribe", "images", "charts", "attach")
_ATTACH: Final = ("name", "always")
_WAYS: Final = ("url", "mail")
_UNSUBSCRIBE: Final = (*_WAYS, "one_click")
_IMAGES: Final[tuple[ImageWay, ...]] = ("inline", "hosted")
_CHARTS: Final[tuple[ChartWay, ...]] = ("picture", "table")
_EXAMPLE: Final = 'write `email: {subject: "{{ t.subject }}", preheader: "{{ t.preheader }}"}`'


@dataclass(frozen=True, slots=True)
class Mailing:
    """What a template says of its e-mail; texts may hold expressions, and empty ones are not given."""

    texts: dict[str, str]
    """By key: `subject`, `preheader`, `from`, `to`, `reply_to`, `unsubscribe.url` and `.mail`, `attach.name`."""
    images: ImageWay = "inline"
    charts: ChartWay = "picture"
    one_click: bool = False
    attach: bool = False
    """Whether the PDF comes with each message."""

    def text(self, key: str) -> str:
        """A text; empty where it is not given."""
        return self.texts.get(key, "")


def read_mailing(value: Any, error: Complaining) -> Mailing:
    """Read `email`.

    Args:
        value: what stands there.
        error: takes a place, what is wrong, and a hint.
    """
    if not isinstance(value, dict):
        error(("email",), "email must be a mapping", _EXAMPLE)
        return Mailing({})
    texts: dict[str, str] = {}
    check_keys(value, _KEYS, ("email",), error)
    for key in _TEXTS:
        if key in value:
            _take(("email", key), value[key], texts, key, error)
    images = value.get("images", "inline")
    if images not in _IMAGES:
        error(("email", "images"), f"images cannot be {str(images)!r}", f"valid: {', '.join(_IMAGES)}")
        images = "inline"
    charts = value.get("charts", "picture")
    if charts not in _CHARTS:
        error(
            ("email", "charts"),
            f"charts cannot be {str(charts)!r}",
            f"valid: {', '.join(_CHARTS)}; tables are drawn also where pictures are off",
        )
        charts = "picture"
    one_click = _unsubscribe(value.get("unsubscribe"), texts, error)
    attach = _attach(value.get("attach"), texts, error)
    return Mailing(texts, images, charts, one_click, attach)


def _attach(value: Any, texts: dict[str, str], error: Complaining) -> bool:
    path = ("email", "attach")
    hint = 'write {name: "statement-{{ number }}.pdf", always: true}, or the name alone'
    if value is None:
        return False
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or "name" not in value:
        error(path, "attach is the name of the PDF, or a mapping with its name", hint)
        return False
    check_keys(value, _ATTACH, path, error)
    _take((*path, "name"), value["name"], texts, "attach.name", error)
    always: object = value.get("always", True)
    if not isinstance(always, bool):
        error((*path, "always"), "always must be true or false", "false: only where a request asks for the PDF")
        return False
    return always


def _unsubscribe(value: Any, texts: dict[str, str], error: Complaining) -> bool:
    path = ("email", "unsubscribe")
    hint = 'write {url: "https://…", mail: "leave@…", one_click: true}, or the URL alone'
    if value is None:
        return False
    if isinstance(value, str):
        value = {"url": value}
    if not isinstance(value, dict) or not value:
        error(path, "unsubscribe is a URL, or a mapping", hint)
        return False
    check_keys(value, _UNSUBSCRIBE, path, error)
    for key in _WAYS:
        if key in value:
            _take((*path, key), value[key], texts, f"unsubscribe.{key}", error)
    one_click: object = value.get("one_click", False)
    if not isinstance(one_click, bool):
        error((*path, "one_click"), "one_click must be true or false", hint)
        return False
    if one_click and not str(value.get("url", "")).startswith(("https://", "{{")):
        error((*path, "one_click"), "one click needs a URL of https (RFC 8058, 3.1)", 'give url: "https://…"')
    return one_click


def _take(
    path: tuple[str | int, ...],
    found: Any,
    texts: dict[str, str],
    key: str,
    error: Complaining,
) -> None:
    if isinstance(found, str) and found.strip():
        texts[key] = found
    else:
        error(path, f"{key} must be a text", "quote it; expressions in {{ }} and strings t.NAME may stand in it")
