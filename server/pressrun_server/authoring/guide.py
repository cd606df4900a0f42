"""Writes the reference in the authors' guide from the code: elements, directives, properties, filters.

`python -m pressrun_server.authoring.guide` writes it into `GUIDE.md` beside this file, `--check` fails where it is not
what the code says. What a filter gives is what it gave when the guide was made.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tinycss2

from pressrun_server.template.builder import DIRECTIVES
from pressrun_server.template.cascade import BLOCKS, HIDDEN, TABLE_PARTS
from pressrun_server.template.channels import CHANNEL
from pressrun_server.template.evaluation import texter
from pressrun_server.template.filters import FILTERS, Formatter
from pressrun_server.template.grammar import parse_condition
from pressrun_server.template.locales import locale_data
from pressrun_server.template.properties import PROPERTIES, SHORTHANDS
from pressrun_server.template.structure import ATTRIBUTES, ELEMENTS, OWN
from pressrun_server.template.tables import TABLE_DIRECTIVES
from pressrun_server.template.values import InvalidValueError, Relative

__all__ = ["GUIDE", "examples", "made"]

GUIDE = Path(__file__).with_name("GUIDE.md")
_SECTION = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_EXAMPLE = re.compile(r"```(html|css|json|yaml)\n(.*?)```", re.DOTALL)
_LOCALES = ("en-GB", "de-DE", "fr-FR")
_BAR = "\\|"
"""A bar inside a cell of a table."""
_SIDES = ("top", "right", "bottom", "left")
_CORNERS = ("top-left", "top-right", "bottom-right", "bottom-left")

_SAID_OF_ELEMENTS = {
    "pr-barcode": "a code: `type` (`qr`), `value`, `alt`; `level` (L, M, Q, H), `quiet` (modules around it)",
    "pr-chart": "a chart: `type` (`bar`), `items`, `value`, `label`, `alt`; `tick` and `bar-`, `line-`, `axis-color`",
    "pr-content": "approved text: `slot`; nothing where the slot has none",
    "pr-fill": "ends the flow: the first of its children that fits on the last page is shown",
}
_SAID_OF_DIRECTIVES = {
    "pr-for": '`"row in rows"`: the element once for each item; `loop.index`, `loop.first`, `loop.last` inside',
    "pr-if": "shown where the condition holds",
    "pr-elif": "right after `pr-if`: shown where that did not hold and this does",
    "pr-else": "right after: shown where none of those did",
    "pr-with": '`"name = expression; other = expression"`: names for values, inside the element',
    "pr-sum": 'on a row with `pr-for`, `"paid = row.amount"`: rows know `paid.running`, a header `paid.before` '
    "(earlier pages), a footer `paid.page`, `paid.before` and `paid.running`; all know `paid.total`, for which a table "
    "looks ahead",
    "pr-channel": '`"print web"`: only in these output channels of the template',
    "pr-on": "on a row of a header (`first`, `continued`) or footer (`continued`, `last`): the parts with it",
}  # fmt: skip
_FILTER_EXAMPLES: dict[str, tuple[tuple[str, ...], str]] = {
    "money": (("'1234.5' | money('EUR')", "'-7' | money('JPY')"), "an amount with its currency; rounded half to even"),
    "amount": (("'-1234.5' | amount",), "an amount with two decimals and no currency"),
    "number": (("1234.5678 | number", "1234.5 | number(2)"), "a number, with its decimals, three at most, or so many"),
    "percent": (("0.125 | percent(1)",), "a ratio as percentage"),
    "date": (("'2026-09-30' | date", "'2026-09-30' | date('long')", "'2026-09-30' | date('month-year')"),
             "a date: short, medium, long, full, month, month-year"),
    "upper": (("'Straße' | upper",), "capital letters"),
    "lower": (("'ÄB' | lower",), "small letters"),
    "capitalize": (("'jane van doe' | capitalize",), "the first letter a capital"),
    "trim": (("'  x ' | trim",), "without white space at its ends"),
    "default": (("nickname | default('none')",), "another value where a field is missing"),
    "mask": (("'DE8937040044' | mask", "'4111111111' | mask(2)"), "all hidden but the last four, or so many"),
    "length": (("['a', 'b'] | length",), "how many items, or characters"),
    "join": (("['a', 'b'] | join(', ')",), "items in one text"),
    "sum": (("[1, 2.5] | sum",), "the exact sum; of a field of the items: `rows | sum('amount')`"),
    "sort": (("[3, 1, 2] | sort | join(' ')",), "sorted; by a field of the items: `rows | sort('date')`"),
    "reverse": (("[3, 1] | reverse | join(' ')",), "from the last to the first"),
    "groupby": ((), "groups of items alike in a field, each with `key` and `rows`: `rows | groupby('kind')`"),
    "first": (("[3, 1] | first",), "the first item"),
    "last": (("[3, 1] | last",), "the last item"),
    "abs": (("-3 | abs",), "without its sign"),
    "plural": ((), "a string with plural forms, by a number: `t.items | plural(count)`"),
}  # fmt: skip


def _elements() -> Iterator[str]:
    groups: list[tuple[str, list[str]]] = [
        ("blocks", sorted(ELEMENTS & BLOCKS - set(OWN) - {"pr-fill"})),
        ("in a line", sorted(ELEMENTS - BLOCKS - HIDDEN - set(TABLE_PARTS))),
        ("tables", sorted(ELEMENTS & set(TABLE_PARTS))),
        ("not shown", sorted(ELEMENTS & HIDDEN)),
    ]
    yield "| elements | |\n|---|---|"
    for name, members in groups:
        yield f"| {name} | {' '.join(f'`{member}`' for member in members)} |"
    yield "| drawings | `svg` with shapes; `alt` comes from `aria-label` or `<title>` |"
    for name in sorted({*OWN, "pr-fill"}):
        yield f"| `{name}` | {_SAID_OF_ELEMENTS[name]} |"
    yield f"| attributes | {' '.join(f'`{name}`' for name in sorted(ATTRIBUTES))}, `data-*`, `aria-*` |"


def _directives() -> Iterator[str]:
    yield "| directive | |\n|---|---|"
    for name in (*DIRECTIVES, CHANNEL, *sorted(TABLE_DIRECTIVES)):
        yield f"| `{name}` | {_SAID_OF_DIRECTIVES[name]} |"


def _valid(parse: Callable[[Any], Any]) -> str:
    """What a property takes, as its error says."""
    try:
        parse(tinycss2.parse_component_value_list("no-such-value 7kg ? x"))
    except InvalidValueError as error:
        return str(error).removeprefix("valid: ").replace("|", "\\|")
    raise AssertionError("a property that takes anything")


def _initial(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, tuple | Relative) or value == "":
        return ""
    return f"{value / 1000:g}pt" if isinstance(value, int) and value else str(value)


def _properties() -> Iterator[str]:
    yield "| property | values | at first | inherited |\n|---|---|---|---|"
    seen: set[str] = set()
    for name, prop in PROPERTIES.items():
        shown = _of_all(name)
        if shown in seen:
            continue
        seen.add(shown)
        initial = "normal" if name == "font-weight" else "" if name in _PLAIN_NUMBERS else _initial(prop.initial)
        if name in _PLAIN_NUMBERS:
            initial = f"{prop.initial:g}"
        if name.endswith("color") and isinstance(prop.initial, int):
            initial = f"#{prop.initial:06x}"
        yield f"| `{shown}` | {_valid(prop.parse)} | {initial} | {'yes' if prop.inherited else ''} |"
    for name, expand in SHORTHANDS.items():
        shown = _of_all(name)
        if shown not in seen:
            seen.add(shown)
            yield f"| `{shown}` | {_valid(expand)} | | |"


_PLAIN_NUMBERS = ("orphans", "widows", "line-height", "flex-grow", "flex-shrink")


def _of_all(name: str) -> str:
    """One name for properties that differ in their side only."""
    for corner in _CORNERS:
        if name == f"border-{corner}-radius":
            return "border-CORNER-radius"
    for side in _SIDES:
        if name in {side, f"border-{side}"} or name.startswith(f"border-{side}-") or name.endswith(f"-{side}"):
            return "top, right, bottom, left" if name == side else name.replace(side, "SIDE")
    return name


def _filters() -> Iterator[str]:
    yield f"| filter | | example | {' | '.join(_LOCALES)} |\n|---|---|---|{'---|' * len(_LOCALES)}"
    formatters = [Formatter(locale_data(locale)) for locale in _LOCALES]
    for name in FILTERS:
        expressions, said = _FILTER_EXAMPLES[name]
        for number, expression in enumerate(expressions or ("",)):
            found = [
                texter(parse_condition(expression), formatter, "guide")({}) if expression else ""
                for formatter in formatters
            ]
            cells = [
                "" if number else f"`{name}`",
                "" if number else said,
                f"`{{{{ {expression} }}}}`" if expression else "",
                *found,
            ]
            yield f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"


_MAKERS = {"elements": _elements, "directives": _directives, "properties": _properties, "filters": _filters}


def made(text: str) -> str:
    """The guide with its reference as the code has it now."""
    return _SECTION.sub(lambda match: f"{match[1]}{chr(10).join(_MAKERS[match[2]]())}\n{match[3]}", text)


def examples(text: str) -> Iterator[tuple[str, str, str]]:
    """The worked examples: style sheet, HTML and record, each as the last one of its kind before it."""
    css = record = ""
    for kind, body in _EXAMPLE.findall(text):
        if kind == "css":
            css = body
        elif kind == "json":
            record = body
        elif kind == "html":
            yield css, body, record
            css = ""


def main() -> None:
    """Write the guide, or with `--check` say whether it is up to date."""
    text = GUIDE.read_text(encoding="utf-8")
    new = made(text)
    if "--check" in sys.argv[1:]:
        if new != text:
            sys.exit(f"{GUIDE.name} is not what the code says; run: make guide")
        sys.stdout.write("the guide is what the code says\n")
        return
    GUIDE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
