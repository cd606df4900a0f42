"""What a composer tells of the time of its phases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pressrun_server.emit.document import DocumentWriter
from pressrun_server.layout.layout import Layout
from pressrun_server.render import stopwatch
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

BODY = """
<h1>Dear {{ name }}</h1>
<div class="box"><p pr-for="line in lines">{{ line }}</p></div>
<ul><li pr-for="line in lines">{{ line }}</li></ul>
<table><tr pr-for="row in rows"><td>{{ row }}</td><td>{{ name }}</td></tr></table>
<p>end</p>
"""
RECORD = json.dumps({"name": "Zoë", "lines": ["a", "b"], "rows": list(range(400))}).encode()


class Clock:
    """A clock that only moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        """Where it stands."""
        return self.now

    def slow(self, work: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        """The same work, taking so long."""

        def slowed(*arguments: Any, **options: Any) -> Any:
            self.now += seconds
            return work(*arguments, **options)

        return slowed

    def slow_steps(self, nodes: Any, seconds: float) -> Iterator[Any]:
        """The same nodes, each taking so long."""
        for node in nodes:
            self.now += seconds
            yield node


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The stopwatch's clock."""
    made = Clock()
    monkeypatch.setattr(stopwatch, "perf_counter", made)
    return made


@pytest.fixture(scope="module")
def program() -> LoadedProgram:
    """A template of several pages, used so often that its rows have code and its passages forms."""
    manifest = {"name": "p", "version": "1", "html": "p.html", "schema": {"type": "object"}}
    compiled = compile_bundle({"template.yaml": json.dumps(manifest).encode(), "p.html": BODY.encode()})
    assert compiled.info is not None
    loaded = LoadedProgram.load(compiled.programs[compiled.info.default_locale])
    for _ in range(3):
        b"".join(compose(loaded))
    return loaded


class Plain(stopwatch.Stopwatch):
    """One that leaves the content as it is."""

    def block(self, block: Any) -> Any:
        """The same block."""
        return block


def compose(program: LoadedProgram) -> Composition:
    """A document."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Composition(program, RECORD, assets={}, attributes={}, as_of=when, engine="e")


def test_each_second_is_counted_once(program: LoadedProgram, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Binding that layout asks for is binding, and what passes between two turns is no time of this document."""
    body = program.binder.body

    def slow_body(env: dict[str, Any]) -> Any:
        clock.now += 1
        block = body(env)
        block.children = clock.slow_steps(block.children, 10)
        return block

    pages = Layout.pages

    def slow_pages(*arguments: Any) -> Iterator[Any]:
        for page in pages(*arguments):
            clock.now += 1_000
            yield page

    monkeypatch.setattr(program.binder, "body", slow_body)
    monkeypatch.setattr(program.layout, "pages", lambda *arguments: slow_pages(program.layout, *arguments))
    monkeypatch.setattr(DocumentWriter, "page", clock.slow(DocumentWriter.page, 100_000))
    document = compose(program)
    data = b""
    for part in document:
        clock.now += 1e9  # other documents' turns
        data += part
    phases, count = document.summary.phases, document.summary.pages
    assert count > 4
    assert phases.bind > 1
    assert (phases.bind - 1) % 10 == 0
    assert phases.lay_out == 1_000 * count
    assert phases.emit == 100_000 * count


def test_rows_and_passages_count_as_bind(program: LoadedProgram, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that code binds many at a time, and what a record decides of a passage, are binding too."""
    body = program.binder.body
    chunks = 0

    class Slow:
        def __init__(self, rows: Any) -> None:
            self.rows, self.templates, self.kinds = rows, rows.templates, rows.kinds
            self.row, self.sums = rows.row, rows.sums

        def chunks(self) -> Iterator[Any]:
            nonlocal chunks
            for chunk in self.rows.chunks():
                clock.now += 7
                chunks += 1
                yield chunk

    class SlowPassage:
        def __init__(self, passage: Any) -> None:
            self.passage = passage

        def outline(self, env: dict[str, Any]) -> Any:
            clock.now += 1_000
            return self.passage.outline(env)

        def paragraphs(self, env: dict[str, Any]) -> Any:
            return self.passage.paragraphs(env)

    kept: list[Any] = []

    def nodes(found: Any) -> Iterator[Any]:
        for node in found:
            if type(node).__name__ == "BoundTable":
                node.rows = (Slow(rows) for rows in node.rows)
            elif type(node).__name__ == "BoundPassage":
                node.node = SlowPassage(node.node)
                kept.append(node.node)
            yield node

    def slow_body(env: dict[str, Any]) -> Any:
        block = body(env)
        block.children = nodes(block.children)
        return block

    monkeypatch.setattr(program.binder, "body", slow_body)
    document = compose(program)
    b"".join(document)
    assert chunks
    assert kept
    assert document.summary.phases.bind == 7 * chunks + 1_000 * len(kept)
    assert document.summary.phases.lay_out == 0


def test_the_stopwatch_changes_no_byte(program: LoadedProgram) -> None:
    """Timed content is laid out as it would be without: iterated the same way, in the same order."""
    assert b"".join(compose(program)) == b"".join(compose(program))
    plain = compose(program)
    plain._watch = Plain()
    assert b"".join(plain) == b"".join(compose(program))
