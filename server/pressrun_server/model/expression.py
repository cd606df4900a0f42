"""An expression of the template language as data: what the compiler makes of Jinja's grammar.

An expression is a node; a node is a tuple whose first item names the operation, the rest are operands:

    ("const", value)                 None, bool, int, str, or a decimal as ("const_decimal", "12.5")
    ("name", "customer")             a top-level name
    ("attr", node, "field")          field of an object; missing fields are undefined
    ("item", node, node)             index of a list or key of an object
    ("not", node) ("neg", node)
    ("and", node, node) ("or", node, node)
    ("cmp", op, node, node)          op: == != < <= > >= in notin
    ("bin", op, node, node)          op: + - * / // % ~ (text concatenation)
    ("if", test, then, else)
    ("list", node, …)
    ("filter", "money", node, (argument nodes…))
    ("test", "defined", node)        defined, none
"""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Expression"]

Expression: TypeAlias = tuple[Any, ...]
