from __future__ import annotations

import json

import pytest

from pressrun_server.model.template import CompiledTemplate, RenditionSpec
from pressrun_server.template.compile import compile_bundle

DPI = {"print": {"dpi": 300}}


def compiled(html: str, rendition: dict[str, object] = DPI) -> CompiledTemplate:
    """A template with one slot, `hero`, that asks for 300 dots an inch."""
    manifest = {
        "name": "s",
        "version": "1",
        "html": "s.html",
        "locales": ["en-GB", "de-DE"],
        "schema": {"type": "object"},
        "slots": {"hero": {"rules": [{"use": "library:a.png"}], "renditions": rendition}},
    }
    return compile_bundle({"template.yaml": json.dumps(manifest).encode(), "s.html": html.encode()})


@pytest.mark.parametrize(
    ("html", "width", "height"),
    [
        ('<img src="asset:hero" alt="" style="width: 1in">', 300, None),
        ('<img src="asset:hero" alt="" style="height: 72pt">', None, 300),
        ('<img src="asset:hero" alt="" style="width: 100mm; height: 50mm">', 1182, 591),
        (
            '<img src="asset:hero" alt="" style="width: 1in"><div><img src="asset:hero" alt="" style="width: 2in"></div>',
            600,
            None,
        ),
        ('<div style="background-image: url(asset:hero); background-size: 2in 1in"><p>x</p></div>', 600, None),
        ('<img src="asset:hero" alt="" style="width: 2in; height: 1in; object-fit: contain">', 600, 300),
    ],
)
def test_resolution_at_the_place(html: str, width: int | None, height: int | None) -> None:
    """Pixels follow from the largest place of the slot in any locale."""
    found = compiled(html)
    assert found.info is not None, found.diagnostics
    assert found.info.slots[0].renditions["print"] == RenditionSpec(width=width, height=height, dpi=300)
    assert not found.diagnostics


@pytest.mark.parametrize(
    "html",
    [
        '<img src="asset:hero" alt="">',
        '<img src="asset:hero" alt="" style="width: 2in; height: 1in; object-fit: cover">',
        '<div style="background-image: url(asset:hero)"><p>x</p></div>',
        '<img src="asset:hero" alt="" style="width: 1in"><div><img src="asset:hero" alt="" style="height: 2in"></div>',
    ],
)
def test_no_place(html: str) -> None:
    """Where the picture's own pixels decide its size they stay as they are, and the author is told."""
    found = compiled(html)
    assert found.info is not None, found.diagnostics
    assert found.info.slots[0].renditions["print"] == RenditionSpec(dpi=300)
    (warning,) = found.diagnostics
    assert "no place of a size of its own" in warning.message


def test_a_given_size_stays() -> None:
    """A width in pixels wins over the place."""
    found = compiled('<img src="asset:hero" alt="" style="width: 1in">', {"print": {"dpi": 300, "width": 50}})
    assert found.info is not None
    assert found.info.slots[0].renditions["print"] == RenditionSpec(width=50, dpi=300)
