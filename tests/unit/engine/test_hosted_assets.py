"""Expressions that lead to what an asset's own system shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.engine.conftest import AS_OF, ENGINE, Composed, bundle

from pressrun_server.model.asset import HostedLink
from pressrun_server.model.template import CompiledTemplate
from pressrun_server.render.programs import begin, load
from pressrun_server.template.compile import compile_bundle

BODY = '<img src="asset:film" alt="Film"><p><a pr-if="assets.film.video" href="{{ assets.film.video }}">Watch</a></p>'
LINK = HostedLink("https://cdn.example/film.jpg", "image/jpeg", 700, None, None, "https://cdn.example/film.mp4")


def slots(**renditions: Any) -> dict[str, Any]:
    """One slot."""
    return {"film": {"rules": [{"use": "library:film.jpg"}], "otherwise": "omit", "renditions": renditions}}


def made(
    body: str, links: dict[str, HostedLink], channel: str = "print", record: dict[str, Any] | None = None, **more: Any
) -> bytes:
    """A document."""
    hosted = slots(print={"hosted": True}, web={"hosted": True})
    template = compile_bundle(bundle(body, slots=hosted, channels=["print", "web"], **more))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    key = "en-GB" if channel == "print" else f"en-GB;{channel}"
    text = json.dumps(record or {}).encode()
    program = load(template.programs[key])
    return b"".join(begin(program, text, assets={}, attributes={}, as_of=AS_OF, engine=ENGINE, links=links))


def links_of(data: bytes) -> list[str]:
    """Where a PDF's links lead."""
    return [link["uri"] for link in Composed(data, None).pdf[0].get_links()]  # type: ignore[arg-type]


def test_leads_to_the_film() -> None:
    """In print and for browsers the link is there where the system shows the film, and nothing where it does not."""
    assert links_of(made(BODY, {"film": LINK})) == [LINK.video]
    assert links_of(made(BODY, {"film": HostedLink("")})) == []
    page = made(BODY, {"film": LINK}, "web").decode()
    assert f'href="{LINK.video}"' in page
    assert "Watch" not in made(BODY, {"film": HostedLink("")}, "web").decode()


def test_other_facts() -> None:
    """Address, type and size are there as well; what is not known is empty, or 0."""
    body = "<p>{{ assets.film.url }} {{ assets.film.media_type }} {{ assets.film.width }}x{{ assets.film.height }}</p>"
    assert "https://cdn.example/film.jpg image/jpeg 700x0" in made(body, {"film": LINK}, "web").decode()


def test_another_address_is_another_document() -> None:
    """The identifier of a document says where it leads."""
    other = HostedLink(LINK.url, video="https://cdn.example/other.mp4")
    first, second = made(BODY, {"film": LINK}), made(BODY, {"film": other})
    assert first[first.rindex(b"/ID") :].split(b">")[0] != second[second.rindex(b"/ID") :].split(b">")[0]
    assert first == made(BODY, {"film": LINK})


@pytest.mark.parametrize("video", ["javascript:alert(1)", "file:///etc/passwd", "https://" + "a" * 3000])
def test_nowhere_else(video: str) -> None:
    """A system's address is held to the same rules as a record's."""
    with pytest.raises(Exception, match="the target of a link"):
        made(BODY, {"film": HostedLink("https://x.example/", video=video)})


def test_a_field_of_the_record_hides_it() -> None:
    """A template whose records have `assets` of their own goes on to show those."""
    schema = {
        "type": "object",
        "properties": {"assets": {"type": "object", "properties": {"film": {"type": "string"}}}},
    }
    page = made("<p>{{ assets.film }}</p>", {"film": LINK}, "web", {"assets": {"film": "of the record"}}, schema=schema)
    assert "of the record" in page.decode()


@pytest.mark.parametrize(
    ("body", "renditions", "words"),
    [
        ("<p>{{ assets.flim.video }}</p>", {"print": {"hosted": True}}, "unknown field 'flim'"),
        ("<p>{{ assets.film.vidoe }}</p>", {"print": {"hosted": True}}, "unknown field 'vidoe'"),
        ("<p>{{ assets.film.video }}</p>", {"web": {"hosted": True}}, "unknown field 'film'"),
        ("<p>{{ assets.film.video }}</p>", {}, "unknown field 'film'"),
    ],
)
def test_misspelt(compiled: Callable[..., CompiledTemplate], body: str, renditions: dict[str, Any], words: str) -> None:
    """A slot or a fact that is not there, or that this output channel does not ask for, is found at publish."""
    found = compiled(body, slots=slots(**renditions), schema={"type": "object", "properties": {"name": {}}})
    assert words in " ".join(str(item) for item in found.diagnostics)
    assert found.info is None


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_hosted_is_yes_or_no(compiled: Callable[..., CompiledTemplate], value: Any) -> None:
    """Anything else is an error of the description."""
    found = compiled("<p>x</p>", slots=slots(print={"hosted": value}))
    assert "the rendition's 'hosted' is not valid" in " ".join(str(item) for item in found.diagnostics)
