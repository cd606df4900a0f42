from __future__ import annotations

import asyncio
import errno
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from pressrun_server.cas.memory import MemoryTier
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.model.diagnostic import Diagnostic, Severity
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import TemplateName
from pressrun_server.model.template import CompiledTemplate, TemplateInfo
from pressrun_server.prepare.errors import PreparerMemoryError, PreparerTimeoutError
from pressrun_server.render.compile import Compiler, check_bundle
from pressrun_server.render.config import CompileConfig
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.render.registry import Registry
from pressrun_server.render.sharing.claims import Claiming
from pressrun_server.render.template_files import TemplateFiles
from pressrun_server.template.bundle import bundle_digest

FILES = {"template.yaml": b"name: statement", "page.html": b"<body></body>"}


class _FakePreparers:
    """Answers `compile` without a process."""

    def __init__(self, make: SimpleNamespace) -> None:
        self.make = make
        self.calls = 0
        self.error: PressrunError | None = None
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.gate: asyncio.Event | None = None

    async def run(self, task: str, payload: bytes, *, timeout: float) -> bytes:  # noqa: ASYNC109, ARG002 - as the pool has it
        assert task == "compile"
        self.calls += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        files = msgspec.msgpack.decode(payload, type=dict[str, bytes])
        failed = any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)
        info = None if failed else self.make.info(digest=bundle_digest(files))
        return msgspec.msgpack.encode(CompiledTemplate(self.diagnostics, info, {"en": b"EN", "de": b"DE"}))


@pytest.fixture
async def shop(tmp_path: Path, make: SimpleNamespace) -> SimpleNamespace:
    """A compiler among fakes."""
    preparers, store, metrics = _FakePreparers(make), MemoryTier(1 << 20), Catalogue()
    registry = Registry(TemplateFiles(tmp_path), make.engine, selector=make.selector)
    await registry.load(lambda *_: None)

    def compiler(engine: str = make.engine, claims: Claiming | None = None, **config: Any) -> Compiler:
        return Compiler(
            preparers=preparers,
            registry=registry,
            store=store,
            engine=engine,
            clock=make.clock(),
            config=CompileConfig(**config),
            metrics=metrics,
            claims=claims,
        )

    return SimpleNamespace(
        preparers=preparers, store=store, registry=registry, compiler=compiler, metrics=metrics, folder=tmp_path
    )


async def test_publish_makes_known(shop: SimpleNamespace) -> None:
    """A published bundle is found by name, and its programs are blobs in the store and in the registry's folder."""
    published, diagnostics, created = await shop.compiler().publish(FILES)
    assert (created, diagnostics) == (True, ())
    assert shop.registry.find(TemplateName("statement")) is published
    digest = Digest.of(b"DE")
    assert published.programs["de"] == str(digest)
    assert await shop.store.get(digest) == b"DE"
    assert await shop.registry.blob(digest) == b"DE"
    _, _, created = await shop.compiler().publish(FILES)
    assert created is False


async def test_invalid_bundle_tells_everything(shop: SimpleNamespace) -> None:
    """A bundle with errors is not published; all diagnostics come, errors first, then by place."""
    shop.preparers.diagnostics = (
        Diagnostic(Severity.WARNING, "w", "careful", file="a.css", line=1),
        Diagnostic(Severity.ERROR, "e", "later", file="b.css", line=9),
        Diagnostic(Severity.ERROR, "e", "sooner", file="b.css", line=2),
    )
    with pytest.raises(TemplateInvalidError, match=r"2 errors; the first is b\.css:2: error: sooner") as error:
        await shop.compiler().publish(FILES)
    assert [diagnostic.message for diagnostic in error.value.diagnostics] == ["sooner", "later", "careful"]
    assert len(shop.registry) == 0
    checked = await shop.compiler().check(FILES)
    assert checked.info is None


async def test_one_compilation_for_many_callers(shop: SimpleNamespace) -> None:
    """Callers with the same bundle share one compilation, and one that leaves takes nothing from the others."""
    shop.preparers.gate = asyncio.Event()
    compiler = shop.compiler()
    tasks = [asyncio.create_task(compiler.publish(FILES)) for _ in range(5)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    shop.preparers.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert sum(outcome[2] for outcome in outcomes[1:]) == 1  # type: ignore[index]
    assert shop.preparers.calls == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PreparerTimeoutError("compile", "the 30 s that it may take"), Reason.DEADLINE_EXCEEDED),
        (PreparerMemoryError("compile", 1 << 20), Reason.LIMIT_EXCEEDED),
        (PressrunError(Reason.QUEUE_FULL, "full", retry_after=1.0), Reason.QUEUE_FULL),
    ],
)
async def test_preparer_failures(shop: SimpleNamespace, error: PressrunError, reason: Reason) -> None:
    """Too much time is DEADLINE_EXCEEDED, too much memory a limit; the next compilation is not touched."""
    shop.preparers.error = error
    with pytest.raises(PressrunError) as raised:
        await shop.compiler().publish(FILES)
    assert raised.value.reason is reason
    shop.preparers.error = None
    assert (await shop.compiler().publish(FILES))[2] is True


async def test_wait_for_a_preparer_is_limited(shop: SimpleNamespace) -> None:
    """A compilation that finds no free preparer gives up in time."""
    shop.preparers.gate = asyncio.Event()
    with pytest.raises(PressrunError, match="no preparer was free") as error:
        await shop.compiler(wait_limit=0.02).check(FILES)
    assert error.value.reason is Reason.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    ("files", "reason", "text"),
    [
        ({}, Reason.INVALID_REQUEST, "template.yaml"),
        ({str(n): b"" for n in range(501)}, Reason.LIMIT_EXCEEDED, "501 files"),
        ({"a": bytes((8 << 20) + 1)}, Reason.LIMIT_EXCEEDED, "8388609 bytes"),
        ({"../a": b""}, Reason.INVALID_REQUEST, "relative"),
        ({"/etc/passwd": b""}, Reason.INVALID_REQUEST, "relative"),
        ({"a//b": b""}, Reason.INVALID_REQUEST, "relative"),
        ({"a\\b": b""}, Reason.INVALID_REQUEST, "backslashes"),
        ({"a\x00b": b""}, Reason.INVALID_REQUEST, "control"),
        ({"": b""}, Reason.INVALID_REQUEST, "1 to 255"),
        ({"x" * 256: b""}, Reason.INVALID_REQUEST, "1 to 255"),
    ],
)
def test_bundles_that_are_not_compiled(files: dict[str, bytes], reason: Reason, text: str) -> None:
    """Unsafe paths and bundles over a limit never reach the compiler and say what would be valid."""
    with pytest.raises(PressrunError, match=text) as error:
        check_bundle(files, CompileConfig())
    assert error.value.reason is reason


class _Claims:
    """A cluster in which nothing else is published."""

    def __init__(self) -> None:
        self.claimed: list[datetime | None] = []

    async def claim(self, _info: TemplateInfo, _bundle: bytes, published_at: datetime | None) -> datetime:
        self.claimed.append(published_at)
        return published_at or datetime(2026, 11, 1, tzinfo=UTC)


async def test_the_cluster_gives_the_date(shop: SimpleNamespace) -> None:
    """A template has the cluster's date, whatever this node's clock says, and keeps it when it is published again."""
    claims = _Claims()
    published, _, _ = await shop.compiler(claims=claims).publish(FILES)
    assert published.entry.published_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert (await shop.compiler(claims=claims).publish(FILES))[2] is False
    assert claims.claimed == [None, published.entry.published_at]


@pytest.mark.parametrize(
    ("shared", "says"), [(False, "was not published; free space"), (True, "other nodes of the cluster have it")]
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
async def test_a_full_disk_says_who_has_the_template(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, number: int, says: str, *, shared: bool
) -> None:
    """What a node can't keep is not published where it is alone; in a cluster the others have it, and it says so."""

    def full(*_: object) -> None:
        raise OSError(number, "No space left on device")

    monkeypatch.setattr("pressrun_sources.durable.os.fsync", full)
    compiler = shop.compiler(claims=_Claims() if shared else None)
    with pytest.raises(PressrunError) as error:
        await compiler.publish(FILES)
    if number == errno.ENOSPC:
        assert error.value.reason is Reason.STORAGE_FULL
        assert says in error.value.message
    else:
        assert error.value.reason is Reason.INTERNAL
    assert ("not published" in error.value.message) is not shared
    # A node that takes it over from another has it when there is space again.
    bundle = msgspec.msgpack.encode(FILES)
    with pytest.raises(PressrunError, match="other nodes of the cluster have it"):
        await compiler.adopt(bundle_digest(FILES), bundle, datetime(2026, 11, 1, tzinfo=UTC))
    monkeypatch.undo()
    await compiler.adopt(bundle_digest(FILES), bundle, datetime(2026, 11, 1, tzinfo=UTC))
    assert len(shop.registry) == 1


async def test_files_that_are_not_the_templates(shop: SimpleNamespace) -> None:
    """A bundle of another template, or one that is no bundle, or is gone, is not compiled, and what to do is told."""
    published, _, _ = await shop.compiler("a" * 64).publish(FILES)
    compiler = shop.compiler()
    for bundle in (b"\xc1", msgspec.msgpack.encode({"page.html": b"another"})):
        with pytest.raises(PressrunError, match="missing or damaged; publish it once more") as error:
            await compiler.adopt(published.info.digest, bundle, published.entry.published_at)
        assert error.value.reason is Reason.TEMPLATE_INVALID
    (shop.folder / "blobs" / str(published.entry.bundle)).unlink()
    with pytest.raises(PressrunError, match="missing or damaged"):
        await compiler.again(published.entry)
    assert shop.preparers.calls == 1


async def test_another_engines_template_is_compiled_again(shop: SimpleNamespace, make: SimpleNamespace) -> None:
    """After an upgrade a stored template is compiled anew from its stored files and keeps digest and date."""
    published, _, _ = await shop.compiler("a" * 64).publish(FILES)
    upgraded = Registry(TemplateFiles(shop.folder), make.engine, selector=make.selector)
    (stale,) = await upgraded.load(lambda *_: None)
    assert stale.info.digest == published.info.digest
    compiler = Compiler(
        preparers=shop.preparers,
        registry=upgraded,
        store=shop.store,
        engine=make.engine,
        clock=make.clock(),
        config=CompileConfig(),
        metrics=shop.metrics,
    )
    again = await compiler.again(stale)
    assert (again.info.digest, again.entry.engine, again.entry.published_at) == (
        published.info.digest, make.engine, make.now,
    )  # fmt: skip
