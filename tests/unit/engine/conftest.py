"""Small bundles, compiled and composed in process, for the tests of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymupdf
import pytest

from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.template import CompiledTemplate
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)
ENGINE = "0" * 64


def bundle(body: str, css: str = "", *, lang: str = "", **description: Any) -> dict[str, bytes]:
    """The files of a bundle with one body."""
    manifest = {
        "name": "tiny",
        "version": "1",
        "html": "t.html",
        "locales": ["en-GB"],
        "schema": {"type": "object"},
        **description,
    }
    root = f'<html lang="{lang}">' if lang else "<html>"
    head = f'<!doctype html>{root}<head><link rel="stylesheet" href="t.css"></head><body>'
    return {
        "template.yaml": json.dumps(manifest).encode(),
        "t.html": f"{head}\n{body}\n</body></html>".encode(),
        "t.css": css.encode(),
    }


@dataclass
class Composed:
    """A document and what became of it."""

    data: bytes
    summary: ComposeSummary

    @property
    def pdf(self) -> pymupdf.Document:
        """The document, opened."""
        return pymupdf.open(stream=self.data, filetype="pdf")

    def text(self, page: int = 0) -> str:
        """The text of a page, white space folded."""
        return " ".join(self.pdf[page].get_text().split())


@pytest.fixture
def compiled() -> Callable[..., CompiledTemplate]:
    """Compile a body."""
    return lambda body, css="", **description: compile_bundle(bundle(body, css, **description))


@pytest.fixture
def composed() -> Callable[..., Composed]:
    """Compile a body and compose one record with it."""

    def compose(
        body: str, css: str = "", record: dict[str, Any] | None = None, *, locale: str = "", **description: Any
    ) -> Composed:
        template = compile_bundle(bundle(body, css, **description))
        assert template.info is not None, [str(item) for item in template.diagnostics]
        program = LoadedProgram.load(template.programs[locale or template.info.default_locale])
        said = json.dumps(record or {}).encode()
        first, *others = (
            Composition(program, said, assets={}, attributes={}, as_of=AS_OF, engine=ENGINE) for _ in range(4)
        )
        data = b"".join(first)
        # What a program makes once it has code and forms is what it made before.
        assert all(b"".join(other) == data for other in others)
        return Composed(data, first.summary)

    return compose
