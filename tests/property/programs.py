"""Small templates, compiled once for the examples of a property."""

from __future__ import annotations

import json
from typing import Any

from pressrun_server.render.composition import LoadedProgram
from pressrun_server.template.compile import compile_bundle

__all__ = ["compiled", "loaded"]


def compiled(body: str, css: str, **description: Any) -> dict[str, bytes]:
    """The programs of a template with one body, by locale; more of its template.yaml by name."""
    manifest = {"name": "p", "version": "1", "html": "p.html", "schema": {"type": "object"}, **description}
    page = f"<style>{css}</style><body>{body}</body>"
    template = compile_bundle({"template.yaml": json.dumps(manifest).encode(), "p.html": page.encode()})
    assert template.info is not None, [str(item) for item in template.diagnostics]
    return template.programs


def loaded(body: str, css: str, *, quick: bool = False) -> LoadedProgram:
    """The one program of such a template; `quick`: it has code, as one that is much used."""
    program = LoadedProgram.load(compiled(body, css)["en-GB"])
    if quick:
        program.binder.quicken()
    return program
