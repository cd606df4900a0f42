from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console


@pytest.fixture
def make_console() -> Callable[..., Console]:
    """A console that writes to memory, wide enough that nothing wraps."""
    return lambda *, terminal=False: Console(
        file=io.StringIO(), width=160, force_terminal=terminal, color_system=None, highlight=False
    )
