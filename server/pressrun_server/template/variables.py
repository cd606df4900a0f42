"""Custom properties in style sheets: `var(--name)`, with values of `:root` or of a brand's tokens.

They are put in when a style sheet is read, so a document with them costs what one without does. A custom property has
one value for the whole document (CSS Variables 1, but for other elements than the root); the tokens of a slot `brand`
are called `--brand-color-primary` and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import tinycss2
from tinycss2.ast import FunctionBlock

from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.values import InvalidValueError, Tokens, significant

__all__ = ["Variables", "is_root", "put_in", "root_variables"]

_ROOTS: Final = {":root", "html"}
_DEEPEST: Final = 20
_MOST: Final = 2000

Variables = Mapping[str, Tokens]
"""Values by name, `--` included."""


def is_root(prelude: Tokens) -> bool:
    """Whether a rule is for the root alone, whose custom properties are those of the document."""
    return tinycss2.serialize(prelude).strip().lower() in _ROOTS


def root_variables(
    sheets: Iterable[tuple[str, str]], brand: Variables, media: Iterable[str], diagnostics: Diagnostics
) -> dict[str, Tokens]:
    """The custom properties of a document.

    Args:
        sheets: path and text of each style sheet, in order.
        brand: those of brands' tokens, which `:root` may say otherwise.
        media: one or several of `stylesheet.MEDIA`.
        diagnostics: takes what there is to say.
    """
    found: dict[str, Tokens] = {}
    elsewhere: dict[str, Tokens] = {}
    for path, css in sheets:
        for node in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
            if node.type == "qualified-rule" and is_root(node.prelude):
                _gather(node.content, found)
            elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content is not None:
                here = tinycss2.serialize(node.prelude).strip().lower() in media
                for inner in tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True):
                    if inner.type == "qualified-rule" and is_root(inner.prelude):
                        _gather(inner.content, found if here else elsewhere)
        if len(found) + len(elsewhere) > _MOST:
            diagnostics.error("value", Place(path), f"there are over {_MOST} custom properties", "use fewer")
            return {}
    # Rules for the other medium are read too, for what there is to say about them.
    return {**elsewhere, **brand, **found}


def _gather(content: Tokens, found: dict[str, Tokens]) -> None:
    for item in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if item.type == "declaration" and item.name.startswith("--"):
            found[item.name] = significant(item.value)


def put_in(tokens: Tokens, variables: Variables, depth: int = 0) -> list[Any]:
    """Tokens with the values of custom properties in the place of `var()`.

    Raises:
        InvalidValueError: there is no such property, and none is given for that case; or it stands for itself.
    """
    if depth > _DEEPEST:
        raise InvalidValueError("a custom property stands for itself, or for too many others")
    found: list[Any] = []
    for token in tokens:
        if token.type != "function":
            found.append(token)
        elif token.lower_name != "var":
            inner = put_in(token.arguments, variables, depth + 1)
            found.append(FunctionBlock(token.source_line, token.source_column, token.name, inner))
        else:
            found += _value(token, variables, depth)
    return found


def _value(token: Any, variables: Variables, depth: int) -> list[Any]:
    name, fallback = _parts(token)
    if name in variables:
        return put_in(variables[name], variables, depth + 1)
    if fallback is not None:
        return put_in(fallback, variables, depth + 1)
    hint = closest(name, variables, otherwise="none are defined: write :root { --name: value }, or a slot with tokens")
    raise InvalidValueError(f"there is no custom property {name}; {hint}")


def _parts(token: Any) -> tuple[str, Tokens | None]:
    arguments = list(token.arguments)
    comma = next((index for index, part in enumerate(arguments) if part.type == "literal" and part.value == ","), None)
    names = significant(arguments if comma is None else arguments[:comma])
    if len(names) != 1 or names[0].type != "ident" or not names[0].value.startswith("--"):
        raise InvalidValueError("valid: var(--name), var(--name, value)")
    return str(names[0].value), None if comma is None else arguments[comma + 1 :]
