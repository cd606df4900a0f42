"""Python made from a program for a page: its text between loops in one function, and loops column by column.

A composer begins with closures (`webbinder`), which are ready at once, and gets this code later, between two documents.
It is made here from the program's data and stays in the process. It does the common case only; where anything else
comes, closures make that part: what comes out, errors included, is the same. What is text already stands in the code as
it is; a value is put in without an escape only where it was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeAlias

from pressrun_server.errors import PressrunError
from pressrun_server.model.expression import Expression
from pressrun_server.model.webpage import Choice, First, Graph, Named, Part, Repeat, Shown, Target
from pressrun_server.template.barchart import MOST_BARS, Bars
from pressrun_server.template.columntexts import Texts, amounts, dates, decimals, escaping, plain, signing
from pressrun_server.template.evaluation import CLEAN, Environment, Evaluator
from pressrun_server.template.filters import PREPARED, Formatter
from pressrun_server.template.loops import items_of
from pressrun_server.template.scale import scale
from pressrun_server.template.steps import spend

__all__ = ["Dress", "LoopCode", "LoopSource", "RunCode", "RunSource", "bars_code", "lookup", "loop_code", "run_code"]

LoopCode: TypeAlias = "Callable[[list[Any], Environment, dict[Any, list[str]]], list[str]]"
"""Items, of which the first is an odd one, an environment of its own, and the columns that are known already, to the
text of each turn. It raises what it will where a value is none of the common ones."""
RunCode: TypeAlias = "Callable[[Environment], Iterable[str | bytes]]"
"""An environment to text; long text of the template is encoded already where that is wanted."""
_LONG: Final = 256
"""Characters of text that are worth a piece of their own."""

BarsCode: TypeAlias = "Callable[[Environment], Bars]"
_Text: TypeAlias = "Callable[[Environment], str]"


class Dress(Protocol):
    """How values stand in the text."""

    def marked(self, text: str) -> str:
        """A value without controls as it can stand there."""

    def sign(self, text: str) -> str:
        """A sign of an amount as it can stand there."""

    def bound(self, part: Part) -> _Text:
        """The closure of a part."""

    def tested(self, test: Expression | None) -> Evaluator:
        """The closure of a condition."""

    def kept(self, part: Shown) -> int | None:
        """Where a document keeps a value's text as its filter gives it, if it does."""


def run_code(parts: tuple[Part, ...], formatter: Formatter, dress: Dress, slow: RunCode, *, encoded: bool) -> RunCode:
    """The code of parts that stand between loops.

    Args:
        parts: they.
        formatter: filters of the program's locale.
        dress: of the text.
        slow: their closures, which say what is wrong with a value.
        encoded: whether long text of the template is to be encoded.
    """
    fast = RunSource(formatter, dress).compile(parts, encoded=encoded)

    def run(env: Environment) -> Iterable[str | bytes]:
        try:
            return fast(env)
        except PressrunError:
            return slow(env)

    return run


def loop_code(part: Repeat, formatter: Formatter, dress: Dress, shared: Any) -> LoopCode | None:
    """The code of a loop; None where something in it has no plain form.

    Args:
        part: the loop; it must not ask for `loop`.
        formatter: filters of the program's locale.
        dress: of the text.
        shared: names the loop's items, for columns that are known already.
    """
    if not all(map(_quiet, (*part.odd, *part.even))):
        return None
    return LoopSource(part.name, formatter, dress, shared).compile(part.odd, part.even)


def bars_code(
    part: Graph, formatter: Formatter, dress: Dress, items: Evaluator
) -> Callable[[Environment], Bars] | None:
    """The code of a chart's bars; None where its labels have no plain form. It raises what it will for odd values."""
    node = part.value
    field = node[2] if node[0] == "attr" and tuple(node[1]) == ("name", part.name) else None
    if field is None or not all(map(_quiet, part.label)) or len(part.tick) != 1:
        return None
    tick = part.tick[0]
    if not isinstance(tick, Shown) or tick.preserve:
        return None
    form = tick.expression
    if form[0] != "filter" or form[1] not in CLEAN - PREPARED or tuple(form[2]) != ("name", "value"):
        return None
    if any(one[0] != "const" for one in form[3]):
        return None
    labels = LoopSource(part.name, formatter, dress, None).compile(part.label, part.label)
    shown, arguments = formatter.filter(form[1], []), [one[1] for one in form[3]]
    each, place = escaping(dress.marked), part.place

    def bars(env: Environment) -> Bars:
        found = items_of(items(env), place)
        if len(found) > MOST_BARS:
            raise ValueError
        values = decimals([item[field] for item in found])
        spend(env, len(found), place)
        ticks = scale(values)
        texts = each([shown(value, *arguments) for value in ticks])
        return list(zip(labels(found, dict(env), {}), values, strict=True)), list(zip(ticks, texts, strict=True))

    return bars


def _quiet(part: Part) -> bool:
    """Whether a part does nothing but give text, so that it matters not when it is made."""
    match part:
        case str() | Shown():
            return True
        case Choice():
            return all(_quiet(inner) for _, parts in part.branches for inner in parts)
        case Named() | Target():
            return all(map(_quiet, part.parts))
        case First():
            return all(_quiet(inner) for parts in part.candidates for inner in parts)
        case _:
            return False


class _Source:
    """What code is made of.

    Args:
        dress: of the text.
    """

    def __init__(self, dress: Dress) -> None:
        self._dress = dress
        self._names: dict[str, Any] = {
            "Exception": Exception, "zip": zip, "len": len, "plain": plain,
            "each": escaping(dress.marked),
        }  # fmt: skip

    def _known(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name

    def _made(self, lines: Iterable[str]) -> Any:
        space: dict[str, Any] = {"__builtins__": {}, **self._names}
        exec(compile("\n".join(lines), "<page>", "exec"), space)  # noqa: S102 - made of a program's data, see above
        return space["bind"]


class _Looked:
    """Values that are shown in any case where code begins, so that they are looked at together."""

    def __init__(self, outer: _Looked | None) -> None:
        self.outer = outer
        self.plain: dict[str, tuple[str, str]] = {}
        """By how a value is looked up: the name of its text, and of the closure that gives it."""
        self.made: dict[str, tuple[str, str, str, int | None]] = {}
        """Of those of which a filter gives clean text: the same, and how it is called, and where it is kept."""

    def find(self, key: str) -> str | None:
        """The name of a text that is there already."""
        found = self.plain.get(key) or self.made.get(key)
        if found is not None:
            return found[0]
        return self.outer.find(key) if self.outer else None


class RunSource(_Source):
    """The code of text between loops."""

    def __init__(self, formatter: Formatter, dress: Dress) -> None:
        super().__init__(dress)
        self._formatter = formatter
        self._count = 0
        self._looked: _Looked | None = None

    def compile(self, parts: tuple[Part, ...], *, encoded: bool) -> RunCode:
        """The function.

        Args:
            parts: of the text.
            encoded: whether long text of the template is to be encoded.
        """
        outer = self._begin()
        lines: list[str] = []
        pieces: list[str] = []
        held: list[Part] = []

        def flush() -> None:
            if held:
                more, text = self._joined(tuple(held))
                lines.extend(more)
                pieces.append(text)
                held.clear()

        for part in parts:
            if encoded and isinstance(part, str) and len(part) > _LONG:
                flush()
                pieces.append(self._known(part.encode("utf-8", "replace")))
            else:
                held.append(part)
        flush()
        made = (*self._end(outer, lines), f"return ({''.join(f'{piece}, ' for piece in pieces)})")
        run: RunCode = self._made(("def bind(env):", *(f"    {line}" for line in made)))
        return run

    def _block(self, parts: tuple[Part, ...]) -> tuple[list[str], str]:
        """Lines, with those that look at values before, and the expression of the text that they leave."""
        outer = self._begin()
        lines, text = self._joined(parts)
        return self._end(outer, lines), text

    def _begin(self) -> _Looked | None:
        """What follows is made in any case once it is reached; what is around it."""
        outer, self._looked = self._looked, _Looked(self._looked)
        return outer

    def _end(self, outer: _Looked | None, lines: list[str]) -> list[str]:
        """The lines since `_begin`, with those before them that look at their values."""
        assert self._looked is not None
        found = [*self._look(self._looked), *lines]
        self._looked = outer
        return found

    def _look(self, looked: _Looked) -> list[str]:
        """Lines that look at values together."""
        plain, made = list(looked.plain.values()), list(looked.made.values())
        if not plain and not made:
            return []
        closures = [*plain, *((name, closure) for name, closure, _, _ in made)]
        names = ", ".join(name for name, _ in closures)
        lines = []
        if plain:
            lines.append(f"found = plain(({', '.join(looked.plain)},))")
        else:
            lines.append("found = ()")
        if made:
            lines.append(f"more = ({', '.join(call for _, _, call, _ in made)},)")
            for at, (_, _, _, place) in enumerate(made):
                if place is not None:
                    lines.append(f"env[' known'][{place}] = more[{at}]")
            lines.append("found += more")
        return [
            "try:",
            *(f"    {line}" for line in lines),
            f"    {names}, = each(found)",
            "except Exception:",
            *(f"    {name} = {closure}(env)" for name, closure in closures),
        ]

    def _joined(self, parts: tuple[Part, ...]) -> tuple[list[str], str]:
        """Lines, and the expression of the text that they leave."""
        lines: list[str] = []
        pieces: list[str] = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(_literal(part))
                continue
            name = self._seen(part) if isinstance(part, Shown) and not part.preserve else None
            if name is None:
                name = f"t{self._count}"
                self._count += 1
                lines += self._hole(part, name)
            pieces.append(f"{{{name}}}")
        return lines, f"f{''.join(pieces)!r}"

    def _seen(self, part: Shown) -> str | None:
        """The name of the text of a value that is looked at with others; None for what only its closure makes."""
        looked = self._looked
        assert looked is not None
        node = part.expression
        found = lookup(node)
        if found is not None:
            name = looked.find(found)
            if name is None:
                name = f"v{len(self._names)}"
                looked.plain[found] = name, self._known(self._dress.bound(part))
            return name
        call = self._call(node)
        if call is None:
            return None
        key = repr(node)
        name = looked.find(key)
        if name is None:
            name = f"v{len(self._names)}"
            place = self._dress.kept(part)
            if place is not None:
                call = f"env[' known'][{place}] or {call}"
            looked.made[key] = name, self._known(self._dress.bound(part)), call, place
        return name

    def _call(self, node: Expression) -> str | None:
        """The call of a filter that gives clean text of plain values."""
        if node[0] != "filter" or node[1] not in CLEAN:
            return None
        value, constants = lookup(node[2]), node[3]
        arguments = [repr(one[1]) if one[0] == "const" else lookup(one) for one in constants]
        if value is None or None in arguments:
            return None
        if node[1] in PREPARED:
            arguments = []
        function = self._known(self._formatter.filter(node[1], [tuple(one) for one in constants]))
        return f"{function}({', '.join([value, *map(str, arguments)])})"

    def _hole(self, part: Part, target: str) -> list[str]:
        """Lines that set a name to the text of what is no text yet."""
        if not isinstance(part, Choice):
            return [f"{target} = {self._known(self._dress.bound(part))}(env)"]
        lines: list[str] = []
        for index, (test, parts) in enumerate(part.branches):
            inner, text = self._block(parts)
            made = [*inner, f"{target} = {text}"]
            if test is None and not index:
                return made
            lines.append("else:" if test is None else f"{'elif' if index else 'if'} {self._test(test)}:")
            lines += [f"    {line}" for line in made]
            if test is None:
                return lines
        return [*lines, "else:", f"    {target} = ''"]

    def _test(self, test: Expression) -> str:
        if test[0] == "name":
            return f"env.get({test[1]!r})"
        return f"{self._known(self._dress.tested(test))}(env)"


class LoopSource(_Source):
    """The code of a loop: a column for each value that its turns show, then the text of each turn."""

    def __init__(self, name: str, formatter: Formatter, dress: Dress, shared: Any) -> None:
        super().__init__(dress)
        self._name = name
        self._formatter = formatter
        self._shared = shared
        self._signed = signing(formatter, dress.sign)
        self._each: Texts = self._names["each"]
        self._lines: list[str] = []
        self._columns: dict[str, str] = {}
        self._used: dict[str, str] = {}
        """By name of a turn's value: the column that it is of."""

    def compile(self, odd: tuple[Part, ...], even: tuple[Part, ...]) -> LoopCode:
        """The function that gives the text of each turn."""
        turns = [self._turns(odd, "")] if odd == even else [self._turns(odd, "[::2]"), self._turns(even, "[1::2]")]
        if len(turns) == 1:
            made = [f"return {turns[0]}"]
        else:
            made = ["out = [''] * len(items)", f"out[::2] = {turns[0]}", f"out[1::2] = {turns[1]}", "return out"]
        code: LoopCode = self._made(
            ("def bind(items, inner, known):", *(f"    {line}" for line in (*self._lines, *made)))
        )
        return code

    def rows(self, cells: list[list[Part]]) -> Callable[[list[Any], Environment, dict[Any, list[str]]], list[Any]]:
        """The function that gives the texts of some cells of each turn."""
        self._used = {}
        texts = ", ".join(self._text(tuple(cell)) for cell in cells)
        value = self._each_turn(f"({texts},)")
        code: Callable[..., list[Any]] = self._made(
            ("def bind(items, inner, known):", *(f"    {line}" for line in (*self._lines, f"return {value}")))
        )
        return code

    def _turns(self, parts: tuple[Part, ...], cut: str) -> str:
        """The expression of the texts of some turns."""
        self._used = {}
        return self._each_turn(self._text(parts), cut)

    def _each_turn(self, value: str, cut: str = "") -> str:
        """The expression of a list of what some turns give."""
        if "(inner)" in value or not self._used:
            self._used[f"inner[{self._name!r}]"] = "items"
        names, columns = ", ".join(self._used), ", ".join(f"{column}{cut}" for column in self._used.values())
        return f"[{value} for {names}, in zip({columns})]"

    def _text(self, parts: tuple[Part, ...], tested: Expression | None = None) -> str:
        """The expression of a turn's text.

        Args:
            parts: what it shows.
            tested: inside a choice, what that asks for: it is there in any case.
        """
        chosen = next((at for at, part in enumerate(parts) if isinstance(part, Choice)), None)
        if chosen is not None:
            # What is around a choice becomes part of its branches: one text is made at once.
            part = parts[chosen]
            assert isinstance(part, Choice)
            before, behind = parts[:chosen], parts[chosen + 1 :]
            several = any(isinstance(one, Choice) for one in behind)
            if not several:
                return self._choice(before, part, behind)
            return f"{self._choice(before, part, ())} + {self._text(behind, tested)}"
        pieces: list[str] = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(_literal(part))
            else:
                name = self._column(part, tested) if isinstance(part, Shown) else None
                pieces.append(f"{{{name or f'{self._known(self._dress.bound(part))}(inner)'}}}")
        return f"f{''.join(pieces)!r}"

    def _branch(
        self, before: tuple[Part, ...], parts: tuple[Part, ...], behind: tuple[Part, ...], tested: Expression | None
    ) -> str:
        if any(isinstance(one, Choice) for one in parts):
            return " + ".join((self._text(before), self._text(parts, tested), self._text(behind)))
        # Each of the three is one literal: they are written as one.
        return " ".join((self._text(before), self._text(parts, tested), self._text(behind)))

    def _choice(self, before: tuple[Part, ...], part: Choice, behind: tuple[Part, ...]) -> str:
        """The expression of a choice with what is around it, which is there in any case."""
        text = ""
        for test, parts in part.branches:
            inner = self._branch(before, parts, behind, part.branches[0][0] if test is None else test)
            if test is None:
                return f"({text}{inner})"
            text += f"{inner} if {self._test(test)} else "
        return f"({text}{self._branch(before, (), behind, None)})"

    def _test(self, test: Expression) -> str:
        if test[0] == "cmp" and test[1] == "in" and test[2][0] == "const" and isinstance(test[2][1], str):
            field = self._field(test[3])
            if field is not None:
                return f"{test[2][1]!r} in {self._turn(self._values(field))}"
        return f"{self._known(self._dress.tested(test))}(inner)"

    def _column(self, part: Shown, tested: Expression | None) -> str | None:
        """The name of a value's text in a turn; None where its closure makes it, turn by turn."""
        if part.preserve:
            return None
        node = part.expression
        shown: Texts = plain
        escape = self._each
        field = self._field(node)
        if field is None and node[0] == "filter":
            field = self._field(node[2])
            if node[1] == "amount":
                made = amounts(self._formatter)
                if made is None:
                    return None
                shown, escape = made, self._signed
            elif node[1] == "date" and (not node[3] or node[3][0][0] == "const"):
                shown = dates(self._formatter, node[3][0][1] if node[3] else "medium")
            else:
                return None
        if field is None or (tested is not None and not _asks(tested, node[2] if node[0] == "filter" else node)):
            return None
        key = repr(node)
        if key not in self._columns:
            column = self._columns[key] = f"c{len(self._columns)}"
            place, make = self._known((self._shared, key)), self._known(shown)
            self._lines += [
                f"{column} = known.get({place})",
                f"if {column} is None: {column} = known[{place}] = {make}([item[{field!r}] for item in items])",
                f"{column} = {self._known(escape)}({column})",
            ]
        return self._turn(self._columns[key])

    def _values(self, field: str) -> str:
        """The column of a field as it is."""
        key = f" {field}"
        if key not in self._columns:
            self._columns[key] = f"c{len(self._columns)}"
            self._lines.append(f"{self._columns[key]} = [item[{field!r}] for item in items]")
        return self._columns[key]

    def _turn(self, column: str) -> str:
        """The name of a column's value in a turn."""
        name = column.replace("c", "v")
        self._used[name] = column
        return name

    def _field(self, node: Any) -> str | None:
        """The field of the loop's item that an expression is, if it is one."""
        return node[2] if node[0] == "attr" and tuple(node[1]) == ("name", self._name) else None


def _asks(test: Expression, node: Any) -> bool:
    """Whether a condition asks whether something is in a value, which must be there for that."""
    return test[0] == "cmp" and test[1] == "in" and repr(tuple(test[3])) == repr(tuple(node))


def lookup(node: Expression) -> str | None:
    """Python that looks up what a name, or fields of it, stand for."""
    if node[0] == "name":
        return f"env[{node[1]!r}]"
    if node[0] == "attr":
        inner = lookup(node[1])
        return inner and f"{inner}[{node[2]!r}]"
    return None


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
