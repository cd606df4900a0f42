"""Drawings that a template holds itself: vectors with an alternative text, or diagnostics."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest

from pressrun_server.model.template import CompiledTemplate

_PAGE = "@page { size: 80pt 60pt; margin: 0 } body { margin: 0 }"


def test_a_drawing_stands_where_it_is_written(composed: Callable[..., Any]) -> None:
    """It has the size that CSS gives it, shows nothing beyond its edge, and is a figure with its text."""
    body = (
        '<svg viewBox="0 0 40 20" width="40" aria-label="a sign for {{ n }}"><rect width="99" height="20" fill="red"/>'
        '<rect width="20" height="20" fill="blue"/></svg>'
    )
    schema = {"type": "object", "properties": {"n": {"type": "string"}}}
    document = composed(body, f"{_PAGE} svg {{ width: 60pt }}", {"n": "Ann"}, schema=schema)
    pixmap = document.pdf[0].get_pixmap()
    assert [pixmap.pixel(x, 25) for x in (15, 45, 65)] == [(0, 0, 255), (255, 0, 0), (255, 255, 255)]
    assert pixmap.pixel(15, 35) == (255, 255, 255)
    with pikepdf.open(io.BytesIO(document.data)) as pdf:
        assert "a sign for Ann" in [str(item.get("/Alt", "")) for item in pdf.objects if hasattr(item, "get")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('<svg width="9" height="9" aria-hidden="true"><text>x</text></svg>', "<text>"),
        ('<svg width="9" height="9"><rect width="1" height="1"/></svg>', "no alternative text"),
        ('<svg width="9" height="9" aria-label="a"><rect width="1" height="1" opacity=".5"/></svg>', "translucent"),
    ],
)
def test_what_cannot_be_drawn_is_told(compiled: Callable[..., CompiledTemplate], body: str, message: str) -> None:
    """A diagnostic at the drawing's own place."""
    (found,) = compiled(f"<p>x</p>{body}").diagnostics
    assert message in found.message
    assert (found.file, found.line, found.column) == ("t.html", 2, 9)
