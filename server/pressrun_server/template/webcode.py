"""Python made from a program for the loops of a page for browsers; as `rowcode`, and for the same reasons.

What is text already stands in the code as it is; a value is put in without an escape only where it was looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pressrun_server.model.webpage import Choice, Part, Repeat, Shown
from pressrun_server.template.evaluation import Environment
from pressrun_server.template.filters import Formatter
from pressrun_server.template.rowcode import RowSource

__all__ = ["LoopCode", "loop_code"]

LoopCode: TypeAlias = "Callable[[list[Any], Environment, dict[str, str], bool], list[str]]"
"""Items, an environment of its own, what the document remembers and whether the first item is odd, to the text of
each turn."""

_Text: TypeAlias = "Callable[[Environment], str]"


def loop_code(
    part: Repeat,
    formatter: Formatter,
    special: Any,
    shown: Callable[[Shown], _Text],
    odd: _Text,
    even: _Text,
    sign: Callable[[str], str],
) -> LoopCode | None:
    """The code of a loop; None where something in it has no plain form.

    Args:
        part: the loop; it must not ask for `loop`.
        formatter: filters of the program's locale.
        special: finds a character that can't stand in text as it is.
        shown: makes the closure of a value, which escapes.
        odd: binds an odd turn of any kind.
        even: the same of an even one.
        sign: gives a sign of an amount as it can stand in text.
    """
    source = _WebSource(part.name, formatter, special, shown, sign)
    branches = [source.turn(parts) for parts in (part.odd, part.even)]
    if branches[0] is None or branches[1] is None:
        return None
    return source.compile(branches[0], branches[1], odd, even)


class _WebSource(RowSource):
    """The code of the turns of a loop."""

    def __init__(
        self, name: str, formatter: Formatter, special: Any, shown: Callable[[Shown], _Text], sign: Callable[[str], str]
    ) -> None:
        super().__init__(name, formatter, sign)
        self._names["special"] = special
        self._shown = shown
        self._count = 0

    def compile(self, odd: list[str], even: list[str], slow_odd: _Text, slow_even: _Text) -> LoopCode:
        """The function."""
        fields = "".join(f"            {line}\n" for line in self._lines)
        first, second = ("".join(f"                {line}\n" for line in lines) for lines in (odd, even))
        text = (
            "def bind(items, inner, seen, flip):\n"
            "    out = []\n"
            "    append = out.append\n"
            "    for item in items:\n"
            f"        inner[{self._name!r}] = item\n"
            "        try:\n"
            f"{fields}"
            "            if flip:\n"
            f"{first}"
            "            else:\n"
            f"{second}"
            "        except Exception:\n"
            f"            x = {self._known(slow_odd)}(inner) if flip else {self._known(slow_even)}(inner)\n"
            "        append(x)\n"
            "        flip = not flip\n"
            "    return out\n"
        )
        space: dict[str, Any] = {"__builtins__": {}, **self._names}
        exec(compile(text, "<loop>", "exec"), space)  # noqa: S102 - made of a program's data, see above
        bind: LoopCode = space["bind"]
        return bind

    def turn(self, parts: tuple[Part, ...]) -> list[str] | None:
        """Lines that set `x` to the text of a turn."""
        return self._joined(parts, "x")

    def _joined(self, parts: tuple[Part, ...], target: str) -> list[str] | None:
        lines: list[str] = []
        pieces: list[str] = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(part.replace("{", "{{").replace("}", "}}"))
                continue
            name = f"t{self._count}"
            self._count += 1
            found = self._hole(part, name)
            if found is None:
                return None
            lines += found
            pieces.append(f"{{{name}}}")
        return [*lines, f"{target} = f{''.join(pieces)!r}"]

    def _hole(self, part: Part, target: str) -> list[str] | None:
        """Lines that set a name to the text of what is no text yet."""
        if isinstance(part, Shown):
            return self._value(part, target)
        if not isinstance(part, Choice):
            return None
        lines: list[str] = []
        word = "if"
        for test, parts in part.branches:
            inner = self._joined(parts, target)
            if inner is None:
                return None
            lines.append("else:" if test is None else f"{word} {self._test(test)}:")
            lines += [f"    {line}" for line in inner]
            word = "elif"
        if part.branches[-1][0] is not None:
            lines += ["else:", f"    {target} = ''"]
        return lines

    def _value(self, part: Shown, target: str) -> list[str]:
        node = part.expression
        slow = f"{target} = {self._known(self._shown(part))}(inner)"
        if part.preserve:
            return [slow]
        field = self._field(node)
        if field is not None:
            plain = f"{field}.__class__ is str and {field}.isprintable() and '  ' not in {field}"
            return [f"{target} = {field}", f"if not ({plain}) or special({field}):", f"    {slow}"]
        if node[0] == "filter":
            field = self._field(node[2])
            if node[1] == "amount" and field is not None:
                return self._amount(field, target, slow)
            if node[1] == "date" and field is not None:
                pattern = self._formatter.plain_date(node[3][0][1] if node[3] else "medium")
                if pattern is not None:
                    return self._date(field, target, pattern)
        return [slow]
