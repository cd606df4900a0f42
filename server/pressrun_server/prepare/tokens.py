"""Brand tokens from JSON that strangers wrote: groups of values to names with values of CSS.

Both forms in use are read: groups in which each token is an object with `$value` (Design Tokens Format Module, W3C
community group: types, aliases, `$description` and the like), and plain groups of texts and numbers. What a token says
is put into declarations of style sheets, so nothing that could end one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.tokens import PreparedTokens

__all__ = ["MOST_TOKENS", "prepare_tokens"]

MOST_TOKENS: Final = 1000
_LONGEST: Final = 200
_DEEPEST: Final = 12
_MOST_ALIASES: Final = 20
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,62}")
_ALIAS: Final = re.compile(r"\{([^{}]+)\}")
_UNSAFE: Final = re.compile(r"[;{}<>\\@!\x00-\x1f\x7f]|/\*|url\s*\(", re.IGNORECASE)
_FAMILY: Final = re.compile(r"[\w .-]{1,64}")
_HALF: Final = re.compile(r"\s+")


def prepare_tokens(data: bytes) -> PreparedTokens:
    """Tokens from a JSON file.

    Raises:
        PressrunError: ASSET_INVALID, it is no JSON object of tokens, or one has a value that CSS has no place for.
    """
    try:
        tree = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _wrong(f"the tokens are not JSON: {error}") from None
    if not isinstance(tree, dict):
        raise _wrong('the tokens are no JSON object; write e.g. {"color": {"primary": "#0b6b66"}}')
    found: dict[str, Any] = {}
    for path, value in _tokens(tree, (), 0):
        name = "-".join(_HALF.sub("-", part.strip()).lower() for part in path)
        if name in found:
            raise _wrong(f"there are two tokens {name!r}; give each a name of its own")
        found[name] = value
        if len(found) > MOST_TOKENS:
            raise _wrong(f"there are over {MOST_TOKENS} tokens; give those that documents use")
    if not found:
        raise _wrong('there are no tokens; write e.g. {"color": {"primary": "#0b6b66"}}')
    return PreparedTokens(tuple((name, _text(name, _resolved(name, found))) for name in sorted(found)))


def _tokens(group: Mapping[str, Any], path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    if depth > _DEEPEST:
        raise _wrong(f"{'.'.join(path)}: groups are nested over {_DEEPEST} deep; simplify them")
    for name, value in group.items():
        if name.startswith("$"):
            continue  # what describes the group
        if not _NAME.fullmatch(name):
            raise _wrong(f"{'.'.join((*path, name))[:120]!r} is no name; valid: letters, digits, spaces, hyphens")
        inner = (*path, name)
        if isinstance(value, dict) and "$value" in value:
            yield inner, value["$value"]
        elif isinstance(value, dict):
            yield from _tokens(value, inner, depth + 1)
        else:
            yield inner, value


def _resolved(name: str, found: Mapping[str, Any]) -> Any:
    """A token's value, or that of the token which it stands for: `{color.primary}`."""
    value = found[name]
    for _ in range(_MOST_ALIASES):
        alias = _ALIAS.fullmatch(value.strip()) if isinstance(value, str) else None
        if alias is None:
            return value
        other = "-".join(_HALF.sub("-", part.strip()).lower() for part in alias[1].split("."))
        if other not in found:
            raise _wrong(f"the token {name!r} stands for {alias[0]}, which is not there")
        value = found[other]
    raise _wrong(f"the token {name!r} stands for itself, or for too many others; give it a value")


def _text(name: str, value: Any) -> str:
    """A value as CSS writes it."""
    match value:
        case bool() | None:
            pass
        case str():
            if value.strip() and len(value) <= _LONGEST and not _UNSAFE.search(value):
                return value.strip()
        case int() | float():
            return f"{value:g}" if abs(value) < 1e6 else str(value)  # noqa: PLR2004 - plain, not 1e+06
        case [*families] if families and all(isinstance(one, str) and _FAMILY.fullmatch(one) for one in families):
            return ", ".join(f'"{family}"' for family in families)
        case {"value": int() | float() as number, "unit": str() as unit} if unit.isalpha():
            return f"{number:g}{unit}"
        case {"hex": str() as color} if re.fullmatch(r"#[0-9A-Fa-f]{6}", color):
            return color
        case {"colorSpace": "srgb", "components": [red, green, blue]} if all(
            isinstance(part, int | float) and 0 <= part <= 1 for part in (red, green, blue)
        ):
            return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))
    raise _wrong(
        f"the token {name!r} has a value that documents have no place for; valid: a text of CSS, e.g. #0b6b66 or 12pt, "
        "a number, a list of font families, a colour in sRGB or a dimension with a unit"
    )


def _wrong(message: str) -> PressrunError:
    return PressrunError(Reason.ASSET_INVALID, message)
