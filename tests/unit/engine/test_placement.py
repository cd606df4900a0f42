from __future__ import annotations

import json

import pytest

from pressrun_server.model.spec import OutputChannel
from pressrun_server.model.template import CompiledTemplate, RenditionSpec, Requirement, Slot
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.placement import Placed, sized
from pressrun_server.template.renditions import NARROW, RESOLUTIONS, settled, with_defaults

DPI = {"print": {"dpi": 300}}


def compiled(html: str, rendition: dict[str, object] = DPI, channels: tuple[str, ...] = ("print",)) -> CompiledTemplate:
    """A template with one slot, `hero`, that asks for 300 dots an inch."""
    manifest = {
        "name": "s",
        "version": "1",
        "html": "s.html",
        "locales": ["en-GB", "de-DE"],
        "schema": {"type": "object"},
        "channels": channels,
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


def test_each_output_channel_has_its_own() -> None:
    """Without a word of the template print has 300 dots an inch, and screens two or more for a pixel of CSS."""
    found = compiled('<img src="asset:hero" alt="" style="width: 96pt">', {}, ("print", "web"))
    assert found.info is not None, found.diagnostics
    renditions = found.info.slots[0].renditions
    assert renditions["print"] == RenditionSpec(width=400, dpi=300)
    assert renditions["web"] == RenditionSpec(width=320, screen=True)
    assert not found.diagnostics


@pytest.mark.parametrize(
    "spec", [{"width": 50}, {"height": 7}, {"dpi": 72}, {"width": 50, "height": 60, "fit": "fill", "format": "jpg"}]
)
def test_what_the_template_says_stays(spec: dict[str, object]) -> None:
    """A size or a resolution of the template's own is not touched, and says nothing of other output channels."""
    found = compiled('<img src="asset:hero" alt="" style="width: 96pt">', {"print": spec}, ("print", "web"))
    assert found.info is not None, found.diagnostics
    renditions = found.info.slots[0].renditions
    wanted = {"width": 96, **spec} if "dpi" in spec else spec
    assert renditions["print"] == RenditionSpec(**wanted)  # type: ignore[arg-type]
    assert renditions["web"].width == 320


def test_what_has_no_place_is_as_it_is() -> None:
    """Where the picture's own pixels decide how large it is shown nothing is asked for, and nobody is told."""
    found = compiled('<img src="asset:hero" alt="">', {"print": {"format": "jpg"}}, ("print", "web"))
    assert found.info is not None, found.diagnostics
    assert found.info.slots[0].renditions == {
        "print": RenditionSpec(format="jpg"), "web": RenditionSpec(screen=True)
    }  # fmt: skip
    assert not found.diagnostics


def test_mobile_is_narrow() -> None:
    """A telephone's pixels bound what is fetched for it; what is shown smaller is smaller."""
    slot = Slot("a", (), Requirement(), {}, "fail")
    for wide, width in ((396_000, NARROW), (144_000, 384)):
        slots, filled = with_defaults([slot], ["mobile", "print"])
        slots, lacking = sized(slots, {"print": {"a": Placed(wide, wide // 2)}}, "print")
        (found,) = settled(slots, filled, lacking)
        assert found.renditions["mobile"] == RenditionSpec(width=width, height=width // 2)
        assert found.renditions["print"].width == -(-wide * 300 // 72_000)


def test_all_channels_are_known() -> None:
    """Every output channel that a template can offer has a resolution."""
    assert set(RESOLUTIONS) == {str(channel) for channel in OutputChannel}
