"""Composers make a template's samples before anybody's documents, and only then."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, Self

import msgspec
import pytest

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import Requirement, Slot, TemplateInfo
from pressrun_server.render.compose_stream import ComposeJob
from pressrun_server.render.registry import Published
from pressrun_server.render.rehearsal import Rehearsal
from pressrun_server.template.locales import locale_data
from pressrun_server.template.selection import Selector

FILES = {"samples/a-en.json": b'{"name": "A"}', "samples/b-en.json": b'{"name": "B"}', "samples/c-de.json": b"{}"}


class _Stage:
    """Notes what it is asked for; a document has so many parts of a quarter of a MiB."""

    def __init__(self) -> None:
        self.waiting = 0
        self.jobs: list[ComposeJob] = []
        self.failure: PressrunError | None = None
        self.parts = 1
        self.read = self.left = 0

    def compose(self, job: ComposeJob, *, deadline: float | None = None) -> Any:
        assert deadline is not None
        self.jobs.append(job)
        return _Stream(self)


class _Stream:
    def __init__(self, stage: _Stage) -> None:
        self._stage = stage
        self._more = stage.parts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stage.left += 1

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        if self._stage.failure is not None:
            raise self._stage.failure
        if not self._more:
            raise StopAsyncIteration
        self._more -= 1
        self._stage.read += 1
        return bytes(1 << 18)


def _published(schema: bytes = b'{"type": "object"}', channels: tuple[str, ...] = ("print",)) -> Published:
    base = {
        "schema": schema,
        "fonts": (),
        "locale_data": locale_data("en"),
        "digest": "d",
        "name": "letter",
        "version": "1",
    }
    slot = Slot("logo", (), Requirement(), {}, "omit")
    info = TemplateInfo(
        channels=channels,
        locales=("en", "de", "fr"),
        default_locale="en",
        slots=(slot,),
        samples=tuple(FILES),
        **base,  # type: ignore[arg-type]
    )
    programs = {"en": "english", "de": "german", "fr": "french"}
    entry: Any = SimpleNamespace(info=info, programs=programs, bundle=Digest.of(b"bundle"))
    return Published(entry, Selector(info))


async def _program(published: Published, locale: str, channel: str, uses: Any) -> str:
    del channel, uses
    return published.programs[locale]


class _Assets:
    """At hand, or not."""

    def __init__(self) -> None:
        self.warm = True

    def resolve_warm(self, selections: Any, **_: Any) -> Any:
        del selections
        use = SimpleNamespace(slot="logo", prepared=Digest.of(b"logo"))
        return ([use], []) if self.warm else None


@pytest.fixture
def stage() -> _Stage:
    """What composes."""
    return _Stage()


@pytest.fixture
def assets() -> _Assets:
    """What gives assets."""
    return _Assets()


@pytest.fixture
def rehearsal(stage: _Stage, assets: _Assets, make: SimpleNamespace) -> Rehearsal:
    """With two composers."""

    async def bundle(digest: Digest) -> bytes | None:
        del digest
        return msgspec.msgpack.encode(FILES)

    editions: Any = SimpleNamespace(program=_program)
    resolver: Any = assets
    return Rehearsal(
        bundle=bundle, resolver=resolver, editions=editions, stage=stage, count=2, engine="e", clock=make.clock()
    )


async def test_each_locale_three_times_in_each_composer(rehearsal: Rehearsal, stage: _Stage) -> None:
    """The first sample of each locale that has one, as a document that is not interactive; once for all time."""
    await rehearsal.rehearse(_published())
    asked = [(job.program, job.record) for job in stage.jobs]
    assert asked == [("english", FILES["samples/a-en.json"])] * 6 + [("german", b"{}")] * 6
    assert all(job.assets == {"logo": str(Digest.of(b"logo"))} and not job.interactive for job in stage.jobs)
    assert stage.left == 12
    await rehearsal.rehearse(_published())
    assert len(stage.jobs) == 12


async def test_cold_assets_are_waited_for(rehearsal: Rehearsal, stage: _Stage, assets: _Assets) -> None:
    """Nothing is fetched for a rehearsal; it comes when somebody has fetched it."""
    assets.warm = False
    await rehearsal.rehearse(_published())
    assert not stage.jobs
    assets.warm = True
    await rehearsal.rehearse(_published())
    assert len(stage.jobs) == 12


async def test_documents_go_first(rehearsal: Rehearsal, stage: _Stage) -> None:
    """Where some wait for a composer, they are rehearsal enough."""
    stage.waiting = 1
    await rehearsal.rehearse(_published())
    assert not stage.jobs


async def test_a_long_sample_is_left_after_its_first_pages(rehearsal: Rehearsal, stage: _Stage) -> None:
    """What is built is there by then."""
    stage.parts = 1000
    await rehearsal.rehearse(_published())
    assert stage.read == 12 * 5
    assert stage.left == 12


@pytest.mark.parametrize("schema", [b'{"type": "object", "required": ["missing"]}', b'{"type": "array"}'])
async def test_a_wrong_sample_is_nobodys_problem(rehearsal: Rehearsal, stage: _Stage, schema: bytes) -> None:
    """It is left out."""
    await rehearsal.rehearse(_published(schema))
    assert not stage.jobs


async def test_a_failing_composition_ends_it(rehearsal: Rehearsal, stage: _Stage) -> None:
    """Both of its documents are over when it returns."""
    stage.failure = PressrunError(Reason.INVALID_RECORD, "no")
    await rehearsal.rehearse(_published())
    assert len(stage.jobs) == stage.left == 2


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        (Reason.INVALID_RECORD, False),
        (Reason.DOCUMENT_REFUSED, False),
        (Reason.QUEUE_FULL, True),
        (Reason.DRAINING, True),
    ],
)
async def test_what_may_pass_is_tried_again(
    rehearsal: Rehearsal, stage: _Stage, reason: Reason, *, again: bool
) -> None:
    """When it is asked for the next time."""
    stage.failure = PressrunError(reason, "no")
    await rehearsal.rehearse(_published())
    stage.failure = None
    await rehearsal.rehearse(_published())
    assert len(stage.jobs) == (2 + 12 if again else 2)


async def test_a_source_that_is_away_is_tried_again(
    rehearsal: Rehearsal, stage: _Stage, assets: _Assets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An asset that is known not to be had now may be had later."""

    def away(*_: Any, **__: Any) -> Any:
        raise PressrunError(Reason.ASSET_UNAVAILABLE, "away")

    monkeypatch.setattr(assets, "resolve_warm", away)
    await rehearsal.rehearse(_published())
    assert not stage.jobs
    monkeypatch.undo()
    await rehearsal.rehearse(_published())
    assert len(stage.jobs) == 12


async def test_a_defect_is_logged_and_goes_no_further(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is somebody's task that would have it."""

    async def broken(_: Digest) -> bytes:
        raise OSError("the disk is gone")

    monkeypatch.setattr(rehearsal, "_bundle", broken)
    await rehearsal.rehearse(_published())


async def test_documents_that_come_meanwhile_end_it(rehearsal: Rehearsal, stage: _Stage) -> None:
    """Between two rounds of a sample, too."""
    make = stage.compose

    def busy(job: ComposeJob, *, deadline: float | None = None) -> Any:
        stage.waiting = len(stage.jobs)
        return make(job, deadline=deadline)

    stage.compose = busy  # type: ignore[method-assign]
    await rehearsal.rehearse(_published())
    assert len(stage.jobs) == 2


async def test_other_channels_are_not_rehearsed(rehearsal: Rehearsal, stage: _Stage) -> None:
    """Their programs build little."""
    await rehearsal.rehearse(_published(channels=("web",)))
    assert not stage.jobs
