"""What callers import, and what they do not pay for."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import pressrun_client

_MODULES = sorted(module.name for module in pkgutil.walk_packages(pressrun_client.__path__, prefix="pressrun_client."))


def test_the_import_is_light() -> None:
    """Importing the client loads no engine, no server, no terminal library and no command line."""
    code = (
        "import sys, pressrun_client, pressrun_client.testing;"
        "heavy = {'pymupdf', 'fitz', 'PIL', 'rich', 'click', 'aiohttp', 'yaml', 'jinja2', 'pressrun_server',"
        " 'pressrun_sources', 'pressrun_gateway', 'pressrun_loadtest'};"
        "print(sorted(heavy & sys.modules.keys()), 'grpc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "True"]


def test_the_command_line_is_light() -> None:
    """Importing the command line loads no engine and no server either."""
    code = (
        "import sys, pressrun_client.cli;"
        "print(sorted({'pymupdf', 'rich', 'pressrun_server', 'pressrun_loadtest'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_documented_with_an_example() -> None:
    """Each class of the flat face has a docstring that shows how it is used."""
    for name in pressrun_client.__all__:
        value = getattr(pressrun_client, name)
        if isinstance(value, type):
            assert "Example:" in (value.__doc__ or ""), name


@pytest.mark.parametrize("name", _MODULES)
def test_modules_keep_the_house_rules(name: str) -> None:
    """Each module says what it is for, and each name in its `__all__` exists."""
    module = importlib.import_module(name)
    assert module.__doc__
    if module.__name__.split(".")[-1] != "conversion" and module.__name__ != "pressrun_client.commands":
        assert module.__all__
        assert all(hasattr(module, public) for public in module.__all__)


@pytest.mark.parametrize("name", _MODULES)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    """Each `>>>` example gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
