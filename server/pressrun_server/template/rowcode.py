"""Python made from a program for its rows: binds the rows of a loop with no call in between.

A composer begins with closures (`bind`), which are ready at once, and gets this code later, between two documents. It
is made here from the program's data and stays in the process. It does the common case only; of a row that is anything
else it says so, and the closures bind that row: what comes out, errors included, is the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pressrun_server.model.content import AMOUNT, FIXED, TEXT, Values
from pressrun_server.model.expression import Expression
from pressrun_server.model.program import InlineConditional, Paragraph, RowFor, RowTemplate, Text, Value
from pressrun_server.template.evaluation import Environment, evaluator, texter
from pressrun_server.template.filters import Formatter

__all__ = ["RowCode", "row_code"]

_Binder: TypeAlias = "Callable[[list[Any], Environment, dict[str, str]], list[Values | None]]"

_MINUS = "\u2212"
MOST_DATES = 400
"""Dates of one document's rows that are remembered as they are shown."""


@dataclass(frozen=True, slots=True)
class RowCode:
    """Binds the rows of one loop."""

    bind: _Binder
    """Items, an environment of its own and what the document remembers, to the values of each row; None where the
    closures must bind it."""
    kinds: tuple[str, ...]
    """What each column's text is known to be."""


def row_code(row: RowFor, formatter: Formatter, transforms: list[str]) -> RowCode | None:
    """The code of a loop; None where its rows are not all one plain row template.

    Args:
        row: the loop; its rows must not ask for `loop`.
        formatter: filters of the program's locale.
        transforms: the text transform of each style.
    """
    templates = [rows[0] for rows in (row.odd, row.even) if len(rows) == 1 and isinstance(rows[0], RowTemplate)]
    if len(templates) != 2:  # noqa: PLR2004 - odd and even
        return None
    odd, even = ([cell.children for cell in template.cells] for template in templates)
    if len(odd) != len(even):
        return None
    source = _RowSource(row.name, formatter, transforms)
    for first, second in zip(odd, even, strict=True):
        if not first and not second:
            continue
        if len(first) != 1 or len(second) != 1:
            return None
        paragraph, other = first[0], second[0]
        if not isinstance(paragraph, Paragraph) or not isinstance(other, Paragraph):
            return None
        if paragraph.inlines != other.inlines or not source.cell(paragraph):
            return None
    return RowCode(source.compile(), tuple(source.kinds)) if source.kinds else None


class _RowSource:
    """The code of the rows of a table, line by line: the text of each cell.

    Args:
        name: what the loop calls its item.
        formatter: filters of the program's locale.
        transforms: the text transform of each style.
    """

    def __init__(self, name: str, formatter: Formatter, transforms: list[str]) -> None:
        self._name = name
        self._formatter = formatter
        self._transforms = transforms
        self._values: list[str] = []
        self.kinds: list[str] = []
        self._lines: list[str] = []
        self._fields: dict[str, str] = {}
        self._seen = ""
        """What tells the dates of one column from those of another, which may be shown in another way."""
        self._names: dict[str, Any] = {
            "KeyError": KeyError, "Exception": Exception, "str": str, "len": len, "iso": dt.date.fromisoformat,
        }  # fmt: skip

    def _test(self, test: Expression) -> str:
        if test[0] == "cmp" and test[1] == "in" and test[2][0] == "const" and isinstance(test[2][1], str):
            field = self._field(test[3])
            if field is not None:
                return f"{test[2][1]!r} in {field}"
        return f"{self._known(evaluator(test, self._formatter, 'pr-if'))}(inner)"

    def _amount(self, field: str, target: str, slow: str) -> list[str]:
        """Grouping by threes of an amount written as `-1234.50`; the same as `Formatter.amount`."""
        if not self._formatter.plain_groups:
            return [slow]
        # The signs are part of the source: one string is built at once.
        point, comma = self._formatter.data.decimal, self._formatter.data.group
        short, long = f"{{s}}{{w}}{point}{{c}}", f"{{s}}{{w[:-3]}}{comma}{{w[-3:]}}{point}{{c}}"
        digits = f"w.isdigit() and c.isdigit() and {field}[-3] == '.' and {field}.isascii()"
        return [
            f"w = {field}[:-3] if {field}.__class__ is str else ''",
            "if w[:1] == '-':",
            f"    w = w[1:]; s = {_MINUS!r} if {field} != '-0.00' else ''",
            "else:",
            "    s = ''",
            f"c = {field}[-2:] if w else ''",
            f"if len(w) < 7 and {digits} and (w >= '1' or w == '0'):",
            f"    {target} = f{short!r} if len(w) < 4 else f{long!r}",
            "else:",
            f"    {slow}",
        ]

    def _date(self, field: str, target: str, pattern: str) -> list[str]:
        """A date by cutting up its text; the same as the date filter's. Rows of a document share few dates."""
        kept = f"{self._seen!r} + {field}" if self._seen else field
        self._seen += "~"
        return [
            f"if {field}.__class__ is not str: raise KeyError",
            f"{target} = seen.get({kept})",
            f"if {target} is None:",
            f"    if len({field}) != 10 or {field}[0] == '0' or not {field}[4] == {field}[7] == '-': raise KeyError",
            f"    iso({field})",
            f"    {target} = f{pattern.replace('@', field)!r}",
            f"    if len(seen) < {MOST_DATES}: seen[{kept}] = {target}",
        ]

    def _field(self, node: Any) -> str | None:
        """The name of a local variable that holds a field of the loop's item."""
        if node[0] != "attr" or tuple(node[1]) != ("name", self._name):
            return None
        name: str = node[2]
        if name not in self._fields:
            self._fields[name] = f"f{len(self._fields)}"
            # Fields are looked up first, so that no branch can leave one out.
            self._lines.insert(len(self._fields) - 1, f"{self._fields[name]} = item[{name!r}]")
        return self._fields[name]

    def _known(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name

    def compile(self) -> _Binder:
        body = "\n".join(f"            {line}" for line in self._lines)
        # A field that is not there, or anything else than the common case, is for the closures.
        text = (
            "def bind(items, inner, seen):\n"
            "    out = []\n"
            "    append = out.append\n"
            f"    for item in items:\n"
            f"        inner[{self._name!r}] = item\n"
            "        try:\n"
            f"{body}\n"
            "        except Exception:\n"
            "            append(None)\n"
            "        else:\n"
            f"            append(({', '.join(self._values)},))\n"
            "    return out\n"
        )
        space: dict[str, Any] = {"__builtins__": {}, **self._names}
        exec(compile(text, "<rows>", "exec"), space)  # noqa: S102 - made of a program's data, see above
        bind: _Binder = space["bind"]
        return bind

    def cell(self, paragraph: Paragraph) -> bool:
        """The code of a cell's text; False where it has no plain form."""
        inlines = paragraph.inlines
        if len(inlines) == 1 and isinstance(inlines[0], InlineConditional):
            return self._choice(inlines[0])
        found = self._text(inlines, f"t{len(self._values)}")
        if found is None:
            return False
        lines, kind, _style = found
        self._lines += lines
        self._values.append(f"t{len(self._values)}")
        self.kinds.append(kind)
        return True

    def _choice(self, inline: InlineConditional) -> bool:
        if len(inline.branches) != 2 or inline.branches[1][0] is not None:  # noqa: PLR2004 - pr-if and pr-else
            return False
        (test, yes), (_, no) = inline.branches
        style, text = f"t{len(self._values)}", f"t{len(self._values) + 1}"
        first, second = self._text(yes, text), self._text(no, text)
        if test is None or first is None or second is None or first[2] == second[2]:
            return False
        self._lines.append(f"if {self._test(test)}:")
        self._lines += [f"    {line}" for line in (f"{style} = {first[2]}", *first[0])]
        self._lines.append("else:")
        self._lines += [f"    {line}" for line in (f"{style} = {second[2]}", *second[0])]
        self._values += [style, text]
        self.kinds.append(first[1] if first[1] == second[1] else TEXT)
        return True

    def _text(self, inlines: tuple[Any, ...], target: str) -> tuple[list[str], str, int] | None:
        """Lines that set a name to the text of a value, perhaps with fixed text before it; its kind and style."""
        match inlines:
            case (Value() as value,):
                before = ""
            case (Text() as text, Value() as value) if text.style == value.style and not text.text.endswith(" "):
                before = text.text
                if value.expression[0] != "filter":
                    return None
            case _:
                return None
        if self._transforms[value.style]:
            return None
        lines, kind = self._value(value, target)
        if before:
            lines.append(f"{target} = {before!r} + {target}")
            kind = AMOUNT if kind == AMOUNT and len(before) == 1 and not before.isdigit() else TEXT
        return lines, kind, value.style

    def _value(self, value: Value, target: str) -> tuple[list[str], str]:
        node = value.expression
        slow = f"{target} = {self._known(texter(node, self._formatter, value.place))}(inner)"
        field = self._field(node)
        if field is not None:
            plain = f"{field}.__class__ is str and {field}.isprintable() and '  ' not in {field}"
            return [f"{target} = {field}", f"if not ({plain}):", f"    {slow}"], TEXT
        if node[0] == "filter":
            field = self._field(node[2])
            if node[1] == "amount" and field is not None:
                return self._amount(field, target, slow), AMOUNT if self._formatter.plain_groups else TEXT
            if node[1] == "date" and field is not None:
                pattern = self._formatter.plain_date(node[3][0][1] if node[3] else "medium")
                if pattern is not None:
                    return self._date(field, target, pattern), FIXED
        return [slow], TEXT
