"""Expressions at work: turns expression data into closures over an environment.

An environment is a dict of names. Values are what JSON gives: None, bool, int, Decimal, str, list, dict. Everything an
expression can do is here and in `filters`; nothing reaches Python attributes, so a record cannot lead out of its data.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal, DecimalException, InvalidOperation
from typing import Any, TypeAlias

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.expression import Expression
from pressrun_server.model.sums import EXACT, ROUNDING
from pressrun_server.template.filters import LISTS, PREPARED, Formatter, Undefined, as_text
from pressrun_server.template.steps import spend

__all__ = ["CLEAN", "Environment", "Evaluator", "evaluator", "texter"]

Environment: TypeAlias = "dict[str, Any]"
Evaluator: TypeAlias = "Callable[[Environment], Any]"

_MOST_TEXT = 100_000
_MOST_DIGITS = 60
_QUOTIENT, _BEHIND = 28, 12
"""Digits of a quotient, and those of them behind the decimal sign at least."""
_AS_A_TURN = 16
"""Items that a filter looks at in about the time of a turn of a loop."""
_FINEST = Decimal(10) ** -_BEHIND
_MISFITS = (TypeError, ArithmeticError, DecimalException, ValueError)
_SPACE = re.compile(r"[ \t\n\r\f]+")
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda item, container: item in container,
    "notin": lambda item, container: item not in container,
}  # fmt: skip


def _exact(whole: Callable[[Any, Any], Any], decimal: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operation that is exact: of whole numbers Python's own, else one that does not round to 28 digits."""
    return lambda a, b: whole(a, b) if a.__class__ is int and b.__class__ is int else decimal(a, b)


def _divided(a: Any, b: Any) -> Decimal:
    """A quotient to 28 digits, and never to less than twelve behind the decimal sign."""
    first, second = Decimal(a), Decimal(b)
    whole = first.adjusted() - second.adjusted() + 1
    if whole <= _QUOTIENT - _BEHIND:
        return first / second
    return ROUNDING.divide(first, second).quantize(_FINEST, context=ROUNDING)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": _exact(operator.add, EXACT.add), "-": _exact(operator.sub, EXACT.subtract),
    "*": _exact(operator.mul, EXACT.multiply), "/": _divided,
    "//": _exact(operator.floordiv, EXACT.divide_int), "%": _exact(operator.mod, EXACT.remainder),
}  # fmt: skip


def _wrong(place: str, problem: str) -> PressrunError:
    return PressrunError(
        Reason.INVALID_RECORD,
        f"the template's expression at {place} does not fit the record: {problem}",
        violations=(Violation(place, problem),),
    )


def evaluator(node: Expression, formatter: Formatter, place: str) -> Evaluator:
    """The closure of an expression.

    Args:
        node: the expression.
        formatter: filters of the program's locale.
        place: where it stands, for errors.

    Raises:
        ValueError: the node is not one of the language (a damaged program).
    """

    def compile_node(node: Expression) -> Evaluator:
        make = _MAKERS.get(node[0])
        if make is None:
            raise ValueError(f"unknown expression node {node[0]!r}")
        return make(node, compile_node, formatter, place)

    return compile_node(tuple(node))


def texter(node: Expression, formatter: Formatter, place: str, *, fold: bool = True) -> Callable[[Environment], str]:
    """A closure that gives an expression's value as text, white space folded unless it is to stay.

    An undefined value is an error of the record.
    """
    if node[0] == "filter" and node[1] in CLEAN:
        return evaluator(node, formatter, place)
    value = evaluator(node, formatter, place)

    def shown(result: Any) -> str:
        if result.__class__ is int:
            return str(result)
        if isinstance(result, Undefined):
            raise _wrong(place, f"{result.path} is not there; make it required in the schema, or use | default('')")
        if isinstance(result, list | dict):
            raise _wrong(place, "a list or an object cannot be shown as text; name one of its fields")
        try:
            text = as_text(result, formatter)
            return _folded(text) if fold else text
        except ValueError as error:
            raise _wrong(place, str(error)) from None

    if not fold:
        return lambda env: shown(value(env))

    if node[0] == "attr" and node[1][0] == "name":
        first, field, missing = node[1][1], node[2], Undefined(_path(node))

        def field_text(env: Environment) -> str:
            try:
                result = env[first][field]
            except (KeyError, TypeError, IndexError):
                result = missing
            if type(result) is str:
                return result if result.isprintable() and "  " not in result else _folded(result)
            return shown(result)

        return field_text

    def text(env: Environment) -> str:
        result = value(env)
        if type(result) is str:
            return result if result.isprintable() and "  " not in result else _folded(result)
        return shown(result)

    return text


def _folded(text: str) -> str:
    """White space of a value folded as HTML folds it; no-break spaces stay."""
    return _SPACE.sub(" ", text)


CLEAN = {"money", "amount", "number", "percent", "date"}
"""Filters that give text without white space to fold or to trim."""

_Compile: TypeAlias = "Callable[[Expression], Evaluator]"


def _const(node: Expression, _compile: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    value = node[1]
    return lambda _env: value


def _const_decimal(node: Expression, _compile: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    value = Decimal(node[1])
    return lambda _env: value


def _name(node: Expression, _compile: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    name = node[1]
    missing = Undefined(name)
    return lambda env: env.get(name, missing)


def _attr(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    inner, name = node[1], node[2]
    path = f"{_path(inner)}.{name}"
    missing = Undefined(path)
    if inner[0] == "name":
        first = inner[1]

        def attribute_of_name(env: Environment) -> Any:
            try:
                return env[first][name]
            except (KeyError, TypeError, IndexError):
                return missing

        return attribute_of_name
    value = compile_(tuple(inner))

    def attribute(env: Environment) -> Any:
        try:
            return value(env)[name]
        except (KeyError, TypeError, IndexError):
            return missing

    return attribute


def _item(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    container, key = compile_(tuple(node[1])), compile_(tuple(node[2]))
    missing = Undefined(f"{_path(node[1])}[…]")

    def item(env: Environment) -> Any:
        try:
            found = container(env)
            return found[key(env)] if isinstance(found, list | dict) else missing
        except (KeyError, TypeError, IndexError):
            return missing

    return item


def _not(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    value = compile_(tuple(node[1]))
    return lambda env: not value(env)


def _mixed(place: str, error: Exception) -> PressrunError:
    if isinstance(error, InvalidOperation):
        return _wrong(place, "a text that is no number is computed with, or zero is divided by zero")
    return _wrong(place, f"the values have types that do not go together ({type(error).__name__})")


def _guarded(place: str, action: Callable[[Environment], Any]) -> Evaluator:
    def guarded(env: Environment) -> Any:
        try:
            return action(env)
        except _MISFITS as error:
            raise _mixed(place, error) from None

    return guarded


def _neg(node: Expression, compile_: _Compile, _formatter: Formatter, place: str) -> Evaluator:
    value = compile_(tuple(node[1]))

    def negative(env: Environment) -> Any:
        number = _number(value(env))
        return -number if number.__class__ is int else EXACT.minus(number)

    return _guarded(place, negative)


def _and(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    left, right = compile_(tuple(node[1])), compile_(tuple(node[2]))
    return lambda env: left(env) and right(env)


def _or(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    left, right = compile_(tuple(node[1])), compile_(tuple(node[2]))
    return lambda env: left(env) or right(env)


def _cmp(node: Expression, compile_: _Compile, _formatter: Formatter, place: str) -> Evaluator:
    compare, left, right = _COMPARE[node[1]], compile_(tuple(node[2])), compile_(tuple(node[3]))
    if node[1] in {"==", "!="}:
        return lambda env: compare(left(env), right(env))
    if node[1] == "in" and node[2][0] == "const":
        return _contains(node[2][1], node[3], right, place)
    if node[1] in {"in", "notin"}:
        return _guarded(place, lambda env: compare(left(env), right(env)))

    def ordered(env: Environment) -> Any:
        first, second = left(env), right(env)
        if not (isinstance(first, str) and isinstance(second, str)):
            first, second = _number(first), _number(second)
        return compare(first, second)

    return _guarded(place, ordered)


def _contains(wanted: Any, inner: Any, container: Evaluator, place: str) -> Evaluator:
    """Whether a constant is in something; rows ask for the sign of an amount in this way."""
    if inner[0] == "attr" and inner[1][0] == "name":
        first, field, missing = inner[1][1], inner[2], Undefined(_path(inner))

        def contains_in_field(env: Environment) -> bool:
            try:
                found = env[first][field]
            except (KeyError, TypeError, IndexError):
                found = missing
            try:
                return wanted in found
            except _MISFITS as error:
                raise _mixed(place, error) from None

        return contains_in_field

    def contains(env: Environment) -> bool:
        try:
            return wanted in container(env)
        except _MISFITS as error:
            raise _mixed(place, error) from None

    return contains


def _bin(node: Expression, compile_: _Compile, formatter: Formatter, place: str) -> Evaluator:
    left, right = compile_(tuple(node[2])), compile_(tuple(node[3]))
    if node[1] == "~":

        def join(env: Environment) -> str:
            try:
                text = as_text(left(env), formatter) + as_text(right(env), formatter)
            except ValueError as error:
                raise _wrong(place, str(error)) from None
            if len(text) > _MOST_TEXT:
                raise _wrong(place, f"the text is longer than {_MOST_TEXT} characters")
            return text

        return join
    compute = _ARITHMETIC[node[1]]
    return _guarded(place, lambda env: compute(_number(left(env)), _number(right(env))))


def _number(value: Any) -> Any:
    """A number; text of a decimal number counts as one, so that exact amounts can be computed with."""
    if isinstance(value, float):
        value = repr(value)  # slot rules see plain JSON numbers
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError("not a number")
    number = Decimal(value) if isinstance(value, str) else value
    if isinstance(number, Decimal) and (not number.is_finite() or (number and abs(number.adjusted()) > _MOST_DIGITS)):
        raise ValueError("a number with too many digits")
    return number


def _if(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    test, then, otherwise = (compile_(tuple(part)) for part in node[1:4])
    return lambda env: then(env) if test(env) else otherwise(env)


def _list(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    items = [compile_(tuple(item)) for item in node[1:]]
    return lambda env: [item(env) for item in items]


def _filter(node: Expression, compile_: _Compile, formatter: Formatter, place: str) -> Evaluator:
    value = compile_(tuple(node[2]))
    if node[1] in LISTS:
        value = _counted(value, place)
    apply = formatter.filter(node[1], [tuple(argument) for argument in node[3]])
    arguments = [] if node[1] in PREPARED else [compile_(tuple(argument)) for argument in node[3]]
    if not arguments:
        return _filtered(node[2], value, apply, place)
    if len(arguments) == 1:
        argument = arguments[0]

        def filtered_with(env: Environment) -> Any:
            try:
                return apply(value(env), argument(env))
            except (ValueError, ArithmeticError) as error:
                raise _wrong(place, str(error)) from None

        return filtered_with

    def filtered(env: Environment) -> Any:
        try:
            return apply(value(env), *[argument(env) for argument in arguments])
        except (ValueError, ArithmeticError) as error:
            raise _wrong(place, str(error)) from None

    return filtered


def _counted(value: Evaluator, place: str) -> Evaluator:
    """A list for a filter that looks at all of it: much of that is as a loop over some of it."""

    def counted(env: Environment) -> Any:
        found = value(env)
        if found.__class__ is list and len(found) >= _AS_A_TURN:
            spend(env, len(found) // _AS_A_TURN, place)
        return found

    return counted


def _filtered(inner: Any, value: Evaluator, apply: Callable[[Any], Any], place: str) -> Evaluator:
    """A filter without arguments that are still to be evaluated; of a record's field, in one call."""
    if inner[0] == "attr" and inner[1][0] == "name":
        first, field, missing = inner[1][1], inner[2], Undefined(_path(inner))

        def filtered_field(env: Environment) -> Any:
            try:
                found = env[first][field]
            except (KeyError, TypeError, IndexError):
                found = missing
            try:
                return apply(found)
            except (ValueError, ArithmeticError) as error:
                raise _wrong(place, str(error)) from None

        return filtered_field

    def filtered_plain(env: Environment) -> Any:
        try:
            return apply(value(env))
        except (ValueError, ArithmeticError) as error:
            raise _wrong(place, str(error)) from None

    return filtered_plain


def _test(node: Expression, compile_: _Compile, _formatter: Formatter, _place: str) -> Evaluator:
    value = compile_(tuple(node[2]))
    if node[1] == "defined":
        return lambda env: not isinstance(value(env), Undefined)
    return lambda env: value(env) is None


def _plural(node: Expression, compile_: _Compile, formatter: Formatter, place: str) -> Evaluator:
    forms = dict(node[1][1:])
    count = compile_(tuple(node[2]))

    def plural(env: Environment) -> str:
        try:
            return formatter.plural(forms, count(env))
        except (ValueError, ArithmeticError) as error:
            raise _wrong(place, str(error)) from None

    return plural


def _path(node: Any) -> str:
    if node[0] == "name":
        return str(node[1])
    if node[0] == "attr":
        return f"{_path(node[1])}.{node[2]}"
    return "…"


_MAKERS: dict[str, Callable[[Expression, _Compile, Formatter, str], Evaluator]] = {
    "const": _const, "const_decimal": _const_decimal, "name": _name, "attr": _attr, "item": _item, "not": _not,
    "neg": _neg, "and": _and, "or": _or, "cmp": _cmp, "bin": _bin, "if": _if, "list": _list, "filter": _filter,
    "test": _test, "plural": _plural,
}  # fmt: skip
