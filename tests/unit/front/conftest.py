from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.model.asset import AssetDescriptor, AssetUse
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import ComposePhases, ComposeSummary, RenderWarning
from pressrun_server.model.failure import Failure
from pressrun_server.model.spec import RenderSpec, TemplateName
from pressrun_server.model.template import (
    FontUse,
    RenditionSpec,
    Requirement,
    Slot,
    SlotRule,
    TemplateInfo,
    program_key,
)
from pressrun_server.render.admission import Admission, AdmissionConfig
from pressrun_server.render.compose_stream import ComposeJob, ComposeStream
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.manifest import DocumentHeader
from pressrun_server.render.pipeline import Pipeline
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.template_files import Entry, TemplateFiles
from pressrun_server.template.locales import locale_data
from pressrun_server.template.row_checks import RowChecker
from pressrun_server.template.selection import Selection

ENGINE = "e" * 64
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class _FixedClock(SystemClock):
    """Monotonic time is real, the wall stands still."""

    def now(self) -> datetime:
        return NOW


def _info(name: str = "statement", version: str = "1", digest: str | None = None, **changes: Any) -> TemplateInfo:
    fields: dict[str, Any] = {
        "name": name,
        "version": version,
        "digest": digest or hashlib.sha256(f"{name}@{version}".encode()).hexdigest(),
        "channels": ("print",),
        "locales": ("en", "de"),
        "default_locale": "en",
        "schema": b'{"type":"object"}',
        "slots": (
            Slot("logo", (SlotRule("library:logo.png"),), Requirement(), {"print": RenditionSpec(width=10)}, "omit"),
        ),
        "fonts": (FontUse("Fira Sans", "f" * 64),),
        "samples": (),
        "locale_data": locale_data("en"),
    }
    return TemplateInfo(**{**fields, **changes})


def _entry(
    template: TemplateInfo, *, engine: str = ENGINE, published_at: datetime = NOW
) -> tuple[Entry, dict[Digest, bytes]]:
    programs = {locale: f"program {template.digest} {locale}".encode() for locale in template.locales}
    bundle = b"bundle " + template.digest.encode()
    digests = {locale: Digest.of(data) for locale, data in programs.items()}
    blobs = {Digest.of(data): data for data in (*programs.values(), bundle)}
    return Entry(template, digests, Digest.of(bundle), engine, published_at), blobs


def _asset_use(slot: str = "logo", found_in: str = "memory") -> AssetUse:
    descriptor = AssetDescriptor(
        ref="library:logo.png",
        rendition="w=10",
        asset_id="id-7",
        version="4",
        etag=None,
        digest=Digest.of(b"logo"),
        media_type="image/png",
        width=10,
        height=5,
        color_space="srgb",
        approval="approved",
        rights_from=None,
        rights_until=datetime(2027, 1, 1, tzinfo=UTC),
        territories=(),
        locale=None,
        fetched_at=NOW,
        fresh_until=NOW,
    )
    return AssetUse(slot, descriptor, Digest.of(b"prepared"), found_in)


class _FakeSelector:
    """Takes any JSON object; a record that says `bad` is invalid."""

    def __init__(self, template: TemplateInfo) -> None:
        self.info = template

    def decode(self, record: bytes) -> dict[str, Any]:
        if record == b"bad":
            violation = Violation("record.amount", "must be a number")
            raise PressrunError(Reason.INVALID_RECORD, "the record is wrong", violations=(violation,))
        if record == b"defect":
            raise RuntimeError("secret-of-the-record")
        return {}

    def rows(self, field: str) -> RowChecker:
        return RowChecker({"properties": {"rows": {"items": {"type": "integer"}}}}, field)

    def locale(self, requested: str) -> str:
        return requested if requested in self.info.locales else self.info.default_locale

    def select(self, record: dict[str, Any], **_: Any) -> tuple[Selection, ...]:  # noqa: ARG002 - as the protocol has it
        return self.choices("print")

    def choices(self, channel: str) -> tuple[Selection, ...]:
        return tuple(
            Selection(slot.name, rule.ref, slot.renditions[channel], slot.require, slot.otherwise)
            for slot in self.info.slots
            for rule in slot.rules
        )


@dataclass
class _FakeResolver:
    """Warm unless told otherwise."""

    warm: bool = True
    gate: asyncio.Event | None = None
    error: PressrunError | None = None
    calls: list[str] = field(default_factory=list)
    warnings: tuple[RenderWarning, ...] = ()
    refused: frozenset[str] = frozenset()

    def resolve_warm(self, selections: Sequence[Selection], **_: Any) -> Any:  # noqa: ARG002 - as the protocol has it
        self.calls.append("warm")
        if self.error is not None:
            raise self.error
        return ([_asset_use()], self.warnings) if self.warm else None

    async def resolve(self, selections: Sequence[Selection], **_: Any) -> Any:
        self.calls.append("cold")
        if self.gate is not None:
            await self.gate.wait()
        if selections and selections[0].ref in self.refused:
            raise PressrunError(Reason.ASSET_NOT_APPROVED, f"{selections[0].ref} is not approved")
        return [_asset_use(found_in="source")], self.warnings

    async def describe(self, ref: str) -> Any:
        if ref != "library:logo.png":
            raise PressrunError(Reason.ASSET_NOT_FOUND, f"nothing is known of {ref}")
        return [_asset_use().descriptor]


Script = list[bytes | BaseException | asyncio.Event]


class _FakeComposers:
    """Plays a script of chunks for each document; an event pauses it, an error fails it."""

    def __init__(self) -> None:
        self.script: Script = [b"%PDF", b"-body", b"-end"]
        self.jobs: list[ComposeJob] = []
        self.given_up = 0
        self.credited = 0
        self.one_turn = True
        self.phases = ComposePhases()
        self._tasks: set[asyncio.Task[None]] = set()

    def ahead(self, _record: bytes, **_: object) -> None:
        """Nobody has time for a record."""

    def compose(self, job: ComposeJob, *, ahead: ComposeStream | None = None) -> ComposeStream:
        assert ahead is None
        self.jobs.append(job)
        stream = ComposeStream(self, job, asyncio.get_running_loop().time())
        stream.dispatched_at = stream.submitted_at
        task = asyncio.get_running_loop().create_task(self._play(stream, list(self.script)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return stream

    def give_up(self, _stream: ComposeStream) -> None:
        self.given_up += 1

    def credit(self, _stream: ComposeStream, size: int) -> None:
        self.credited += size

    async def _play(self, stream: ComposeStream, script: Script) -> None:
        state, size = hashlib.sha256(), 0
        for index, step in enumerate(script):
            if isinstance(step, asyncio.Event):
                await step.wait()
                continue
            if stream.over:
                return
            if isinstance(step, PressrunError):
                stream.fail(Failure.of(step))
                return
            assert isinstance(step, bytes)
            state.update(step)
            size += len(step)
            if index == len(script) - 1:
                summary = ComposeSummary(
                    2, size, state.hexdigest(), (RenderWarning("W", "w", "p"),), 0.01, 0.005, self.phases
                )
                stream.finish(step, summary)
            else:
                stream.feed(step)
                if not self.one_turn:
                    await asyncio.sleep(0)


@dataclass
class _FakeSink:
    """Keeps what it gets."""

    header: DocumentHeader | None = None
    chunks: list[bytes] = field(default_factory=list)
    delay: float = 0.0
    error: Exception | None = None

    def start(self, header: DocumentHeader, head: bytes) -> None:
        assert self.header is None
        assert not self.chunks
        self.header = header
        if head:
            self.chunks.append(head)

    async def write(self, data: bytes) -> None:
        assert self.header is not None
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        self.chunks.append(data)


def _spec(**changes: Any) -> RenderSpec:
    fields: dict[str, Any] = {"request_id": "r1", "template": TemplateName("statement"), "record": b"{}"}
    return RenderSpec(**{**fields, **changes})


class _FakeEditions:
    """Knows no texts."""

    async def program(self, published: Published, locale: str, channel: str, _uses: Sequence[AssetUse]) -> str:
        return published.programs[program_key(locale, channel)]


@dataclass
class _Bench:
    """A pipeline among fakes."""

    pipeline: Pipeline
    admission: Admission
    registry: Registry
    resolver: _FakeResolver
    composers: _FakeComposers
    metrics: Catalogue

    def value(self, name: str, **labels: str) -> float:
        """A metric."""
        found = self.metrics.registry.get_sample_value(name, labels)
        assert found is not None, name
        return found

    def count(self, result: str, reason: str = "NONE", template: str = "statement", channel: str = "print") -> float:
        labels = {"template": template, "channel": channel, "result": result, "reason": reason}
        return self.metrics.registry.get_sample_value("pressrun_documents_total", labels) or 0.0


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The builders of values."""
    return SimpleNamespace(
        info=_info, entry=_entry, asset_use=_asset_use, spec=_spec, sink=_FakeSink, engine=ENGINE, now=NOW, clock=_FixedClock,
        resolver=_FakeResolver, selector=_FakeSelector,
    )  # fmt: skip


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Any]:
    """Builds a bench with one published template."""

    async def bench(admission: AdmissionConfig | None = None, config: PipelineConfig | None = None) -> _Bench:
        clock = _FixedClock()
        gate = Admission(admission or AdmissionConfig(), clock)
        registry = Registry(TemplateFiles(tmp_path / "templates"), ENGINE, selector=_FakeSelector)
        await registry.load(lambda name, fault: pytest.fail(f"{name}: {fault}"))
        await registry.publish(*_entry(_info()))
        resolver, composers, metrics = _FakeResolver(), _FakeComposers(), Catalogue()
        meters = DocumentMeters(metrics)
        meters.admit(("statement",))
        pipeline = Pipeline(
            admission=gate,
            registry=registry,
            resolver=resolver,
            composers=composers,
            engine=ENGINE,
            clock=clock,
            config=config or PipelineConfig(),
            meters=meters,
            editions=_FakeEditions(),
        )
        return _Bench(pipeline, gate, registry, resolver, composers, metrics)

    return bench


@pytest.fixture
async def bench(build: Callable[..., Any]) -> AsyncIterator[_Bench]:
    """A bench with the usual settings; afterwards no slot may be held."""
    made: _Bench = await build()
    yield made
    assert made.admission.active == 0
    assert made.admission.waiting == 0
    assert made.admission.admitted_bytes == 0
