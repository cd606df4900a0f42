"""Parses `{{ … }}` with Jinja's own parser and keeps only what the whitelist allows, as data.

There is no call, no subscript of types, no assignment, no statement and no name beginning with an underscore: an
expression can look at the record and nothing else, and its work is bounded by its length (`_MOST_NODES`).
"""

from __future__ import annotations

import functools
import re
from decimal import Decimal

import jinja2
from jinja2 import nodes

from pressrun_server.model.expression import Expression
from pressrun_server.template.diagnostics import closest
from pressrun_server.template.filters import FILTERS, TEXTS

__all__ = ["GrammarError", "parse_condition", "parse_loop", "parse_names", "parse_text"]

_ENVIRONMENT = jinja2.Environment(autoescape=False, extensions=[], keep_trailing_newline=True)  # noqa: S701 - parser only
_MOST_NODES = 200
_LONGEST = 2_000
_MOST_KEPT = 2_000
"""Expressions that are known: a template has each of its own once for every locale and output channel."""
_COMPARISONS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "notin",
}  # fmt: skip
_ARITHMETIC: dict[type[nodes.BinExpr], str] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
}  # fmt: skip
_TESTS = {"defined", "none"}
_LOOP = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9_]*)\s+in\s+(.+)\Z", re.DOTALL)
_RESERVED = {"t", "loop", "page", "locale", "as_of", "attributes", "true", "false", "none"}
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class GrammarError(ValueError):
    """The text is not an expression of the template language.

    Args:
        message: what is wrong.
        hint: what to do.
        index: which expression of the text it is, from 0.
    """

    def __init__(self, message: str, hint: str = "", index: int = 0) -> None:
        super().__init__(message)
        self.hint = hint
        self.index = index


class _Translator:
    """Turns Jinja's nodes into ours."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, node: nodes.Node) -> Expression:
        self.count += 1
        if self.count > _MOST_NODES:
            raise GrammarError(f"the expression has more than {_MOST_NODES} parts", "compute it before the render")
        match node:
            case nodes.Const():
                return self._constant(node.value)
            case nodes.Name():
                return ("name", self._name(node.name))
            case nodes.Getattr():
                return ("attr", self(node.node), self._name(node.attr))
            case nodes.Getitem():
                return self._item(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.And() | nodes.Or():
                return ("and" if isinstance(node, nodes.And) else "or", self(node.left), self(node.right))
            case nodes.Not() | nodes.Neg():
                inner = self(node.node)
                return ("not", inner) if isinstance(node, nodes.Not) else ("neg", _figure(inner))
            case nodes.Pos():
                return self(node.node)
            case nodes.Concat():
                parts = [self(part) for part in node.nodes]
                joined = parts[0]
                for part in parts[1:]:
                    joined = ("bin", "~", joined, part)
                return joined
            case nodes.CondExpr():
                otherwise = ("const", "") if node.expr2 is None else self(node.expr2)
                return ("if", self(node.test), self(node.expr1), otherwise)
            case nodes.List() | nodes.Tuple():
                return ("list", *(self(item) for item in node.items))
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.BinExpr() if type(node) in _ARITHMETIC:
                return ("bin", _ARITHMETIC[type(node)], _figure(self(node.left)), _figure(self(node.right)))
            case nodes.Call():
                raise GrammarError(
                    "calls are not allowed in expressions", f"use a filter: {', '.join(sorted(FILTERS))}"
                )
            case _:
                raise GrammarError(
                    f"{type(node).__name__.lower()} is not allowed in expressions",
                    "allowed: names, fields, literals, comparisons, and/or/not, arithmetic, inline if, filters",
                )

    def _item(self, node: nodes.Getitem) -> Expression:
        if isinstance(node.arg, nodes.Slice):
            raise GrammarError("slices are not allowed", "shape the data before the render")
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return ("attr", self(node.node), self._name(node.arg.value))
        return ("item", self(node.node), self(node.arg))

    def _constant(self, value: object) -> Expression:
        if isinstance(value, float):
            return ("const_decimal", str(Decimal(repr(value))))
        if value is None or isinstance(value, bool | str):
            return ("const", value)
        if isinstance(value, int):
            if abs(value) >= 1 << 63:
                raise GrammarError("the number has more than 18 digits", "write a smaller number")
            return ("const", value)
        raise GrammarError(f"literals of {type(value).__name__} are not allowed")

    def _name(self, name: str) -> str:
        if name.startswith("_"):
            raise GrammarError(
                f"the name {name!r} is not allowed",
                "names that begin with an underscore are closed; use the record's fields",
            )
        return name

    def _compare(self, node: nodes.Compare) -> Expression:
        result: Expression | None = None
        left = self(node.expr)
        for operand in node.ops:
            right = self(operand.expr)
            step: Expression = ("cmp", _COMPARISONS[operand.op], left, right)
            result = step if result is None else ("and", result, step)
            left = right
        assert result is not None
        return result

    def _filter(self, node: nodes.Filter) -> Expression:
        if node.name not in FILTERS:
            raise GrammarError(f"unknown filter {node.name!r}", closest(node.name, FILTERS))
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise GrammarError(f"the filter {node.name!r} takes plain arguments only", "write e.g. | date('long')")
        least, most = FILTERS[node.name].arguments
        if not least <= len(node.args) <= most:
            raise GrammarError(f"the filter {node.name!r} takes {least} to {most} arguments, not {len(node.args)}")
        arguments = tuple(self(argument) for argument in node.args)
        problem = FILTERS[node.name].check(arguments)
        if problem:
            raise GrammarError(f"the filter {node.name!r}: {problem}")
        return ("filter", node.name, self(node.node), arguments)

    def _test(self, node: nodes.Test) -> Expression:
        if node.name not in _TESTS:
            raise GrammarError(f"unknown test {node.name!r}", f"known: is {', is '.join(sorted(_TESTS))}")
        return ("test", node.name, self(node.node))


def _figure(node: Expression) -> Expression:
    """An operand of arithmetic, which is surely no text."""
    if node[0] == "filter" and node[1] in TEXTS:
        raise GrammarError(
            f"the filter {node[1]!r} gives a text, which cannot be computed with",
            f"a filter binds closer than + - * /; write (a / b) | {node[1]}",
        )
    return node


@functools.lru_cache(maxsize=_MOST_KEPT)
def _parse(text: str) -> Expression:
    if len(text) > _LONGEST:
        raise GrammarError(f"the expression has more than {_LONGEST} characters", "compute it before the render")
    try:
        body = _ENVIRONMENT.parse("{{" + text + "}}").body
    except jinja2.TemplateSyntaxError as error:
        raise GrammarError(f"not an expression: {(error.message or 'syntax error').rstrip('.')}") from None
    except RecursionError:
        raise GrammarError("the expression is nested too deeply", "compute it before the render") from None
    if len(body) == 1 and isinstance(body[0], nodes.Output) and len(body[0].nodes) == 1:
        try:
            return _Translator()(body[0].nodes[0])
        except RecursionError:
            raise GrammarError("the expression is nested too deeply", "compute it before the render") from None
    raise GrammarError("not a single expression", "write {{ name }} or {{ name | filter }}")


def parse_text(text: str) -> list[str | Expression]:
    """The literal parts and expressions of a text, in order.

    Raises:
        GrammarError: an expression is wrong, or the text has statements (`{% … %}`).
    """
    parts: list[str | Expression] = []
    position = 0
    for index, match in enumerate(_EXPRESSION.finditer(text)):
        _no_statements(text[position : match.start()], index)
        if match.start() > position:
            parts.append(text[position : match.start()])
        try:
            parts.append(_parse(match.group(1)))
        except GrammarError as error:
            raise GrammarError(str(error), error.hint, index) from None
        position = match.end()
    rest = text[position:]
    _no_statements(rest, len(parts))
    if rest:
        parts.append(rest)
    return parts


def _no_statements(text: str, index: int) -> None:
    if "{%" in text or "{#" in text:
        raise GrammarError(
            "statements ({% … %}) and comments ({# … #}) are not part of the language",
            "use pr-for, pr-if and pr-else attributes, and HTML comments",
            index,
        )
    if "{{" in text or "}}" in text:
        raise GrammarError("unbalanced {{ or }}", "write {{ expression }}", index)


def parse_condition(text: str) -> Expression:
    """The expression of `pr-if` or of a slot rule.

    Raises:
        GrammarError: it is not one.
    """
    if not text.strip():
        raise GrammarError("the condition is empty", "write e.g. pr-if=\"customer.segment == 'premier'\"")
    return _parse(text)


def parse_loop(text: str) -> tuple[str, Expression]:
    """The name and the items of `pr-for="name in items"`.

    Raises:
        GrammarError: it has another form.
    """
    match = _LOOP.match(text)
    if match is None:
        raise GrammarError(f"not a loop: {text[:80]!r}", 'write pr-for="item in items"')
    if match.group(1) in _RESERVED:
        raise GrammarError(f"the name {match.group(1)!r} is taken", f"reserved: {', '.join(sorted(_RESERVED))}")
    return match.group(1), _parse(match.group(2))


def parse_names(text: str, directive: str = "pr-with") -> list[tuple[str, Expression]]:
    """The names and expressions of `pr-with="name = expression; other = expression"`.

    Raises:
        GrammarError: it has another form.
    """
    pairs: list[tuple[str, Expression]] = []
    for part in text.split(";"):
        name, sign, expression = part.partition("=")
        name = name.strip()
        if not sign or not name.isidentifier() or expression.startswith("="):
            raise GrammarError(
                f"not a name and its value: {part.strip()[:80]!r}", f'write {directive}="name = expression"'
            )
        if name in _RESERVED or name.startswith("_"):
            raise GrammarError(f"the name {name!r} is taken", f"reserved: {', '.join(sorted(_RESERVED))}")
        pairs.append((name, _parse(expression)))
    return pairs
