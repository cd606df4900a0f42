"""Counts the documented facts that the sandbox implements, and their tests: `python -m tests.architecture.facts`.

A test names facts by `@pytest.mark.fact("core-dam.session", ...)`; the facts themselves stand in the sandbox's
`facts.yaml`. Exit code 1: a fact has no test, or a test names what is no fact.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

__all__ = ["facts", "faults", "named", "summary"]

ROOT = Path(__file__).parents[2]


def facts() -> dict[str, str]:
    """What is documented, and where, by the fact's name."""
    text = (ROOT / "loadtest/pressrun_loadtest/sandbox/facts.yaml").read_text(encoding="utf-8")
    found: dict[str, str] = yaml.safe_load(text)
    return found


def named() -> Counter[str]:
    """How many tests name each fact."""
    return Counter(name for path in sorted((ROOT / "tests").rglob("test_*.py")) for name in _named_in(path))


def faults() -> list[str]:
    """Facts without a test, and names that are no fact."""
    known, tests = facts(), named()
    missing = [f"{name}: no test names it" for name in known if name not in tests]
    return missing + [
        f"{name}: a test names it, but it is no fact of facts.yaml" for name in tests if name not in known
    ]


def summary() -> str:
    """The count, by system."""
    known, tests = facts(), named()
    systems = Counter(name.partition(".")[0] for name in known)
    parts = ", ".join(f"{system} {number}" for system, number in systems.items())
    held = sum(name in tests for name in known)
    return f"documented facts held by tests: {held} of {len(known)} ({parts}), named {sum(tests.values())} times"


def _named_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fact":
                    yield from (ast.literal_eval(argument) for argument in mark.args)


def main() -> None:
    """Print every fact with the number of its tests, and the count."""
    tests = named()
    for name, text in facts().items():
        sys.stdout.write(f"{tests[name]:3}  {name}: {text}\n")
    sys.stdout.write(f"{summary()}\n")
    wrong = faults()
    sys.stdout.writelines(f"{fault}\n" for fault in wrong)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
